"""Linking a chat account: by its owner's sign-in alone, told to everybody concerned, and never proof."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.adapters.web.transcript import WebChat
from bot.core.audit import Tag
from bot.core.message import Message
from bot.core.model import Place
from bot.core.records import AuditRow, Case, ChatLink, Job, LinkAsk
from bot.ports.identity import Account, Claim, Standing
from tests.fakes.product import Whole, choices
from tests.web.visiting import Visitor, serving

HOME = Place("slack", "T1", "U1")


class Slack:
    """A platform that keeps messages itself, as the transcript of the web does, and one person on it."""

    def __init__(self, whole: Whole, place: Place = HOME) -> None:
        self.whole, self.place = whole, place
        self.chat = WebChat(whole.store, whole.clock)
        speaking = whole.product.chatting.speaking
        speaking._chats = {**speaking._chats, "slack": self.chat}

    @property
    def user(self) -> str:
        return self.place.address

    async def met(self, person: str = "manager", **changes: Any) -> Claim:
        """The platform describes the account; its confirmed address is *person*'s, or nobody's."""
        mail = f"{person}@keyturn.example" if person else ""
        told: dict[str, Any] = {"standing": Standing.MEMBER, "locale": "en", "mail": mail}
        return await self.whole.product.chatting.identity.met(
            Account("slack", self.place.tenant, self.user, **(told | changes))
        )

    async def press(self, choice: str, **more: Any) -> dict[str, Any]:
        claim = await self.whole.product.chatting.identity.claim("slack", self.place.tenant, self.user)
        assert claim is not None
        told: dict[str, Any] = {
            "place": self.place, "user": self.user, "hint_oid": claim.oid, "linked": claim.linked,
        }  # fmt: skip
        return await self.whole.press(choice, **(told | more))

    async def shown(self) -> list[Message]:
        _, lines = await self.chat.since(self.place, 0)
        return [line.message for line in lines if line.message]

    async def asks(self) -> tuple[str, str]:
        """Press "link": (path of the page, number)."""
        await self.press("link")
        message = (await self.shown())[-1]
        number = re.search(r"\b\d{6}\b", message.text())
        assert number, message.text()
        path = self.whole.product.links.path(message.links()[0].link.reference)
        assert path is not None
        return path, number[0]

    async def links(self, visitor: Visitor, person: str = "manager") -> str:
        path, number = await self.asks()
        landed = await visitor.signs_in(path, person, number=number)
        await self.whole.settle()
        return landed


@pytest.fixture
async def slack(whole: Whole) -> Slack:
    return Slack(whole)


@pytest.fixture
async def visitor(whole: Whole) -> AsyncIterator[Visitor]:
    async with serving(whole), Visitor(whole) as one:
        yield one


async def claim(whole: Whole, user: str = "U1") -> Claim:
    found = await whole.product.chatting.identity.claim("slack", "T1", user)
    assert found is not None
    return found


# --- the way through --------------------------------------------------------------------------------


async def test_a_chat_account_is_linked_by_its_owners_sign_in(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """Press, open, type the number, sign in; the chat says so, the owner is told, the log knows how."""
    await slack.met()
    landed = await slack.links(visitor)
    assert (await claim(whole)).linked
    assert (await claim(whole)).oid == whole.sandbox.oid("manager")
    assert "Done. Your work account is linked." in (await visitor.get(landed)).text
    assert "is now linked" in (await slack.shown())[-1].text()
    (row,) = await whole.rows(AuditRow, tag=Tag.LINK_MADE.value)
    assert (row.actor, row.body["account"]) == (whole.sandbox.oid("manager"), "slack:T1:U1")
    assert row.actor_auth_time is not None
    told = [mail["subject"] for mail in whole.mail("manager")]
    assert "A chat account was linked to your work account" in told


async def test_a_link_is_never_proof(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    """A case of a linked chat knows more, and has passed nothing."""
    await slack.met()
    await slack.links(visitor)
    await slack.press("start:new_phone")
    (case,) = await whole.rows(Case)
    assert (case.identified_by, case.proven_at) == ("linked", None)
    assert case.subject_oid == whole.sandbox.oid("manager")


async def test_the_number_is_nowhere_but_in_its_own_chat(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """Not on the page, not in its address, and in the row of the request only as a MAC."""
    await slack.met()
    path, number = await slack.asks()
    assert number not in path + (await visitor.get(path)).text
    (ask,) = await whole.rows(LinkAsk)
    assert number not in str(ask)
    assert path.removeprefix("/link/") not in str(ask)
    rows = await whole.rows(AuditRow)
    assert not [row for row in rows if number in str(row)]


async def test_reading_the_page_links_nobody(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    """Platforms and mail scanners open links; so does the person, twice."""
    await slack.met()
    path, _ = await slack.asks()
    for method in ("GET", "HEAD", "GET"):
        answer = await visitor.ask(method, path, headers={"User-Agent": "Slackbot-LinkExpanding 1.0"})
        assert answer.status == 200
    assert await whole.rows(ChatLink) == []
    assert (await visitor.told(path))["status"] == "open"


# --- a page that is sent on ---------------------------------------------------------------------------


async def test_a_forwarded_link_links_no_stranger(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    """The victim has the page but not the number: there is no way to the sign-in."""
    await slack.met("")
    path, number = await slack.asks()
    wrong = f"{(int(number) + 1) % 1_000_000:06d}"
    answer = await visitor.post(path, {"number": wrong})
    assert (answer.status, "not the number" in answer.text) == (409, True)
    assert answer.headers.get("Location") is None
    assert await whole.rows(ChatLink) == []


async def test_guessing_the_number_ends_the_page(slack: Slack, visitor: Visitor) -> None:
    """Five tries, also when the sixth would be right."""
    await slack.met("")
    path, number = await slack.asks()
    for n in range(1, 6):
        answer = await visitor.post(path, {"number": f"{(int(number) + n) % 1_000_000:06d}"})
        assert answer.status == 409
    answer = await visitor.post(path, {"number": number})
    assert answer.status == 409
    assert "This link is over" in answer.text


async def test_where_the_address_names_somebody_only_they_can_link(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """Also with page and number: an intruder who talks a colleague through it gets nothing."""
    await slack.met("employee")
    landed = await slack.links(visitor, "manager")
    assert "refused=other_account" in landed
    assert await whole.rows(ChatLink) == []


async def test_an_account_that_is_gone_binds_nobody(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    """Somebody whose work account was made anew can link the new one."""
    await slack.met("employee")
    old = whole._who("employee")
    old.user["accountEnabled"] = False
    whole.sandbox.state.directory.save(old)
    await slack.links(visitor, "manager")
    assert (await claim(whole)).oid == whole.sandbox.oid("manager")


async def test_a_page_links_once(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    await slack.met()
    path, number = await slack.asks()
    await visitor.signs_in(path, "manager", number=number)
    assert (await visitor.post(path, {"number": number})).status == 409
    async with Visitor(whole) as other:
        assert (await other.told(path))["status"] == "over"


async def test_a_page_is_good_for_a_quarter_of_an_hour(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    await slack.met()
    path, number = await slack.asks()
    whole.clock.go(minutes=15)
    assert (await visitor.post(path, {"number": number})).status == 409


async def test_a_sign_in_that_ends_after_the_page_links_nobody(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """The quarter of an hour is the whole time, sign-in included."""
    await slack.met()
    path, number = await slack.asks()
    whole.clock.go(minutes=14)
    left = await visitor.leaves(path, number=number)
    whole.clock.go(minutes=2)
    answer = await visitor.comes_back(left, "manager")
    assert "refused=link_over" in answer.headers["Location"]
    assert await whole.rows(ChatLink) == []


async def test_a_newer_page_ends_the_older(slack: Slack, visitor: Visitor) -> None:
    await slack.met()
    path, number = await slack.asks()
    await slack.asks()
    assert (await visitor.post(path, {"number": number})).status == 409


async def test_another_browser_cannot_finish_what_one_began(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """The number was typed here; the sign-in comes back there."""
    await slack.met()
    path, number = await slack.asks()
    left = await visitor.leaves(path, number=number)
    async with Visitor(whole) as other:
        await other.comes_back(left, "manager")
    assert await whole.rows(ChatLink) == []


async def test_of_two_sign_ins_from_one_page_one_links(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    """The number was typed in two browsers, and both people went to sign in."""
    await slack.met("")
    path, number = await slack.asks()
    left = await visitor.leaves(path, number=number)
    async with Visitor(whole) as other:
        await other.signs_in(path, "agent", number=number)
        answer = await visitor.comes_back(left, "manager")
    assert "refused=link_over" in answer.headers["Location"]
    assert (await claim(whole)).oid == whole.sandbox.oid("agent")


async def test_a_sign_in_under_way_when_a_newer_page_was_asked_for_links_nobody(
    slack: Slack, visitor: Visitor
) -> None:
    """Only the newest page counts, to the very end."""
    await slack.met()
    path, number = await slack.asks()
    left = await visitor.leaves(path, number=number)
    await slack.asks()
    answer = await visitor.comes_back(left, "manager")
    assert "refused=link_over" in answer.headers["Location"]
    assert await slack.whole.rows(ChatLink) == []


async def test_a_guest_cannot_link(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    """Guests sign in to our tenant like anybody; they are still none of ours."""
    await slack.met("")
    who = whole._who("manager")
    who.user["userType"] = "Guest"
    whole.sandbox.state.directory.save(who)
    landed = await slack.links(visitor)
    assert "refused=forbidden" in landed
    assert await whole.rows(ChatLink) == []
    (row,) = await whole.rows(AuditRow, tag=Tag.LINK_REFUSED.value)
    assert row.body["reason"] == "forbidden"


async def test_asking_for_links_has_an_end(whole: Whole, slack: Slack) -> None:
    await slack.met()
    for _ in range(5):
        await slack.press("link")
    assert (await slack.press("link"))["refused"] == "too_many"
    assert len(await whole.rows(LinkAsk)) == 5


async def test_the_same_press_asks_once(whole: Whole, slack: Slack) -> None:
    """A repeated delivery must not end the page that the first one gave."""
    await slack.met()
    for _ in range(3):
        await slack.press("link", dedupe_key="once")
    (ask,) = await whole.rows(LinkAsk)
    assert ask.status == "open"


async def test_a_number_is_shown_in_the_accounts_own_chat_only(whole: Whole, slack: Slack) -> None:
    """Pressed anywhere else, nothing is asked for."""
    await slack.met()
    elsewhere = Place("slack", "T1", "C1")
    assert (await slack.press("link", place=elsewhere))["refused"] == "not_yours"
    assert await whole.rows(LinkAsk) == []


async def test_where_the_platform_names_the_account_there_is_nothing_to_link(whole: Whole) -> None:
    oid = whole.sandbox.oid("employee")
    identity = whole.product.chatting.identity
    await identity.met(Account("teams", "t", oid, Standing.MEMBER, "en", "", oid))
    place = Place("teams", "t", oid)
    speaking = whole.product.chatting.speaking
    speaking._chats = {**speaking._chats, "teams": WebChat(whole.store, whole.clock)}
    await whole.press("link", place=place, user=oid)
    assert await whole.rows(LinkAsk) == []


# --- another person than before -----------------------------------------------------------------------


async def relinked(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    """First the manager's, then the agent's."""
    await slack.met("")
    await slack.links(visitor)
    await slack.press("start:new_phone")
    await slack.links(visitor, "agent")


async def test_linking_to_somebody_else_tells_both_and_security(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    await relinked(whole, slack, visitor)
    assert (await claim(whole)).oid == whole.sandbox.oid("agent")
    assert whole.mail("manager")[0]["subject"] == "Your chat account was linked to another work account"
    assert whole.mail("agent")[0]["subject"] == "A chat account was linked to your work account"
    alerts = await whole.rows(AuditRow, tag=Tag.ALERT_RAISED.value)
    assert [row.body["what"] for row in alerts] == ["link_changed"]
    rows = await whole.rows(AuditRow, tag=Tag.LINK_CHANGED.value, case_id="")
    assert [row.body["before"] for row in rows] == [whole.sandbox.oid("manager")]


async def test_taking_the_link_away_first_hides_no_other_owner(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """Who holds a stolen chat session can unlink; what follows is still told as a change."""
    await slack.met("")
    await slack.links(visitor)
    await slack.press("unlink")
    await slack.links(visitor, "agent")
    alerts = await whole.rows(AuditRow, tag=Tag.ALERT_RAISED.value)
    assert [row.body["what"] for row in alerts] == ["link_changed"]
    (row,) = await whole.rows(AuditRow, tag=Tag.LINK_CHANGED.value)
    assert row.body["before"] == whole.sandbox.oid("manager")
    assert whole.mail("manager")[0]["subject"] == "Your chat account was linked to another work account"


async def test_linking_the_same_owner_again_is_no_change(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    await slack.met("")
    await slack.links(visitor)
    await slack.press("unlink")
    await slack.links(visitor)
    assert not await whole.rows(AuditRow, tag=Tag.LINK_CHANGED.value)
    assert not await whole.rows(Job, kind="alert")


async def test_linking_to_somebody_else_undoes_whom_the_open_case_is_about(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """Nothing was proven yet: the case begins anew to find out."""
    await relinked(whole, slack, visitor)
    (case,) = await whole.rows(Case)
    assert (case.subject_oid, case.identified_by) == ("", "")


async def test_linking_to_somebody_else_stops_a_case_in_which_proving_began(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """A person looks before anything goes on; the first person's proofs do not help the second."""
    await slack.met("")
    await slack.links(visitor)
    await slack.press("start:new_phone")
    for ending in (":gone",):
        message = (await slack.shown())[-1]
        (button,) = [one for one in choices(message) if one.endswith(ending)]
        await slack.press(button)
    await slack.links(visitor, "agent")
    (case,) = await whole.rows(Case)
    assert (case.status, case.identified_by) == ("with_person", "")


