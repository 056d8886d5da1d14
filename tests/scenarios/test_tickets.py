"""What systems around us hear of a case, through the whole product: in order, once, and nobody's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.core.audit import Tag
from bot.core.events import Answered
from bot.core.records import AuditRow, Card, Job, Session, Ticket
from bot.errors import Refused
from bot.ports.store import UnitOfWork
from bot.service.ticketing import TicketNotes, attach
from tests.fakes.clock import FakeEntropy
from tests.fakes.product import Whole, opened
from tests.fakes.sandbox import Sandbox, sandbox  # noqa: F401
from tests.fakes.stores import Stores
from tests.fakes.tickets import (
    HOOK_SECRET,
    JIRA_TOKEN,
    JIRA_USER,
    NOW_PASSWORD,
    NOW_USER,
    FakeJira,
    FakeReceiver,
    FakeServiceNow,
    serving,
)

MORE = """
webhooks:
  - url: {hook}/hook
    secret: "${{file:sandbox/secrets/hook}}"
tickets:
  servicenow:
    url: {now}
    user: {user}
    password: "${{file:sandbox/secrets/now}}"
    create: "{create}"
  jira:
    url: {jira}
    user: {jira_user}
    token: "${{file:sandbox/secrets/jira}}"
    project: HELP
"""


@dataclass
class Around:
    whole: Whole
    now: FakeServiceNow
    jira: FakeJira
    hook: FakeReceiver

    async def handed_over(self) -> str:
        """A person opens a case and asks for a person; its id."""
        await self.whole.say("new phone")
        await self.whole.press(await self.whole.button("new_phone"))
        await self.whole.say("person")
        return (await self.whole.case()).id

    async def ticket(self, case_id: str) -> Ticket | None:
        return await self.whole.store.read(lambda work: work.get(Ticket, case_id))

    def news(self) -> list[str]:
        return [body["type"] for body in self.hook.taken.values()]


@pytest_asyncio.fixture
async def around(sandbox: Sandbox, stores: Stores) -> AsyncIterator[Around]:  # noqa: F811
    fakes = FakeServiceNow(), FakeJira(), FakeReceiver()
    async with serving(*fakes):
        now, jira, hook = fakes
        more = MORE.format(
            now=now.url, jira=jira.url, hook=hook.url, user=NOW_USER, jira_user=JIRA_USER, create="yes"
        )
        secrets = {"hook": HOOK_SECRET, "now": NOW_PASSWORD, "jira": JIRA_TOKEN}
        async with opened(sandbox, stores, more, secrets) as whole:
            yield Around(whole, *fakes)


async def test_a_case_that_wants_a_person_gets_a_ticket_of_its_own(around: Around) -> None:
    """Self-service makes no ticket; the first call for a person makes one, whose number the case keeps."""
    await around.whole.say("new phone")
    await around.whole.press(await around.whole.button("new_phone"))
    assert around.now.rows == {}
    await around.whole.say("person")
    case = await around.whole.case()
    row = await around.ticket(case.id)
    assert row is not None
    assert (row.system, row.ours) == ("servicenow", True)
    assert around.now.rows[row.sys_id]["number"] == row.number
    assert case.number in around.now.rows[row.sys_id]["short_description"]


async def test_webhooks_tell_of_opening_and_closing_in_order(around: Around) -> None:
    """Each once, with the case's number and a link, and nothing else."""
    await around.handed_over()
    await around.whole.say("cancel")
    case = await around.whole.case()
    assert around.news() == ["case.opened", "case.closed"]
    last = list(around.hook.taken.values())[-1]
    assert last["data"] == {
        "case": case.number, "flow": "new_phone", "outcome": "cancelled",
        "ticket": (await around.ticket(case.id)).number,  # type: ignore[union-attr]
        "url": f"{around.whole.product.settings.public_url}/desk/case/{case.number}",
    }  # fmt: skip


