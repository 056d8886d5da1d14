"""What a turn costs in the store, beside the least SQL a turn needs, on the same disk in one run.

    python -m bench.store_turns [--cases 1000] [--turns 1500] [--many]

Bare is plain sqlite3, `synchronous=FULL`, one transaction a turn: dedupe row, locked read and update
of the state, outbox row, audit row, one row each with a key and no further index. Ours is the same
through `Store.transact`: reply looked up, case locked, read and put, job, audit row, event row, with
every index of the product. `--many` repeats ours with a million cases stored.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from bot.adapters.store.opening import open_store
from bot.adapters.store.sqlite import SqliteStore
from bot.core.audit import Tag, audit_row
from bot.core.records import Case, EventRow, Job
from bot.ports.store import UnitOfWork

START = datetime(2026, 1, 1, tzinfo=UTC)
STATE = {
    "step": "old_phone",
    "version": 3,
    "slots": {"old_phone": "gone", "duty": "ok", "model": "Pixel 9"},
    "visits": {"old_phone": 1, "duty": 1, "identity": 1},
    "trail": ["old_phone", "duty", "identity"],
}
BODY = {"what": "Chose", "step": "old_phone", "version": 3, "choice": "gone"}
SAY = {"flow": "new_phone", "step": "identity", "part": "text", "version": 4, "values": {"name": "Robin"}}


@cache
def case_id(n: int) -> str:
    """Cases' ids as the product makes them: ascending, then random."""
    return f"{n:012x}{n * 0x9E3779B97F4A7C15 % (1 << 80):020x}"


def case(n: int) -> Case:
    """A stored case."""
    return Case(
        case_id(n), f"{n:06d}", f"hash-of-a-handle-{n}", "new_phone", "f" * 43, "en", f"web:demo:{n}",
        {"channel": "web", "tenant": "demo", "user": str(n)}, f"oid-{n}", "linked", STATE, "old_phone", 3,
        "open", "", START, START,
    )  # fmt: skip


def turn(n: int, at: datetime, ident: str) -> Callable[[UnitOfWork], dict[str, Any]]:
    """What a turn asks of the store."""

    def fn(work: UnitOfWork) -> dict[str, Any]:
        seen = work.reply_to(f"dedupe/{ident}")
        if seen is not None:
            return seen
        found = work.case(case_id(n))
        assert found is not None
        moved = replace(
            found,
            state={**found.state, "version": found.version + 1},
            version=found.version + 1,
            touched_at=at,
        )
        work.put(moved)
        work.audit(audit_row(f"a{ident}", at, Tag.CASE_MOVED, case_id=found.id, step="old_phone"))
        work.enqueue([Job(f"{ident}/0", found.place, "say", SAY, found.id, at, at)])
        reply = {"refused": None, "seq": 1}
        work.add(EventRow(ident, f"dedupe/{ident}", at, found.id, "Chose", BODY, "done", reply))
        return reply

    return fn


class Bare:
    """The least SQL."""

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "bare.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        for table in ("events", "cases", "outbox", "audit"):
            self._db.execute(f"CREATE TABLE {table} (id TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID")
        self._db.execute("BEGIN")
        for n in range(1000):
            self._db.execute("INSERT INTO cases VALUES (?, ?)", (case_id(n), json.dumps(STATE)))
        self._db.execute("COMMIT")

    def turn(self, n: int, ident: str) -> None:
        run = self._db.execute
        run("BEGIN IMMEDIATE")
        run("INSERT INTO events VALUES (?, ?)", (ident, json.dumps(BODY)))
        state = json.loads(run("SELECT body FROM cases WHERE id = ?", (case_id(n),)).fetchone()[0])
        state["version"] += 1
        run("UPDATE cases SET body = ? WHERE id = ?", (json.dumps(state), case_id(n)))
        run("INSERT INTO outbox VALUES (?, ?)", (f"{ident}/0", json.dumps(SAY)))
        run("INSERT INTO audit VALUES (?, ?)", (ident, '{"tag":"person:case:moved"}'))
        run("COMMIT")