async def test_the_same_person_again_is_no_event(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    await slack.met("")
    await slack.links(visitor)
    before = len(whole.mail("manager"))
    await slack.links(visitor)
    assert len(whole.mail("manager")) == before
    assert not await whole.rows(Job, kind="alert")


async def test_a_hint_becomes_a_link_in_the_open_case_of_the_same_person(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    await slack.met()
    await slack.press("start:new_phone")
    await slack.links(visitor)
    (case,) = await whole.rows(Case)
    assert case.identified_by == "linked"


# --- away again ---------------------------------------------------------------------------------------


async def test_a_link_can_be_taken_away_in_the_chat(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    """Also for an open case, and its owner is told."""
    await slack.met()
    await slack.links(visitor)
    await slack.press("start:new_phone")
    await slack.press("unlink")
    assert not (await claim(whole)).linked
    (case,) = await whole.rows(Case)
    assert case.identified_by == "hint"
    assert "The link is gone" in (await slack.shown())[-1].text()
    assert whole.mail("manager")[0]["subject"] == "A chat account is no longer linked to your work account"


async def test_nobody_elses_link_can_be_taken_away(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    await slack.met()
    await slack.links(visitor)
    other = Slack(whole, Place("slack", "T1", "U2"))
    await other.met("")
    await other.press("unlink")
    assert (await claim(whole)).linked


async def test_the_owner_sees_and_takes_away_links_on_their_own_page(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """Whoever was talked into a link need not wait for the chat that has it."""
    await slack.met("")
    await slack.links(visitor)
    await visitor.signs_in("/me/sign-in", "manager")
    page = (await visitor.get("/me")).text
    assert "Linked chat accounts" in page
    assert "U1" in page
    answer = await visitor.post("/me/unlink", {"account": "slack:T1:U1"})
    assert answer.status == 303
    await whole.settle()
    assert not (await claim(whole)).linked
    assert "The link is gone" in (await slack.shown())[-1].text()
    (row,) = await whole.rows(AuditRow, tag=Tag.LINK_REMOVED.value)
    assert row.actor == whole.sandbox.oid("manager")
    assert "Linked chat accounts" not in (await visitor.get("/me")).text


async def test_nobody_takes_away_a_link_of_somebody_else_on_their_page(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    await slack.met("")
    await slack.links(visitor)
    await visitor.signs_in("/me/sign-in", "agent")
    assert "Linked chat accounts" not in (await visitor.get("/me")).text
    assert (await visitor.post("/me/unlink", {"account": "slack:T1:U1"})).status == 403
    assert (await claim(whole)).linked
