"""How large a record is in DynamoDB, by its own rule, in bytes; and texts that are cut to a size. Pure."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from pydantic import BaseModel

LARGEST_ITEM = 400 * 1024
"""What DynamoDB takes at most: names of attributes and their values (Developer Guide, item sizes and formats)."""

_CUT = "…"
_NESTED, _ELEMENT = 3, 1


def size_of(value: object) -> int:
    """Return what a value takes up: text in UTF-8, two digits of a number a byte, a byte per element of a list.

    A list or a map takes three bytes more. None takes nothing: it is not written.

    Raises:
        TypeError: no record holds such a value.
    """
    match value:
        case str():
            return len(value.encode())
        case None | bool():
            return 0 if value is None else 1
        case int() | Decimal() | float():
            return _size_of_number(Decimal(str(value)))
        case date():
            return len(value.isoformat())
        case BaseModel():
            fields = type(value).model_fields
            return size_of({name: one for name, one in vars(value).items() if not fields[name].exclude})
        case Mapping():
            return _NESTED + sum(_ELEMENT for one in value.values() if one is not None) + size_of_item(value)
        case list() | tuple():
            return _NESTED + sum(_ELEMENT + size_of(each) for each in value if each is not None)
        case set() | frozenset():
            return sum(size_of(each) for each in value)
        case _:
            raise TypeError(f"no record holds {value!r}")


def size_of_item(attributes: Mapping[str, object]) -> int:
    """Return what an item takes up: its attributes' names and values."""
    return sum(size_of(name) + size_of(value) for name, value in attributes.items() if value is not None)


def cut(text: str, most: int) -> str:
    """Return a text of ``most`` bytes in UTF-8, its end left out where it is longer."""
    if len(text) * 4 <= most or size_of(text) <= most:
        return text
    return text.encode()[: most - size_of(_CUT)].decode(errors="ignore") + _CUT


def cut_all(texts: Mapping[str, str], *, each: int, together: int) -> dict[str, str]:
    """Return texts cut to ``each`` bytes, the last of them left out where they are more than ``together``."""
    kept: dict[str, str] = {}
    left = together
    for name, text in texts.items():
        short = cut(text, each)
        left -= size_of(name) + size_of(short) + _ELEMENT
        if left < 0:
            break
        kept[name] = short
    return kept


def _size_of_number(number: Decimal) -> int:
    sign, digits, _ = number.normalize().as_tuple()
    return (len(digits) + 1) // 2 + 1 + sign
