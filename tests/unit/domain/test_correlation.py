import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo.domain.symbols import GROUPS, Symbol, groups_of
from tests.unit.strategies import pairs, symbols


def test_a_symbol_is_in_the_group_that_names_it():
    assert groups_of(Symbol("AAPL"), GROUPS) == ["technology"]


def test_a_symbol_that_nobody_names_is_in_no_group():
    assert groups_of(Symbol("ZZZZ"), GROUPS) == []


def test_a_symbol_may_be_in_several_groups():
    groups = {"phones": {Symbol("AAPL")}, "chips": {Symbol("NVDA")}, "large": {Symbol("AAPL"), Symbol("NVDA")}}

    assert groups_of(Symbol("AAPL"), groups) == ["phones", "large"]


@pytest.mark.parametrize("spelling", ["BTC/USD", "BTCUSD", "ETH-USD"])
def test_a_coin_is_in_the_group_of_coins_whether_it_is_named_or_not(spelling):
    assert groups_of(Symbol(spelling), {}) == ["crypto"]


def test_a_group_of_coins_that_is_named_is_counted_once():
    assert groups_of(Symbol("BTC/USD"), {"crypto": {Symbol("BTC/USD")}}) == ["crypto"]


def test_no_symbol_of_the_built_in_groups_is_in_two_of_them():
    named = [symbol for members in GROUPS.values() for symbol in members]

    assert len(named) == len(set(named))


@given(symbols, st.dictionaries(st.sampled_from("abc"), st.frozensets(symbols, max_size=3), max_size=3))
def test_a_symbol_is_in_exactly_the_groups_that_name_it_and_a_coin_in_that_of_coins(symbol, groups):
    found = groups_of(symbol, groups)

    assert {name for name, members in groups.items() if symbol in members} == set(found) - {"crypto"}
    assert ("crypto" in found) == symbol.is_crypto
    assert len(found) == len(set(found))


@given(pairs)
def test_every_coin_moves_with_every_other(pair):
    assert groups_of(Symbol("/".join(pair)), GROUPS) == groups_of(Symbol("BTC/USD"), GROUPS)
