"""The desk: who may sit there, taking turns, and how talks end."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.effects import CloseHandOff, EndCase, HandOff
from bot.core.events import Answered, Chose, Event
from bot.core.message import Message
from bot.core.model import CaseId, EventId, Reason
from bot.core.records import AuditRow, Card, Case, Line, Session, Shift, Timer, Withdrawal
from bot.errors import Refused
from bot.ports.chat_pages import AGENTS
from bot.ports.store import UnitOfWork
from bot.service.cards import CardPerformers
from tests.contracts.store.rows import event, job
from tests.web.browsing import Browser, form_token
from tests.web.house import KEYS, House, PassThrough


async def sign_in(served: House, browser: Browser, who: str = "oid-agent") -> str:
    """Through the callback, as a browser would; the path it lands on."""
    assert isinstance(served.sign_ins, PassThrough)
    served.sign_ins.who = who
    left = await browser.post("/desk/sign-in", {})
    assert left.status == 303
    back = await browser.ask("POST", "/auth/callback", data={"state": "s1", "code": "c"})
    return str(back.headers["Location"])


async def session_of(served: House, browser: Browser) -> Session:
    found = await served.sessions.current("desk", browser.jar["__Host-desk"])
    assert found is not None
    return found


async def card_row(served: House, case_id: str = "c1") -> Card:
    found = await served.store.read(lambda work: work.get(Card, case_id))
    assert found is not None
    return found


async def tags(served: House) -> list[str]:
    return [row.tag for row in await served.store.read(lambda work: work.find(AuditRow, order="id"))]


async def test_the_desk_is_closed_without_a_sign_in(served: House, browser: Browser) -> None:
    """Nothing of any case shows, and no button works."""
    await served.card()
    page = await browser.get("/desk")
    assert "004712" not in page.text
    assert (await browser.post("/desk/take", {"case": "c1"})).status == 403
    assert (await browser.ask("GET", "/desk/board")).body == b'{"over": true}'


async def test_an_agent_signs_in_and_sees_the_queue(served: House, browser: Browser) -> None:
    """With what the card tells, and a link to the review page."""
    await served.card()
    assert await sign_in(served, browser) == "/desk"
    page = await browser.get("/desk")
    assert "004712" in page.text
    assert "Name of oid-employee" in page.text
    assert "Asks for a live check" in page.text
    assert 'href="/r/' in page.text


@pytest.mark.parametrize(
    ("changes", "member", "unreadable", "reason"),
    [
        ({}, False, False, "not_an_agent"),
        ({}, True, True, "facts_unreadable"),
        ({"enabled": False}, True, False, "not_an_agent"),
        ({"guest": True}, True, False, "not_an_agent"),
        ({"external": True}, True, False, "not_an_agent"),
    ],
)
async def test_nobody_else_gets_in(
    served: House, browser: Browser, changes: dict[str, Any], member: bool, unreadable: bool, reason: str
) -> None:
    """Not outside the group, not disabled, no guest; and what cannot be read is a no."""
    served.members.changes = changes
    served.members.unreadable = unreadable
    who = "oid-agent" if member else "oid-stranger"
    assert await sign_in(served, browser, who) == f"/desk?refused={reason}"
    assert "__Host-desk" not in browser.jar
    assert "person:desk:refused" in await tags(served)


async def test_whoever_leaves_the_group_loses_the_desk(served: House, browser: Browser) -> None:
    """Membership is read again while the session runs, not only at its start."""
    await served.card()
    await sign_in(served, browser)
    served.members.members.clear()
    served.clock.go(minutes=3)
    assert "004712" not in (await browser.get("/desk")).text
    assert (await browser.post("/desk/take", {"case": "c1"})).status == 403
    assert (await card_row(served)).taken_by == ""


async def test_a_desk_session_is_bound_to_a_browser_cookie_given_on_a_post(
    served: House, browser: Browser
) -> None:
    """The sign-in knows which browser left; the cookie is new with the POST."""
    await sign_in(served, browser)
    assert isinstance(served.sign_ins, PassThrough)
    ask = served.sign_ins.asked[0]
    assert ask.browser_hash
    assert browser.jar["__Host-browser"] not in ask.browser_hash


async def test_one_takes_and_the_other_does_not(served: House, browser: Browser) -> None:
    """Two agents never work on one case unknowingly."""
    await served.card()
    await sign_in(served, browser)
    assert (await browser.post("/desk/take", {"case": "c1"})).status == 303
    async with Browser(served.url) as second:
        await sign_in(served, second, "oid-agent2")
        assert (await second.post("/desk/take", {"case": "c1"})).status == 409
        await second.post("/desk/release", {"case": "c1"})
    assert (await card_row(served)).taken_by == "oid-agent"
    await browser.post("/desk/release", {"case": "c1"})
    assert (await card_row(served)).taken_by == ""


async def test_a_take_lapses_after_ten_idle_minutes(served: House, browser: Browser) -> None:
    """A case left alone is free again: by the timer, and for whoever asks before it fires."""
    await served.card()
    await sign_in(served, browser)
    await browser.post("/desk/take", {"case": "c1"})
    (timer,) = await served.store.read(lambda work: work.find(Timer, kind="take"))
    served.clock.go(minutes=9)
    await served.desk.fire(timer)
    assert (await card_row(served)).taken_by == "oid-agent"
    served.clock.go(minutes=1)
    async with Browser(served.url) as second:
        await sign_in(served, second, "oid-agent2")
        assert (await second.post("/desk/take", {"case": "c1"})).status == 303
    await served.desk.fire(timer)  # the old timer is about somebody else's take
    assert (await card_row(served)).taken_by == "oid-agent2"
    later = (await served.store.read(lambda work: work.find(Timer, kind="take", order="-due_at")))[0]
    served.clock.go(minutes=11)
    await served.desk.fire(later)
    assert (await card_row(served)).taken_by == ""
    assert "bot:case:lapsed" in await tags(served)


async def test_working_on_a_case_keeps_it(served: House, browser: Browser) -> None:
    """Idle means idle: whoever does something with the case has it ten minutes more."""
    from bot.service import cards

    await served.card()
    await sign_in(served, browser)
    await browser.post("/desk/take", {"case": "c1"})
    (timer,) = await served.store.read(lambda work: work.find(Timer, kind="take"))
    served.clock.go(minutes=8)
    at = served.clock.now()
    await served.store.transact(lambda work: cards.touch(work, "c1", "oid-agent", at))
    served.clock.go(minutes=2)
    await served.desk.fire(timer)
    assert (await card_row(served)).taken_by == "oid-agent"
    again = (await served.store.read(lambda work: work.find(Timer, kind="take", order="-due_at")))[0]
    assert again.due_at == at + timedelta(minutes=10)


async def test_ending_a_shift_gives_everything_back(served: House, browser: Browser) -> None:
    """Nobody goes home with a case."""
    await served.card("c1")
    await served.card("c2")
    await sign_in(served, browser)
    await browser.post("/desk/shift", {"do": "start"})
    assert "since" in (await browser.get("/desk")).text
    for case in ("c1", "c2"):
        await browser.post("/desk/take", {"case": case})
    await browser.post("/desk/shift", {"do": "end"})
    assert [(await card_row(served, case)).taken_by for case in ("c1", "c2")] == ["", ""]
    (shift,) = await served.store.read(lambda work: work.find(Shift))
    assert shift.ended_at is not None
    assert (await browser.post("/desk/shift", {"do": "dance"})).status == 400


@pytest.mark.parametrize("outcome", ["closed", "back"])
async def test_an_agent_says_how_a_talk_ended(served: House, browser: Browser, outcome: str) -> None:
    """The flow goes on by that outcome, once, and the card is done."""
    await served.card(wants="person")
    await sign_in(served, browser)
    assert 'value="closed"' in (await browser.get("/desk")).text
    assert (await browser.post("/desk/answer", {"case": "c1", "outcome": outcome})).status == 303
    assert served.turns.taken == [("c1", Answered("person", 2, outcome), "handoff/c1/person@2")]
    assert (await card_row(served)).status == "done"


async def test_only_a_waiting_talk_can_be_answered(served: House, browser: Browser) -> None:
    """No made-up outcome, no frozen case, no case that waits for something else."""
    case = await served.card(wants="person")
    await sign_in(served, browser)
    assert (await browser.post("/desk/answer", {"case": "c1", "outcome": "done"})).status == 400
    assert (await browser.post("/desk/answer", {"case": "c9", "outcome": "closed"})).status == 404
    await served.store.transact(lambda work: work.put(replace(case, status="frozen")))
    assert (await browser.post("/desk/answer", {"case": "c1", "outcome": "closed"})).status == 409
    from bot.core.flow import FlowState

    ended = FlowState("talk", "over", version=3, ended=True).to_json()
    await served.store.transact(lambda work: work.put(replace(case, state=ended)))
    assert (await browser.post("/desk/answer", {"case": "c1", "outcome": "closed"})).status == 409
    assert served.turns.taken == []


async def test_a_pass_is_withdrawn_by_a_fresh_sign_in_and_not_by_its_owner(
    served: House, browser: Browser
) -> None:
    """The button only starts the sign-in; the subject of the pass is refused."""
    await served.card()
    await sign_in(served, browser)
    at = served.clock.now()
    rows = [
        Withdrawal("w1", "c1", "x1", "oid-employee", "p1", "unclaimed", at, "open"),
        Withdrawal("w2", "c1", "x2", "oid-agent", "p2", "crashed", at, "open"),
        Withdrawal("w3", "c1", "x3", "oid-employee", "p3", "crashed", at, "done"),
    ]
    await served.store.transact(lambda work: [work.add(row) for row in rows])
    page = (await browser.get("/desk")).text
    assert ('value="w1"' in page, 'value="w3"' in page) == (True, False)
    answer = await browser.post("/desk/withdraw", {"withdrawal": "w1"})
    assert answer.headers["Location"].startswith("http://localhost:1/authorize")
    assert isinstance(served.sign_ins, PassThrough)
    ask = served.sign_ins.asked[-1]
    assert (ask.purpose, ask.subject_ref, ask.expected_oid) == ("withdraw", "w1", "oid-agent")
    assert (await browser.post("/desk/withdraw", {"withdrawal": "w2"})).status == 409
    assert (await browser.post("/desk/withdraw", {"withdrawal": "w3"})).status == 409


async def test_signing_out_ends_the_session(served: House, browser: Browser) -> None:
    """Also for whoever kept the cookie."""
    await sign_in(served, browser)
    kept = browser.jar["__Host-desk"]
    await browser.post("/desk/sign-out", {})
    assert "__Host-desk" not in browser.jar
    browser.jar["__Host-desk"] = kept
    assert "Sign in" in (await browser.get("/desk")).text


async def test_the_board_comes_anew_when_something_changed(served: House, browser: Browser) -> None:
    """The page's script waits for the next mark."""
    await sign_in(served, browser)
    page = (await browser.get("/desk")).text
    mark = page.partition('data-mark="')[2].partition('"')[0]
    await served.card()
    answer = await browser.ask("GET", f"/desk/board?after={mark}")
    assert b"004712" in answer.body
    assert mark.encode() not in answer.body
    assert form_token(page)


