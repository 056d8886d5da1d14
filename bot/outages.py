"""The root's part for outages: one service, which holds requests back, and its pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.adapters.web.app import Page
from bot.adapters.web.outage import OutagePage
from bot.adapters.web.shell import Shell
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.store import Store
from bot.ports.turns import Turns
from bot.service.attempts import Attempts
from bot.service.membership import Membership
from bot.service.outages import OutageService
from bot.service.requests import Requests
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Broken:
    service: OutageService

    def pages(self, shell: Shell) -> list[Page]:
        return [OutagePage(shell, self.service)]


def outages_of(
    settings: Settings,
    *,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    turns: Turns,
    attempts: Attempts,
    requests: Requests,
    directory: Directory,
    learn: Callable[[str], Awaitable[bool]],
) -> Broken:
    members = Membership(directory, clock, settings.groups.agents)
    return Broken(
        OutageService(
            store, clock, entropy, turns, attempts, requests.open, members.demand,
            locales=settings.locales.offered, zone=ZoneInfo(settings.desk.timezone), learn=learn,
        )
    )  # fmt: skip
