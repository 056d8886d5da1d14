"""The root's part for those who stand in: counter screens, helpers, and people a case was opened for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.adapters.web.app import Page
from bot.adapters.web.counter import CounterPage
from bot.adapters.web.shell import Shell
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.sign_in import Purpose, SignIns
from bot.ports.store import Store
from bot.service.counters import CounterService
from bot.service.keys import Keys
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """*signed* and *back* by purpose, as the root gives them to sign-ins."""

    counters: CounterService
    signed: dict[Purpose, Any] = field(default_factory=dict)
    back: dict[Purpose, Any] = field(default_factory=dict)

    def pages(self, shell: Shell) -> list[Page]:
        return [CounterPage(shell, self.counters)]


def standing(
    settings: Settings,
    *,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    keys: Keys,
    directory: Directory,
    sign_ins: SignIns,
) -> Standing:
    """*directory* is read fresh: who may do this is asked when they do it."""
    counters = CounterService(store, clock, entropy, keys, directory, sign_ins, agents=settings.groups.agents)
    return Standing(
        counters,
        {Purpose.COUNTER: counters.signed},
        {Purpose.COUNTER: counters.back},
    )
