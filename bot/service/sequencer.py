"""Numbering audit rows and growing the hash tree over them, one replica at a time.

A turn inserts its audit rows without a number, so that no turn waits for another. The sequencer gives
numbers without a gap, adds each row's leaf hash, and writes a root: at once after an act, else when 100
rows wait or the oldest waits a minute. Until then a row is not yet protected: that is the stated window.

Numbers follow the order in which rows became visible, by id within one batch.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.audit import ACTS, leaf_data
from bot.core.merkle import Frontier, leaf_hash
from bot.core.records import AuditRoot, AuditRow, Fact
from bot.errors import TransientError
from bot.ports.clock import Clock
from bot.ports.store import Over, Store, UnitOfWork
from bot.service.news import news

log = logging.getLogger(__name__)

TOPIC = "audit"
LEASE = timedelta(seconds=10)
BATCH = 500
MOST_ROWS = 100
LONGEST_WAIT = timedelta(seconds=60)
LOOK_EVERY = 5.0
FRONTIER = "audit_frontier"


class Sequencer:
    """The runner. One per process; the others stand by."""

    def __init__(self, store: Store, clock: Clock, *, holder: str) -> None:
        self._store, self._clock, self._holder = store, clock, holder
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Seal until `stop`, then whatever is left."""
        seen = 0
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            while not self._stopped.is_set():
                seen = await news(self._store, TOPIC, after=seen, wait=LOOK_EVERY, stopped=stopped)
                try:
                    await self.seal_due()
                except TransientError:
                    log.warning("audit rows cannot be sealed now")
            await self.seal_all()
        finally:
            stopped.cancel()

    def stop(self) -> None:
        """Seal what is left, then `run` returns."""
        self._stopped.set()

    async def seal_due(self) -> int:
        """Seal if it is time; how many rows were."""
        now = self._clock.now()
        due = await self._store.read(lambda work: _due(work, now))
        return await self.seal_all() if due else 0

    async def seal_all(self) -> int:
        """Number every row that has no number yet, and write the roots; how many rows were."""
        sealed = 0
        while (done := await self._store.transact(self._seal)) > 0:
            sealed += done
        return sealed

    def _seal(self, work: UnitOfWork) -> int:
        """One batch and its root. Zero when nothing waits or another replica seals."""
        now = self._clock.now()
        if not work.lease("sequencer", self._holder, now=now, span=LEASE):
            return 0
        rows = work.find(AuditRow, number=None, order="id", limit=BATCH)
        if not rows:
            return 0
        frontier = kept_frontier(work)
        for row in rows:
            numbered = replace(row, number=frontier.size + 1)
            leaf = leaf_hash(leaf_data(numbered))
            frontier.append(leaf)
            work.put(replace(numbered, leaf=leaf.hex()))
        work.add(AuditRoot(frontier.size, frontier.root().hex(), now))
        work.save(Fact(FRONTIER, frontier_json(frontier), now))
        return len(rows)


def _due(work: UnitOfWork, now: datetime) -> bool:
    """Whether rows wait that should not wait longer."""
    waiting: Sequence[AuditRow] = work.find(AuditRow, number=None, order="id", limit=MOST_ROWS)
    if len(waiting) >= MOST_ROWS:
        return True
    return any(row.tag in ACTS or row.at <= now - LONGEST_WAIT for row in waiting)


def kept_frontier(work: UnitOfWork) -> Frontier:
    """The tree as the last batch left it; made again from the leaves should its row be lost."""
    fact = work.lock(Fact, FRONTIER)
    if fact is not None:
        return Frontier(fact.value["size"], [bytes.fromhex(node) for node in fact.value["nodes"]])
    frontier = Frontier()
    rows = work.find(AuditRow, number=Over(0), order="number", limit=BATCH)
    while rows:
        for row in rows:
            frontier.append(bytes.fromhex(row.leaf))
        rows = work.find(AuditRow, number=Over(rows[-1].number), order="number", limit=BATCH)
    return frontier


def frontier_json(frontier: Frontier) -> dict[str, object]:
    return {"size": frontier.size, "nodes": [node.hex() for node in frontier.nodes]}
