from decimal import Decimal

import pytest

from argo.adapters.alpaca import parsing

ACCOUNT = {
    "status": "ACTIVE",
    "trading_blocked": False,
    "account_blocked": False,
    "trade_suspended_by_user": False,
    "shorting_enabled": True,
    "equity": "100000.5",
    "last_equity": "99000",
    "cash": "50000",
    "buying_power": "200001.01",
    "non_marginable_buying_power": "49999.99",
}


def test_the_account_is_read_exactly():
    account = parsing.account(ACCOUNT | {"brand_new": [1]})

    assert (account.equity, account.last_equity) == (Decimal("100000.5"), 99_000)
    assert (account.cash, account.buying_power) == (50_000, Decimal("200001.01"))
    assert account.non_marginable_buying_power == Decimal("49999.99")
    assert account.shorting_enabled
    assert not account.is_blocked


FLAGS = ("tradable", "shortable", "fractionable")


@pytest.mark.parametrize("affirmed", FLAGS)
def test_an_asset_is_what_the_broker_affirms_and_nothing_else(affirmed):
    asset = parsing.asset(dict.fromkeys(FLAGS, "true") | {affirmed: True})
    unknown = parsing.asset({})

    assert {flag for flag in FLAGS if getattr(asset, flag)} == {affirmed}
    assert not any(getattr(unknown, flag) for flag in FLAGS)


@pytest.mark.parametrize("flag", ["trading_blocked", "account_blocked", "status"])
def test_a19_a_flag_that_is_missing_counts_as_blocking(flag):
    raw = {name: value for name, value in ACCOUNT.items() if name != flag}

    account = parsing.account(raw)

    assert account.is_blocked


@pytest.mark.parametrize("flag", ["trading_blocked", "account_blocked"])
def test_a19_a_flag_that_is_null_counts_as_blocking(flag):
    account = parsing.account(ACCOUNT | {flag: None})

    assert account.is_blocked


@pytest.mark.parametrize("flag", ["trading_blocked", "account_blocked", "trade_suspended_by_user"])
def test_any_flag_that_is_set_blocks(flag):
    account = parsing.account(ACCOUNT | {flag: True})

    assert account.is_blocked


def test_a_missing_shorting_flag_means_no_shorts():
    raw = {name: value for name, value in ACCOUNT.items() if name != "shorting_enabled"}

    account = parsing.account(raw)

    assert not account.shorting_enabled


@pytest.mark.parametrize("word", ["false", "true", 1, [False]])
def test_a19_only_what_is_affirmed_is_so(word):
    times = dict.fromkeys(("timestamp", "next_open", "next_close"), "2026-03-02T16:00:00Z")

    assert not parsing.account(ACCOUNT | {"shorting_enabled": word}).shorting_enabled
    assert not parsing.clock(times | {"is_open": word}).is_open


@pytest.mark.parametrize("amount", ["last_equity", "non_marginable_buying_power"])
def test_an_amount_that_is_missing_is_not_zero(amount):
    raw = {name: value for name, value in ACCOUNT.items() if name != amount}

    account = parsing.account(raw)

    assert getattr(account, amount) is None


@pytest.mark.parametrize("amount", ["equity", "cash", "buying_power"])
@pytest.mark.parametrize("broken", [..., None, "much", "NaN", "1e999999", True, [0, [1], 0]])
def test_a19_without_the_amounts_it_is_sized_on_there_is_no_account(amount, broken):
    raw = {name: value for name, value in (ACCOUNT | {amount: broken}).items() if value is not ...}

    with pytest.raises((KeyError, ValueError, TypeError, ArithmeticError)):
        parsing.account(raw)


def test_the_error_says_what_stood_in_an_amounts_place():
    with pytest.raises(ValueError, match=r"^not a number: 'much'$"):
        parsing.account(ACCOUNT | {"equity": "much"})


def test_a24_a_position_has_the_orders_symbol_and_its_fraction():
    raw = {"symbol": "BTCUSD", "qty": "0.123456789", "avg_entry_price": "64000.5", "market_value": "7901.23"}

    position = parsing.position(raw)

    assert position.symbol == "BTC/USD"
    assert position.quantity == Decimal("0.123456789")
    assert position.market_value == Decimal("7901.23")


def test_a_short_position_is_negative():
    position = parsing.position({"symbol": "AAPL", "qty": "-10", "avg_entry_price": "100", "market_value": None})

    assert (position.quantity, position.market_value) == (-10, None)


def test_an_account_without_a_status_is_of_an_unknown_one():
    assert parsing.account(ACCOUNT | {"status": None}).status == "UNKNOWN"


def test_an_account_that_does_not_say_it_is_suspended_is_not():
    raw = {name: value for name, value in ACCOUNT.items() if name != "trade_suspended_by_user"}

    assert not parsing.account(raw).is_blocked


@pytest.mark.parametrize(("told", "known"), [("PA3XYZ", "PA3XYZ"), (123, "123"), (None, None), ("", None)])
def test_an_accounts_number_is_a_text_or_not_known(told, known):
    assert parsing.account(ACCOUNT | {"account_number": told}).number == known
