"""Probes and figures: alive, ready, counted. No identifier of anybody is ever among them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from bot.errors import KeyturnError

Ready = Callable[[], Awaitable[bool]]
Figures = Callable[[], Awaitable[Mapping[str, float]]]

HELP = {
    "cases_open": "Cases that have not ended.",
    "outbox_waiting": "Messages and other effects that wait to be delivered.",
    "outbox_oldest_seconds": "Age of the oldest effect that waits.",
    "timers_overdue": "Timers that are due and have not fired.",
    "dead_letters": "Events, effects and timers that the machine gave up on.",
    "audit_unnumbered": "Audit rows that the hash tree does not protect yet.",
    "cards_open": "Cases on the agents' channel.",
    "requests_open": "Requests that wait for a decision.",
    "executions_open": "Approved plans that are being carried out.",
    "passes_unclaimed": "Sealed passes that nobody has opened yet.",
    "withdrawals_open": "Passes that an agent is to withdraw.",
}
"""Every figure, and what it tells."""


async def nothing() -> Mapping[str, float]:
    return {}


class Health:
    """*ready* tells whether this replica can do work: its store answers. *figures* are read at each
    scrape, from the store, so that every replica tells the same."""

    def __init__(
        self, ready: Ready, registry: CollectorRegistry | None = None, figures: Figures = nothing
    ) -> None:
        self._ready = ready
        self._registry = registry or CollectorRegistry()
        self._figures = figures
        self._gauges = {
            name: Gauge(f"keyturn_{name}", about, registry=self._registry) for name, about in HELP.items()
        }
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self.alive),
            web.get("/readyz", self.ready),
            web.get("/metrics", self.metrics),
        ]

    async def alive(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(self, request: web.Request) -> web.Response:
        try:
            ready = await self._ready()
        except (KeyturnError, OSError, TimeoutError):
            ready = False
        return web.Response(text="ready\n" if ready else "not ready\n", status=200 if ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        try:
            figures = await self._figures()
        except (KeyturnError, OSError, TimeoutError):
            return web.Response(text="not ready\n", status=503)
        for name, value in figures.items():
            self._gauges[name].set(value)
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
