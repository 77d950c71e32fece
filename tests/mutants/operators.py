"""The changes that are made: mutmut's own, and those of a rule that somebody forgot.

mutmut's runner is not used: it leaves alone what stands outside of functions and in decorated ones, and so the
limits, the leases and every property. Texts are left alone: they are read by people.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation

import libcst as cst
from mutmut.mutation import mutators

type Change = Callable[..., Iterator[cst.CSTNode]]

_NOT_THESE = (mutators.operator_string, mutators.operator_arg_removal, mutators.operator_assignment)
_SWAPPED = (cst.BinaryOperation, cst.UnaryOperation, cst.BooleanOperation, cst.ComparisonTarget, cst.AugAssign)
_LEFT_ALONE = (cst.Decorator, cst.ImportFrom, cst.Import, cst.Raise, cst.Assert, cst.TypeAlias)
_FOR_PEOPLE = ("description", "title", "examples")


def is_left_alone(node: cst.CSTNode) -> bool:
    """Tell whether nothing in a node is a rule: types, what is raised, what is logged, what people read."""
    match node:
        case cst.Arg(keyword=cst.Name(value=name)) if name in _FOR_PEOPLE:
            return True
        case cst.Expr(
            value=cst.Call(func=cst.Attribute(value=cst.Name("log") | cst.Attribute(attr=cst.Name("log"))))
        ):
            return True
        case cst.Expr(value=cst.Call(func=cst.Attribute(attr=cst.Name("tell" | "_warn")))):  # they log
            return True
        case cst.Call(func=cst.Name("assert_never")) | cst.If(test=cst.Name("TYPE_CHECKING")):
            return True
    return isinstance(node, _LEFT_ALONE)


def changes_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield what may stand in a node's place."""
    for kind, change in OPERATORS:
        if isinstance(node, kind):
            yield from change(node)


def _other_number(node: cst.Integer | cst.Float) -> Iterator[cst.CSTNode]:
    value = node.evaluated_value
    if value >= 1:
        yield node.with_changes(value=repr(value - 1))
    elif value:
        yield node.with_changes(value=repr(value / 2))


def _other_decimal(node: cst.SimpleString) -> Iterator[cst.CSTNode]:
    try:
        value = Decimal(str(node.evaluated_value))
    except InvalidOperation:
        return
    for other in (value * Decimal("1.1"), value * Decimal("0.9")) if value else (Decimal(1),):
        yield node.with_changes(value=f'"{other.normalize():f}"')


def _without_keyword(node: cst.Call) -> Iterator[cst.CSTNode]:
    for i, argument in enumerate(node.args):
        if argument.keyword or argument.star:
            *others, last = [*node.args[:i], *node.args[i + 1 :]] or [None]
            end = [last.with_changes(comma=cst.MaybeSentinel.DEFAULT)] if last else []
            yield node.with_changes(args=[*others, *end])


def _without_call(node: cst.Expr) -> Iterator[cst.CSTNode]:
    if isinstance(node.value, cst.Call):
        yield cst.Pass()


def _one_operand(node: cst.BooleanOperation) -> Iterator[cst.CSTNode]:
    for operand in (node.left, node.right):
        yield operand.with_changes(lpar=[*node.lpar, *operand.lpar], rpar=[*operand.rpar, *node.rpar])


def _decided(node: cst.If | cst.CompIf) -> Iterator[cst.CSTNode]:
    yield node.with_changes(test=cst.Name("True"))
    if isinstance(node, cst.If):
        yield node.with_changes(test=cst.Name("False"))


OPERATORS: tuple[tuple[type | tuple[type, ...], Change], ...] = (
    *(
        (_SWAPPED if change is mutators.operator_swap_op else kind, change)
        for kind, change in mutators.mutation_operators
        if change not in _NOT_THESE
    ),
    (cst.Integer, _other_number),
    (cst.Float, _other_number),
    (cst.SimpleString, _other_decimal),
    (cst.Call, _without_keyword),
    (cst.Expr, _without_call),
    (cst.BooleanOperation, _one_operand),
    (cst.If, _decided),
    (cst.CompIf, _decided),
)
