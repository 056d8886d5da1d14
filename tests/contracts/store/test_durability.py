"""What was acknowledged is there after `kill -9`, and nothing is there by half."""

from __future__ import annotations

import asyncio
import random
import signal
import sys

import pytest

from bot.core.records import AuditRow, EventRow
from bot.ports.store import UnitOfWork
from tests.contracts.store.conftest import Place


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_acknowledged_is_lost_when_the_process_is_killed(
    place: Place, url: str, seed: int
) -> None:
    """The process dies at any point of any commit."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contracts.store.writer", url, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    acknowledged: list[bytes] = []
    wanted = random.Random(seed).randrange(1, 400)
    try:
        assert await asyncio.wait_for(child.stdout.readline(), 60) == b"ready\n"
        acknowledged += [await asyncio.wait_for(child.stdout.readline(), 60) for _ in range(wanted)]
    finally:
        child.send_signal(signal.SIGKILL)
    acknowledged += (await child.stdout.read()).splitlines(keepends=True)
    await child.wait()
    names = {text.decode().strip() for text in acknowledged if text.endswith(b"\n")}

    def kept(work: UnitOfWork) -> tuple[set[str], set[str]]:
        events = {row.id.removeprefix("e") for row in work.find(EventRow)}
        audits = {row.id.removeprefix("a") for row in work.find(AuditRow)}
        return events, audits

    store = place.open(url)
    try:
        events, audits = await store.read(kept)
    finally:
        await store.close()
    assert names <= events
    assert events == audits