async def test_a_decision_is_told_with_its_outcome(around: Around) -> None:
    """Whatever the flow makes of it; other answers are nobody's business."""
    case_id = await around.handed_over()

    def decide(work: UnitOfWork) -> None:
        case = work.case(case_id)
        assert case is not None
        for key in ("prove/x", "request/r1"):
            around.whole.product.turns.take(
                work, case, Answered("approval", 9, "denied"), dedupe_key=key, at=around.whole.clock.now()
            )

    await around.whole.store.transact(decide)
    await around.whole.settle()
    assert around.news() == ["case.opened", "case.decided"]
    row = await around.ticket(case_id)
    assert row is not None
    assert "denied" in around.now.notes[row.sys_id][-1]


async def test_the_ticket_that_an_agent_named_is_written_to(around: Around) -> None:
    """In the system that its number belongs to, and no other is made; what we did not make stays open."""
    ident = around.jira.issue()
    await around.whole.say("new phone")
    await around.whole.press(await around.whole.button("new_phone"))
    case = await around.whole.case()
    at = around.whole.clock.now()
    await around.whole.store.transact(lambda work: attach(work, case.id, " help-1 ", at))
    await around.whole.say("person")
    await around.whole.say("cancel")
    issue = around.jira.issues[ident]
    assert [case.number in str(one["body"]) for one in issue["comments"]] == [True]
    assert (around.now.rows, issue["status"]) == ({}, "Open")


async def test_a_ticket_nobody_knows_ends_on_the_desk(around: Around) -> None:
    """A mistyped number is an agent's to mend, and stops nothing else."""
    await around.whole.say("new phone")
    await around.whole.press(await around.whole.button("new_phone"))
    case = await around.whole.case()
    at = around.whole.clock.now()
    await around.whole.store.transact(lambda work: attach(work, case.id, "INC0099999", at))
    await around.whole.say("cancel")
    dead = await around.whole.rows(Job, status="dead")
    assert [job.kind for job in dead] == ["ticket"]
    assert around.news() == ["case.opened", "case.closed"]


async def test_a_receiver_that_is_away_hears_of_it_later_and_once(around: Around) -> None:
    """Neither the person nor other receivers wait for it; a repeat has the same id."""
    around.hook.after, around.hook.faults = True, [503]
    await around.handed_over()
    assert len(await around.whole.rows(Card)) == 1
    around.whole.clock.go(seconds=30)
    await around.whole.settle()
    assert around.news() == ["case.opened"]
    assert around.hook.times == 2


async def test_nothing_of_the_person_and_no_secret_leaves_or_stays(around: Around) -> None:
    """Names, addresses and ids stay behind the agents' sign-in; credentials stay in memory."""
    case_id = await around.handed_over()
    await around.whole.say("cancel")
    oid = around.whole.sandbox.oid("employee")
    person = around.whole._who("employee")
    left = str([around.now.rows, around.now.notes, around.hook.taken])
    assert case_id in left  # the correlation id of the ticket
    for private in (oid, person.name, person.upn):
        assert private not in left
    at_rest = around.whole.at_rest() + str(await around.whole.rows(AuditRow)).encode()
    for canary in (NOW_PASSWORD, JIRA_TOKEN, HOOK_SECRET.removeprefix("whsec_")):
        assert canary.encode() not in at_rest


async def test_an_agent_notes_the_ticket_on_the_review_page(around: Around) -> None:
    """It is written to at once, audited, and shown on the card; what is no number is refused, and changes
    nothing."""
    ident = around.jira.issue()
    await around.whole.say("new phone")
    await around.whole.press(await around.whole.button("new_phone"))
    case = await around.whole.case()
    at = around.whole.clock.now()
    agent = Session("s", "desk", around.whole.sandbox.oid("agent"), "Jonas", at, at, at, {})
    notes = TicketNotes(around.whole.store, around.whole.clock, FakeEntropy())
    for typed in ("", "no ticket", "INC1^OR"):
        with pytest.raises(Refused):
            await notes.note(agent, case.id, typed)
    assert await around.ticket(case.id) is None
    for _ in range(2):
        await notes.note(agent, case.id, "help-1")
    await around.whole.settle()
    assert len(around.jira.issues[ident]["comments"]) == 1
    assert (await around.whole.tags()).count(Tag.TICKET_ATTACHED) == 1
    await around.whole.say("cancel")
    with pytest.raises(Refused):
        await notes.note(agent, case.id, "HELP-2")
