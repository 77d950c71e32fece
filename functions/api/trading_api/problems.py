"""What goes wrong with a request, as answers: one form for all, with a code that a client can rely on."""

import binascii
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Never

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from pydantic import BaseModel, ValidationError

from argo.domain.ledger import ReservationConflict
from trading_api.answers import FieldProblem, InvalidRequest, Problem


class Refusal(Exception):
    """A request that is well formed and can't be met; becomes a `Problem` with its status."""

    def __init__(self, status: HTTPStatus, error: str, message: str) -> None:
        """Keep the status, the code and what a person is told."""
        super().__init__(message)
        self.status = status
        self.problem = Problem(error=error, message=message)


def register(app: APIGatewayHttpResolver) -> None:
    """Register the answer to everything that a request can meet."""
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(ResponseValidationError)(_broken)
    app.exception_handler([UnicodeDecodeError, binascii.Error])(_unreadable)
    app.exception_handler(ReservationConflict)(_busy)
    app.exception_handler(Refusal)(_refused)
    app.not_found(_no_route)


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


class _Http(BaseModel):
    method: str


class _RequestContext(BaseModel):
    http: _Http
    stage: str
    authorizer: dict[str, Any] = {}


class _HttpEvent(BaseModel):
    """What the routes read of an HTTP API's event, payload version 2."""

    requestContext: _RequestContext  # noqa: N815 - API Gateway's names
    rawPath: str  # noqa: N815
    rawQueryString: str = ""  # noqa: N815
    headers: dict[str, str] = {}
    queryStringParameters: dict[str, str] | None = None  # noqa: N815
    body: str | None = None
    isBase64Encoded: bool = False  # noqa: N815


def no_request(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the refusal of an event that is no HTTP request, or None: API Gateway sends none, a person may."""
    try:
        _HttpEvent.model_validate(event)
    except ValidationError as error:
        return _refusal(HTTPStatus.BAD_REQUEST, _invalid_fields(error.errors(include_input=False)))
    return None


def unsupported_body(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the refusal of a body that says it is something else than JSON, or None.

    Powertools would read forms and uploads too, and fails on a malformed upload.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    kind = headers.get("content-type", content_types.APPLICATION_JSON).partition(";")[0].strip().lower()
    method = event.get("requestContext", {}).get("http", {}).get("method")
    if method != "POST" or kind == content_types.APPLICATION_JSON:
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


def _answer(status: HTTPStatus, problem: Problem) -> Response[str]:
    return Response(status, content_types.APPLICATION_JSON, problem.model_dump_json())


def _invalid(error: RequestValidationError) -> Response[str]:
    """Answer with pydantic's locations and words, and without what was sent."""
    return _answer(HTTPStatus.BAD_REQUEST, _invalid_fields(error.errors()))


def _invalid_fields(errors: Sequence[Mapping[str, Any]]) -> InvalidRequest:
    fields = [
        FieldProblem(loc=each["loc"], msg=str(each["msg"]).removeprefix("Value error, "), type=str(each["type"]))
        for each in errors
    ]
    wrong = ", ".join(".".join(str(part) for part in each.loc) for each in fields)
    return InvalidRequest(error="invalid_request", message=f"wrong: {wrong}", errors=fields)


def _unreadable(_: Exception) -> Response[str]:
    field = FieldProblem(loc=["body"], msg="The body is not UTF-8", type="body_encoding")
    problem = InvalidRequest(error="invalid_request", message="wrong: body", errors=[field])
    return _answer(HTTPStatus.BAD_REQUEST, problem)


def _broken(error: ResponseValidationError) -> Response[str]:
    """Answer that the fault is ours; nothing half right is sent."""
    where = ", ".join(".".join(str(part) for part in each["loc"]) for each in error.errors())
    problem = Problem(error="broken_answer", message=f"the answer does not fit its own contract: {where}")
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, problem)


def _busy(error: ReservationConflict) -> Response[str]:
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, Problem(error="busy", message=f"{error}: ask again"))


def _refused(refusal: Refusal) -> Response[str]:
    return _answer(refusal.status, refusal.problem)


def _no_route(_: NotFoundError) -> Response[str]:
    return _answer(HTTPStatus.NOT_FOUND, Problem(error="no_such_route", message="no such route"))


def _no_number(text: str) -> Never:
    raise ValueError(f"{text} is not a number in JSON")