async def test_the_card_is_one_message_that_changes(served: House, browser: Browser) -> None:
    """Posted once, then updated: taken, done; the link's handle is not in it."""
    await served.card()
    await served.deliver()
    await sign_in(served, browser)
    await browser.post("/desk/take", {"case": "c1"})
    await served.deliver()
    _, shown = await served.chat.since(AGENTS, 0)
    assert len(shown) == 1
    message = shown[0].message
    assert message is not None
    text = message.text()
    assert "004712 · Name of oid-employee" in text
    assert "Taken by: Jonas Lindqvist" in text
    rows = await served.store.read(lambda work: work.find(Line, place=AGENTS.key))
    assert all("/r/" not in repr(row.message) for row in rows)


async def test_a_name_cannot_forge_a_card(served: House) -> None:
    """Markup, new lines and hidden characters of a name stay text, in one line."""
    served.members.changes = {"name": "Eve\n\u202e*Rank: standard*", "office": "<b>HQ</b>"}
    await served.card()
    view = await served.views.one("c1")
    assert view is not None
    message = Message.from_json(served.posts.message(view, served.clock.now()).to_json())
    heading = message.text().splitlines()[0]
    assert heading == "004712 · Eve ⟨U+202E⟩*Rank: standard*"


async def test_an_ended_case_leaves_the_queue(served: House, browser: Browser) -> None:
    """The end of a flow is the end of its card."""
    from bot.service import cards

    await served.card()
    at = served.clock.now()
    await served.store.transact(lambda work: cards.done(work, "c1", at))
    assert await served.views.open() == ()
    await sign_in(served, browser)
    with pytest.raises(Refused) as refused:
        await served.desk.take(await session_of(served, browser), "c1")
    assert refused.value.reason is Reason.REQUEST_ENDED
    assert await served.store.read(lambda work: work.get(Case, "c1")) is not None


