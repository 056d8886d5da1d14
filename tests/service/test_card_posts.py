"""Cards in the agents' channels: one message each, changed in place, with the story of the case below."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from bot.adapters.web.transcript import Shown, WebChat
from bot.core.audit import Tag, audit_row
from bot.core.message import Message
from bot.core.model import Place, RequestOutcome
from bot.core.records import Attempt, CardPost, Job, Timer
from bot.errors import PermanentError, TransientError
from bot.ports.chat_pages import AGENTS
from bot.ports.store import Store, UnitOfWork
from bot.service import cards
from bot.service.card_history import MOST, WORDS
from bot.service.card_posts import CardPosts
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.web.house import House, house, words

SLACK = Place("slack", "T1", "C1")


class Elsewhere(WebChat):
    """A platform that keeps messages, and is away or refuses on demand."""

    fails: Exception | None = None

    async def post(self, to: Place, message: Message, *, key: str, case_id: str = "") -> str:
        self._reach()
        return await super().post(to, message, key=key, case_id=case_id)

    async def update(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        self._reach()
        await super().update(to, ref, message, key=key)

    def _reach(self) -> None:
        if self.fails:
            raise self.fails


class Channels:
    """Two agents' channels on one house."""

    def __init__(self, served: House, *, locale: str = "en") -> None:
        self.house = served
        self.slack = Elsewhere(served.store, served.clock)
        self.posts = CardPosts(
            served.store, served.views, {"web": served.chat, "slack": self.slack}, words(), served.clock,
            channels=[AGENTS, SLACK], locale=locale, zone=UTC,
        )  # fmt: skip

    async def deliver(self) -> None:
        """Carry out what waits, as the outbox does: done once it did not raise, dead once refused."""
        waiting = await rows(self.house.store, Job, kind="card", status="waiting", order="seq")
        for job in waiting:
            try:
                await self.posts.handle(job)
            except PermanentError:
                await self._ends(job, "dead")
                raise
            await self._ends(job, "done")

    async def _ends(self, job: Job, status: str) -> None:
        await self.house.store.transact(lambda work: work.put(replace(job, status=status)))

    async def card(self, place: Place = SLACK) -> Shown:
        """The one message there."""
        chat = self.slack if place is SLACK else self.house.chat
        _, shown = await chat.since(place, 0)
        (one,) = shown
        return one

    async def happened(self, tag: Tag, actor: str = "oid-agent", case_id: str = "c1", **body: Any) -> None:
        """Something is in the audit log, and the card is to be drawn anew."""
        at = self.house.clock.go(seconds=1)

        def fn(work: UnitOfWork) -> None:
            ident = f"{int(at.timestamp() * 1000):012x}{self.house.entropy.bytes(10).hex()}"
            work.audit(audit_row(ident, at, tag, case_id=case_id, actor=actor, **body))
            cards.refresh(work, case_id, ident, at)

        await self.house.store.transact(fn)


async def rows(store: Store, row: type[Any], /, **where: Any) -> list[Any]:
    return await store.read(lambda work: work.find(row, **where))


@pytest.fixture
async def served(store: Store, clock: FakeClock, entropy: FakeEntropy) -> AsyncIterator[House]:
    async with house(store, clock, entropy, demo=False) as made:
        yield made


@pytest.fixture
async def channels(served: House) -> Channels:
    await served.card()
    return Channels(served)


def lines(shown: Shown) -> list[str]:
    return [reply.text() for reply in shown.replies]


# --- in every channel -----------------------------------------------------------------------------------


async def test_a_card_is_one_message_in_each_channel(channels: Channels) -> None:
    """However often it changes, and each is changed by its own name."""
    for _ in range(3):
        await channels.happened(Tag.CASE_MOVED)
        await channels.deliver()
    assert "004712" in (await channels.card(AGENTS)).message.text()  # type: ignore[union-attr]
    assert "004712" in (await channels.card(SLACK)).message.text()  # type: ignore[union-attr]
    posts = await rows(channels.house.store, CardPost)
    assert sorted(one.place for one in posts) == [SLACK.key, AGENTS.key]
    assert len({one.ref for one in posts}) == 2