def sync_cost(folder: Path, times: int = 200) -> float:
    """The median milliseconds of writing and syncing one page."""
    file = os.open(folder / "sync", os.O_RDWR | os.O_CREAT)
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        os.write(file, b"x" * 4096)
        os.fsync(file)
        spent.append(time.perf_counter() - start)
    os.close(file)
    return statistics.median(spent) * 1000


async def fill(store: SqliteStore, cases: int) -> None:
    """Store *cases* cases."""
    for first in range(0, cases, 5000):

        def add(work: UnitOfWork, first: int = first) -> None:
            for n in range(first, min(first + 5000, cases)):
                work.add(case(n))

        await store.transact(add)


class Ours:
    """The store, with so many cases in it."""

    def __init__(self, store: SqliteStore, cases: int, seed: int) -> None:
        self._store, self._cases, self._random, self._n = store, cases, random.Random(seed), 0

    async def one(self, which: int | None = None) -> None:
        """A turn of a given case, or of any."""
        self._n += 1
        which = self._random.randrange(self._cases) if which is None else which
        at = START + timedelta(milliseconds=self._n)
        ident = f"{self._n:012x}{self._random.randbytes(10).hex()}"
        await self._store.transact(turn(which, at, ident))

    async def single(self, turns: int) -> list[float]:
        spent = []
        for _ in range(turns):
            start = time.perf_counter()
            await self.one()
            spent.append((time.perf_counter() - start) * 1000)
        return spent

    async def together(self, turns: int, at_once: int) -> float:
        """Turns a second with *at_once* conversations, on the newest cases."""

        async def conversation(which: int) -> None:
            for _ in range(turns // at_once):
                await self.one(which)

        start = time.perf_counter()
        await asyncio.gather(*(conversation(self._cases - 1 - n) for n in range(at_once)))
        return (turns // at_once) * at_once / (time.perf_counter() - start)


async def measure(folder: Path, cases: int, turns: int, *, many: bool) -> dict[str, float]:
    """Interleave ours and bare, so that both meet the same disk."""
    bare = Bare(folder)
    small = open_store(f"sqlite:///{folder}/small.db")
    await fill(small, cases)
    ours = Ours(small, cases, 1)
    spent_bare: list[float] = []
    spent: list[float] = []
    chance = random.Random(2)
    await ours.single(100)
    for block in range(10):
        for n in range(turns // 10):
            start = time.perf_counter()
            bare.turn(chance.randrange(1000), f"{block}-{n}")
            spent_bare.append((time.perf_counter() - start) * 1000)
        spent += await ours.single(turns // 10)
    rates_bare, rates = [], []
    for block in range(5):
        start = time.perf_counter()
        for n in range(turns // 2):
            bare.turn(chance.randrange(1000), f"many-{block}-{n}")
        rates_bare.append(turns // 2 / (time.perf_counter() - start))
        rates.append(await ours.together(turns * 2, 64))
    result = {
        "sync_ms": sync_cost(folder),
        "bare_ms": statistics.median(spent_bare),
        "ours_ms": statistics.median(spent),
        "above_ms": statistics.median(spent) - statistics.median(spent_bare),
        "bare_per_s": statistics.median(rates_bare),
        "ours_64_per_s": statistics.median(rates),
        "times_bare": statistics.median(rates) / statistics.median(rates_bare),
    }
    if many:
        large = open_store(f"sqlite:///{folder}/large.db")
        await fill(large, 1_000_000)
        theirs = Ours(large, 1_000_000, 3)
        await theirs.single(2000)
        few, lots = [], []
        for _ in range(10):
            few += await ours.single(turns // 10)
            lots += await theirs.single(turns // 10)
        result["thousand_ms"] = statistics.median(few)
        result["million_ms"] = statistics.median(lots)
        result["million_ratio"] = statistics.median(lots) / statistics.median(few)
        result["million_bytes_each"] = (folder / "large.db").stat().st_size / 1_000_000
        await large.close()
    await small.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=1500)
    parser.add_argument("--many", action="store_true", help="also with a million cases (minutes)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
        for name, value in asyncio.run(
            measure(Path(folder), given.cases, given.turns, many=given.many)
        ).items():
            print(f"{name:>20} {value:10.3f}")


if __name__ == "__main__":
    main()
