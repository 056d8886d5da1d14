"""An agent at the desk and a person at the case page, as far as a talk needs them; on `Whole`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.adapters.web.talk import TalkPage
from bot.core.records import Attempt, Case, Session, Talk, TalkLine
from bot.ports.desk import Desk
from bot.ports.talk import PersonTalks, Talks
from tests.fakes.product import Whole


@dataclass
class Desked:
    """What agents and pages call, found in the wired product."""

    whole: Whole

    @property
    def page(self) -> TalkPage:
        return next(one for one in self.whole.product.pages if isinstance(one, TalkPage))

    @property
    def talks(self) -> Talks:
        return self.page._talks

    @property
    def people(self) -> PersonTalks:
        return self.page._people

    @property
    def desk(self) -> Desk:
        found: Desk = self.page._talks._desk  # type: ignore[attr-defined]
        return found

    def agent(self, person: str = "agent") -> Session:
        """A desk session of a person of the sandbox."""
        who = self.whole.sandbox.state.directory.get(person)
        assert who is not None
        at = self.whole.clock.now()
        return Session("", "desk", self.whole.sandbox.oid(person), who.name, at, at, at, {})

    async def takes(self, case: Case, person: str = "agent") -> Session:
        agent = self.agent(person)
        await self.desk.take(agent, case.id)
        await self.whole.settle()
        return agent

    async def writes(
        self, agent: Session, case: Case, text: str = "", *, quick: str = "", once: str = ""
    ) -> None:
        await self.talks.write(agent, case.id, text=text, quick=quick, once=once)
        await self.whole.settle()

    # --- the case page -----------------------------------------------------------------------------

    async def claimed(self, case: Case, browser: str = "browser") -> str:
        """The case page claimed by *browser*, its key made and tested; the handle."""
        at = self.whole.clock.now()
        attempt = Attempt(
            id=f"a-{browser}-{case.id}", case_id=case.id, browser_hash=browser, claimed_at=at,
            expires_at=at + timedelta(hours=24), status="open", network="", country="", device="Firefox",
            page_key={}, thumbprint="", key_tested_at=at,
        )  # fmt: skip
        await self.whole.store.transact(lambda work: work.add(attempt))
        return self.whole.product.keys.handle("case", case.id)

    async def types(self, handle: str, text: str, browser: str = "browser", once: str = "") -> bool:
        hidden = await self.people.say(handle, browser, text=text, once=once)
        await self.whole.settle()
        return hidden

    # --- rows --------------------------------------------------------------------------------------

    async def lines(self, case: Case) -> list[TalkLine]:
        return await self.whole.rows(TalkLine, case_id=case.id, order="seq")

    async def talk(self, case: Case) -> Talk | None:
        found: Talk | None = await self.whole.store.read(lambda work: work.get(Talk, case.id))
        return found

    async def words(self, case: Case, agent: Session | None = None) -> list[tuple[str, str]]:
        """(author, words) of every line, as the review page shows them."""
        view = await self.talks.view(agent or self.agent(), case.id)
        return [(one.author, one.text or one.word) for one in view.lines]


async def called(whole: Whole, person: str = "employee", **more: Any) -> Case:
    """A case whose person asked for a person."""
    await whole.press("start:new_phone", person, **more)
    await whole.say("person", person, **more)
    return await whole.case(person)
