"""The desk: the next case, passing on with a note, filters, and what an agent reads of a wait or a void."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records import (
    Attempt,
    Card,
    Case,
    Evidence,
    Execution,
    Intent,
    Request,
    Shift,
    Stretch,
    Thanks,
    Timer,
    Transfer,
    Withdrawal,
)
from bot.ports.store import UnitOfWork
from bot.service import cards
from tests.web.browsing import Browser
from tests.web.house import KEYS, House
from tests.web.test_desk import card_row, session_of, sign_in, tags

ACTS = [
    {"kind": "issue_pass", "method_id": "", "label": "", "shape": "short"},
    {"kind": "remove_method", "method_id": "m1", "label": "Pixel 9", "shape": ""},
]


@pytest.fixture
async def two(served: House, browser: Browser) -> AsyncIterator[tuple[Browser, Browser]]:
    """Jonas and a colleague at their desks, on duty."""
    async with Browser(served.url) as other:
        await sign_in(served, browser)
        await sign_in(served, other, "oid-agent2")
        for agent in (browser, other):
            await agent.post("/desk/shift", {"do": "start"})
        yield browser, other


async def offer_of(served: House, case_id: str = "c1") -> Transfer | None:
    return await served.store.read(lambda work: work.get(Transfer, case_id))


async def offered(served: House, two: tuple[Browser, Browser], note: str = "please") -> None:
    """Jonas has a case and passes it on."""
    await served.card()
    await two[0].post("/desk/take", {"case": "c1"})
    answer = await two[0].post("/desk/offer", {"case": "c1", "to": "oid-agent2", "note": note})
    assert answer.status == 303


async def test_a_case_is_passed_on_with_a_note(served: House, two: tuple[Browser, Browser]) -> None:
    """The colleague sees who and why, accepts, and still sees the note; it goes with the case."""
    jonas, priya = two
    await offered(served, two, "At the Berlin reception.")
    page = (await priya.get("/desk")).text
    assert "Jonas Lindqvist passes this case to you, until 09:05" in page
    assert "At the Berlin reception." in page
    mine = (await jonas.get("/desk?show=mine")).text
    assert "004712" not in mine
    assert "Take back" in (await jonas.get("/desk")).text
    assert (await priya.post("/desk/take", {"case": "c1"})).status == 303
    assert (await card_row(served)).taken_by == "oid-agent2"
    assert "At the Berlin reception." in (await priya.get("/desk")).text
    assert "At the Berlin reception." not in (await jonas.get("/desk")).text
    assert {"agent:case:offered", "agent:case:taken"} <= set(await tags(served))
    at = served.clock.now()
    await served.store.transact(lambda work: cards.done(work, "c1", at))
    assert await offer_of(served) is None


async def test_an_offer_that_nobody_accepts_is_back_in_the_queue(
    served: House, two: tuple[Browser, Browser]
) -> None:
    """After five minutes anybody may take it, also before the timer fires; its place is the old one."""
    await offered(served, two)
    asked = (await card_row(served)).asked_at
    (timer,) = await served.store.read(lambda work: work.find(Timer, kind="take", status="waiting"))
    served.clock.go(minutes=4)
    await served.desk.fire(timer)
    offer = await offer_of(served)
    assert offer is not None
    assert offer.status == "offered"
    async with Browser(served.url) as third:
        served.members.members.add("oid-agent3")
        await sign_in(served, third, "oid-agent3")
        assert (await third.post("/desk/take", {"case": "c1"})).status == 409
        served.clock.go(minutes=1)
        await served.desk.fire(timer)
        offer = await offer_of(served)
        assert offer is not None
        assert offer.status == "lapsed"
        assert "bot:offer:lapsed" in await tags(served)
        assert (await third.post("/desk/take", {"case": "c1"})).status == 303
    card = await card_row(served)
    assert (card.taken_by, card.asked_at) == ("oid-agent3", asked)


@pytest.mark.parametrize("who", [0, 1])
async def test_an_offer_is_declined_or_taken_back(
    served: House, two: tuple[Browser, Browser], who: int
) -> None:
    """By either of the two, and the case is free at once."""
    await offered(served, two)
    await two[who].post("/desk/release", {"case": "c1"})
    offer = await offer_of(served)
    assert offer is not None
    assert offer.status == ("taken_back", "declined")[who]
    assert "Free (1)" in (await two[0].get("/desk")).text


async def test_only_a_colleague_on_duty_is_offered_a_case(
    served: House, two: tuple[Browser, Browser]
) -> None:
    """Not oneself, not whoever went home, not somebody outside the group, not the person in need."""
    jonas, priya = two
    await served.card("c1")
    await served.card("c2", subject="oid-agent2")
    await served.card("c3")
    await priya.post("/desk/take", {"case": "c3"})
    for case, to, status in (
        ("c1", "oid-agent", 409),
        ("c1", "oid-stranger", 403),
        ("c2", "oid-agent2", 409),
        ("c3", "oid-agent2", 409),
        ("c9", "oid-agent2", 409),
    ):
        assert (await jonas.post("/desk/offer", {"case": case, "to": to, "note": ""})).status == status
    await priya.post("/desk/shift", {"do": "end"})
    assert (await jonas.post("/desk/offer", {"case": "c1", "to": "oid-agent2", "note": ""})).status == 409
    assert await offer_of(served) is None


async def test_a_note_holds_no_secret(served: House, two: tuple[Browser, Browser]) -> None:
    """What looks like a code is struck out before it is stored, and shown nowhere."""
    await offered(served, two, "her code is 4711 2345 and\nshe waits <b>there</b>")
    offer = await offer_of(served)
    assert offer is not None
    assert "2345" not in offer.note
    await two[0].post("/desk/offer", {"case": "c1", "to": "oid-agent2", "note": "<b>bold</b> " * 60})
    offer = await offer_of(served)
    assert offer is not None
    assert len(offer.note) <= 300
    page = (await two[1].get("/desk")).text
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold" in page


async def test_the_end_of_a_shift_gives_back_offers_too(served: House, two: tuple[Browser, Browser]) -> None:
    """Nobody waits for somebody who went home."""
    await offered(served, two)
    await two[1].post("/desk/shift", {"do": "end"})
    offer = await offer_of(served)
    assert offer is not None
    assert offer.status == "declined"
    assert "Free (1)" in (await two[0].get("/desk")).text


async def test_next_case_takes_the_most_urgent_and_opens_it(
    served: House, two: tuple[Browser, Browser]
) -> None:
    """An offer first; then by urgency; not one's own account, and no approval of what one checked."""
    jonas, priya = two
    await served.card("c1", subject="oid-agent")
    checked = await served.card("c2", wants="approval")
    await served.card("c3")
    served.clock.go(minutes=1)
    await served.card("c4")
    await served.card("c5")
    at = served.clock.now()
    attempt = Attempt("a2", "c2", "b", at, at + timedelta(hours=1), "open", "n", "DE", "Firefox")
    proof = Evidence("e2", "c2", "a2", checked.subject_oid, "live_check", at, "oid-agent", "t", {}, "")
    await served.store.transact(lambda work: [work.add(attempt), work.add(proof)])
    await priya.post("/desk/take", {"case": "c4"})
    await priya.post("/desk/offer", {"case": "c4", "to": "oid-agent", "note": ""})
    got = [str((await jonas.post("/desk/next", {})).headers["Location"]) for _ in range(4)]
    wanted = [f"/r/{KEYS.handle('review', case)}" for case in ("c4", "c3", "c5")]
    assert got == [*wanted, "/desk?nobody=1"]
    assert "Nobody is waiting for you." in (await jonas.get("/desk?nobody=1")).text
    assert [(await card_row(served, f"c{n}")).taken_by for n in range(1, 6)] == [
        "", "", "oid-agent", "oid-agent", "oid-agent",
    ]  # fmt: skip


