import asyncio
from dataclasses import dataclass, field

import pytest

from argo.domain.faults import Ambiguous, BrokerFault
from argo.time_left import TimeLeft
from reconciliation.metered import Metered

BAD_GATEWAY = Ambiguous("bad gateway", status=502)
TIMED_OUT = Ambiguous("timed out")


@dataclass
class FlakyBroker:
    """A broker that answers each request with the next of these, and with an order when they are over."""

    answers: list = field(default_factory=list)
    asked: int = 0

    async def order(self, _order_id):
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else "the order"
        if isinstance(answer, BrokerFault):
            raise answer
        return answer

    submit = order


def test_a_question_that_a_gateway_answers_is_asked_once_more():
    broker = FlakyBroker([BAD_GATEWAY])
    metered = Metered(broker, TimeLeft())

    assert asyncio.run(metered.order("1")) == "the order"
    assert metered.requests == broker.asked == 2


@pytest.mark.parametrize("answers", [[BAD_GATEWAY, BAD_GATEWAY], [TIMED_OUT]], ids=["twice", "a time-out"])
def test_a_question_is_given_up_when_asking_again_would_take_long_or_has_not_helped(answers):
    broker = FlakyBroker(answers)

    with pytest.raises(Ambiguous):
        asyncio.run(Metered(broker, TimeLeft()).order("1"))

    assert not broker.answers


def test_an_outage_costs_a_run_no_more_than_five_second_tries():
    broker = FlakyBroker([BAD_GATEWAY] * 100)
    metered = Metered(broker, TimeLeft())

    for _ in range(20):
        with pytest.raises(Ambiguous):
            asyncio.run(metered.order("1"))

    assert metered.requests == broker.asked == 20 + 5


def test_an_order_is_sent_once_whatever_is_answered():
    broker = FlakyBroker([BAD_GATEWAY])

    with pytest.raises(Ambiguous):
        asyncio.run(Metered(broker, TimeLeft()).submit({}))

    assert broker.asked == 1
