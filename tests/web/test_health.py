"""The figures an operator watches."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from aiohttp.test_utils import make_mocked_request

from bot.adapters.web.health import HELP, Health
from bot.core.records import Job
from bot.errors import TransientError
from bot.ports.store import Store, UnitOfWork
from bot.service.figures import figures_of
from tests.fakes.clock import FakeClock


async def scraped(health: Health) -> dict[str, float]:
    """What a scrape brings, by name."""
    answer = await health.metrics(make_mocked_request("GET", "/metrics"))
    assert isinstance(answer.body, bytes)
    lines = [line for line in answer.body.decode().splitlines() if line.startswith("keyturn_")]
    return {name.removeprefix("keyturn_"): float(value) for name, value in (line.split() for line in lines)}


async def yes() -> bool:
    return True


async def test_every_figure_is_there_from_the_first_scrape(store: Store, clock: FakeClock) -> None:
    """An alert on a figure that is missing would never fire."""
    found = await scraped(Health(yes, figures=figures_of(store, clock)))
    assert set(found) == set(HELP)
    assert not any(found.values())


async def test_what_waits_and_what_is_dead_is_counted(store: Store, clock: FakeClock) -> None:
    """A queue that grows old, and a letter that the machine gave up on, are seen from outside."""
    at = clock.now()
    job = Job("e/0", "web:demo:somebody", "say", {}, "case-1", at, at)

    def keep(work: UnitOfWork) -> None:
        work.enqueue([job, replace(job, key="e/1", lane="other")])
        work.put(replace(work.find(Job, key="e/1")[0], status="dead"))

    await store.transact(keep)
    clock.go(seconds=90)
    found = await scraped(Health(yes, figures=figures_of(store, clock)))
    assert (found["outbox_waiting"], found["outbox_oldest_seconds"], found["dead_letters"]) == (1, 90, 1)


async def test_figures_name_nobody(store: Store, clock: FakeClock) -> None:
    """Whoever may scrape learns how much, never who."""
    at = clock.now() - timedelta(minutes=1)
    job = Job("e/0", "web:demo:somebody", "say", {"oid": "oid-somebody"}, "case-1", at, at)
    await store.transact(lambda work: work.enqueue([job]))
    answer = await Health(yes, figures=figures_of(store, clock)).metrics(make_mocked_request("GET", "/"))
    assert isinstance(answer.body, bytes)
    assert b"somebody" not in answer.body
    assert b"case-1" not in answer.body


async def test_a_store_that_is_away_is_no_figure() -> None:
    """Better no answer than an old one."""

    async def away() -> dict[str, float]:
        raise TransientError("away")

    answer = await Health(yes, figures=away).metrics(make_mocked_request("GET", "/metrics"))
    assert answer.status == 503
