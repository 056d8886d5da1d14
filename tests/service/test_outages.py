"""An outage: shown to everybody, holds requests back, and its end reaches each place once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.audit import Tag
from bot.core.effects import OpenRequest
from bot.core.events import Answered, Event
from bot.core.flow import FlowState
from bot.core.model import ActKind, CaseId, EventId, Reason
from bot.core.records import Case, HeldRequest, Outage, OutageWish, Request, Session, Timer
from bot.errors import Refused
from bot.service.outages import OutageService
from tests.fakes.product import Whole
from tests.web.door import Guest
from tests.web.visiting import serving

HOUR = timedelta(hours=1)


def service(whole: Whole) -> OutageService:
    found = whole.product.timers._handlers["outage"].__self__  # type: ignore[attr-defined]
    assert isinstance(found, OutageService)
    return found


def session(whole: Whole, who: str = "agent") -> Session:
    now = whole.clock.now()
    oid = whole._who(who).oid
    return Session("s", "desk", oid, f"{who}'s name", now, now, now, {})


async def start(whole: Whole, what: str = "sign_in", **more: Any) -> None:
    told: dict[str, Any] = {"span": HOUR, "pauses": True, "texts": {}} | more
    await service(whole).start(session(whole), what, **told)


async def at_request(whole: Whole, person: str = "employee") -> Case:
    """A case whose flow asks approvers now."""
    await whole.press("start:new_phone", person)
    case = await whole.case(person)

    state = FlowState.from_json(case.state)
    effect = OpenRequest(state.step, state.version, (ActKind.ISSUE_PASS,), HOUR)
    event = Event(EventId("e"), "e", whole.clock.now(), CaseId(case.id), Answered("x", 1, "ok"))

    def fn(work: Any) -> None:
        locked = work.case(case.id)
        service(whole).open(work, locked, effect, event, f"e/{case.id}")

    await whole.store.transact(fn)
    await whole.settle()
    return case


async def texts(whole: Whole, person: str = "employee") -> str:
    return "\n".join(message.text() for message in await whole.shown(person))


async def test_a_talk_begins_with_what_is_broken_and_one_press_asks_for_its_end(whole: Whole) -> None:
    await start(whole)
    await whole.press("start:new_phone")
    assert "Signing in to work accounts has trouble" in await texts(whole)
    wish = await whole.button("fixed:" + (await service(whole).now()).id)  # type: ignore[union-attr]
    await whole.press(wish)
    await whole.press(wish)
    assert len(await whole.rows(OutageWish)) == 1
    await service(whole).end(session(whole), (await service(whole).now()).id)  # type: ignore[union-attr]
    await whole.settle()
    assert (await texts(whole)).count("It is fixed.") == 1
    assert await whole.rows(OutageWish) == []
    await whole.press(wish)
    assert "It is fixed already" in (await whole.last()).text()


async def test_the_banners_button_works_on_a_page_that_refused_something(whole: Whole) -> None:
    """That page's own address is the refused form's."""
    await start(whole)
    async with serving(whole), Guest(whole) as guest:
        path = await guest.opens()
        refused = await guest.post(f"{path}/code", {"code": "nothing"})
        assert refused.status >= 400
        assert f'action="{path}/fixed"' in refused.text


async def test_without_an_outage_nothing_is_said_and_nothing_held(whole: Whole) -> None:
    await at_request(whole)
    assert "fixed" not in await texts(whole)
    assert await whole.rows(HeldRequest) == []


async def test_a_request_waits_and_opens_by_itself_when_it_is_over(whole: Whole, monkeypatch: Any) -> None:
    """Nobody is reminded of it meanwhile, no time of it runs, and its person hears of the end unasked."""
    asked: list[str] = []
    monkeypatch.setattr(
        service(whole), "_opens", lambda work, case, effect, event, key: asked.append(key) or ()
    )
    await start(whole)
    case = await at_request(whole)
    assert asked == []
    assert await whole.rows(Request) == []
    assert "So your case waits" in await texts(whole)
    whole.clock.go(minutes=59)
    await whole.product.timers.fire_due()
    assert asked == []
    whole.clock.go(minutes=1)
    await whole.product.timers.fire_due()
    await whole.settle()
    assert len(asked) == 1
    assert case.id in asked[0]
    assert (await texts(whole)).count("It is fixed.") == 1
    assert await whole.rows(HeldRequest) == []
    await whole.product.timers.fire_due()
    assert len(asked) == 1


async def test_a_flow_of_another_replica_keeps_nobody_waiting(whole: Whole) -> None:
    """The replica that ends the outage learns the version first; one case would else hold back all."""
    await start(whole)
    case = await at_request(whole)
    known = whole.product.published._versions
    forgotten = known.pop(case.flow_hash)
    assert await whole.rows(HeldRequest)
    (outage,) = await whole.rows(Outage)
    await service(whole).end(session(whole), outage.id)
    assert await whole.rows(HeldRequest) == []
    assert known[case.flow_hash].hash == forgotten.hash


async def test_a_request_whose_step_was_left_opens_for_nobody(whole: Whole, monkeypatch: Any) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        service(whole), "_opens", lambda work, case, effect, event, key: asked.append(key) or ()
    )
    await start(whole)
    await at_request(whole)
    await whole.press(await whole.button(":gone"))
    whole.clock.go(hours=1)
    await whole.product.timers.fire_due()
    assert asked == []


async def test_an_outage_that_does_not_pause_only_informs(whole: Whole) -> None:
    await start(whole, pauses=False)
    await at_request(whole)
    assert await whole.rows(HeldRequest) == []
    assert "has trouble just now" in await texts(whole)


async def test_own_words_are_needed_in_every_language_and_stay_words(whole: Whole) -> None:
    """No markup of an agent's becomes markup of ours."""
    for bad in ({}, {"en": "Printers are down"}, {"en": "x", "de": "  "}):
        with pytest.raises(Refused) as refused:
            await start(whole, "other", texts=bad)
        assert refused.value.reason is Reason.BAD_FORM
    await start(whole, "other", texts={"en": "**Mail** [is](slow) slow", "de": "Mail ist langsam"})
    await whole.press("start:new_phone")
    shown = next(m for m in await whole.shown() if "slow" in m.text())
    assert "**Mail** [is](slow) slow" in shown.text()