async def test_a_channel_that_is_away_holds_up_no_other(channels: Channels) -> None:
    """The others have it at once; it comes when it is back, and nothing comes twice."""
    channels.slack.fails = TransientError("slack is away")
    with pytest.raises(TransientError):
        await channels.deliver()
    assert await channels.card(AGENTS)
    channels.slack.fails = None
    await channels.deliver()
    assert await channels.card(AGENTS)
    assert await channels.card(SLACK)


@pytest.mark.parametrize("posted", [False, True])
async def test_a_channel_that_refuses_for_good_is_told_to_operators_once(
    channels: Channels, posted: bool
) -> None:
    """An archived channel must not look like a quiet one, nor bury everything else that went wrong."""
    if posted:
        await channels.deliver()
        await channels.happened(Tag.CASE_TAKEN)
    channels.slack.fails = PermanentError("is_archived")
    with pytest.raises(PermanentError):
        await channels.deliver()
    for _ in range(3):
        await channels.happened(Tag.CASE_MOVED)
    assert await channels.card(AGENTS)
    await channels.deliver()
    channels.slack.fails = None
    await channels.happened(Tag.CASE_RELEASED)
    await channels.deliver()
    _, shown = await channels.slack.since(SLACK, 0)
    assert len(shown) == (2 if posted else 1)
    assert "gave the case back" in lines(shown[-1])[-1]


async def test_a_refusal_is_not_lost_behind_another_channel_that_is_away(channels: Channels) -> None:
    """Nor behind a crash: until operators were told once, each try says it again."""
    channels.slack.fails = PermanentError("is_archived")
    web = Elsewhere(channels.house.store, channels.house.clock)
    web.fails = TransientError("the other is away")
    channels.posts._chats = {"web": web, "slack": channels.slack}
    with pytest.raises(TransientError):
        await channels.deliver()
    web.fails = None
    with pytest.raises(PermanentError):
        await channels.deliver()
    await channels.happened(Tag.CASE_MOVED)
    await channels.deliver()


async def test_no_handle_of_a_review_page_is_kept_in_a_card(channels: Channels) -> None:
    await channels.deliver()
    shown = await channels.card()
    assert shown.message is not None
    (link,) = shown.message.links()
    assert (link.link.reference, link.link.url) == ("review:c1", "")


async def test_no_button_on_a_card_does_anything(channels: Channels) -> None:
    """In chat there is nothing to approve, deny or take: a link to the page, where one signs in."""
    await channels.deliver()
    shown = await channels.card()
    assert shown.message is not None
    assert shown.message.choices() == ()


# --- the story --------------------------------------------------------------------------------------------


async def test_what_happens_is_told_below_the_card_in_order_and_once(channels: Channels) -> None:
    await channels.deliver()
    await channels.happened(Tag.CASE_TAKEN)
    await channels.happened(Tag.EVIDENCE_PASSED, "person", kind="live_check", how="call_back")
    await channels.deliver()
    await channels.happened(Tag.REQUEST_ENDED, "bot", outcome="expired")
    await channels.deliver()
    await channels.happened(Tag.CASE_MOVED)
    await channels.deliver()
    assert lines(await channels.card()) == [
        "09:00 UTC · Name of oid-agent took the case",
        "09:00 UTC · proof passed: live check (call-back)",
        "09:00 UTC · the request ended: nobody decided in time",
    ]


async def test_a_line_that_was_said_before_a_crash_is_not_said_again(channels: Channels) -> None:
    """Said, but not yet noted as said: its key is for life."""
    await channels.happened(Tag.CASE_TAKEN)
    await channels.deliver()
    for post in await rows(channels.house.store, CardPost):
        await channels.house.store.transact(
            lambda work, post=post: work.put(replace(post, told=[]))  # type: ignore[misc]
        )
    await channels.happened(Tag.CASE_MOVED)
    await channels.deliver()
    assert len(lines(await channels.card())) == 1


async def test_a_numbered_entry_of_the_log_is_told_like_a_new_one(channels: Channels) -> None:
    """The sequencer may have been there between two drawings."""
    await channels.happened(Tag.CASE_TAKEN)

    def number(work: UnitOfWork) -> None:
        from bot.core.records import AuditRow

        for n, row in enumerate(work.find(AuditRow, case_id="c1", number=None, order="id")):
            work.put(replace(row, number=n, leaf="x"))

    await channels.house.store.transact(number)
    await channels.deliver()
    await channels.happened(Tag.CASE_RELEASED)
    await channels.deliver()
    assert [line.partition("· ")[2] for line in lines(await channels.card())] == [
        "Name of oid-agent took the case", "Name of oid-agent gave the case back",
    ]  # fmt: skip


