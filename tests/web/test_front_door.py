"""The front door: somebody locked out of chat opens a case on a public page, or comes to one by number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from bot.core.records import Attempt, Case, ChatRow, Line, Ticket
from bot.service.limits import Budgets
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.door import Agent, Guest, cases, plain, printed, upn
from tests.web.visiting import serving


@pytest_asyncio.fixture
async def guest(whole: Whole) -> AsyncIterator[Guest]:  # noqa: F811
    async with serving(whole), Guest(whole) as browser:
        yield browser


@pytest_asyncio.fixture
async def agent(guest: Guest) -> AsyncIterator[Agent]:
    async with Agent(guest.whole) as browser:
        await browser.sits_down()
        yield browser


def quick(whole: Whole) -> list[float]:  # noqa: F811
    """Answers that are held back are not waited for; how long they would have been."""
    held: list[float] = []

    async def pause(seconds: float) -> None:
        held.append(seconds)

    doors = next(page._doors for page in whole.product.pages if hasattr(page, "_doors"))
    doors._pause = pause
    return held


def budgets(whole: Whole, **changes: Any) -> None:  # noqa: F811
    doors = next(page._doors for page in whole.product.pages if hasattr(page, "_doors"))
    doors._limits.budgets = replace(Budgets(), **changes)


# --- opening ---------------------------------------------------------------------------------------


async def test_somebody_opens_a_case_and_has_it_at_once(guest: Guest) -> None:
    """No number to type: the browser that opened it holds the case page's cookie."""
    path = await guest.opens()
    (case,) = await cases(guest.whole)
    assert case.place.startswith("web:door:")
    assert (case.subject_oid, case.identified_by) == ("", "")
    (attempt,) = await guest.whole.rows(Attempt)
    assert (attempt.case_id, attempt.via, attempt.status) == (case.id, "door", "open")
    view = await guest.told(path)
    assert (view["stage"], view["number"]) == ("key", case.number)
    page = (await guest.page()).text
    assert f"{case.number[:3]} {case.number[3:]}" in page
    assert f'href="{path}"' in page


async def test_looking_changes_nothing(guest: Guest) -> None:
    """Unfurlers and scanners: any number of GET and HEAD leave no row and no cookie but the form's."""
    for path in ("/help", "/help/lines?after=0", "/help?lang=de"):
        for method in ("GET", "HEAD"):
            answer = await guest.ask(method, path, headers={"Accept": "text/html"})
            assert answer.status == 200
    assert set(guest.jar) == {"__Host-form"}
    assert not await guest.whole.rows(ChatRow)
    assert not await guest.whole.rows(Line)


@pytest.mark.parametrize("path", ["/help/start", "/help/talk", "/help/claim", "/help/leave"])
async def test_another_site_cannot_press_here(guest: Guest, path: str) -> None:
    """Every form wants the token of a page that this browser got from us."""
    await guest.opens()
    before = len(await guest.whole.rows(Line))
    fields = {"text": "hello", "number": "123456", "address": "a@b.example"}
    for extra in ({}, {"form_token": "forged"}):
        assert (await guest.ask("POST", path, data={**fields, **extra})).status == 403
    assert (await guest.ask("POST", path, json=fields)).status == 403
    assert len(await guest.whole.rows(Line)) == before


async def test_another_browser_reads_nothing(guest: Guest) -> None:
    """A conversation belongs to the cookie that began it, and neither to the handle nor to the number."""
    await guest.opens()
    async with Guest(guest.whole) as stranger:
        told = await stranger.told("/help")
        assert (told["state"], told["messages"]) == ("none", [])
        assert (await stranger.does("/help/talk", text="hello")).status == 403
        stranger.jar["__Host-door"] = guest.jar["__Host-door"]  # without the case's own cookie
        told = await stranger.told("/help")
        assert (told["state"], told["case"] and True, told["messages"]) == ("elsewhere", True, [])


async def test_before_one_evidence_nobody_is_looked_up_or_written_to(guest: Guest) -> None:
    """Graph is not asked about anybody, no mail leaves, and what is personal is unknown."""
    whole = guest.whole  # noqa: F811
    await guest.opens()
    await guest.presses(":gone")
    script = await guest.script()
    assert not [call for call in whole.ledger("/users") if "filter" not in call]
    await script.good("address", address=upn(whole, "employee"))
    before = len(whole.ledger())
    view = await script.look()
    assert view["stage"] == "prove"
    refused = await script.post("manager")
    assert refused.status == 409
    await whole.settle()
    assert [call for call in whole.ledger()[before:] if "/users/" in call] == []
    assert not whole.mail("employee")
    assert not whole.mail("manager")


