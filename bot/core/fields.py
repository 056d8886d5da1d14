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


_readers: dict[type, Callable[[Any], dict[str, Any]]] = {}
"""Made once per class; two threads may both make one, either serves."""


def _reader(kind: type) -> Callable[[Any], dict[str, Any]]:
    reader = _readers.get(kind)
    if reader is None:
        names = tuple(field.name for field in fields(kind))
        values = attrgetter(*names, names[0])  # two at least, so that it gives a tuple
        reader = _readers[kind] = lambda value: dict(zip(names, values(value), strict=False))
    return reader


def plain(value: object) -> dict[str, Any]:
    """The fields of a dataclass by name; what they hold is the value's own, to be read only."""
    return _reader(type(value))(value)


def moved(value: R, **changes: Any) -> R:
    """The same with *changes*: `dataclasses.replace` for a class whose fields are all given to it."""
    kept = _reader(type(value))(value)
    kept.update(changes)
    return type(value)(**kept)