async def test_the_list_is_filtered_without_a_script(served: House, two: tuple[Browser, Browser]) -> None:
    """All, free and mine, each with its number, and an empty list says so."""
    for case in ("c1", "c2", "c3"):
        await served.card(case)
    jonas, priya = two
    await priya.post("/desk/take", {"case": "c2"})
    assert "You have no case" in (await jonas.get("/desk?show=mine")).text
    await jonas.post("/desk/take", {"case": "c1"})

    async def shown(show: str) -> list[str]:
        page = (await jonas.get(f"/desk?show={show}")).text
        return re.findall(r'id="case-(\d+)"', page)

    assert await shown("all") == ["004712", "004713", "004714"]
    assert await shown("free") == ["004714"]
    assert await shown("mine") == ["004712"]
    assert await shown("nonsense") == await shown("all")
    answer = await jonas.post("/desk/release?show=mine", {"case": "c1"})
    assert answer.headers["Location"] == "/desk?show=mine#c-c1"


async def test_what_presses_most_stands_first(served: House) -> None:
    """A near deadline goes before a long wait, who is away after who is there, the stopped last."""
    for case in ("c1", "c2", "c3", "c4"):
        await served.card(case)
        served.clock.go(minutes=5)
    at = served.clock.now()

    def fn(work: UnitOfWork) -> None:
        frozen = work.get(Case, "c1")
        assert frozen is not None
        work.put(replace(frozen, status="frozen"))
        until = at + timedelta(hours=1)
        gone = Attempt("a2", "c2", "b", at, until, "open", "n", "DE", "Firefox")
        work.add(replace(gone, answered_at=at - timedelta(minutes=9)))
        soon = at + timedelta(minutes=5)
        work.add(Request("r4", "c4", "a4", "s", "x", 1, ACTS, "standard", "p", [], "t", 1, at, soon, "open"))

    await served.store.transact(fn)
    shown = [view.number for view in await served.views.open()]
    assert shown == ["004715", "004714", "004713", "004712"]


