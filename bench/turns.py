"""What a whole turn costs, engine and books included, beside the least SQL a turn needs.

    python -m bench.turns [--turns 1500] [--many]

Bare is `bench.store_turns.Bare`: plain sqlite3, `synchronous=FULL`, one transaction a turn, on the same
disk in the same run. Ours is `TurnService.receive` on the shipped *New phone* flow: a click forward,
then a step back, each with its event row, state, audit entry, outbox job and timers. Bare syncs once
a turn, so does ours; with 64 conversations at once ours shares its commits.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bench.store_turns import START, Bare, case, case_id, sync_cost
from bot.adapters.store.opening import open_store
from bot.core.engine import opening
from bot.core.events import Chose, Commanded, Event, Opened
from bot.core.flow import FlowSet
from bot.core.model import CaseId, Command, EventId
from bot.core.records import Case
from bot.flowfile.pack import pack_root
from bot.flowfile.versions import from_folder
from bot.heap import settle
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import SystemClock, SystemEntropy
from bot.service.turns import TurnService

FLOW = "new_phone"
STEP = "old_phone"


class OneFlow:
    """The port `Flows`, with one version in it."""

    def __init__(self) -> None:
        root = pack_root()
        version = from_folder(root / "flows", root / "templates")[FLOW]
        self.hash, self.flows = version.hash, version.flows

    def at(self, flow_hash: str) -> FlowSet:
        return self.flows

    def live(self, flow: str) -> str | None:
        return self.hash

    def names(self) -> tuple[str, ...]:
        return (FLOW,)


class Turns:
    """Whole turns on *cases* stored cases; each conversation goes forward and back."""

    def __init__(self, store: Store, cases: int, seed: int) -> None:
        self._store, self._cases, self._random, self._n = store, cases, random.Random(seed), 0
        self._flows = OneFlow()
        self._turns = TurnService(store, self._flows, SystemClock(), SystemEntropy(), {})
        self._versions: dict[int, int] = {}

    async def fill(self) -> None:
        """Store the cases, all at the flow's first question."""
        state = opening(self._flows.flows.flows[FLOW])
        blank = replace(
            case(0), flow_hash=self._flows.hash, state=state.to_json(), step=state.step, version=0
        )
        first = self._event(0, Opened(FLOW, "en"))
        await self._store.transact(lambda work: work.add(blank))
        await self._turns.receive(first)
        opened = await self._store.read(lambda work: work.get(Case, case_id(0)))
        assert opened is not None
        shown = {"state": opened.state, "step": opened.step, "version": opened.version}
        for start in range(1, self._cases, 5000):

            def add(work: UnitOfWork, start: int = start) -> None:
                for n in range(start, min(start + 5000, self._cases)):
                    work.add(replace(case(n), flow_hash=self._flows.hash, **shown))

            await self._store.transact(add)

    async def one(self, which: int | None = None) -> None:
        """One turn: forward where the case is at the question, back where it is not."""
        which = self._random.randrange(self._cases) if which is None else which
        turns = self._versions.get(which, 0)
        what = Commanded(Command.BACK) if turns % 2 else Chose(STEP, self._version(turns), "works")
        await self._turns.receive(self._event(which, what))
        self._versions[which] = turns + 1

    def _version(self, turns: int) -> int:
        """The state's version after so many turns: forward passes two steps, back enters one."""
        return 1 + (turns // 2) * 3

    def _event(self, which: int, what: Opened | Chose | Commanded) -> Event:
        self._n += 1
        ident = f"{self._n:012x}{self._random.randbytes(10).hex()}"
        at = START + timedelta(milliseconds=self._n)
        return Event(EventId(ident), f"bench/{ident}", at, CaseId(case_id(which)), what)

    async def single(self, turns: int) -> list[float]:
        spent = []
        for _ in range(turns):
            start = time.perf_counter()
            await self.one()
            spent.append((time.perf_counter() - start) * 1000)
        return spent

    async def together(self, turns: int, at_once: int) -> float:
        """Turns a second with *at_once* conversations."""

        async def conversation(which: int) -> None:
            for _ in range(turns // at_once):
                await self.one(which)

        start = time.perf_counter()
        await asyncio.gather(*(conversation(self._cases - 1 - n) for n in range(at_once)))
        return (turns // at_once) * at_once / (time.perf_counter() - start)

    async def refused(self) -> int:
        """How many of the turns were refused; a bench of refusals would measure nothing."""
        from bot.core.records import EventRow

        rows = await self._store.read(lambda work: work.find(EventRow, limit=5000))
        return sum(bool(row.reply.get("refused")) for row in rows)


async def measure(folder: Path, turns: int, *, many: bool) -> dict[str, float]:
    """Interleave ours and bare, so that both meet the same disk."""
    bare = Bare(folder)
    store = open_store(f"sqlite:///{folder}/turns.db")
    ours = Turns(store, 1000, 1)
    await ours.fill()
    await ours.single(100)
    settle()  # as `serve` does
    spent_bare: list[float] = []
    spent: list[float] = []
    chance = random.Random(2)
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
    assert await ours.refused() == 0
    result = {
        "sync_ms": sync_cost(folder),
        "bare_ms": statistics.median(spent_bare),
        "ours_ms": statistics.median(spent),
        "bare_per_s": statistics.median(rates_bare),
        "ours_64_per_s": statistics.median(rates),
    }
    if many:
        result["million_ratio"] = await grown(folder, ours, turns)
    await store.close()
    return result


async def grown(folder: Path, few: Turns, turns: int) -> float:
    """A turn's price among a million cases, against the price among a thousand in the same minutes."""
    store = open_store(f"sqlite:///{folder}/million.db")
    lots = Turns(store, 1_000_000, 3)
    await lots.fill()
    await lots.single(500)
    spent: list[float] = []
    spent_few: list[float] = []
    for _ in range(10):
        spent_few += await few.single(turns // 10)
        spent += await lots.single(turns // 10)
    assert await lots.refused() == 0
    await store.close()
    return statistics.median(spent) / statistics.median(spent_few)


def run(turns: int, *, many: bool) -> list[tuple[str, str, str]]:
    """Rows of the table: what, measured, wanted."""
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
        found = asyncio.run(measure(Path(folder), turns, many=many))
    each = 1000 / found["ours_64_per_s"]
    slow = 2.5 * each - (found["bare_ms"] - found["sync_ms"])
    rows = [
        ("one fsync of a page", f"{found['sync_ms']:.2f} ms", ""),
        ("bare turn, median", f"{found['bare_ms']:.2f} ms", ""),
        ("whole turn, median", f"{found['ours_ms']:.2f} ms", ""),
        ("above bare", f"{found['ours_ms'] - found['bare_ms']:.2f} ms", "≤ 0.60 ms"),
        ("bare, one after the other", f"{found['bare_per_s']:.0f} turns/s", ""),
        ("64 at once", f"{found['ours_64_per_s']:.0f} turns/s", ""),
        ("64 at once against bare", f"{found['ours_64_per_s'] / found['bare_per_s']:.2f} ×", "≥ 2.5 ×"),
        ("2.5 × on a disk whose fsync takes about", f"{slow:.2f} ms", ""),
    ]
    if many:
        ratio = f"{found['million_ratio']:.2f} ×"
        rows.append(("a million stored cases against a thousand", ratio, "≤ 1.3 ×"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=1500)
    parser.add_argument("--many", action="store_true", help="also with a million stored cases (minutes)")
    args = parser.parse_args()
    for what, measured, wanted in run(args.turns, many=args.many):
        print(f"{what:45} {measured:>16}  {wanted}")


if __name__ == "__main__":
    main()
