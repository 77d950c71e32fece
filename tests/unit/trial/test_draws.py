import pytest

from trials.faults import Fault, FaultDraws
from trials.records import Trace


def strikes(draws, fault, times=300):
    return [draws.strikes(fault) for _ in range(times)]


def a_seed_that_knows(fault):
    return next(seed for seed in range(100) if FaultDraws(seed).rates.get(fault, 0) > fault.worst / 10)


def test_a_seed_decides_which_faults_strike_and_when():
    assert strikes(FaultDraws(7), Fault.OUT_OF_ORDER) == strikes(FaultDraws(7), Fault.OUT_OF_ORDER)
    assert FaultDraws(7).rates == FaultDraws(7).rates
    assert FaultDraws(7).rates != FaultDraws(8).rates


def test_a_rate_is_at_most_the_worst_and_at_least_a_hundredth_of_it():
    rates = [(fault, rate) for seed in range(50) for fault, rate in FaultDraws(seed).rates.items()]

    assert all(fault.worst / 100 <= rate <= fault.worst for fault, rate in rates)


def test_every_run_knows_some_faults_and_not_all():
    known = [len(FaultDraws(seed).rates) for seed in range(50)]

    assert min(known) > 0
    assert max(known) < len(Fault)


def test_a_fault_strikes_about_as_often_as_its_rate_says():
    fault = Fault.OUT_OF_ORDER
    draws = FaultDraws(a_seed_that_knows(fault))

    times = sum(strikes(draws, fault, 5000))

    assert times / 5000 == pytest.approx(draws.rates[fault], abs=0.03)
    assert draws.struck == {fault: times}


def test_leaving_a_fault_out_moves_no_other():
    left_out = Fault.MESSAGE_TWICE
    seed = a_seed_that_knows(left_out)
    whole, less = FaultDraws(seed), FaultDraws(seed, without={left_out})

    assert not any(strikes(less, left_out))
    assert any(strikes(whole, left_out))
    for fault in set(Fault) - {left_out}:
        assert strikes(whole, fault) == strikes(less, fault)
        assert whole.of(fault, 0, 1) == less.of(fault, 0, 1)


def test_a_stream_does_not_depend_on_what_was_drawn_from_another():
    one, other = FaultDraws(3), FaultDraws(3)
    strikes(one, Fault.SLOW)

    assert one.chance("weather").random() == other.chance("weather").random()
    assert strikes(one, Fault.OUT_OF_ORDER) == strikes(other, Fault.OUT_OF_ORDER)


def test_nothing_strikes_once_it_is_over():
    draws = FaultDraws(a_seed_that_knows(Fault.OUT_OF_ORDER))

    draws.end()

    assert not any(strikes(draws, Fault.OUT_OF_ORDER))
    assert not draws.struck


def test_two_traces_are_the_same_when_every_event_is():
    one, other, later = Trace(), Trace(keep=True), Trace()
    for trace, at in ((one, 1.5), (other, 1.5), (later, 1.6)):
        trace.add(at, "execute#1", "ledger.claim", "abc", "claimed")

    assert one.digest == other.digest != later.digest
    assert one.lines == []
    assert str(other.lines[0]).split() == ["1.500", "execute#1", "ledger.claim", "abc", "claimed"]


@pytest.mark.parametrize("field", range(5))
def test_a_trace_tells_every_field_of_an_event(field):
    event = [1.5, "execute#1", "ledger.claim", "abc", "claimed"]
    changed = [*event]
    changed[field] = 2.5 if field == 0 else "other"
    one, other = Trace(), Trace()

    one.add(*event)
    other.add(*changed)

    assert one.digest != other.digest
