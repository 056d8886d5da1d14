"""SQL text for both databases, made once per record and kept.

Everything here is written with `?`; `Dialect.sql` turns it into what the driver wants. Values are
always bound, except that a plain word compared with a `status` column is written out, so that the
planner sees that a partial index fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.adapters.store.mapping import Mapped, Sort, mapped
from bot.adapters.store.schema import quoted
from bot.core.records import Job, Timer
from bot.ports.store import Among, Not, Over, Under

R = TypeVar("R")

_WORD = re.compile(r"[a-z_]+")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one database writes what the other writes differently."""

    name: str
    mark: str
    for_update: str
    skip_locked: str

    def sql(self, text: str) -> str:
        return text if self.mark == "?" else text.replace("?", self.mark)


SQLITE = Dialect("sqlite", "?", "", "")
POSTGRES = Dialect("postgres", "%s", " FOR UPDATE", " FOR UPDATE OF o SKIP LOCKED")


def _taken_over(names: Iterable[str]) -> str:
    """The SET list of an upsert."""
    return ", ".join(f'"{name}" = excluded."{name}"' for name in names)


class Statements:
    """The fixed statements of one record in one dialect."""

    def __init__(self, mapping: Mapped[Any], dialect: Dialect) -> None:
        table, key = mapping.table.name, mapping.table.key
        given = [n for n in range(len(mapping.names)) if n != mapping.serial]
        names = quoted(*(mapping.names[n] for n in given))
        marks = ", ".join("?" for _ in given)
        fresh = _taken_over(mapping.names[n] for n in given if n != mapping.key)
        columns = quoted(*mapping.names)
        insert = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'
        sql = dialect.sql
        self.given = given
        self.insert = sql(f"{insert} ON CONFLICT DO NOTHING")
        self.upsert = sql(f'{insert} ON CONFLICT ("{key}") DO UPDATE SET {fresh}')
        self.select = f'SELECT {columns} FROM "{table}"'
        self.get = sql(f'{self.select} WHERE "{key}" = ?')
        self.lock = sql(f'{self.select} WHERE "{key}" = ?{dialect.for_update}')
        self.delete = sql(f'DELETE FROM "{table}" WHERE "{key}" = ?')
        self.count = f'SELECT count(*) FROM "{table}"'
        self._update = f'UPDATE "{table}" SET {{}} WHERE "{key}" = ?'
        self._updates: dict[tuple[int, ...], str] = {}
        self._mapping, self._dialect = mapping, dialect

    def update(self, changed: tuple[int, ...]) -> str:
        """An update of just these columns: untouched indices stay untouched."""
        text = self._updates.get(changed)
        if text is None:
            sets = ", ".join(f'"{self._mapping.names[n]}" = ?' for n in changed)
            text = self._updates[changed] = self._dialect.sql(self._update.format(sets))
        return text

    def where(self, where: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The condition that the keywords of a `find` mean, and its values."""
        parts: list[str] = []
        values: list[Any] = []
        for name, wanted in where.items():
            n = self._column(name)
            parts.append(_condition(self._mapping, n, wanted, values))
        return (self._dialect.sql(f" WHERE {' AND '.join(parts)}") if parts else ""), values

    def order(self, order: str) -> str:
        """The order that a `find` asks for; ties by key, and null before any value."""
        if not order:
            return ""
        name, falling = order.removeprefix("-"), order.startswith("-")
        column = self._mapping.columns[self._column(name)]
        way = " DESC" if falling else ""
        nulls = (" NULLS LAST" if falling else " NULLS FIRST") if column.nullable else ""
        key = self._mapping.table.key
        tie = "" if name == key else f', "{key}"{way}'
        return f' ORDER BY "{name}"{way}{nulls}{tie}'

    def _column(self, name: str) -> int:
        try:
            return self._mapping.place[name]
        except KeyError:
            raise TypeError(f"{self._mapping.table.name} has no column {name}") from None


def _condition(mapping: Mapped[Any], n: int, wanted: Any, values: list[Any]) -> str:
    column = mapping.columns[n]
    name = f'"{column.name}"'
    match wanted:
        case None:
            return f"{name} IS NULL"
        case Not(value=None):
            return f"{name} IS NOT NULL"
        case Over(value=value):
            values.append(mapping.plain(n, value))
            return f"{name} > ?"
        case Under(value=value):
            values.append(mapping.plain(n, value))
            return f"{name} <= ?"
        case Not(value=value):
            values.append(mapping.plain(n, value))
            return f"({name} <> ? OR {name} IS NULL)" if column.nullable else f"{name} <> ?"
        case Among(values=among):
            some = [mapping.plain(n, value) for value in among if value is not None]
            values.extend(some)
            within = f"{name} IN ({', '.join('?' for _ in some)})" if some else "1 = 0"
            return f"({within} OR {name} IS NULL)" if None in among else within
        case _:
            plain = mapping.plain(n, wanted)
            if column.name == "status" and column.sort is Sort.TEXT and _WORD.fullmatch(plain):
                return f"{name} = '{plain}'"
            values.append(plain)
            return f"{name} = ?"


@dataclass(frozen=True, slots=True)
class Hot:
    """The statements of a turn and of the runners, by name."""

    reply_to: str
    coalesce: str
    schedule: str
    cancel_timers: str
    next_line: str
    line_seq: str
    bump: str
    lease: str
    heads: str
    take: str
    due: str


def _hot(dialect: Dialect, job_names: tuple[str, ...], timer_names: tuple[str, ...]) -> Hot:
    timers = quoted(*timer_names)
    marks = ", ".join("?" for _ in timer_names)
    fresh = _taken_over(name for name in timer_names if name != "key")
    jobs = ", ".join(f'o."{name}"' for name in job_names)
    sql = dialect.sql
    return Hot(
        reply_to=sql("SELECT reply FROM events WHERE dedupe_key = ?"),
        # A job that is leased may be on its way; its successor follows it instead of overtaking.
        coalesce=sql(
            "UPDATE outbox SET status = 'skipped' WHERE \"coalesce\" = ? AND \"coalesce\" <> ''"
            " AND status = 'waiting' AND leased_until IS NULL AND key <> ?"
        ),
        schedule=sql(
            f"INSERT INTO timers ({timers}) VALUES ({marks}) ON CONFLICT (key) DO UPDATE SET {fresh}"
            " WHERE timers.status = 'waiting'"
        ),
        cancel_timers=sql(
            "UPDATE timers SET status = 'cancelled' WHERE \"group\" = ? AND status = 'waiting'"
        ),
        next_line=sql("SELECT max(seq) FROM transcript WHERE place = ?"),
        line_seq=sql("SELECT seq FROM transcript WHERE effect_key = ?"),
        bump=sql(
            "INSERT INTO limits (id, count, until) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET count = limits.count + excluded.count RETURNING count"
        ),
        lease=sql(
            "INSERT INTO leases (name, holder, until) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until"
            " WHERE leases.holder = excluded.holder OR leases.until <= ?"
        ),
        heads=sql(
            f"SELECT {jobs} FROM outbox o WHERE o.seq IN"
            " (SELECT min(seq) FROM outbox WHERE status = 'waiting' GROUP BY lane)"
            " AND o.status = 'waiting' AND o.not_before <= ?"
            " AND (o.leased_until IS NULL OR o.leased_until <= ?)"
            f" ORDER BY o.seq LIMIT ?{dialect.skip_locked}"
        ),
        take=sql("UPDATE outbox SET leased_until = ?, leased_by = ?, attempts = attempts + 1 WHERE key = ?"),
        due=sql(
            f"SELECT {timers} FROM timers WHERE status = 'waiting' AND due_at <= ?"
            " ORDER BY due_at, key LIMIT ?"
        ),
    )


class Book:
    """All statements of one dialect, each record's made at its first use."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.jobs: Mapped[Job] = mapped(Job)
        self.timers: Mapped[Timer] = mapped(Timer)
        self.hot = _hot(dialect, self.jobs.names, self.timers.names)
        self._pages: dict[type, tuple[Mapped[Any], Statements]] = {}

    def of(self, kind: type[R]) -> tuple[Mapped[R], Statements]:
        """The mapping and statements of a record."""
        page = self._pages.get(kind)
        if page is None:  # two threads may both make one; either serves
            mapping = mapped(kind)
            page = self._pages[kind] = (mapping, Statements(mapping, self.dialect))
        return page