async def test_every_name_gets_the_same_full_list_of_proofs(guest: Guest) -> None:
    """Known with codes, known without, privileged, disabled, unknown: nobody learns which from the page."""
    whole = guest.whole  # noqa: F811
    await guest.opens()
    await guest.presses(":gone")
    script = await guest.script()
    seen = [await script.look()]
    people = ("employee", "hello_user", "executive", "break_glass")
    for address in [*(upn(whole, one) for one in people), "nobody@keyturn.example"]:
        assert (await script.good("address", address=address)) == {"ok": True}
        seen.append(await script.look())
    for view in seen:
        assert view["proofs"] == seen[0]["proofs"]
        assert not view["numbers"]
        assert "known" not in view


async def test_a_shared_computer_forgets_after_half_an_hour(guest: Guest) -> None:
    """On the server: the cookie alone would be no promise."""
    path = await guest.opens(shared="1")
    (attempt,) = await guest.whole.rows(Attempt)
    assert attempt.shared
    assert (attempt.expires_at - attempt.claimed_at).total_seconds() == 30 * 60
    guest.whole.clock.go(minutes=31)
    told = await guest.told("/help")
    assert (told["state"], told["messages"]) == ("closed", [])
    assert (await guest.told(path))["stage"] == "claim"
    assert (await guest.does("/help/talk", text="hello")).status == 403
    assert (await guest.does("/help/start", text="hello")).status == 303


async def test_finishing_wipes_this_browser(guest: Guest) -> None:
    """Cookies, and on a shared computer all that a browser keeps of us."""
    path = await guest.opens(shared="1")
    answer = await guest.does("/help/leave")
    assert answer.status == 200
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert f'data-base="{path}"' in answer.text
    assert not [name for name in guest.jar if name.startswith(("__Host-door", "__Host-case"))]
    (attempt,) = await guest.whole.rows(Attempt)
    assert (attempt.status, attempt.ended_reason) == ("ended", "finished")
    assert (await guest.told("/help"))["state"] == "none"


async def test_an_own_computer_keeps_its_other_cookies(guest: Guest) -> None:
    """Its remembered browser key must not go with one case."""
    await guest.opens()
    assert "Clear-Site-Data" not in (await guest.does("/help/leave")).headers


async def test_a_second_case_in_the_same_conversation_is_had_at_once_too(guest: Guest) -> None:
    """After the end of one, the next needs no new visit."""
    first = await guest.opens()
    await guest.does("/help/talk", text="stop")
    assert (await guest.told("/help"))["state"] == "over"
    await guest.does("/help/talk", choice="start:new_phone")
    second = await guest.case_path()
    assert second != first
    assert (await guest.told(second))["stage"] == "key"


async def test_a_network_that_floods_the_door_is_stopped_and_others_are_not(guest: Guest) -> None:
    """Cases without evidence count against the network; a proven case goes on (T31)."""
    whole = guest.whole  # noqa: F811
    budgets(whole, openings_network=2, messages_network=12)
    for _ in range(3):
        guest.jar.pop("__Host-door", None)
        await guest.does("/help/start", choice="start:new_phone")
    assert len(await cases(whole)) == 2
    statuses = [(await guest.does("/help/start", text="hello")).status for _ in range(12)]
    assert statuses[0] == 303
    assert statuses[-1] == 429
    mine = await whole.say("I got a new phone", network="10.0.0.0/24")
    assert mine["refused"] == ""


# --- coming by number --------------------------------------------------------------------------------