async def test_what_the_checker_held_is_free_once_an_approval_is_asked(served: House) -> None:
    """Who made the check may not approve, so the case does not wait ten minutes for them."""
    case = await served.card()
    at = served.clock.now()
    card = await card_row(served)
    held = replace(card, taken_by="oid-agent", taken_name="Priya", taken_at=at, touched_at=at)
    proof = Evidence("e1", "c1", "a1", "oid-employee", "live_check", at, "oid-agent", "t", {}, "")

    def fn(work: UnitOfWork) -> None:
        work.put(held)
        work.add(proof)
        cards.show(work, KEYS, case, "approval", at)

    await served.store.transact(fn)
    assert (await card_row(served)).taken_by == ""


async def test_waits_are_kept_for_each_thing_waited_for(served: House, browser: Browser) -> None:
    """From asking to taking to the end; what comes next is a wait of its own."""
    case = await served.card()
    await sign_in(served, browser)
    served.clock.go(minutes=3)
    await browser.post("/desk/take", {"case": "c1"})
    served.clock.go(minutes=2)
    at = served.clock.now()
    await served.store.transact(lambda work: cards.show(work, KEYS, case, "approval", at))
    first, second = await served.store.read(lambda work: work.find(Stretch, order="asked_at"))
    assert (first.kind, first.taken_at, first.done_at) == ("live_check", at - timedelta(minutes=2), at)
    assert (second.kind, second.asked_at, second.done_at) == ("approval", at, None)
    await served.store.transact(lambda work: cards.done(work, "c1", at))
    assert await served.store.read(lambda work: work.count(Stretch, done_at=None)) == 0


async def test_an_unknown_outcome_says_what_is_to_be_done(
    served: House, two: tuple[Browser, Browser]
) -> None:
    """What is not known, that it was undone, and the next action: as the case stands now."""
    await served.card()
    at = served.clock.now()
    soon = at + timedelta(minutes=30)
    void = Request(
        "r1", "c1", "a1", "oid-employee", "x", 1, ACTS, "standard", "p", [], "t", 1, at, soon, "ended",
        "void", at,
    )  # fmt: skip

    def fn(work: UnitOfWork) -> None:
        work.add(void)
        work.add(Execution("x1", "r1", "c1", "oid-employee", "oid-agent", "closed", at, at, "void"))
        work.add(Intent("i0", "x1", 0, ACTS[0], at, "void", at))
        work.add(Intent("i1", "x1", 1, ACTS[1], at, "skipped", at))

    await served.store.transact(fn)

    async def said() -> str:
        page = (await two[0].get("/desk")).text
        return page.partition('data-key="voids"')[2].partition('data-key="duty"')[0]

    shown = await said()
    assert "issue a one-time pass" in shown
    assert "not known, undone" in shown
    assert "Pixel 9" in shown
    assert "ask the person to go on" in shown
    assert f'href="/r/{KEYS.handle("review", "c1")}"' in shown
    left = Withdrawal("w1", "c1", "x1", "oid-employee", "", "unknown", at, "open")
    await served.store.transact(lambda work: work.add(left))
    assert "Withdraw it" in await said()
    await served.store.transact(lambda work: work.put(replace(left, status="done")))
    again = replace(void, id="r2", status="open", outcome="", asked_at=at + timedelta(seconds=1))
    await served.store.transact(lambda work: work.add(again))
    assert "a new approval is waiting" in await said()
    await served.store.transact(lambda work: work.put(replace(again, status="ended", outcome="done")))
    assert "Outcome not known" not in await said()


