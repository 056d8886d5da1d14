"""The root's part for objections: notices with their codes, alerts, the stop page, taking back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bot.adapters.web.app import Page
from bot.adapters.web.shell import Shell
from bot.adapters.web.stop import StopPage
from bot.adapters.web.threat import ThreatPage
from bot.core.law import Law
from bot.ports.acting import Acting
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.mail import Mail
from bot.ports.sign_in import Purpose, SignIns
from bot.ports.store import Store
from bot.ports.words import Words
from bot.service.alerts import Alerts, Pager
from bot.service.enrolment_stops import stoppers
from bot.service.handover import Handovers
from bot.service.keys import Keys
from bot.service.link_changes import LinkChanges
from bot.service.membership import Membership
from bot.service.notice_codes import NoticeCodes
from bot.service.notices import Notices
from bot.service.objections import ObjectionService, Stopper
from bot.service.stops import Stops
from bot.service.takebacks import PATH, TakebackService
from bot.service.threats import PATH as THREAT_PATH
from bot.service.threats import ThreatService
from bot.service.world import Agents
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Objecting:
    """*handlers* by kind of job, *signed* and *back* by purpose, as the root gives them on."""

    objections: ObjectionService
    takebacks: TakebackService
    threats: ThreatService
    handlers: dict[str, Any] = field(default_factory=dict)
    signed: dict[Purpose, Any] = field(default_factory=dict)
    back: dict[Purpose, Any] = field(default_factory=dict)

    def pages(self, shell: Shell) -> list[Page]:
        return [StopPage(shell, self.objections, self.takebacks), ThreatPage(shell, self.threats)]


def objecting(
    settings: Settings,
    *,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    keys: Keys,
    words: Words,
    mail: Mail | None,
    acting: Acting,
    directory: Directory,
    agents: Agents,
    law: Law,
    stops: Stops,
    handovers: Handovers,
    links: LinkChanges,
    sign_ins: SignIns,
    more: Mapping[str, Stopper],
    enrolled: Callable[[str], Awaitable[Sequence[str]]],
) -> Objecting:
    """*more* makes what was enrolled elsewhere count no longer, by kind; *enrolled*: addresses that are
    told beside those of the directory."""
    host = urlsplit(settings.public_url).netloc
    codes = NoticeCodes(store, clock, entropy, keys)
    notices = Notices(
        store, directory, words, mail, clock, entropy, codes, host=host, phone=settings.desk.phone,
        enrolled=enrolled,
    )  # fmt: skip
    told = settings.notices
    pager = Pager(mail, told.security, told.on_call, settings.locales.required[0], host)
    members = Membership(directory, clock, settings.groups.agents)
    takebacks = TakebackService(
        store, clock, entropy, keys, acting, directory, agents,
        members, handovers, sign_ins, law.humans,
    )  # fmt: skip
    threats = ThreatService(store, clock, entropy, keys, law, directory, agents, members, sign_ins)
    return Objecting(
        ObjectionService(store, clock, entropy, codes, stops, {**stoppers(keys, links), **more}),
        takebacks,
        threats,
        {"notice": notices.handle, "alert": Alerts(store, clock, entropy, words, pager).handle},
        {Purpose.STOP: takebacks.signed, Purpose.THREAT: threats.signed},
        {Purpose.STOP: lambda _: PATH, Purpose.THREAT: lambda _: THREAT_PATH},
    )
