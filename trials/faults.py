"""Everything that can go wrong in a trial, and when it does: all of it decided by the trial's seed."""

from collections import Counter
from collections.abc import Collection
from enum import StrEnum
from random import Random  # noqa: TID251 - all that a seed decides is drawn here; the core draws nothing


class Fault(StrEnum):
    """Everything that can go wrong, with its worst rate, per call or per look, and its meaning."""

    worst: float
    meaning: str

    def __new__(cls, name: str, worst: float, meaning: str) -> "Fault":
        member = str.__new__(cls, name)
        member._value_ = name
        member.worst = worst
        member.meaning = meaning
        return member

    KILLED_BEFORE = "killed_before", 0.01, "a worker ends just before an effect"
    KILLED_AFTER = "killed_after", 0.01, "a worker ends just after an effect"
    SLOW = "slow", 0.02, "an effect takes up to 20 s: leases and time limits run out"
    RECYCLED = "recycled", 0.3, "a worker begins with nothing in its memory"
    CLOCK_SKEW = "clock_skew", 0.5, "a worker's clock is up to 2 s off"
    OTHER_VERSION = "other_version", 0.5, "a worker runs another version: other limits, other leases"
    LEDGER_CONFLICT = "ledger_conflict", 0.1, "a write meets another transaction, nothing is done"
    LEDGER_THROTTLED = "ledger_throttled", 0.03, "the ledger refuses a call, nothing is done"
    LEDGER_CANCELLED = "ledger_cancelled", 0.03, "a transaction is cancelled: one of its items is throttled"
    LEDGER_UNANSWERED = "ledger_unanswered", 0.03, "a write is done, and nothing answers its repetitions"
    LEDGER_REPEATED = "ledger_repeated", 0.05, "a write's answer is lost, and the SDK sends it again"
    PARAMETERS_THROTTLED = "parameters_throttled", 0.3, "the parameter store does not tell the broker's key"
    ORDER_LOST = "order_lost", 0.1, "a broker's write times out and was not done"
    ORDER_UNANSWERED = "order_unanswered", 0.1, "a broker's write times out and was done"
    ORDER_LATE = "order_late", 0.1, "a broker's write times out and is done seconds later"
    ORDER_REPEATED = "order_repeated", 0.05, "a gateway sends an order twice: the answer is that it is a duplicate"
    ORDER_REFUSED = "order_refused", 0.05, "the broker refuses an order"
    BROKER_UNREACHABLE = "broker_unreachable", 0.05, "the broker answers a read with a 5xx"
    BROKER_THROTTLED = "broker_throttled", 0.05, "the broker answers 429, with the time of its reset"
    CREDENTIALS_REFUSED = "credentials_refused", 0.004, "the broker answers 401"
    VIEWS_LAG = "views_lag", 0.2, "the broker shows orders and positions as they were up to ten seconds ago"
    FILLED_IN_PART = "filled_in_part", 0.2, "an entry fills in part, and the rest late or never"
    REJECTED_LATE = "rejected_late", 0.1, "the broker rejects an order that it had accepted"
    BOTH_LEGS = "both_legs", 0.5, "stop and target of a bracket both fill"
    CANCEL_SLOW = "cancel_slow", 0.5, "a cancellation takes seconds, in which the order may fill"
    CLOSED_BY_HAND = "closed_by_hand", 0.1, "a person closes a position at the broker"
    SENDING_REFUSED = "sending_refused", 0.2, "the queue takes only some messages of a batch"
    QUEUE_THROTTLED = "queue_throttled", 0.1, "the queue refuses a call, nothing is done"
    MESSAGE_TWICE = "message_twice", 0.1, "a message is delivered to two workers at once"
    OUT_OF_ORDER = "out_of_order", 0.7, "messages come in any order"
    DELETION_LOST = "deletion_lost", 0.1, "a handled message comes back"
    REDRIVEN = "redriven", 0.3, "dead letters are put back, whatever they are"
    POISON = "poison", 0.2, "a message that is no signal"
    SEEN_AGAIN = "seen_again", 0.2, "the generator finds a signal again"
    OPERATOR_HALTS = "operator_halts", 0.1, "an operator halts the account, and resumes it later"
    HALT_CONTENDED = "halt_contended", 0.1, "an operator halts while nearly every write meets another transaction"
    TICK_TWICE = "tick_twice", 0.2, "a minute's tick comes twice: two reconcilers are at one account"
    PAGES_END_EARLY = "pages_end_early", 0.3, "pages of lists end early, and one is empty though others follow"
    INDEX_LAGS = "index_lags", 0.3, "the ledger's lists are as they were up to five seconds ago"
    LATER_RECORD = "later_record", 0.05, "a record of a later version stands among the others"
    MESSAGE_DISAPPEARS = "message_disappears", 0.2, "a queue is purged"
    ACCOUNT_REMOVED = "account_removed", 0.5, "a hundred signals wait for an account that is not there any more"
    OPERATOR_FLATTENS = "operator_flattens", 0.1, "an operator closes a position"


class FaultDraws:
    """Draws what happens; every fault from a stream of its own, so that leaving one out moves no other.

    Which faults a run knows, and how often they strike, is drawn too: a run in which few kinds are frequent meets
    mixes that a run with a little of everything never does (swarm testing, Groce et al., ISSTA 2012).

    Attributes:
        rates: of the faults that still strike, how often each does, 0-1.
        struck: how often each fault has struck.
    """

    def __init__(self, seed: int, *, without: Collection[Fault] = ()) -> None:
        """Draw the run's rates from its seed; ``without`` leaves faults out."""
        self._seed = seed
        self._streams = {fault: self.chance(fault) for fault in Fault}
        drawn = {fault: _rate(fault, stream) for fault, stream in self._streams.items()}
        self.rates = {fault: rate for fault, rate in drawn.items() if rate and fault not in without}
        self.struck: Counter[Fault] = Counter()

    def strikes(self, fault: Fault) -> bool:
        """Decide whether a fault strikes now."""
        if (rate := self.rates.get(fault)) is None or self._streams[fault].random() >= rate:
            return False
        self.struck[fault] += 1
        return True

    def of(self, fault: Fault, least: float, most: float) -> float:
        """Draw how badly a fault strikes, evenly between two bounds."""
        return self._streams[fault].uniform(least, most)

    def chance(self, purpose: str) -> Random:
        """Return a stream for what is no fault: latencies, prices, signals."""
        return Random(f"{self._seed}:{purpose}")  # noqa: S311 - reproducible, not secret

    def end(self) -> None:
        """Let nothing strike any more."""
        self.rates.clear()


def _rate(fault: Fault, stream: Random) -> float:
    known, strength = stream.random() < 0.6, stream.random()
    # From a hundredth of the worst rate up to it, each order of magnitude as likely; rounded, as the last bits
    # of a power are the machine's.
    return round(fault.worst * 10 ** (-2 * strength), 9) if known else 0.0