async def test_a_board_that_polls_by_itself_does_not_keep_the_desk_awake(
    served: House, browser: Browser
) -> None:
    """An unattended desk falls idle, although its page asks every few seconds."""
    await sign_in(served, browser)
    for _ in range(14):
        served.clock.go(minutes=1)
        assert b'"mark"' in (await browser.ask("GET", "/desk/board")).body
    served.clock.go(minutes=1)
    assert (await browser.ask("GET", "/desk/board")).body == b'{"over": true}'


async def test_a_flow_puts_up_and_takes_down_its_card(served: House) -> None:
    """A handoff wants a person; leaving it, or the end of the case, wants nobody any more."""
    case = await served.card()
    performers = CardPerformers(KEYS)
    at = served.clock.now()
    event = Event(EventId("e1"), "d1", at, CaseId("c1"), Answered("person", 1, "x"))
    hand_off, close = HandOff("person", 3, "desk"), CloseHandOff("person")

    async def do(performer: Any, effect: Any) -> Card:
        await served.store.transact(lambda work: performer(work, case, effect, event, "e1/0"))
        return await card_row(served)

    assert (await do(performers.hand_off, hand_off)).wants == "person"
    assert (await do(performers.close_hand_off, close)).status == "done"
    assert (await do(performers.hand_off, hand_off)).status == "open"
    assert (await do(performers.end, EndCase("resolved"))).status == "done"


