"""The mutants that a seed draws: the same for the same code on every machine."""

import ast
import difflib
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import libcst as cst
from libcst import matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider

from tests.mutants.operators import changes_of, is_left_alone

_RULES = (
    "layers/common/argo/domain/*.py",
    "layers/common/argo/closing.py",
    "layers/common/argo/adapters/alpaca/outcome.py",
    "layers/common/argo/adapters/alpaca/parsing.py",
    "layers/common/argo/adapters/aws/items.py",
    "layers/common/argo/adapters/aws/policy.py",
    "functions/execute/execution/*.py",
    "functions/reconcile/reconciliation/*.py",
    "functions/generate/generation/**/*.py",
)
_GLUE = {"__init__.py", "handler.py", "wiring.py"}


@dataclass(frozen=True)
class Mutant:
    """One change of one place; ``first`` to ``last`` are the lines of its statement up to it."""

    path: Path
    first: int
    last: int
    change: str
    source: str

    @property
    def place(self) -> str:
        return f"{self.path}:{self.first}"

    @property
    def package(self) -> str:
        parts = self.path.parts
        return f"argo.{parts[3].removesuffix('.py')}" if parts[0] == "layers" else parts[2]


def draw(seed: int, count: int) -> list[Mutant]:
    """Draw as many places, each with one change."""
    paths = [path for rule in _RULES for path in sorted(Path().glob(rule)) if path.name not in _GLUE]
    places = [place for path in paths for place in _places(path)]
    drawn = (_mutant(place, seed) for place in sorted(places, key=lambda place: _lot(seed, place.name)))
    return list(islice((mutant for mutant in drawn if mutant), count))


def _lot(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()


@dataclass(frozen=True)
class _Place:
    path: Path
    name: str
    module: cst.Module
    node: cst.CSTNode
    line: int
    last: int


def _places(path: Path) -> Iterator[_Place]:
    """Yield every place where something can be changed, under a name that other lines' changes leave as it is."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text()))
    lines, seen, found = wrapper.module.code.splitlines(), Counter[str](), _Nodes()
    wrapper.visit(found)
    for (line, column, kind), (node, last) in found.nodes.items():
        name = f"{path} {lines[line - 1].strip()} {column} {kind}"
        seen[name] += 1
        yield _Place(path, f"{name} {seen[name]}", wrapper.module, node, line, last)


class _Nodes(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.nodes: dict[tuple[int, int, str], tuple[cst.CSTNode, int]] = {}

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation):  # the bounds in it are rules, the types are not
            for call in m.findall(node, m.Call()):
                call.visit(self)
        elif isinstance(node, cst.ClassDef):
            node.body.visit(self)
        if isinstance(node, cst.Annotation | cst.ClassDef) or is_left_alone(node):
            return False
        at = self.get_metadata(PositionProvider, node, None)
        if at and next(changes_of(node), None):
            self.nodes.setdefault((at.start.line, at.start.column, type(node).__name__), (node, at.end.line))
        return True


def _mutant(place: _Place, seed: int) -> Mutant | None:
    """Return a change of a place; None where none makes another program of it."""
    was = place.module.code
    changed = {str(i): place.module.deep_replace(place.node, new) for i, new in enumerate(changes_of(place.node))}
    for i in sorted(changed, key=lambda i: _lot(seed, f"{place.name} {i}")):
        source = changed[i].code
        try:
            tree = ast.parse(source)
        except SyntaxError:
            continue
        if ast.dump(tree) != ast.dump(ast.parse(was)):
            first, last = _statement(ast.parse(was), place.line, place.last)
            return Mutant(place.path, first, last, _change(was, source), source)
    return None


def _statement(tree: ast.Module, line: int, last: int) -> tuple[int, int]:
    """Return the lines of the statement that a place is in; of a block's only the place's."""
    around = (node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.lineno <= line)
    innermost = max((node for node in around if line <= (node.end_lineno or 0)), key=lambda node: node.lineno)
    is_block = hasattr(innermost, "body") or hasattr(innermost, "cases")
    return (line, last) if is_block else (innermost.lineno, innermost.end_lineno or last)


def _change(was: str, source: str) -> str:
    lines = list(difflib.ndiff(was.splitlines(), source.splitlines()))
    before, after = (" ".join(line[2:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return f"{before}  ->  {after}"