@pytest.mark.parametrize(
    "lure", ["Sign in at https://evil.example", "see evil.example/help", "ask a@evil.example"]
)
async def test_own_words_lead_nowhere(whole: Whole, lure: str) -> None:
    """Every page shows them, and every chat that begins: a stolen desk session sends nobody anywhere."""
    for texts in ({"en": lure, "de": "Mail ist langsam"}, {"en": "Mail is slow", "de": lure}):
        with pytest.raises(Refused) as refused:
            await start(whole, "other", texts=texts)
        assert refused.value.reason is Reason.TALK_LINK
    assert await whole.rows(Outage) == []


@pytest.mark.parametrize(("what", "minutes"), [("lunch", 60), ("sign_in", 721), ("sign_in", 1), ("", 60)])
async def test_the_kinds_are_closed_and_twelve_hours_are_the_most(
    whole: Whole, what: str, minutes: int
) -> None:
    with pytest.raises(Refused):
        await start(whole, what, span=timedelta(minutes=minutes))
    assert await whole.rows(Outage) == []


async def test_one_at_a_time(whole: Whole) -> None:
    await start(whole)
    with pytest.raises(Refused) as refused:
        await start(whole, "directory")
    assert refused.value.reason is Reason.DECIDED_ALREADY


async def test_prolonged_it_ends_later(whole: Whole) -> None:
    """The first time set means nothing any more."""
    await start(whole)
    [row] = await whole.rows(Outage)
    whole.clock.go(minutes=30)
    await service(whole).extend(session(whole), row.id, span=2 * HOUR)
    whole.clock.go(minutes=31)
    await whole.product.timers.fire_due()
    assert await service(whole).now() is not None
    whole.clock.go(minutes=90)
    assert await service(whole).now() is None
    await whole.product.timers.fire_due()
    [row] = await whole.rows(Outage)
    assert (row.ended_at, row.ended_by) == (whole.clock.now(), "")


async def test_only_an_agent_may(whole: Whole) -> None:
    with pytest.raises(Refused) as refused:
        await service(whole).start(session(whole, "employee"), "sign_in", span=HOUR, pauses=True, texts={})
    assert refused.value.reason is Reason.NOT_AN_AGENT
    await start(whole)
    [row] = await whole.rows(Outage)
    with pytest.raises(Refused):
        await service(whole).end(session(whole, "employee"), row.id)


async def test_what_agents_do_is_in_the_log(whole: Whole) -> None:
    await start(whole)
    [row] = await whole.rows(Outage)
    await service(whole).extend(session(whole), row.id, span=HOUR)
    await service(whole).end(session(whole), row.id)
    with pytest.raises(Refused):
        await service(whole).end(session(whole), row.id)
    tags = [tag for tag in await whole.tags() if "outage" in tag]
    assert sorted(tags) == sorted([Tag.OUTAGE_STARTED, Tag.OUTAGE_EXTENDED, Tag.OUTAGE_ENDED])


async def test_reminders_of_a_step_are_not_given_while_its_request_waits(whole: Whole) -> None:
    fired: list[str] = []

    async def fire(timer: Any) -> None:
        fired.append(timer.body["name"])

    await start(whole)
    case = await at_request(whole)
    [held] = await whole.rows(HeldRequest)
    quiet = service(whole).quiet(fire)

    body = {"step": held.step, "version": held.version, "number": 0}
    for name in ("remind", "timeout"):
        await quiet(Timer("k", "step", case.id, whole.clock.now(), {**body, "name": name}))
    await quiet(
        replace(Timer("k", "step", case.id, whole.clock.now(), {**body, "name": "remind", "version": 99}))
    )
    assert fired == ["timeout", "remind"]
