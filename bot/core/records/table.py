"""Where records are kept: the mark that makes a dataclass the rows of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

JsonMap = dict[str, Any]
JsonList = list[Any]
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Table:
    """Where a record is kept."""

    name: str
    key: str
    unique: tuple[tuple[str, ...], ...] = ()
    index: tuple[tuple[str, ...], ...] = ()
    unique_where: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Partial unique indices: (columns, SQL condition both dialects understand)."""
    index_where: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Partial indices, for the few rows among many that are still to do."""


TABLES: dict[type, Table] = {}


def record(
    name: str,
    *,
    key: str = "id",
    unique: tuple[tuple[str, ...], ...] = (),
    index: tuple[tuple[str, ...], ...] = (),
    unique_where: tuple[tuple[tuple[str, ...], str], ...] = (),
    index_where: tuple[tuple[tuple[str, ...], str], ...] = (),
) -> Callable[[type[R]], type[R]]:
    """Register a dataclass as the rows of table *name*."""

    def mark(kind: type[R]) -> type[R]:
        TABLES[kind] = Table(name, key, unique, index, unique_where, index_where)
        return kind

    return mark
