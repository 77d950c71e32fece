import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from argo.domain.symbols import AssetClass, Symbol
from tests.unit.strategies import pairs, symbols, tickers


@pytest.mark.parametrize("spelling", ["BTC/USD", "BTC-USD", "BTCUSD", "btc/usd", " btcusd "])
def test_a24_every_spelling_of_a_pair_is_one_symbol(spelling):
    canonical = Symbol("BTC/USD")

    symbol = Symbol(spelling)

    assert symbol == canonical
    assert {symbol} == {canonical}


@pytest.mark.parametrize("spelling", ["ETH/USD", "ETH-USD", "ETHUSD", "ethusd", "USDT/USD", "USDTUSD", "LINK/BTC"])
def test_a23_a_pair_is_crypto_however_it_is_written(spelling):
    symbol = Symbol(spelling)

    decided = symbol.asset_class

    assert decided is AssetClass.CRYPTO
    assert symbol.is_crypto


@pytest.mark.parametrize("ticker", ["AAPL", "F", "GOOGL", "BRK.B", "GBTC", "BTC", "USD", "ABUSD"])
def test_a23_a_ticker_is_a_us_equity(ticker):
    symbol = Symbol(ticker)

    decided = symbol.asset_class

    assert decided is AssetClass.US_EQUITY
    assert not symbol.is_crypto


@pytest.mark.parametrize(
    "text",
    ["", " ", "AAPL1", "TOOLONG", "BRK/B", "BTC/EUR", "A1USD", "BTC//USD", "/USD", "AAPL240119C00190000", "A B"],
)
def test_what_is_neither_a_ticker_nor_a_pair_is_refused(text):
    with pytest.raises(ValueError, match="neither a US equity ticker") as refused:
        Symbol(text)

    assert repr(text) in str(refused.value)


@given(pairs)
def test_a24_all_three_spellings_of_any_pair_are_equal(pair):
    base, quote = pair

    spellings = {Symbol(f"{base}/{quote}"), Symbol(f"{base}-{quote}"), Symbol(f"{base}/{quote}".lower())}

    assert spellings == {f"{base}/{quote}"}


@given(symbols)
def test_the_canonical_form_is_its_own_canonical_form(symbol):
    text = str(symbol)

    again = Symbol(text)

    assert again == symbol
    assert str(again) == text


@given(st.text(max_size=12))
def test_any_text_is_a_canonical_symbol_or_refused(text):
    try:
        symbol = Symbol(text)
    except ValueError:
        return

    assert Symbol(str(symbol)) == symbol
    assert symbol.isupper()
    assert symbol == symbol.strip()


@given(st.sampled_from(["BTC/USD", "ETH/BTC", "AVAX/USDC", "USDT/USD", "USDC/USD", "SUSHI/USDT"]) | tickers)
def test_the_joined_form_names_the_same_symbol(text):
    symbol = Symbol(text)

    joined = symbol.joined

    assert "/" not in joined
    assert Symbol(joined) == symbol


def test_a_symbol_survives_copying_and_pickling():
    symbol = Symbol("btcusd")

    copies = [copy.deepcopy(symbol), pickle.loads(pickle.dumps(symbol)), Symbol(symbol)]  # noqa: S301 - our own bytes

    assert copies == [symbol] * 3
    assert all(isinstance(each, Symbol) for each in copies)


def test_pydantic_reads_and_writes_the_canonical_form():
    adapter = TypeAdapter(Symbol)

    symbol = adapter.validate_json('"btc-usd"')

    assert isinstance(symbol, Symbol)
    assert adapter.dump_json(symbol) == b'"BTC/USD"'


def test_pydantic_refuses_what_is_no_symbol():
    adapter = TypeAdapter(Symbol)

    with pytest.raises(ValidationError, match="neither a US equity ticker"):
        adapter.validate_python("???")


@pytest.mark.parametrize(
    "text", ["\u017fpy", "\u00df", "\ufb01", "\uff21APL", "AAPL\u00a0", "\u0412TC/USD", "\u0131bm", "\u212a"]
)
def test_c83_what_only_becomes_a_symbol_by_being_changed_is_none(text):
    with pytest.raises(ValueError, match="neither a US equity ticker"):
        Symbol(text)
