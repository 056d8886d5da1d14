"""The root's part for systems around us: webhooks and ticket systems, imported only where they are set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.core.effects import EndCase, HandOff, OpenRequest
from bot.core.events import Answered, Opened
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store
from bot.ports.tickets import Receiver, TicketSystem
from bot.ports.words import Words
from bot.service.ticketing import Outward, Ticketing
from bot.settings import Settings

Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Outside:
    """*performers* by effect or happening, *handlers* by kind of job, *closing* at the end."""

    performers: dict[type, Sequence[Any]] = field(default_factory=dict)
    handlers: dict[str, Handler] = field(default_factory=dict)
    closing: tuple[Callable[[], Any], ...] = ()


def outside(settings: Settings, *, store: Store, clock: Clock, entropy: Entropy, words: Words) -> Outside:
    """What the settings `webhooks` and `tickets` ask for. The handlers are there in any case: jobs may wait
    for a webhook that was taken out."""
    receivers, systems, closing = _made(settings, clock)
    told = Outward(receivers, tickets=bool(systems), public_url=settings.public_url)
    deliver = Ticketing(
        store, clock, entropy, words, receivers, systems,
        public_url=settings.public_url, locale=settings.locales.offered[0],
    )  # fmt: skip
    performers: dict[type, Sequence[Any]] = {}
    if receivers or systems:
        performers = {Opened: [told.opened], Answered: [told.answered], EndCase: [told.closed]}
    if systems:
        performers |= {HandOff: [told.wanted], OpenRequest: [told.wanted]}
    return Outside(performers, {"webhook": deliver.webhook, "ticket": deliver.handle}, tuple(closing))


def _made(
    settings: Settings, clock: Clock
) -> tuple[list[Receiver], list[TicketSystem], list[Callable[[], Any]]]:
    receivers: list[Receiver] = []
    systems: list[TicketSystem] = []
    closing: list[Callable[[], Any]] = []
    if settings.webhooks:
        from bot.adapters.tickets.webhook import WebhookReceiver

        for one in settings.webhooks:
            receiver = WebhookReceiver(one, clock)
            receivers.append(receiver)
            closing.append(receiver.aclose)
    if settings.tickets.servicenow is not None:
        from bot.adapters.tickets.servicenow import ServiceNowTickets

        now = ServiceNowTickets(settings.tickets.servicenow, clock)
        systems.append(now)
        closing.append(now.aclose)
    if settings.tickets.jira is not None:
        from bot.adapters.tickets.jira import JiraTickets

        jira = JiraTickets(settings.tickets.jira)
        systems.append(jira)
        closing.append(jira.aclose)
    return receivers, systems, closing
