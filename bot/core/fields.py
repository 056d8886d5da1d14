"""The fields of dataclasses, quickly: a turn does this a dozen times.

`dataclasses.asdict` copies all that a value holds and `dataclasses.replace` looks at every field anew;
here a class's names are looked up once and what a field holds is shared, which frozen values allow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

R = TypeVar("R")


_Shape = tuple[tuple[str, ...], dict[str, int], Callable[[Any], tuple[Any, ...]]]
_shapes: dict[type, _Shape] = {}
"""Names, their places, and what reads them all. Made once per class; two threads may both make one,
either serves."""


def _shape(kind: type) -> _Shape:
    names = tuple(field.name for field in fields(kind))
    place = {name: n for n, name in enumerate(names)}
    values = attrgetter(*names, names[0])  # two at least, so that it gives a tuple
    shape = _shapes[kind] = (names, place, values)
    return shape


def plain(value: object) -> dict[str, Any]:
    """The fields of a dataclass by name; what they hold is the value's own, to be read only."""
    names, _, values = _shapes.get(type(value)) or _shape(type(value))
    return dict(zip(names, values(value), strict=False))


def moved(value: R, **changes: Any) -> R:
    """The same with *changes*: `dataclasses.replace` for a class whose fields are all given to it in
    their order."""
    _, place, values = _shapes.get(type(value)) or _shape(type(value))
    held = [*values(value)]
    held.pop()
    for name, new in changes.items():
        held[place[name]] = new
    return type(value)(*held)