async def test_another_cases_story_is_not_told(channels: Channels) -> None:
    await channels.house.card("c2")
    await channels.happened(Tag.CASE_TAKEN, case_id="c2")
    at = channels.house.clock.now()
    await channels.house.store.transact(lambda work: cards.refresh(work, "c1", "x", at))
    waiting = await rows(channels.house.store, Job, kind="card", case_id="c1", status="waiting")
    await channels.posts.handle(waiting[-1])
    assert lines(await channels.card()) == []


async def test_a_name_in_the_story_is_literal_text(channels: Channels) -> None:
    """Markup, mentions, new lines and hidden characters of a name stay what they are, in one line."""
    channels.house.members.changes = {"name": "<!channel> *Eve*\n\u202e@here {{ at }}"}
    await channels.happened(Tag.CASE_TAKEN)
    await channels.deliver()
    (line,) = lines(await channels.card())
    assert line == "09:00 UTC · <!channel> *Eve* ⟨U+202E⟩@here {{ at }} took the case"


async def test_a_story_without_end_is_cut(channels: Channels) -> None:
    """Somebody who takes and gives back all day does not fill the channel."""
    for _ in range(MOST + 10):
        await channels.happened(Tag.CASE_TAKEN)
    await channels.deliver()
    assert len(lines(await channels.card())) == MOST


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("tag", WORDS)
async def test_every_line_has_words(served: House, tag: Tag, locale: str) -> None:
    """In every language, whatever the entry says."""
    await served.card()
    channels = Channels(served, locale=locale)
    ways: list[dict[str, Any]] = [{}]
    if tag is Tag.EVIDENCE_PASSED:
        ways = [{"kind": "saved_code"}, {"kind": "manager", "how": "in_person"}]
    elif tag is Tag.REQUEST_ENDED:
        ways = [{"outcome": outcome.value} for outcome in RequestOutcome]
    for body in ways:
        await channels.happened(tag, **body)
    await channels.deliver()
    told = lines(await channels.card())
    assert len(told) == len(ways)
    assert all(" · " in line for line in told)


# --- the page -----------------------------------------------------------------------------------------------


async def page_answers(channels: Channels) -> None:
    """The person's page is there now."""
    at = channels.house.clock.now()
    attempt = Attempt(
        id="a1", case_id="c1", browser_hash="b", claimed_at=at, expires_at=at.replace(year=2027),
        status="open", network="", country="", device="", shared=False, answered_at=at,
    )  # fmt: skip

    def fn(work: UnitOfWork) -> None:
        work.save(attempt)
        cards.refresh(work, "c1", f"here/{at}", at)

    await channels.house.store.transact(fn)


def said(shown: Shown) -> str:
    assert shown.message is not None
    return shown.message.text()


async def test_a_page_that_went_away_is_told_within_a_minute(channels: Channels) -> None:
    """Nothing happens when a page goes: somebody has to look."""
    await page_answers(channels)
    await channels.deliver()
    assert "On the page now" in said(await channels.card())
    (timer,) = await rows(channels.house.store, Timer, kind="card", status="waiting")
    channels.house.clock.at = timer.due_at
    await channels.posts.fire(timer)
    await channels.deliver()
    assert "Not on the page now" in said(await channels.card())


async def test_a_page_that_stays_is_looked_at_again_and_not_drawn_anew(channels: Channels) -> None:
    await page_answers(channels)
    await channels.deliver()
    seq = (await channels.card()).seq
    (timer,) = await rows(channels.house.store, Timer, kind="card", status="waiting")
    channels.house.clock.go(seconds=40)
    (attempt,) = await rows(channels.house.store, Attempt)
    await channels.house.store.transact(
        lambda work: work.put(replace(attempt, answered_at=channels.house.clock.now()))
    )
    channels.house.clock.at = timer.due_at
    await channels.posts.fire(timer)
    await channels.deliver()
    assert (await channels.card()).seq == seq
    (next_one,) = [
        one for one in await rows(channels.house.store, Timer, kind="card", status="waiting")
        if one.key != timer.key
    ]  # fmt: skip
    assert next_one.due_at > timer.due_at
