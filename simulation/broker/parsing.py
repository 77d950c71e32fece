"""Read the JSON of an order into a request, refusing what has the wrong form."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from simulation.broker.errors import invalid, malformed
from simulation.broker.money import CENT, on_grid
from simulation.broker.terms import Changes, OrderClass, OrderRequest, OrderType, Side, StopLoss, TimeInForce

LONGEST_CLIENT_ORDER_ID = 128


def order_request(body: Mapping[str, object]) -> OrderRequest:
    """Read the body of `POST /v2/orders`; unknown fields are ignored, as Alpaca does.

    Raises:
        BrokerError: 422; 40010001 for a missing or malformed field, 42210000 for an impossible number.
    """
    request = OrderRequest(
        type=_choice(body, "type", OrderType),
        symbol=_symbol(_required_text(body, "symbol")),
        side=_choice(body, "side", Side),
        time_in_force=_choice(body, "time_in_force", TimeInForce),
        order_class=_optional_choice(body, "order_class", OrderClass) or OrderClass.SIMPLE,
        quantity=_positive(body, "qty"),
        notional=_positive(body, "notional"),
        limit_price=_positive(body, "limit_price"),
        stop_price=_positive(body, "stop_price"),
        take_profit=_positive(_section(body, "take_profit"), "limit_price", "take_profit."),
        stop_loss=_stop_loss(_section(body, "stop_loss")),
        client_order_id=_client_order_id(body),
        extended_hours=body.get("extended_hours") is True,
    )
    _refuse_wrong_amount(request)
    _refuse_wrong_prices(request)
    return request


def order_changes(body: Mapping[str, object]) -> Changes:
    """Read the body of `PATCH /v2/orders/{id}`; other fields are ignored.

    Raises:
        BrokerError: 422; 40010001 for a malformed field, 42210000 for an impossible number.
    """
    return Changes(
        quantity=_positive(body, "qty"),
        limit_price=_positive(body, "limit_price"),
        stop_price=_positive(body, "stop_price"),
        time_in_force=_optional_choice(body, "time_in_force", TimeInForce),
        client_order_id=_client_order_id(body),
    )


def decimal_of(value: object, name: str) -> Decimal:
    """Read a number given as a JSON string or number.

    Raises:
        BrokerError: 422/40010001, it is not a finite number.
    """
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise malformed(f"{name} is not a number: {value}")
    return number


def _refuse_wrong_amount(request: OrderRequest) -> None:
    if request.quantity is None and request.notional is None:
        raise malformed("qty or notional is required")
    if request.quantity is not None and request.notional is not None:
        raise malformed("only one of qty or notional is accepted")
    if request.quantity is not None and not on_grid(request.quantity):
        raise invalid("qty must be limited to 9 decimal places")
    if request.notional is not None and request.notional % CENT != 0:
        raise invalid("notional value must be limited to 2 decimal places")


def _refuse_wrong_prices(request: OrderRequest) -> None:
    kind = request.type
    for name, price, wanted in (
        ("limit_price", request.limit_price, kind.has_limit),
        ("stop_price", request.stop_price, kind.has_stop),
    ):
        # The limit of an OCO order is its take-profit; its own limit_price may be left out.
        if wanted and price is None and request.order_class is not OrderClass.OCO:
            raise malformed(f"{kind} orders require {name}")
        if price is not None and not wanted:
            raise malformed(f"{kind} orders require no {name}")


def _required_text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise malformed(f"{name} is required")
    return value


def _symbol(text: str) -> str:
    return text.upper() if text.isascii() else text


def _optional_choice[Choice: StrEnum](
    body: Mapping[str, object], name: str, choices: type[Choice]
) -> Choice | None:
    return _choice(body, name, choices) if body.get(name) else None


def _choice[Choice: StrEnum](body: Mapping[str, object], name: str, choices: type[Choice]) -> Choice:
    value = _required_text(body, name)
    try:
        return choices(value)
    except ValueError:
        raise malformed(f"invalid {name}: {value}") from None


def _positive(body: Mapping[str, object], name: str, prefix: str = "") -> Decimal | None:
    value = body.get(name)
    if value is None:
        return None
    number = decimal_of(value, prefix + name)
    if number <= 0:
        raise invalid(f"{prefix}{name} must be > 0")
    return number


def _section(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise malformed(f"{name} is not an object")
    return value


def _stop_loss(section: Mapping[str, object]) -> StopLoss | None:
    if not section:
        return None
    stop = _positive(section, "stop_price", "stop_loss.")
    if stop is None:
        raise malformed("stop_loss.stop_price is required")
    return StopLoss(stop, _positive(section, "limit_price", "stop_loss."))


def _client_order_id(body: Mapping[str, object]) -> str | None:
    value = body.get("client_order_id")
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise malformed("client_order_id is not a string")
    if len(value) > LONGEST_CLIENT_ORDER_ID:
        raise malformed(f"client_order_id must be no more than {LONGEST_CLIENT_ORDER_ID} characters")
    return value
