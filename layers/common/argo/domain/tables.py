"""What every table of argo.toml has in common: strict models, and errors that name table, key and value."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from argo.domain.values import Number, Percent, shown

_LONGEST = 500
"""Characters of what is wrong with a value, where the value itself is in it."""


class ConfigurationError(ValueError):
    """argo.toml or the environment is wrong; the message names table, key and value."""


class Table(BaseModel):
    """A table whose every key is known; its validator is built with its first use, not with its import."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def not_below(least: Decimal, example: str) -> AfterValidator:
    """Refuse what can only be a fraction where percent belongs; nothing at all is no fraction."""
    return AfterValidator(partial(_not_below, least=least, example=example))


def _not_below(value: Decimal, *, least: Decimal, example: str) -> Decimal:
    if 0 < value < least:
        raise ValueError(f"{value} looks like a fraction; give percent, {example}")
    return value


PositivePercent = Annotated[Percent, Field(gt=0)]
"""Percent, where less than one is ordinary: 0.25."""

SmallPercent = Annotated[PositivePercent, not_below(Decimal("0.1"), "0.1-100 (2, not 0.02)")]
"""Percent, where one is ordinary and less than a tenth is a mistake (FAILURES A04)."""

MarginPercent = Annotated[
    Number, Field(gt=0, le=1_000, decimal_places=4), not_below(Decimal(1), "1-1000 (150, not 1.5)")
]
"""Percent of equity, where borrowed money may carry it past a hundred."""

LargePercent = Annotated[PositivePercent, not_below(Decimal(1), "1-100 (10, not 0.1)")]
"""Percent, where less than one is a mistake (FAILURES A04)."""


def read_tables(text: str, origin: str) -> dict[str, Any]:
    """Read argo.toml's text, numbers as Decimal.

    Raises:
        ConfigurationError: it is not TOML.
    """
    try:
        return tomllib.loads(text, parse_float=_decimal)
    except (ValueError, RecursionError) as error:
        # Not only its syntax: nested too deep, or a number longer than Python reads.
        raise ConfigurationError(f"{origin}: not TOML: {error}") from error


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text} is beyond what a number can be") from None


def parse_table[T: Table](model: type[T], values: object, origin: str, *within: str) -> T:
    """Read the table ``within`` as its model.

    Raises:
        ConfigurationError: names every wrong key with its table and its value.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_lines(origin, within, error))) from error


def _lines(origin: str, within: tuple[str, ...], error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        *table, key = [*within, *(str(part) for part in problem["loc"])] or ["(top level)"]
        where = f"[{'.'.join(table)}] {key}" if table else key
        given = "" if problem["type"] == "missing" else _given(problem["input"])
        lines.append(f"{origin}: {where}{given}: {_plain(problem)}")
    return lines


def _given(value: object) -> str:
    if isinstance(value, dict) and value:
        return ""  # A whole table says less than its name, which is in the message.
    return f" = {shown(value)}"


def _plain(problem: Mapping[str, Any]) -> str:
    match problem["type"]:
        case "extra_forbidden":
            return "unknown key"
        case "missing":
            return "missing"
        case _:
            return str(problem["msg"]).removeprefix("Value error, ")[:_LONGEST]
