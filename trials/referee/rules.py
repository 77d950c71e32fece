"""What must hold whatever fails, in words; `trials.referee.referee` sees that it does."""

from enum import StrEnum


class Rule(StrEnum):
    """One rule: what breaches of it are called, and what it asks."""

    breaches: str
    meaning: str

    def __new__(cls, name: str, breaches: str, meaning: str) -> "Rule":
        member = str.__new__(cls, name)
        member._value_ = name
        member.breaches = breaches
        member.meaning = meaning
        return member

    DUPLICATE = "duplicate", "duplicates", "one signal, one account: at most one entry order"
    LOST = "lost", "lost signals", "a signal is in the outbox, in a queue or on the record of each account"
    FORGOTTEN = "forgotten", "signals forgotten", "what was published ends, whether or not anybody claimed it"
    UNSENT = "unsent", "signals never sent", "the outbox is empty in the end"
    GHOST = "ghost", "ghost orders", "every entry that the broker has is on the record"
    PHANTOM = "phantom", "phantom orders", "every order on the record is the broker's"
    UNRESOLVED = "unresolved", "unresolved signals", "every signal comes to an end once the faults are over"
    SILENT = "silent", "silent ends", "every end has an order id or a reason"
    NO_ORDERS = "no_orders", "accounts without an order", "where many signals come, orders are placed"
    GIVEN_UP = "given_up", "signals given up", "a signal with minutes left after the last fault becomes an order"
    DEAD_LETTER = "dead_letter", "wrong dead letters", "only what nobody can read, each with its reason"
    POISON_LOST = "poison_lost", "poison swallowed", "what nobody can read is among the dead letters"
    ORDER_WITHOUT_INTENT = (
        "order_without_intent",
        "orders before their record",
        "an order is on the record, as it is sent, before it is sent",
    )
    LEASE_TAKEN = "lease_taken", "leases taken", "what a worker holds, no other takes before its lease is over"
    OUT_OF_TURN = (
        "out_of_turn",
        "steps out of turn",
        "only its holder writes a record, on what it has become, and only the steps there are",
    )
    EXPIRED_SENT = "expired_sent", "orders of expired signals", "past its expiry no entry is sent"
    NUMBER_USED_UP = (
        "number_used_up",
        "numbers used up",
        "an exit's or a guard's number is used up only where something may have arrived at the broker",
    )
    BEGUN_TOO_LATE = (
        "begun_too_late",
        "orders begun too late",
        "no order is begun whose worst case its worker's time limit would cut off",
    )
    RISK_WHILE_HALTED = "risk_while_halted", "risk while halted", "a halted account reserves nothing"
    HALT_LOST = "halt_lost", "halts lost", "a halt that was confirmed holds from that moment"
    HALTED_IN_VAIN = (
        "halted_in_vain",
        "accounts halted in vain",
        "only a key that the broker has refused halts an account for its key",
    )
    HELD_UP = (
        "held_up",
        "orders held up",
        "nothing that AWS calls retryable delays an order by more than ten seconds",
    )
    EXIT_DENIED = "exit_denied", "exits denied", "what limits new risk stops no exit"
    EXIT_UNFINISHED = "exit_unfinished", "exits never done", "a planned exit is done in the end"
    POSITION_LIMIT = "position_limit", "limits passed", "positions at once stay within the account's limit"
    POSITION = "position", "position gaps", "positions are what the fills on the record add up to"
    GONE = "gone", "positions gone unseen", "a position that somebody else has closed is closed on the record too"
    FILLS_SHRANK = "fills_shrank", "fills unlearnt", "a fill that is known stays known"
    UNPROTECTED = (
        "unprotected",
        "unprotected too long",
        "a position has a stop soon, whatever strikes, and in the end",
    )
    LIVE_BUT_ENDED = "live_but_ended", "orders that outlive", "no order lives on when its execution has ended"
    RECORD_SIZE = "record_size", "records too large", "no record grows above 32 KB, whatever happens to it"
    RESERVATION = "reservation", "conservation gaps", "what is reserved is what living executions bind"
    SYMBOL_LOCK = "symbol_lock", "wrong symbol locks", "a symbol is locked by the execution that holds it"
    SURPRISE = "surprise", "unexpected errors", "no error that nobody handles"
    STUCK = "stuck", "stuck runs", "something is always due until the end"