async def test_leaving_a_talk_leaves_an_approval_on_its_card(served: House) -> None:
    """Only the card of a handoff goes with it."""
    case = await served.card(wants="approval")
    event = Event(EventId("e1"), "d1", served.clock.now(), CaseId("c1"), Answered("person", 1, "x"))
    performers = CardPerformers(KEYS)
    await served.store.transact(
        lambda work: performers.close_hand_off(work, case, CloseHandOff("person"), event, "e1/0")
    )
    assert (await card_row(served)).status == "open"


async def letters(served: House) -> None:
    """An event whose turn failed and an effect that was given up, of the case with a card."""
    await served.card()
    what = asdict(Chose("start", 0, "gone"))

    def fill(work: UnitOfWork) -> None:
        work.add(event("e1", case_id="c1", status="failed", kind="Chose", body=what, error="ValueError"))
        work.enqueue([job("k1", case_id="c1")])
        work.put(replace(job("k1", case_id="c1"), status="dead", error="timeout", attempts=12))

    await served.store.transact(fill)


async def test_an_agent_tries_again_what_the_machine_gave_up_on(served: House, browser: Browser) -> None:
    """The letter leaves the list, the turn is taken, and who did it is on record; a second press of the
    same button changes nothing."""
    await letters(served)
    await sign_in(served, browser)
    before = await served.desk.mark()
    page = (await browser.get("/desk")).text
    assert all(one in page for one in ("Try again", "Take off the list", "event/e1", "ValueError"))
    for _ in range(2):
        answer = await browser.post("/desk/letter", {"letter": "event/e1", "do": "retry"})
        assert (answer.status, answer.headers["Location"]) == (303, "/desk")
    assert [what for _, what, _ in served.turns.taken] == [Chose("start", 0, "gone")]
    assert (await tags(served)).count("agent:letter:retried") == 1
    assert await served.desk.mark() != before
    assert "event/e1" not in (await browser.get("/desk")).text


async def test_what_fails_again_stays_and_says_so(served: House, browser: Browser) -> None:
    await letters(served)
    await sign_in(served, browser)
    served.turns.fail = True
    answer = await browser.post("/desk/letter", {"letter": "event/e1", "do": "retry"})
    page = (await browser.get(answer.headers["Location"])).text
    assert "It was tried again and failed again" in page
    assert "event/e1" in page


async def test_a_dead_letter_is_taken_off_the_list(served: House, browser: Browser) -> None:
    await letters(served)
    await sign_in(served, browser)
    assert (await browser.post("/desk/letter", {"letter": "effect/k1", "do": "dismiss"})).status == 303
    assert "effect/k1" not in (await browser.get("/desk")).text
    assert "agent:letter:dismissed" in await tags(served)
    assert (await browser.post("/desk/letter", {"letter": "event/e1", "do": "burn"})).status == 400


async def test_dead_letters_are_for_members_of_the_group(served: House, browser: Browser) -> None:
    """Not without a sign-in, and not with the session of somebody who left the group since."""
    await letters(served)
    asked = {"letter": "event/e1", "do": "retry"}
    assert (await browser.post("/desk/letter", asked)).status == 403
    await sign_in(served, browser)
    served.members.members.discard("oid-agent")
    served.clock.go(minutes=6)
    for do in ("retry", "dismiss"):
        assert (await browser.post("/desk/letter", asked | {"do": do})).status == 403
    assert served.turns.taken == []
