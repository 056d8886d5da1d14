"""The root's part for those who stand in: counter screens, helpers, and people a case was opened for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.adapters.web.app import Page
from bot.adapters.web.counter import CounterPage
from bot.adapters.web.helper import HelperPage
from bot.adapters.web.polling import Polls
from bot.adapters.web.shell import Shell
from bot.adapters.web.talking import Talking
from bot.adapters.web.transcript import WebChat
from bot.core.law import Law
from bot.ports.case_page import CasePages
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.intake import Intake
from bot.ports.reviews import Reviews
from bot.ports.sign_in import Purpose, SignIns
from bot.ports.store import Store
from bot.ports.turns import Turns
from bot.service.arrivals import Arrivals
from bot.service.attempts import Attempts
from bot.service.counters import CounterService
from bot.service.helper_set import HelperSet
from bot.service.helpers import HelperService
from bot.service.keys import Keys
from bot.service.opening_for import OpeningFor
from bot.service.published import PublishedFlows
from bot.service.stops import Stops
from bot.settings import Settings


class NoLinks:
    """A helper's page is the case page already: what points at the person's own leads nowhere."""

    def path(self, reference: str) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class Standing:
    """*signed* and *back* by purpose, as the root gives them to sign-ins."""

    counters: CounterService
    helpers: HelperService
    opening: OpeningFor
    signed: dict[Purpose, Any] = field(default_factory=dict)
    back: dict[Purpose, Any] = field(default_factory=dict)

    def pages(
        self,
        shell: Shell,
        *,
        chat: WebChat,
        intake: Intake,
        polls: Polls,
        entropy: Entropy,
        cases: CasePages,
        reviews: Reviews,
        security_info: str,
    ) -> list[Page]:
        talking = Talking(shell, chat, intake, NoLinks(), polls, entropy)
        return [
            CounterPage(shell, self.counters),
            HelperPage(shell, cases, polls, self.helpers, reviews, talking, security_info=security_info),
        ]


def standing(
    settings: Settings,
    *,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    keys: Keys,
    law: Law,
    directory: Directory,
    sign_ins: SignIns,
    attempts: Attempts,
    stops: Stops,
    turns: Turns,
    published: PublishedFlows,
) -> Standing:
    """*directory* is read fresh: who may do this is asked when they do it."""
    counters = CounterService(store, clock, entropy, keys, directory, sign_ins, agents=settings.groups.agents)
    helpers = HelperService(
        store, clock, entropy, keys, law, directory,
        HelperSet(directory, settings.groups.helpers, settings.deputies),
        sign_ins, attempts, stops, Arrivals(published, turns), turns, learn=published.learn,
    )  # fmt: skip
    return Standing(
        counters,
        helpers,
        OpeningFor(store, clock, entropy, keys, directory, turns),
        {Purpose.COUNTER: counters.signed, Purpose.HELP: helpers.signed},
        {Purpose.COUNTER: counters.back, Purpose.HELP: helpers.back},
    )
