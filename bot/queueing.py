"""The root's part for the queue: expected waits, what people are told of them, thanks, history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.adapters.web.app import Page
from bot.adapters.web.history import HistoryPage
from bot.adapters.web.shell import Shell
from bot.adapters.web.thanks import ThanksPage
from bot.core.effects import EndCase, HandOff, OpenRequest
from bot.derived import open_hours, opens_next
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.store import Store
from bot.service.attempts import Attempts
from bot.service.card_views import CardViews
from bot.service.histories import HistoryService
from bot.service.keys import Keys
from bot.service.membership import Membership
from bot.service.queue_lines import QueueLines
from bot.service.thanks import ThanksBook
from bot.service.waits import WaitBook
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Queueing:
    """*performers* come after whoever puts a card up or takes it down."""

    waits: WaitBook
    lines: QueueLines
    thanks: ThanksBook

    @property
    def performers(self) -> dict[type, Sequence[Any]]:
        return {
            HandOff: [self.lines.queued],
            OpenRequest: [self.lines.queued],
            EndCase: [self.thanks.offered],
        }


def queueing(
    settings: Settings, *, store: Store, clock: Clock, entropy: Entropy, attempts: Attempts
) -> Queueing:
    waits = WaitBook(
        store,
        open_now=open_hours(settings),
        opens_next=opens_next(settings),
        zone=ZoneInfo(settings.desk.timezone),
    )
    return Queueing(waits, QueueLines(waits), ThanksBook(store, clock, entropy, attempts))


def queue_pages(
    settings: Settings,
    queue: Queueing,
    shell: Shell,
    *,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    directory: Directory,
    views: CardViews,
    keys: Keys,
) -> list[Page]:
    members = Membership(directory, clock, settings.groups.agents)
    histories = HistoryService(store, clock, entropy, members, views, keys)
    return [HistoryPage(shell, histories), ThanksPage(shell, queue.thanks)]