async def test_thanks_stand_on_the_desk_of_whoever_helped(
    served: House, two: tuple[Browser, Browser]
) -> None:
    """With the case number, of the last seven days, and on nobody else's."""
    at = served.clock.now()
    rows = [
        Thanks("c1/oid-agent", "c1", "004712", "oid-agent", at),
        Thanks("c2/oid-agent", "c2", "004713", "oid-agent", at - timedelta(days=8)),
        Thanks("c3/oid-agent2", "c3", "004714", "oid-agent2", at),
    ]
    await served.store.transact(lambda work: [work.add(row) for row in rows])
    board = await served.desk.board(await session_of(served, two[0]))
    assert [one.number for one in board.thanks] == ["004712"]
    assert "1 person thanked you" in (await two[0].get("/desk")).text


async def test_sixty_cases_are_read_in_a_few_questions(served: House, two: tuple[Browser, Browser]) -> None:
    """A long queue asks the database no oftener than a short one, and the directory once for each name."""

    async def questions() -> int:
        seen: list[str] = []
        read = served.store.read

        async def counted(fn):  # type: ignore[no-untyped-def]
            def watched(work):  # type: ignore[no-untyped-def]
                return fn(_Counting(work, seen))

            return await read(watched)

        served.views._store = _Reading(counted)  # type: ignore[assignment]
        await served.views.open()
        return len(seen)

    await served.card("c1")
    few = await questions()
    for n in range(2, 61):
        await served.card(f"c{n}")
    assert await questions() == few
    assert (await two[0].get("/desk")).text.count('class="panel case"') == 60


class _Reading:
    def __init__(self, read) -> None:  # type: ignore[no-untyped-def]
        self.read = read


class _Counting:
    """A unit of work that notes each question."""

    def __init__(self, work, seen: list[str]) -> None:  # type: ignore[no-untyped-def]
        self._work, self._seen = work, seen

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        self._seen.append(name)
        return getattr(self._work, name)


async def test_a_card_that_left_the_queue_is_nobodys_next(served: House, browser: Browser) -> None:
    """Done between the list and the press."""
    await served.card()
    await sign_in(served, browser)
    at = served.clock.now()
    await served.store.transact(lambda work: cards.done(work, "c1", at))
    answer = await browser.post("/desk/next", {})
    assert answer.headers["Location"] == "/desk?nobody=1"
    assert await served.store.read(lambda work: work.count(Shift)) == 0
    assert (await card_row(served)).taken_by == ""
    assert await served.store.read(lambda work: work.count(Card, status="open")) == 0


async def test_nobody_takes_their_own_case(served: House, two: tuple[Browser, Browser]) -> None:
    """An agent who is the subject, or a thief of their session, would keep everybody else from it."""
    await offered(served, two)
    await two[0].post("/desk/release", {"case": "c1"})
    case = await served.store.read(lambda work: work.get(Case, "c1"))
    assert case is not None
    own = replace(case, subject_oid="oid-agent")
    await served.store.transact(lambda work: work.put(own))
    refused = await two[0].post("/desk/take", {"case": "c1"})
    assert refused.status == 409
    assert (await card_row(served)).taken_by == ""
    assert (await two[1].post("/desk/take", {"case": "c1"})).status == 303
