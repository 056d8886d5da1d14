"""A case opened for somebody else: whose it is, what its opener hears, and what the opener may not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.core.message import Message
from bot.core.model import Place, Reason
from bot.core.records import Attempt, AuditRow, Case, ChatLink, ChatRow
from bot.service.opening_for import opened_for
from bot.service.world import opener_of
from tests.fakes.product import Whole
from tests.web.browsing import Browser
from tests.web.visiting import serving

OPENER, SUBJECT = "manager", "employee"


async def opened(whole: Whole, address: str = "employee@keyturn.example", by: str = OPENER) -> Case:
    """Opened in the opener's own chat."""
    await whole.press("start:on_behalf", by)
    await whole.press(await whole.button(":go_on", by), by)
    await whole.say(address, by)
    return await whole.case(by)


async def comes(whole: Whole, browser: Browser, case: Case, address: str = "employee@keyturn.example") -> int:
    """Somebody comes to `/help` with the number."""
    await browser.get("/help")
    answer = await browser.post("/help/claim", {"number": case.number, "address": address})
    await whole.settle()
    return answer.status


async def texts(whole: Whole, person: str) -> list[str]:
    return [message.text() for message in await whole.shown(person)]


def links(messages: list[Message]) -> list[str]:
    return [str(button.link) for message in messages for button in message.links()]


async def test_the_case_is_the_named_persons_and_the_opener_gets_a_number_only(whole: Whole) -> None:
    """No link to the case, no look at the account, nothing of the opener's own in it."""
    case = await opened(whole)
    assert (case.subject_oid, case.identified_by) == (whole.sandbox.oid(SUBJECT), "typed")
    assert opened_for(case)
    shown = await texts(whole, OPENER)
    assert any(case.number in text for text in shown)
    assert not [link for link in links(await whole.shown(OPENER)) if "case:" in link]
    page = await whole.product.chatting.homes.home(Place("web", "demo", OPENER), OPENER)
    assert case.number in page.text()
    assert not [link for link in links([page]) if "case:" in link]
    assert "person:case:opened_for" in await whole.tags()


async def test_no_address_is_told_from_another(whole: Whole) -> None:
    """Somebody, nobody, a guest: the same words, whatever the directory says."""
    said = []
    for address, by in (
        ("employee@keyturn.example", "manager"), ("nobody@keyturn.example", "deputy"),
        ("x.y@elsewhere.example", "author"),
    ):  # fmt: skip
        case = await opened(whole, address, by)
        said.append([text.replace(case.number, "N") for text in await texts(whole, by)])
    assert said[0] == said[1] == said[2]


async def test_the_person_comes_and_the_talk_goes_on_with_them(whole: Whole) -> None:
    """The opener's chat is free again and hears that they came; old buttons there do nothing."""
    case = await opened(whole)
    async with serving(whole), Browser(f"http://127.0.0.1:{whole.port}") as browser:
        assert await comes(whole, browser, case) == 303
        page = await browser.get("/help")
        assert "What happened?" in page.text
    now = (await whole.rows(Case, id=case.id))[0]
    assert now.place.startswith("web:door:")
    assert (await whole.rows(ChatRow, place=f"web:demo:{OPENER}"))[0].case_id == ""
    last = (await texts(whole, OPENER))[-1]
    assert "came to case" in last
    assert case.number in last
    assert "What happened?" not in "".join(await texts(whole, OPENER))
    reply = await whole.press(f"s:{case.id}:need:{now.version}:person", OPENER)
    assert reply["refused"] == Reason.NOT_YOURS


async def test_a_wrong_address_comes_to_nothing(whole: Whole) -> None:
    case = await opened(whole)
    async with serving(whole), Browser(f"http://127.0.0.1:{whole.port}") as browser:
        assert await comes(whole, browser, case, "hello_user@keyturn.example") != 303
    assert await whole.rows(Attempt) == []


async def test_the_opener_hears_that_it_is_over_and_not_how(whole: Whole) -> None:
    case = await opened(whole)
    async with serving(whole), Browser(f"http://127.0.0.1:{whole.port}") as browser:
        await comes(whole, browser, case)
        page = await browser.get("/help")
        nonce = re.search(r'name="nonce" value="([0-9a-f]+)"', page.text)
        assert nonce is not None
        await browser.post("/help/talk", {"choice": "cmd:cancel", "nonce": nonce[1]})
        await whole.settle()
    assert (await whole.rows(Case, id=case.id))[0].outcome == "cancelled"
    last = (await texts(whole, OPENER))[-1]
    assert "is over" in last
    assert "cancel" not in last.lower()


async def test_the_opener_is_known_as_opener_whatever_the_chat_is_linked_to(whole: Whole) -> None:
    """Their account, as the chat named it then: an approver of that human is refused (test_decide)."""
    case = await opened(whole, by="agent")
    keys = whole.product.keys
    who = await whole.store.read(lambda work: opener_of(work, case, keys))
    assert who == whole.sandbox.oid("agent")
    own = replace(case, subject_oid=whole.sandbox.oid("agent"))
    assert await whole.store.read(lambda work: opener_of(work, own, keys)) == ""
    link = ChatLink("web:demo:agent", "web", "demo", "agent", whole.sandbox.oid("agent2"), case.opened_at, "")
    link = replace(link, mac=keys.row_mac(link))
    await whole.store.transact(lambda work: work.save(link))
    assert await whole.store.read(lambda work: opener_of(work, case, keys)) == whole.sandbox.oid("agent")


async def test_an_opener_whom_nobody_knows_is_told_from_no_approver(whole: Whole) -> None:
    """Until the case of such an opener ends, what is no account stands for them; whoever cannot be read might
    be the approver (test_decide)."""
    case = await opened(whole)
    nameless = replace(case, opener={**case.opener, "oid": ""})
    keys = whole.product.keys
    who = await whole.store.read(lambda work: opener_of(work, nameless, keys))
    assert who not in ("", case.subject_oid)
    assert whole.sandbox.state.directory.get(who) is None


async def test_nobody_unknown_opens_a_case_for_others(whole: Whole) -> None:
    """Who cannot be told from the approver must not be the opener."""
    await whole.press("start:on_behalf", OPENER, hint_oid="")
    await whole.press(await whole.button(":go_on", OPENER), OPENER, hint_oid="")
    await whole.say("employee@keyturn.example", OPENER, hint_oid="")
    case = (await whole.rows(Case))[0]
    assert (case.status, case.subject_oid) == ("ended", "")
    assert "people I know" in "".join((await texts(whole, OPENER))[-2:])


async def test_what_is_opened_for_others_counts_against_the_opener(whole: Whole) -> None:
    """The chat account's budget, so that nobody is flooded with cases."""
    rows = await whole.rows(AuditRow, tag="person:case:opened")
    case = await opened(whole)
    assert len(await whole.rows(AuditRow, tag="person:case:opened")) == len(rows) + 1
    assert case.opener["user"] == OPENER


@pytest.mark.parametrize("flow", ["on_behalf", "first_day"])
async def test_the_flows_for_others_begin_with_their_own_words(whole: Whole, flow: str) -> None:
    """Both shipped ways in ask for an address and wait for the person."""
    await whole.press(f"start:{flow}", OPENER)
    if flow == "first_day":
        await whole.press(await whole.button(":newcomer", OPENER), OPENER)
    await whole.press(await whole.button(":go_on", OPENER), OPENER)
    await whole.say("new_starter@keyturn.example", OPENER)
    case = await whole.case(OPENER)
    assert case.step == "claimed"
    assert case.subject_oid == whole.sandbox.oid("new_starter")
