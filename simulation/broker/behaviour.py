"""Say how a broker treats one account worse than it should."""

from datetime import timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

_NO_TIME = timedelta()

Duration = Annotated[timedelta, Field(ge=_NO_TIME)]


class Behaviour(BaseModel):
    """What a busy market and a slow broker do to an account; the plain one does none of it.

    Set `Account.behaviour` to another at any time. In JSON durations are seconds.

    Attributes:
        orders_lag: lists and look-ups show orders as they were this long ago: a younger one is not found.
        positions_lag: the same for positions.
        lags_until: both lags end then; without it, when they are changed.
        cancel_takes: a client's cancellation is `pending_cancel` this long, in which the order may still fill.
        rival_cancel_takes: when one exit of a group has filled, the other is `pending_cancel` this long; if the
            price reaches it meanwhile, both exits have filled and the position is the opposite one.
        stop_legs_stay_held: a live stop beside a live target is shown as `held`, as Alpaca does; it works.
        rejected_after: an order with one of these client order ids is `accepted` this long, then `rejected`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    orders_lag: Duration = _NO_TIME
    positions_lag: Duration = _NO_TIME
    lags_until: AwareDatetime | None = None
    cancel_takes: Duration = _NO_TIME
    rival_cancel_takes: Duration = _NO_TIME
    stop_legs_stay_held: bool = False
    rejected_after: dict[str, Duration] = Field(default_factory=dict)
