"""docs/keys.md: every key of argo.toml, from the models that read it and the docstrings below their fields."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from inspect import getsource
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from argo.domain.config import Configuration
from argo.domain.symbols import Symbol
from argo.domain.tables import Table
from trials.proof import section

_ABOUT = """# Keys of argo.toml

Written by `make docs` from the models that read the file; `make check` fails when the two differ. Any other key or
value is refused at load; `make deploy` brings a change into effect. Percentages are 0-100: 2 is two percent. What
has no default (-) may be left out. Gate and sizing are the executor's; status is `argo status`, `argo watch` and
the API's. Replays (`argo replay`, `make run`) run the same functions; a `feed` does nothing there."""

_KINDS = {bool: "`true`, `false`", int: "whole", Decimal: "", Symbol: "symbol", str: "text", Mapping: "table"}
_FLOORS = {"ge": "", "min_length": "", "least": "", "gt": "above ", "above": "above "}
_FORMS = {"pattern": "as `{}`", "decimal_places": "at most {} decimals"}
_LIMITS = (*_FLOORS, *_FORMS, "le", "max_length")


def configuration_keys() -> str:
    return "\n\n".join([_ABOUT, *_sections(Configuration)]) + "\n"


def meanings(model: type[Table]) -> Iterator[tuple[str, str]]:
    """Yield each field that something stands below: its meaning, and who reads it."""
    for field, below in pairwise(ast.iter_child_nodes(ast.parse(getsource(model)).body[0])):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split()).replace("``", "`")


def _sections(model: type[Table], *path: str) -> Iterator[str]:
    said, rows, within = dict(meanings(model)), [], list[str]()
    for key, field in model.model_fields.items():
        meaning, _, readers = said[key].partition(" Read by: ")
        kind, _ = _plain(field.annotation)
        *names, part = get_args(kind) or (kind,)
        is_table = isinstance(part, type) and issubclass(part, Table)
        inner = (*path, key, *("NAME" for _ in names))
        within += _sections(part, *inner) if is_table else ()
        takes = f"`[{'.'.join(inner)}]`" if is_table else allowed(field.annotation, field.metadata)
        default = "-" if is_table and not field.is_required() else _default(field)
        cells = f"`{key}`", meaning, default, takes, readers.rstrip(".")
        rows.append([cell.replace("|", r"\|") for cell in cells])
    title = f"`[{'.'.join(path)}]`" if path else "Top level"
    yield section(title, ("key", "meaning", "default", "allowed", "read by"), rows)
    yield from within


def allowed(annotation: object, given: Iterable[object] = ()) -> str:
    """Say which values a field takes: of which kind, and within which bounds."""
    kind, limits = _plain(annotation, given)
    origin, parts = get_origin(kind) or kind, get_args(kind)
    if origin is Literal or issubclass(origin, Enum):
        return ", ".join(f"`{each}`" for each in parts or kind)
    length = f"{len(parts)} long" if origin is tuple and ... not in parts else _bounds(limits)
    each = " = ".join(map(allowed, parts[: 2 if origin is Mapping else 1]))
    words = [_KINDS.get(origin, "list"), length, f"each {each}" if each else ""]
    words += [form.format(limits[name]) for name, form in _FORMS.items() if name in limits]
    return ", ".join(filter(None, words)).replace("`^(", "`").replace(")$`", "`")


def _bounds(limits: Mapping[str, Any]) -> str:
    """Return the least and the greatest; 0 stands alone where only what looks like a fraction is refused."""
    floors = [(limits[name], how) for name, how in _FLOORS.items() if name in limits]
    least, above = max(floors, default=("", ""))
    zero = "0, or " if least and (0, "") in floors and "gt" not in limits else ""
    greatest = [f" to {limits[name]}" for name in ("le", "max_length") if name in limits] or [" or more"]
    return f"{zero}{above}{least}{greatest[0]}{' long' * ('min_length' in limits)}" if floors else ""


def _plain(annotation: object, given: Iterable[object] = ()) -> tuple[Any, dict[str, Any]]:
    """Return a type without its None, and by name the limits that its annotations, or those ``given``, set."""
    if type(None) in get_args(annotation):
        annotation, _ = get_args(annotation)
    if get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        return _plain(annotation, [*inner, *given])
    limits: dict[str, Any] = {}
    for each in (one for some in given for one in getattr(some, "metadata", [some])):
        limits |= {name: getattr(each, name) for name in _LIMITS if hasattr(each, name)}
        limits |= getattr(getattr(each, "func", None), "keywords", {})
    return annotation, limits


def _default(field: FieldInfo) -> str:
    return "required" if field.is_required() else _toml(field.get_default(call_default_factory=True))


def _toml(value: object) -> str:
    text = json.dumps(value, default=lambda each: sorted(each) if isinstance(each, frozenset) else float(each))
    return "-" if value is None else "`" + re.sub(r"\.0\b", "", text).replace('": ', '" = ') + "`"
