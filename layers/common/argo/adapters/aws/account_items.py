"""An account's partition as its state: also where parts of it are of a version that this code does not know."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from argo.adapters.aws import items
from argo.adapters.aws.items import Item
from argo.domain.account import AccountState, Holding, TradeExit, TradingState
from argo.domain.lists import Unreadable, UnreadableRecord


def account_state(executor: str, partition: Sequence[Item]) -> AccountState | None:
    """Read an account's partition; one without a state is a fresh account.

    A query may meet a transaction halfway: None where the state knows other locks than were read. What cannot be
    read is named in the state and left out of it; a trading state that is not known counts as a halt.
    """
    try:
        return _as_written(executor, partition)
    except items.NOT_AS_WRITTEN:
        return _as_far_as_known(executor, partition)


def _as_written(executor: str, partition: Iterable[Item]) -> AccountState | None:
    state: dict[str, Any] = {}
    holdings: dict[str, Any] = {}
    exits: list[Any] = []
    for item in partition:
        values = items.decode(item)
        sort_key = str(values["SK"])
        if sort_key.startswith(items.LOCK):
            holdings[sort_key.removeprefix(items.LOCK)] = values
        elif sort_key.startswith(items.ENDED):
            exits.append(values)
        else:
            state = values
    locks = {items.held_token(symbol, holding["signal_id"]) for symbol, holding in holdings.items()}
    if locks != set(state.get("held", ())):
        return None
    return AccountState.model_validate({"executor": executor} | state | {"holdings": holdings, "exits": exits})


def _as_far_as_known(executor: str, partition: Iterable[Item]) -> AccountState | None:
    state = AccountState(executor=executor)
    held: set[str] | None = set()
    holdings: dict[str, Holding] = {}
    exits: list[TradeExit] = []
    unknown: list[Unreadable] = []
    unknown_locks: set[str] = set()
    for item in partition:
        sort_key = str(item["SK"]["S"])
        try:
            if sort_key.startswith(items.LOCK):
                unknown_locks.add(symbol := sort_key.removeprefix(items.LOCK))
                holdings[symbol] = items.known(item, _holding)
                unknown_locks.remove(symbol)
            elif sort_key.startswith(items.ENDED):
                exits.append(items.known(item, _trade_exit))
            else:
                state, held = _state(executor, item, unknown)
        except UnreadableRecord as error:
            unknown.append(error.found)
    if held is not None:
        known_tokens = {token for token in held if token.rpartition("#")[0] not in unknown_locks}
        if known_tokens != {items.held_token(symbol, each.signal_id) for symbol, each in holdings.items()}:
            return None
    return state.model_copy(update={"holdings": holdings, "exits": tuple(exits), "unreadable": tuple(unknown)})


def _state(executor: str, item: Item, unknown: list[Unreadable]) -> tuple[AccountState, set[str] | None]:
    """Return the account's own item without the fields that are not known, and the tokens of its locks."""
    values: dict[str, Any] = {}
    wrong: set[str] = set()
    for name, attribute in item.items():
        try:
            values |= items.decode({name: attribute})
        except items.NOT_AS_WRITTEN as error:
            wrong.add(name)
            unknown.append(items.unreadable(item, error))
    try:
        AccountState.model_validate({"executor": executor} | values)
    except ValidationError as error:
        wrong |= {str(each["loc"][0]) for each in error.errors()}
        unknown.append(items.unreadable(item, error))
    if "trading_state" in wrong:
        told = f"its trading state {item['trading_state']} is not one that this version knows"
        values |= {"trading_state": TradingState.HALTED, "state_reason": told}
        wrong = wrong - {"trading_state", "state_reason"} | {"resumes_on"}
    known = {name: value for name, value in values.items() if name not in wrong}
    held = values.get("held", set())
    return AccountState.model_validate({"executor": executor} | known), held if isinstance(held, set) else None


_HOLDING = TypeAdapter(Holding)
_TRADE_EXIT = TypeAdapter(TradeExit)


def _holding(item: Mapping[str, Any]) -> Holding:
    return _HOLDING.validate_python(items.decode(item))


def _trade_exit(item: Mapping[str, Any]) -> TradeExit:
    return _TRADE_EXIT.validate_python(items.decode(item))
