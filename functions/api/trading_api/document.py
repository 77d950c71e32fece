"""The API's OpenAPI document, written by Powertools from the routes."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from trading_api.answers import InvalidRequest, Problem

_MEANINGS = {
    200: "Done",
    202: "Published; an account has not come to an outcome yet",
    400: "A field is wrong; nothing was done",
    404: "Not there",
    415: "The body is not JSON",
    503: "Busy; ask again",
}
_PROBLEMS = {400: InvalidRequest, 404: Problem, 415: Problem, 503: Problem}
_UNPROCESSABLE = "422"
_BROKEN = {
    "description": "The answer did not fit this document; nothing half right is sent",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_SIGNED = {
    "AWS_IAM": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
        "description": "An AWS signature, version 4, of whoever may execute-api:Invoke.",
    }
}


def responses(model: type[BaseModel] | None, *statuses: int) -> dict[int, OpenAPIResponse]:
    """Return a route's ``responses``: by each status ``model``, which None leaves open, or what is wrong."""
    described: dict[int, Any] = {status: {"description": _MEANINGS[status]} for status in statuses}
    for status, entry in described.items():
        if (answered := _PROBLEMS.get(status, model)) is not None:
            entry["content"] = {"application/json": {"model": answered}}
    return described


def of(app: APIGatewayHttpResolver) -> dict[str, Any]:
    """Return the document: as Powertools writes it, with this API's 400 in the place of its 422."""
    text = app.get_openapi_json_schema(
        title="Argo", version="1", description="Signals and orders. Every request is signed (AWS_IAM)."
    )
    found: dict[str, Any] = json.loads(text)
    for path in found["paths"].values():
        for operation in path.values():
            operation["responses"].pop(_UNPROCESSABLE, None)
            operation["responses"]["500"] = _BROKEN
            for parameter in operation.get("parameters", []):
                parameter["schema"] = _without_null(parameter["schema"])
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        found["components"]["schemas"].pop(unused, None)
    found["components"]["securitySchemes"] = _SIGNED
    found["security"] = [{name: []} for name in _SIGNED]
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema: one that may be left out is not sent as null."""
    kinds = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    kind: dict[str, Any] = kinds[0]
    return {name: value for name, value in schema.items() if name != "anyOf"} | kind
