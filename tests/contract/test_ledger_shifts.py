from datetime import timedelta

from tests.unit.builders import NOW

MINUTE = timedelta(minutes=1)


def test_a_shard_that_no_generator_has_begun_has_no_shift(ledger):
    assert ledger.latest_shift("0/1") is None


def test_c13_whoever_began_last_is_on_record_whoever_writes_last(ledger):
    ledger.record_shift("0/1", NOW)
    assert ledger.latest_shift("0/1") == NOW

    ledger.record_shift("0/1", NOW + MINUTE)
    ledger.record_shift("0/1", NOW + MINUTE - timedelta(microseconds=1))

    assert ledger.latest_shift("0/1") == NOW + MINUTE


def test_each_shard_has_a_shift_of_its_own(ledger):
    ledger.record_shift("0/2", NOW)
    ledger.record_shift("1/2", NOW + MINUTE)

    assert (ledger.latest_shift("0/2"), ledger.latest_shift("1/2")) == (NOW, NOW + MINUTE)