async def test_a_caller_comes_to_the_case_that_an_agent_opened(guest: Guest, agent: Agent) -> None:
    """Number and work address: the conversation begins in their browser, in their language."""
    whole = guest.whole  # noqa: F811
    opened = await agent.opens_for(upn(whole, "employee"), ticket="inc0012345")
    assert opened.status == 200
    (case,) = await cases(whole)
    number = f"{case.number[:3]} {case.number[3:]}"
    assert number in opened.text
    assert f"{guest.base}/help" in plain(opened.text)
    assert case.agent_started
    assert case.opener == {"channel": "desk", "tenant": "", "user": whole.sandbox.oid("agent")}
    assert (case.subject_oid, case.identified_by, case.version) == (
        whole.sandbox.oid("employee"),
        "hint",
        0,
    )
    (ticket,) = await whole.rows(Ticket)
    assert (ticket.case_id, ticket.system, ticket.number) == (case.id, "servicenow", "INC0012345")

    answer = await guest.claims(number, upn(whole, "employee").upper())
    assert (answer.status, answer.headers["Location"]) == (303, "/help")
    told = await guest.told("/help")
    assert told["state"] == "open"
    assert told["messages"], "the flow has begun"
    (case,) = await cases(whole)
    assert case.place.startswith("web:door:")
    assert case.version > 0
    (attempt,) = await whole.rows(Attempt)
    assert attempt.via == "number"
    assert (await guest.told(str(told["case"])))["stage"] == "key"


async def test_wrong_and_unknown_are_answered_alike(guest: Guest, agent: Agent) -> None:
    """Words, status, and a time that the directory does not show through (T29, T30)."""
    whole = guest.whole  # noqa: F811
    held = quick(whole)
    budgets(whole, claims_network=100)
    await agent.opens_for(upn(whole, "employee"))
    (case,) = await cases(whole)
    wrong = f"{(int(case.number) + 1) % 900_000 + 100_000}"
    pairs = [
        (case.number, upn(whole, "hello_user")),
        (case.number, "nobody@keyturn.example"),
        (wrong, upn(whole, "employee")),
        (wrong, "nobody@keyturn.example"),
        ("12", upn(whole, "employee")),
    ]
    answers = [await guest.claims(*pair) for pair in pairs]
    texts = {plain(one.text) for one in answers}
    assert {one.status for one in answers} == {409}
    assert len(texts) == 1
    assert len(held) == len(pairs)
    assert not await whole.rows(Attempt)

    for status in ("frozen", "ended"):
        await whole.store.transact(lambda work, s=status: work.put(replace(case, status=s)))
        answer = await guest.claims(case.number, upn(whole, "employee"))
        assert plain(answer.text) in texts


async def test_a_tried_number_does_not_tell_that_it_exists(guest: Guest, agent: Agent) -> None:
    """After too many tries even the right pair is answered as a wrong one, as it is for a number of
    nobody's; the caller can still open anew."""
    whole = guest.whole  # noqa: F811
    quick(whole)
    budgets(whole, claims_number=3, claims_network=100)
    await agent.opens_for(upn(whole, "employee"))
    (case,) = await cases(whole)
    texts = set()
    for _ in range(3):
        texts.add(plain((await guest.claims(case.number, "nobody@keyturn.example")).text))
    texts.add(plain((await guest.claims(case.number, upn(whole, "employee"))).text))
    for _ in range(5):
        texts.add(plain((await guest.claims("100001", "nobody@keyturn.example")).text))
    assert len(texts) == 1
    whole.clock.go(minutes=61)
    assert (await guest.claims(case.number, upn(whole, "employee"))).status == 303


async def test_a_network_that_guesses_numbers_is_stopped(guest: Guest, agent: Agent) -> None:
    """Twenty wrong ones an hour; right ones cost nothing."""
    whole = guest.whole  # noqa: F811
    quick(whole)
    budgets(whole, claims_network=3)
    await agent.opens_for(upn(whole, "employee"))
    (case,) = await cases(whole)
    for _ in range(5):
        assert (await guest.claims(case.number, upn(whole, "employee"))).status == 303
        await guest.does("/help/leave")
    answers = [await guest.claims(f"{200_000 + n}", "a@keyturn.example") for n in range(4)]
    assert [one.status for one in answers] == [409, 409, 409, 429]
    assert (await guest.claims(case.number, upn(whole, "employee"))).status == 429


async def test_what_is_typed_into_the_number_is_not_kept(guest: Guest) -> None:
    """Somebody may type a password there."""
    quick(guest.whole)
    await guest.claims("hunter2-canary", "nobody@keyturn.example")
    assert b"canary" not in guest.whole.at_rest()


