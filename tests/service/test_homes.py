"""The bot's page inside a platform: made of ordinary choices, personal only where linked, never a secret."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core import choice as pressed
from bot.core.message import Message
from bot.core.model import Place
from bot.core.records import ChatLink
from bot.ports.identity import Account, Standing
from tests.fakes.product import Whole, choices
from tests.service.test_linking import HOME, Slack
from tests.web.visiting import Visitor, serving


@pytest.fixture
async def slack(whole: Whole) -> Slack:
    return Slack(whole)


@pytest.fixture
async def visitor(whole: Whole) -> AsyncIterator[Visitor]:
    async with serving(whole), Visitor(whole) as one:
        yield one


async def home(whole: Whole, place: Place = HOME, locale: str = "") -> Message:
    return await whole.product.chatting.homes.home(place, place.address, locale=locale)


async def test_it_asks_what_somebody_needs(whole: Whole, slack: Slack) -> None:
    """Flows, a person, an alarm, another language; and how to reach the desk without any of it."""
    await slack.met()
    page = await home(whole)
    assert {"start:new_phone", "cmd:person", "cmd:not_me", "cmd:language:de", "link"} <= set(choices(page))
    assert "+49 30 5550 0100" in page.text()
    assert "never ask for a password, a code or a pass" in page.text()


async def test_every_choice_on_it_is_an_ordinary_one(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    """A platform hands in what was pressed as anywhere else; nothing there is dead."""
    await slack.met()
    await slack.press("start:new_phone")
    pages = [await home(whole), await home(whole, Place("slack", "T1", "U9"))]
    await slack.links(visitor)
    pages.append(await home(whole))
    found = {one for page in pages for one in choices(page)}
    assert not [one for one in found if pressed.parse(one) is None]
    assert {"unlink", "cmd:resume", "cmd:cancel"} <= found
    for one in found - {"link"}:
        reply = await slack.press(one)
        assert reply["refused"] != "not_expected", one


async def test_an_open_case_is_there_with_the_way_back(whole: Whole, slack: Slack) -> None:
    await slack.met()
    await slack.press("start:new_phone")
    page = await home(whole)
    (case,) = [link.link.reference for link in page.links() if link.link.reference]
    assert case.startswith("case:")
    assert "New phone" in page.text()
    await slack.press("cmd:cancel")
    assert not [link for link in (await home(whole)).links() if link.link.reference]


async def test_a_case_of_another_chat_is_not_there(whole: Whole, slack: Slack) -> None:
    """Also of the same person: its link belongs to the chat that it was given in."""
    await slack.met("employee")
    await whole.press("start:new_phone", "employee")
    assert not [link for link in (await home(whole)).links() if link.link.reference]


async def test_methods_are_for_linked_accounts_only(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    """A hint is not enough, and Graph is not even asked."""
    await slack.met()
    page = await home(whole)
    assert "Your sign-in methods" not in page.text()
    assert not whole.ledger("authentication")
    await slack.links(visitor)
    page = await home(whole)
    assert "Your sign-in methods" in page.text()
    assert "Windows Hello" in page.text() or "Passkey" in page.text() or "Authenticator" in page.text()


async def test_methods_are_kinds_and_ages_never_numbers_or_names_of_devices(whole: Whole) -> None:
    """The page stands in a chat that somebody else may be reading."""
    oid = whole.sandbox.oid("employee")
    await whole.product.chatting.identity.met(Account("teams", "t", oid, Standing.MEMBER, "en", "", oid))
    text = (await home(whole, Place("teams", "t", oid))).text()
    assert "Authenticator app" in text
    assert "Phone" in text
    for secret in ("0110101", "Pixel", "@"):
        assert secret not in text.replace(" ", "")


async def test_a_link_that_was_changed_shows_nothing_personal(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """The seal is checked at each use, here too."""
    await slack.met()
    await slack.links(visitor)
    (row,) = await whole.rows(ChatLink)
    other = whole.sandbox.oid("employee")
    planted = ChatLink(row.id, row.channel, row.tenant, row.user, other, row.at, row.mac)
    await whole.store.transact(lambda work: work.put(planted))
    assert "Your sign-in methods" not in (await home(whole)).text()


async def test_a_spent_budget_costs_the_methods_and_nothing_else(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """Looking at a page must never be why a decision waits."""
    await slack.met()
    await slack.links(visitor)
    for n in range(6):
        whole.clock.go(seconds=16 if n == 0 else 0)
        whole.product.chatting.homes._directory._kept.clear()  # type: ignore[attr-defined]
        page = await home(whole)
    assert "could not be read just now" in page.text()
    assert "start:new_phone" in choices(page)


async def test_agents_see_the_queue_and_the_way_to_each_review(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """From the linked account of a member of the group; of nobody else."""
    await whole.press("start:new_phone", "employee")
    await whole.press("cmd:person", "employee")
    await slack.met("")
    assert "Waiting for a human" not in (await home(whole)).text()
    await slack.links(visitor, "agent")
    page = await home(whole)
    case = await whole.case("employee")
    assert "Waiting for a human (1)" in page.text()
    assert case.number in page.text()
    assert f"review:{case.id}" in [link.link.reference for link in page.links()]


async def test_who_is_no_agent_sees_no_queue(whole: Whole, slack: Slack, visitor: Visitor) -> None:
    await whole.press("start:new_phone", "employee")
    await whole.press("cmd:person", "employee")
    await slack.met()
    await slack.links(visitor, "manager")
    assert "Waiting for a human" not in (await home(whole)).text()


async def test_a_guests_page_says_only_whom_it_is_for(whole: Whole, slack: Slack) -> None:
    await slack.met("", standing=Standing.GUEST)
    page = await home(whole)
    assert choices(page) == []
    assert "only help colleagues" in page.text()


async def test_the_page_speaks_the_language_of_the_chat(whole: Whole, slack: Slack) -> None:
    """What was chosen in the chat goes before what the platform believes."""
    await slack.met(locale="de-DE")
    assert "Was brauchen Sie?" in (await home(whole)).text()
    await slack.press("cmd:language:en")
    assert "What do you need?" in (await home(whole)).text()
