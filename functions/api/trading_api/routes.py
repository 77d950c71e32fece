"""The routes: each parses, calls, answers."""

from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Field

from argo.domain.account import TradingState
from argo.domain.execution import ExecutionState
from argo.halts import PATIENCE, set_trading_state
from argo.runtime import run
from trading_api import document, problems, reading
from trading_api.answers import Health, Outcomes, SignalDetail, SignalPage, StateReport, Status
from trading_api.executing import execute as execute_signal
from trading_api.problems import Unknown
from trading_api.requests import OutsideSignal, StateChange, WrittenDay
from trading_api.wiring import Wiring

app = APIGatewayHttpResolver(
    enable_validation=True,
    response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    json_body_deserializer=problems.read_json,
)
problems.register(app)

PageSize = Annotated[int, Query(ge=1, le=100, description="Signals at most.")]
Day = Annotated[WrittenDay | None, Query(description="A UTC day; today if not given.")]
State = Annotated[ExecutionState | None, Query(description="Only signals that some account has in this state.")]
Token = Annotated[
    Annotated[str, Field(max_length=1_000)] | None, Query(description="An earlier page's next_token.")
]
SignalId = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$", description="24 hexadecimal digits.")]


_TO_ANSWER = timedelta(seconds=3)
"""Time kept for the last attempt at a write and the answer."""


class Action(StrEnum):
    """What an operator may do to an account."""

    HALT = "halt"
    REDUCE = "reduce"
    RESUME = "resume"


_STATES = {
    Action.HALT: TradingState.HALTED,
    Action.REDUCE: TradingState.REDUCING,
    Action.RESUME: TradingState.ACTIVE,
}


def answer(event: dict[str, Any], context: LambdaContext, wiring: Wiring, time_left: timedelta) -> dict[str, Any]:
    """Answer an HTTP API request, payload version 2, with the collaborators of ``wiring``."""
    if (refusal := problems.refusal_of(event)) is not None:
        return refusal
    app.append_context(wiring=wiring, time_left=time_left)  # type: ignore[no-untyped-call]
    return app.resolve(event, context)


@app.get("/health", responses=document.responses(Health, 200))
def health() -> Health:
    """Say that the function runs with a complete configuration, and in which mode."""
    return Health(status="ok", mode=_wiring().mode)


@app.get("/openapi.json", responses=document.responses(None, 200))
def openapi() -> dict[str, Any]:
    """Return this document."""
    return document.of(app)


@app.get("/api/v1/trading/status", responses=document.responses(Status, 200, 503))
def status() -> Status:
    """Return each account's trading state, equity, room, positions, open executions, rate and heartbeat."""
    return run(reading.read_status(_wiring()))


@app.post("/api/v1/trading/execute", responses=document.responses(Outcomes, 200, 202, 400, 415, 503))
def execute(signal: Annotated[OutsideSignal, Body()]) -> Response[Outcomes]:
    """Publish a signal and wait up to ten seconds: 200 with an outcome per account, 202 while one is pending."""
    found = run(execute_signal(_wiring(), signal, app.context["time_left"]))
    return Response(HTTPStatus.ACCEPTED if found.pending else HTTPStatus.OK, content_types.APPLICATION_JSON, found)


@app.get("/api/v1/signals", responses=document.responses(SignalPage, 200, 400, 503))
def signals(limit: PageSize = 20, day: Day = None, status: State = None, token: Token = None) -> SignalPage:
    """List a day's signals, newest first, with where each stands at every account."""
    return run(reading.read_page(_wiring(), day=day, limit=limit, state=status, token=token))


@app.get("/api/v1/signals/<signal_id>", responses=document.responses(SignalDetail, 200, 400, 404, 503))
def signal(signal_id: SignalId) -> SignalDetail:
    """Return one signal with the whole record of its executions."""
    found = run(reading.read_signal(_wiring(), signal_id))
    if found is None:
        raise Unknown("unknown_signal", f"the ledger has no signal {signal_id}")
    return found


@app.post(
    "/api/v1/trading/<executor>/<action>",
    responses=document.responses(StateReport, 200, 400, 404, 415, 503),
)
def trading_state(
    executor: Annotated[str, Path(max_length=100)], action: Action, change: Annotated[StateChange, Body()]
) -> StateReport:
    """Halt an account, let it only reduce, or resume it; exits and cancellations always pass."""
    wiring = _wiring()
    if executor not in wiring.ports.queues:
        known = ", ".join(wiring.ports.queues)
        raise Unknown("unknown_account", f"no account {executor!r}; there are {known}")
    return run(_set_state(wiring, executor, _STATES[action], change.reason, app.context["time_left"]))


async def _set_state(
    wiring: Wiring, executor: str, state: TradingState, reason: str, time_left: timedelta
) -> StateReport:
    ledger, clock = wiring.ports.ledger, wiring.ports.clock
    patience = min(PATIENCE, max(time_left - _TO_ANSWER, timedelta()))
    before, now = await set_trading_state(ledger, clock, executor, state, reason=reason, patience=patience)
    wiring.ports.telemetry.log.warning(
        "trading_state_set", executor=executor, trading_state=state, reason=reason, caller=_caller()
    )
    return StateReport(executor=executor, before=before, trading_state=state, reason=reason, since=now)


def _caller() -> str | None:
    """Return who signed the request, as IAM knows them."""
    context: dict[str, Any] = app.current_event.raw_event.get("requestContext", {})
    return (context.get("authorizer", {}).get("iam") or {}).get("userArn")


def _wiring() -> Wiring:
    wiring: Wiring = app.context["wiring"]
    return wiring
