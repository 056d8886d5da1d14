"""Published flows: every version a case may be pinned to, and which one new cases get.

At start-up the shipped pack is stored, content-addressed; a version once stored is never changed.
The alias that says which one is live carries a MAC: who can write the table cannot swap a flow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.flow import FlowSet
from bot.core.records import Case, FlowAlias, FlowVersion
from bot.flowfile.versions import Version, content_hash, load
from bot.ports.clock import Clock
from bot.ports.store import Over, Store, UnitOfWork
from bot.service.keys import Keys
from bot.service.words import WordFiles, WordService

LATELY, MOST_WEIGHED, WEIGHED = timedelta(days=30), 300, timedelta(minutes=10)
"""What the order of the menu looks at: the newest cases of a month, and how often anew."""
_LAST = 100


class PublishedFlows:
    """Implements `ports.flows.Flows`. Holds every version in memory; new ones of other replicas are
    read by `refresh`."""

    def __init__(self, store: Store, words: WordService, clock: Clock, keys: Keys) -> None:
        self._store = store
        self._words = words
        self._clock = clock
        self._keys = keys
        self._versions: dict[str, Version] = {}
        self._live: dict[str, str] = {}
        self._asked: Counter[str] = Counter()
        self._weighed: datetime | None = None

    async def publish(self, versions: Mapping[str, Version]) -> None:
        """Store these versions and make them live, in one transaction."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            for version in versions.values():
                if work.get(FlowVersion, version.hash) is None:
                    work.add(FlowVersion(version.hash, version.flow, dict(version.files), at))
                if version.offered:
                    work.save(self._alias(version, at))

        await self._store.transact(fn)
        await self.refresh()

    def _alias(self, version: Version, at: datetime) -> FlowAlias:
        alias = FlowAlias(version.flow, version.hash, at, "")
        return replace(alias, mac=self._keys.row_mac(alias))

    async def learn(self, flow_hash: str) -> bool:
        """Whether this version is known; one that another replica stored meanwhile is read now."""
        if flow_hash not in self._versions:
            await self.refresh()
        return flow_hash in self._versions

    async def catch_up(self) -> bool:
        known = len(self._versions)
        await self.refresh()
        return len(self._versions) > known

    async def refresh(self) -> None:
        """Read versions and aliases anew. An alias with a wrong MAC, or a version whose files do not
        have its hash, is left out: that flow cannot be started (or its cases go to a person)."""
        rows, aliases = await self._store.read(
            lambda work: (work.find(FlowVersion), work.find(FlowAlias, order="flow"))
        )
        for row in rows:
            if row.hash not in self._versions and content_hash(row.flow, row.files) == row.hash:
                self._versions[row.hash] = load(row.flow, row.files)
        self._live = {
            alias.flow: alias.hash
            for alias in aliases
            if alias.hash in self._versions and self._keys.row_mac_fits(alias)
        }

    # --- ports.flows.Flows -----------------------------------------------------------------------

    def at(self, flow_hash: str) -> FlowSet:
        return self._versions[flow_hash].flows

    def live(self, flow: str) -> str | None:
        return self._live.get(flow)

    def names(self) -> tuple[str, ...]:
        return tuple(self._live)

    def menu(self, locale: str) -> tuple[tuple[str, str], ...]:
        """The flows that a list of what the bot helps with shows, and their titles: the most asked for
        first, then in their authors' order, then by title."""
        live = {name: self.at(known).flows[name] for name, known in self._live.items()}
        shown = [
            (name, self._words.title(self.words(self._live[name]), locale, name), flow.place)
            for name, flow in live.items()
            if flow.in_menu
        ]
        shown.sort(key=lambda one: (-self._asked[one[0]], one[2] or _LAST, one[1].casefold()))
        return tuple((name, title) for name, title, _ in shown)

    async def weigh(self) -> None:
        """Count what people asked for lately, now and then: the menu begins with that."""
        at = self._clock.now()
        if self._weighed is not None and timedelta(0) <= at - self._weighed < WEIGHED:
            return
        self._weighed = at
        newest = await self._store.read(
            lambda work: work.find(Case, opened_at=Over(at - LATELY), order="-opened_at", limit=MOST_WEIGHED)
        )
        self._asked = Counter(case.flow for case in newest)

    def words(self, flow_hash: str) -> WordFiles:
        """The words of one version."""
        return self._words.flow(flow_hash, lambda: self._versions[flow_hash].files)
