"""The metrics that the functions write."""

from enum import StrEnum


class Unit(StrEnum):
    """CloudWatch's names of the units that Argo measures in."""

    COUNT = "Count"
    MILLISECONDS = "Milliseconds"
    NO_UNIT = "None"
    PERCENT = "Percent"
    SECONDS = "Seconds"


class Metric(StrEnum):
    """The metrics' names, each with its unit and a one-line meaning."""

    unit: Unit
    meaning: str

    def __new__(cls, name: str, unit: Unit, meaning: str) -> "Metric":
        member = str.__new__(cls, name)
        member._value_ = name
        member.unit = unit
        member.meaning = meaning
        return member

    SIGNALS_GENERATED = "SignalsGenerated", Unit.COUNT, "Signals seen for the first time"
    SIGNALS_PUBLISHED = "SignalsPublished", Unit.COUNT, "Messages put into executors' queues"
    GENERATION_CYCLES = "GenerationCycles", Unit.COUNT, "Cycles run: the generator's heartbeat"
    CYCLES_SKIPPED = "CyclesSkipped", Unit.COUNT, "Cycles left out because the one before was late"
    SOURCE_FAILURES = "SourceFailures", Unit.COUNT, "Votes lost to a source that failed"
    SYMBOLS_WITHOUT_DATA = (
        "SymbolsWithoutData",
        Unit.COUNT,
        "Symbols that a cycle had no fresh bars of, or bars that cannot have been traded",
    )
    FEED_FAILURES = "FeedFailures", Unit.COUNT, "Cycles without market data or the exchange's clock"
    CREDENTIALS_REFUSED = "CredentialsRefused", Unit.COUNT, "Cycles and reconciler runs whose key is refused"
    SIGNALS_JUDGED = "SignalsJudged", Unit.COUNT, "Signals whose outcome in the market became known"
    SIGNALS_RECEIVED = "SignalsReceived", Unit.COUNT, "Signals claimed for the first time"
    ORDERS_SUBMITTED = "OrdersSubmitted", Unit.COUNT, "Entry orders the broker took"
    SIGNALS_DENIED = "SignalsDenied", Unit.COUNT, "Signals the gate or the sizing refused"
    ORDERS_REJECTED = "OrdersRejected", Unit.COUNT, "Entry orders the broker refused"
    SIGNALS_EXPIRED = "SignalsExpired", Unit.COUNT, "Signals too old to be sent"
    MESSAGES_QUARANTINED = "MessagesQuarantined", Unit.COUNT, "Messages no retry can mend"
    DUPLICATE_DELIVERIES = "DuplicateDeliveries", Unit.COUNT, "Deliveries of signals that are settled"
    AMBIGUOUS_SUBMISSIONS = "AmbiguousSubmissions", Unit.COUNT, "Orders sent with unknown outcome"
    AWS_UNAVAILABLE = "AwsUnavailable", Unit.COUNT, "Steps put off: AWS throttled, was in conflict or silent"
    RETRIES = "Retries", Unit.COUNT, "Messages given back to the queue with a delay"
    SIGNAL_TO_ORDER = "SignalToOrderMilliseconds", Unit.MILLISECONDS, "From signal to accepted order"
    BROKER_CALL = "BrokerCallMilliseconds", Unit.MILLISECONDS, "Duration of one order request"
    OPEN_EXECUTIONS = "OpenExecutions", Unit.COUNT, "Executions that have not ended"
    UNRESOLVED_EXECUTIONS = "UnresolvedExecutions", Unit.COUNT, "Signals without an order or a reason so far"
    OLDEST_UNRESOLVED = "OldestUnresolvedSeconds", Unit.SECONDS, "Age of the oldest unresolved signal"
    UNREADABLE_RECORDS = "UnreadableRecords", Unit.COUNT, "Records this code cannot read; must be 0"
    EXECUTIONS_LEFT = "ExecutionsLeft", Unit.COUNT, "Open executions a run had no room or time to look at"
    EXECUTION_RATE = "ExecutionRate", Unit.PERCENT, "Orders by eligible signals; absent when none was"
    CONSERVATION_GAP = "ConservationGap", Unit.COUNT, "Signals that no outcome accounts for; must be 0"
    NAKED_POSITION = "NakedPositionSeconds", Unit.SECONDS, "Longest time a position is not guarded"
    REPAIRS_MADE = "RepairsMade", Unit.COUNT, "Repairs the reconciler made at the broker"
    EQUITY = "Equity", Unit.NO_UNIT, "The account's equity, USD"
    DAILY_PROFIT = "DailyProfitLoss", Unit.NO_UNIT, "The trading day's profit or loss, USD"
    BROKER_ACCOUNT_SHARED = (
        "BrokerAccountShared",
        Unit.COUNT,
        "Others that trade the same account of the broker; absent when there are none",
    )
    ACCOUNT_HALTED = "AccountHalted", Unit.COUNT, "1 while the account is halted, else 0"
