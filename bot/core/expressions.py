"""The conditions of `switch`: a small, total subset of Python expressions.

Allowed are comparisons, `and`, `or`, `not`, `in`, literals, lists of literals, dotted names and the
functions `len`, `lower` and `has`. A document is never code: the text is parsed, every node is held
against the list below, and this module's own walk gives it meaning; nothing is ever compiled or run.

Evaluation never fails and takes time in proportion to the text. A name that is not set is nothing:
it equals only itself, is less than nothing and contains nothing. Values that cannot be compared
compare as false.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST = 300
FUNCTIONS = ("len", "lower", "has")
_COMPARE = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)
_NUMBER = (int, float)


class ExpressionError(ValueError):
    """The text is not a condition; *column* counts from 0 within it."""

    def __init__(self, message: str, column: int = 0) -> None:
        self.message, self.column = message, column
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Name:
    """A dotted name in a condition."""

    path: tuple[str, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition that passed `parse`; two of the same text are equal."""

    text: str
    tree: ast.expr = field(repr=False, compare=False)

    def names(self) -> tuple[Name, ...]:
        """Every dotted name, in reading order."""
        return tuple(_names(self.tree))

    def tested(self) -> tuple[Name, ...]:
        """The names that `has()` asks about: they need not be set."""
        return tuple(
            name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "has"
            for name in _names(node)
        )


def parse(text: str) -> Expression:
    """Read a condition. Raises ExpressionError with the place of the first thing not allowed."""
    if len(text) > LONGEST:
        raise ExpressionError(f"a condition has at most {LONGEST} characters", LONGEST)
    if "\\" in text:
        raise ExpressionError("texts hold no backslashes", text.index("\\"))
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as err:
        column = max((getattr(err, "offset", None) or 1) - 1, 0)
        raise ExpressionError("this is not a condition", column) from err
    _check(tree)
    return Expression(text, tree)


def holds(expression: Expression, slots: Mapping[str, Any]) -> bool:
    """Whether the condition is true of *slots*."""
    return bool(_value(expression.tree, slots))


def _check(node: ast.expr) -> None:
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                _check(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _check(operand)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            pass
        case ast.Compare(left=left, ops=ops, comparators=right):
            if not all(isinstance(op, _COMPARE) for op in ops):
                raise _no(node, "this comparison is not allowed; use ==, !=, <, <=, >, >=, in, not in")
            for value in (left, *right):
                _check(value)
        case ast.Constant(value=str() | int() | float()):
            pass
        case ast.List(elts=items) | ast.Tuple(elts=items):
            for item in items:
                if not isinstance(item, ast.Constant):
                    raise _no(item, "a list holds only literals")
                _check(item)
        case ast.Name() | ast.Attribute():
            _dotted(node)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            if len(args) != 1:
                raise _no(node, f"{name}() takes one value")
            if name == "has" and not isinstance(args[0], ast.Name | ast.Attribute):
                raise _no(args[0], "has() takes a name")
            _check(args[0])
        case ast.Call():
            raise _no(node, f"only {', '.join(FUNCTIONS)} may be called")
        case ast.BinOp() | ast.UnaryOp():
            raise _no(node, "conditions do not calculate")
        case ast.NamedExpr():
            raise _no(node, "conditions do not assign")
        case _:
            raise _no(node, f"{type(node).__name__} is not allowed in a condition")


def _no(node: ast.expr, message: str) -> ExpressionError:
    return ExpressionError(message, node.col_offset)


def _dotted(node: ast.expr) -> tuple[str, ...]:
    """The path of a dotted name. Raises ExpressionError for anything else under a dot."""
    match node:
        case ast.Name(id=name):
            if name.startswith("_"):
                raise _no(node, "names do not begin with an underscore")
            return (name,)
        case ast.Attribute(value=value, attr=attr):
            if attr.startswith("_"):
                raise _no(node, "names do not begin with an underscore")
            return (*_dotted(value), attr)
    raise _no(node, "only names have parts")


def _names(node: ast.expr) -> Iterator[Name]:
    match node:
        case ast.Name() | ast.Attribute():
            yield Name(_dotted(node), node.col_offset)
        case ast.Call(args=args):
            for arg in args:
                yield from _names(arg)
        case ast.BoolOp(values=values):
            for value in values:
                yield from _names(value)
        case ast.UnaryOp(operand=operand):
            yield from _names(operand)
        case ast.Compare(left=left, comparators=right):
            for value in (left, *right):
                yield from _names(value)


def _value(node: ast.expr, slots: Mapping[str, Any]) -> Any:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(value, slots) for value in values)
        case ast.BoolOp(values=values):
            return any(_value(value, slots) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, slots)
        case ast.UnaryOp(operand=ast.Constant(value=value)):
            return -value  # type: ignore[operator]  # `_check` let only numbers through
        case ast.Compare(left=left, ops=ops, comparators=right):
            values = [_value(one, slots) for one in (left, *right)]
            return all(_compare(op, a, b) for op, a, b in zip(ops, values, values[1:], strict=False))
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, slots) for item in items]
        case ast.Call(func=ast.Name(id=name), args=[arg]):
            return _call(name, _value(arg, slots))
        case _:
            return _lookup(_dotted(node), slots)


def _lookup(path: tuple[str, ...], slots: Mapping[str, Any]) -> Any:
    value: Any = slots
    for part in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _call(name: str, value: Any) -> Any:
    match name:
        case "has":
            return value is not None
        case "lower":
            return value.lower() if isinstance(value, str) else value
        case _:
            return len(value) if isinstance(value, str | list | tuple | Mapping) else 0


def _compare(op: ast.cmpop, a: Any, b: Any) -> bool:
    match op:
        case ast.Eq():
            return bool(a == b)
        case ast.NotEq():
            return bool(a != b)
        case ast.In():
            return _within(a, b)
        case ast.NotIn():
            return not _within(a, b)
    if not (isinstance(a, _NUMBER) and isinstance(b, _NUMBER)) and not (
        isinstance(a, str) and isinstance(b, str)
    ):
        return False
    match op:
        case ast.Lt():
            return bool(a < b)  # type: ignore[operator]  # both numbers or both texts
        case ast.LtE():
            return bool(a <= b)  # type: ignore[operator]
        case ast.Gt():
            return bool(a > b)  # type: ignore[operator]
        case _:
            return bool(a >= b)  # type: ignore[operator]


def _within(a: Any, b: Any) -> bool:
    if isinstance(b, str):
        return isinstance(a, str) and a in b
    return isinstance(b, list | tuple) and a in b
