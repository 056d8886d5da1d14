"""How a record becomes a row and back, the same way for both databases.

`mapped(kind)` reads a dataclass of `bot.core.records` once and keeps what the hot path needs: column
names, an encoder to a tuple of plain values and a decoder from one. Text never holds NUL (PostgreSQL
cannot keep it, so SQLite must not either); moments are UTC with six digits, so that text order is
time order.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic_core import from_json, to_json

from bot.core.records import TABLES, Job, Table

R = TypeVar("R")

SERIAL: dict[type, str] = {Job: "seq"}
"""Columns that the database numbers itself on insertion."""


class Sort(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    REAL = "real"
    MOMENT = "moment"
    BYTES = "bytes"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, sort, and whether it may be null."""

    name: str
    sort: Sort
    nullable: bool


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("a text column cannot hold NUL")
    return value


@lru_cache(maxsize=256)  # a turn keeps one moment in many columns
def moment(value: datetime) -> str:
    """A moment as text that sorts by time."""
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("a moment must be aware")
        value = value.astimezone(UTC)
    return value.isoformat(timespec="microseconds")


_slow_dumps = json.JSONEncoder(separators=(",", ":")).encode


def _dumps(value: Any) -> str:
    """JSON by the quick encoder, which knows no lone surrogates; the slow one escapes them."""
    try:
        return to_json(value).decode()
    except ValueError:
        return _slow_dumps(value)


def _loads(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


_ENCODERS: dict[Sort, Callable[[Any], Any]] = {Sort.TEXT: _text, Sort.MOMENT: moment, Sort.JSON: _dumps}
_DECODERS: dict[Sort, Callable[[Any], Any]] = {
    Sort.BOOLEAN: bool,
    Sort.MOMENT: datetime.fromisoformat,
    Sort.JSON: _loads,
}


def _sort(hint: Any) -> tuple[Sort, bool]:
    """The sort and nullability that an annotation means."""
    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (arg for arg in get_args(hint) if arg is not type(None))
        return _sort(inner)[0], True
    if get_origin(hint) in (dict, list):
        return Sort.JSON, False
    if isinstance(hint, type):
        if issubclass(hint, str):
            return Sort.TEXT, False
        plain = {bool: Sort.BOOLEAN, int: Sort.INTEGER, float: Sort.REAL, datetime: Sort.MOMENT}
        plain[bytes] = Sort.BYTES
        if hint in plain:
            return plain[hint], False
    if hasattr(hint, "__supertype__"):  # NewType
        return _sort(hint.__supertype__)
    raise TypeError(f"no column can hold {hint!r}")


def _in_unique_sets(table: Table) -> set[str]:
    names = {name for group in table.unique for name in group}
    for group, condition in table.unique_where:
        names.update(group, re.findall(r"\w+", condition))
    return names


class Mapped(Generic[R]):
    """One record's table, columns and codec."""

    def __init__(self, kind: type[R], table: Table) -> None:
        hints = get_type_hints(kind)
        self.kind = kind
        self.table = table
        self.columns = tuple(Column(f.name, *_sort(hints[f.name])) for f in fields(kind))  # type: ignore[arg-type]
        self.names = tuple(column.name for column in self.columns)
        self.place = {name: n for n, name in enumerate(self.names)}
        self.key = self.place[table.key]
        self.serial = self.place[SERIAL[kind]] if kind in SERIAL else -1
        self.unique = frozenset(self.place[name] for name in _in_unique_sets(table) if name in self.place)
        """Columns whose change may break a unique set, be it as part of a condition."""
        self._values = attrgetter(*self.names)
        texts = [n for n, c in enumerate(self.columns) if c.sort is Sort.TEXT and not c.nullable]
        self._texts = itemgetter(*texts, texts[0])  # two at least, so that it gives a tuple
        self._encoders = tuple(
            (n, _ENCODERS[c.sort])
            for n, c in enumerate(self.columns)
            if c.sort in _ENCODERS and n not in texts
        )
        self._decoders = tuple(
            (n, _DECODERS[c.sort]) for n, c in enumerate(self.columns) if c.sort in _DECODERS
        )

    def encode(self, row: R) -> list[Any]:
        """The row's plain values, in column order."""
        values = list(self._values(row))
        if "\0" in "".join(self._texts(values)):
            raise ValueError(f"{self.table.name}: a text column cannot hold NUL")
        for n, encoder in self._encoders:
            if values[n] is not None:
                values[n] = encoder(values[n])
        return values

    def decode(self, raw: Sequence[Any]) -> R:
        """The record of a database row in column order."""
        values = list(raw)
        for n, decoder in self._decoders:
            if values[n] is not None:
                values[n] = decoder(values[n])
        return self.kind(*values)

    def value(self, name: str, plain: Any) -> Any:
        """What column *name* means where the database holds *plain*."""
        decoder = _DECODERS.get(self.columns[self.place[name]].sort)
        return plain if decoder is None or plain is None else decoder(plain)

    def plain(self, n: int, value: Any) -> Any:
        """*value* as column *n* keeps it."""
        encoder = _ENCODERS.get(self.columns[n].sort)
        return value if encoder is None or value is None else encoder(value)


def mapped(kind: type[R]) -> Mapped[R]:
    """The mapping of a registered record."""
    return Mapped(kind, TABLES[kind])