async def test_a_second_claim_gets_a_page_and_steers_nothing(guest: Guest, agent: Agent) -> None:
    """Whoever overheard number and address knows no more than before: not what was said, nothing that is
    personal; they cannot stop the case, nor call a person into it."""
    whole = guest.whole  # noqa: F811
    await agent.opens_for(upn(whole, "employee"))
    (case,) = await cases(whole)
    await guest.claims(case.number, upn(whole, "employee"))
    async with Guest(whole) as second:
        answer = await second.claims(case.number, upn(whole, "employee"))
        assert answer.status == 303
        path = answer.headers["Location"]
        assert path.startswith("/c/")
        assert (await second.told("/help"))["state"] == "none"
        script = await second.script(path)
        assert (await script.post("person")).status == 409
        await script.good("not-me")
        assert (await second.told(path))["stage"] == "claim"
    (now,) = await cases(whole)
    assert now.status == "open"
    assert (await guest.told("/help"))["state"] == "open"


async def test_one_network_gets_so_many_pages_of_a_case(guest: Guest, agent: Agent) -> None:
    """Also with the right number and address: each is a row, and is looked at by every later claim."""
    whole = guest.whole  # noqa: F811
    quick(whole)
    budgets(whole, claims_right=2)
    await agent.opens_for(upn(whole, "employee"))
    (case,) = await cases(whole)
    answers = [await guest.claims(case.number, upn(whole, "employee")) for _ in range(3)]
    assert [one.status for one in answers] == [303, 303, 409]
    wrong = await guest.claims("999999", "nobody@keyturn.example")
    assert plain(answers[2].text) == plain(wrong.text)
    assert len(await whole.rows(Attempt)) == 2


async def test_a_conversation_left_alone_goes_to_whoever_comes_next(guest: Guest, agent: Agent) -> None:
    """The caller's battery died before anything was proven: on the next device they go on."""
    whole = guest.whole  # noqa: F811
    await agent.opens_for(upn(whole, "employee"))
    (case,) = await cases(whole)
    await guest.claims(case.number, upn(whole, "employee"))
    whole.clock.go(minutes=3)
    async with Guest(whole) as later:
        answer = await later.claims(case.number, upn(whole, "employee"))
        assert answer.headers["Location"] == "/help"
        told = await later.told("/help")
        assert (told["state"], bool(told["messages"])) == ("open", True)
    told = await guest.told("/help")
    assert (told["state"], told["messages"]) == ("elsewhere", [])


async def test_a_case_nobody_came_to_ends_by_itself(guest: Guest, agent: Agent) -> None:
    """After a day; until then it waits, however long the first step's own time is."""
    whole = guest.whole  # noqa: F811
    await agent.opens_for(upn(whole, "employee"))
    (case,) = await cases(whole)
    whole.clock.go(hours=23)
    await whole.product.timers.fire_due()
    assert (await whole.rows(Case))[0].status == "open"
    whole.clock.go(hours=2)
    await whole.product.timers.fire_due()
    (case,) = await cases(whole)
    assert (case.status, case.outcome) == ("ended", "unclaimed")


async def test_what_passed_in_one_browser_shows_nothing_in_another(guest: Guest, agent: Agent) -> None:
    """Masks, what is set up, who was asked and what was said show where one evidence passed, only there."""
    whole = guest.whole  # noqa: F811
    await agent.opens_for(upn(whole, "employee"))
    (case,) = await cases(whole)
    codes = await printed(whole, "employee")
    await guest.claims(case.number, upn(whole, "employee"))
    await guest.presses(":gone")
    script = await guest.script()
    async with Guest(whole) as second:
        path = (await second.claims(case.number, upn(whole, "employee"))).headers["Location"]
        other = await second.script(path)
        before = await other.look()
        await script.good("code", code=codes[0])
        assert (await script.look())["numbers"]
        after = await other.look()
        assert {k: after[k] for k in ("numbers", "proofs", "passed")} == {
            k: before[k] for k in ("numbers", "proofs", "passed")
        }
        assert not after["numbers"]
        assert (await other.post("manager")).status == 409
        ref = (await script.look())["numbers"][0]["ref"]
        assert (await other.post("check", how="call_back", number=ref)).status == 400
        # and when evidence passes in a second browser, a person must look
        await other.good("code", code=codes[1])
    assert (await cases(whole))[0].status == "with_person"
