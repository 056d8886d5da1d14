"""What the tables went through: named steps, the same names in both databases, each applied once.

A step is `sql/<name>.<dialect>.sql`. A database that records a step unknown here was written by a
newer Keyturn and is refused untouched.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.adapters.store import schema
from bot.errors import UnusableError

NAMES = ("0001_first", "0002_chat", "0003_desk")
SET = "keyturn"


def steps(name: str, dialect: schema.Dialect) -> list[str]:
    """The statements of one step."""
    file = schema.FOLDER / f"{name}.{dialect}.sql"
    text = file.read_text(encoding="utf-8")
    return [part.strip() for part in text.split(";\n") if part.strip()]


def pending(applied: Iterable[str], place: str, *, existing: bool = False) -> list[str]:
    """The steps still to do, in order. Raises UnusableError for a newer database, and with *existing*
    for any that is not up to date."""
    done = set(applied)
    if existing and not done.issuperset(NAMES):
        raise UnusableError(
            place,
            "this is no Keyturn database, or one of an older version.",
            "Name the right one, or start Keyturn with it once.",
        )
    if newer := sorted(done.difference(NAMES)):
        raise UnusableError(
            place,
            f"this database was written by a newer Keyturn (it knows {newer[-1]!r}).",
            "Start the newer version, or restore the backup made before the upgrade.",
        )
    return [name for name in NAMES if name not in done]
