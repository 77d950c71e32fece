"""What a parity test draws from, and one ledger with what its workers know."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from argo.domain.account import AccountState
from argo.domain.execution import Execution, ExecutionState
from argo.domain.ledger import Claimed, Release
from argo.domain.placements import Fill, OrderLeg
from argo.domain.reasons import DenialReason
from argo.domain.signal import Side
from argo.domain.symbols import Symbol
from tests.contract.workers import BOTH, LEASE, SECOND
from tests.unit.builders import NOW, a_signal

DAYS = ["2026-03-02", "2026-03-03"]
SIGNALS = [
    a_signal(),
    a_signal(strategy="rival", side=Side.SELL),
    a_signal(strategy="third", created_at=NOW + timedelta(microseconds=1)),
    a_signal(symbol=Symbol("BTCUSD"), created_at=NOW + SECOND),
    a_signal(strategy="late", created_at=NOW + timedelta(hours=12), expires_at=NOW + timedelta(hours=13)),
]
USUALLY = {
    ExecutionState.SUBMITTING: ExecutionState.SUBMITTED,
    ExecutionState.SUBMITTED: ExecutionState.PARTIALLY_FILLED,
    ExecutionState.PARTIALLY_FILLED: ExecutionState.FILLED,
}
A_FILL = Fill(order_id="order-1", leg="entry", quantity=Decimal("0.3"), price=Decimal(100), at=NOW)
A_LEG = OrderLeg(order_id="order-2", role="stop_loss", status="held")

signals = st.sampled_from(SIGNALS)
executors = st.sampled_from(["argo", "argo", "argo", "prop_firm"])
some_executors = st.sampled_from([{"argo"}, {"prop_firm"}, BOTH])
lately = st.sampled_from([0, 0, 0, 1, 2, 4])
"""Which of the things read so far is used: 0 is the newest, so that most are fresh and some are stale."""
ways = st.integers(0, 6) | st.sampled_from(ExecutionState)
amounts = st.sampled_from([Decimal(text) for text in ("0", "0.1", "80", "1000.000001")])
"""In USD; of a sum that Python writes with an exponent (``0E-9``) moto cannot make a number again."""
details = st.sampled_from([{}, {"entry": "new"}, {"entry": "held", "status": "429"}])
releases = st.sampled_from(Release)
moments = st.sampled_from([timedelta(), timedelta(microseconds=1), SECOND, LEASE])
days = st.sampled_from([None, date(2026, 3, 3)])
things_learnt = st.fixed_dictionaries(
    {},
    optional={
        "reason": st.sampled_from([DenialReason.HALTED, "broker says no"]),
        "detail": details,
        "order_id": st.just("order-1"),
        "legs": st.sampled_from([(), (A_LEG,)]),
        "fills": st.just((A_FILL,)),
        "realised_profit": st.sampled_from([Decimal("-12.340"), Decimal(0)]),
    },
)


class LedgerWorld:
    """A ledger with what its workers have been told by it, which is what they go by."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.executions = []
        self.accounts = {executor: [] for executor in BOTH}

    def execution(self, index):
        return self.executions[-1 - index % len(self.executions)]

    def account(self, executor, index):
        """Return a view of the account, the newest one read now."""
        views = self.accounts[executor]
        if not index or not views:
            views.append(self.ledger.account(executor))
        return views[-1 - index % len(views)]

    def keep(self, answer):
        match answer:
            case Execution():
                self.executions.append(answer)
            case Claimed(execution):
                self.executions.append(execution)
            case AccountState(executor=executor):
                self.accounts[executor].append(answer)

    def walk(self, method, *arguments, limit):
        """Read a listing page by page."""
        listing = getattr(self.ledger, method)
        page = listing(*arguments, limit=limit)
        items = list(page.items)
        while page.next_token:
            page = listing(*arguments, limit=limit, token=page.next_token)
            items += page.items
        return items
