"""What goes wrong with a request, as answers: one form for all, with a code that a client can rely on."""

import binascii
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Never

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from argo.domain.ledger import ReservationConflict
from argo.domain.lists import UnreadableRecord
from argo.ports import Unavailable
from trading_api.answers import FieldProblem, InvalidRequest, Problem


class Unknown(Exception):
    """A well-formed request for what is not there."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


def register(app: APIGatewayHttpResolver) -> None:
    """Register the answer to everything that a request can meet."""
    invalid = [RequestValidationError, UnicodeDecodeError, binascii.Error]
    ours = [ResponseValidationError, ReservationConflict, Unavailable, Unknown, UnreadableRecord]
    app.exception_handler([*invalid, *ours])(_answer)
    app.not_found(_answer)


def read_json(text: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Read a body, numbers as Decimal: what the client wrote is what is checked.

    Raises:
        JSONDecodeError: it is not JSON, or nested too deep, or a number is too long to be one.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except json.JSONDecodeError:
        raise
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise json.JSONDecodeError(str(error), text, 0) from error


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class _Http(_Part):
    method: str


class _RequestContext(_Part):
    http: _Http
    stage: str
    authorizer: dict[str, Any] = {}


class _HttpEvent(_Part):
    """What the routes read of an HTTP API's event, payload version 2."""

    request_context: _RequestContext
    raw_path: str
    raw_query_string: str = ""
    headers: dict[str, str] = {}
    query_string_parameters: dict[str, str] | None = None
    body: str | None = None
    is_base64_encoded: bool = False


def refusal_of(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what refuses an event that no route can read, or None.

    It is no HTTP request, which API Gateway never sends, though a person may; or its body says that it is
    something else than JSON: Powertools would read forms and uploads too, and fails on a malformed upload.
    """
    try:
        request = _HttpEvent.model_validate(event)
    except ValidationError as error:
        return _refusal(HTTPStatus.BAD_REQUEST, _invalid_fields(error.errors(include_input=False)))
    headers = {name.lower(): value for name, value in request.headers.items()}
    kind = headers.get("content-type", content_types.APPLICATION_JSON).partition(";")[0].strip().lower()
    if request.request_context.http.method != "POST" or kind == content_types.APPLICATION_JSON:
        return None
    problem = Problem(error="unsupported_content_type", message=f"the body is {kind!r}, not application/json")
    return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, problem)


def _refusal(status: HTTPStatus, problem: Problem) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_types.APPLICATION_JSON},
        "body": problem.model_dump_json(),
        "isBase64Encoded": False,
    }


def _answer(error: Exception) -> Response[str]:
    status, problem = _problem_of(error)
    return Response(status, content_types.APPLICATION_JSON, problem.model_dump_json())


def _problem_of(error: Exception) -> tuple[HTTPStatus, Problem]:
    match error:
        case RequestValidationError():
            return HTTPStatus.BAD_REQUEST, _invalid_fields(error.errors())
        case UnicodeDecodeError() | binascii.Error():
            unreadable = {"loc": ["body"], "msg": "The body is not UTF-8", "type": "body_encoding"}
            return HTTPStatus.BAD_REQUEST, _invalid_fields([unreadable])
        case Unknown():
            return HTTPStatus.NOT_FOUND, Problem(error=error.error, message=str(error))
        case Unavailable():
            words = f"AWS is in the way, and nothing is said of what was asked for: {error}: ask again"
            return HTTPStatus.SERVICE_UNAVAILABLE, Problem(error="unavailable", message=words)
        case UnreadableRecord():
            words = f"the ledger has it, and this version cannot read it: {error}"
            return HTTPStatus.INTERNAL_SERVER_ERROR, Problem(error="unreadable_record", message=words)
        case ReservationConflict():
            return HTTPStatus.SERVICE_UNAVAILABLE, Problem(error="busy", message=f"{error}: ask again")
        case ResponseValidationError():  # The fault is ours; nothing half right is sent.
            message = f"the answer does not fit its own contract: {_places(error.errors())}"
            return HTTPStatus.INTERNAL_SERVER_ERROR, Problem(error="broken_answer", message=message)
        case _:
            return HTTPStatus.NOT_FOUND, Problem(error="no_such_route", message="no such route")


def _invalid_fields(errors: Sequence[Mapping[str, Any]]) -> InvalidRequest:
    """Tell pydantic's locations and words, and nothing of what was sent."""
    fields = [
        FieldProblem(loc=each["loc"], msg=str(each["msg"]).removeprefix("Value error, "), type=str(each["type"]))
        for each in errors
    ]
    return InvalidRequest(error="invalid_request", message=f"wrong: {_places(errors)}", errors=fields)


def _places(errors: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(".".join(str(part) for part in each["loc"]) for each in errors)


def _no_number(text: str) -> Never:
    raise ValueError(f"{text} is not a number in JSON")
