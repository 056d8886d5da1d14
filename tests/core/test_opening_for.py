"""A case opened for somebody else: the engine's part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.core.effects import OpenFor, Say, Watch
from bot.core.engine import advance, begin
from bot.core.events import Answered, Commanded, Entered, Event, Happening, Opened
from bot.core.flow import Flow, FlowState, Step
from bot.core.model import CaseId, Command, EventId
from bot.core.tables import Verb

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
FLOW = Flow(
    "for_another",
    "who",
    {
        "who": Step("who", Verb.INPUT, "work_address", {"ok": "come"}),
        "come": Step(
            "come", Verb.WAIT, "claimed", {"ok": "what", "timeout": "over"}, within=timedelta(hours=4)
        ),
        "what": Step("what", Verb.ASK, "", {"lost": "over"}, choices=("lost",)),
        "over": Step("over", Verb.END, "resolved"),
    },
)


def event(what: Happening) -> Event:
    return Event(EventId("e"), "e", AT, CaseId("c"), what)


def named(address: str = "Amara@Keyturn.Example") -> tuple[FlowState, list[object]]:
    state = begin(FLOW, FLOW, event(Opened("for_another", "en"))).state
    turned = advance(FLOW, state, event(Entered("who", state.version, address)))
    return turned.state, list(turned.effects)


def test_naming_somebody_opens_the_case_for_them_and_waits_for_them() -> None:
    state, effects = named()
    assert OpenFor("amara@keyturn.example") in effects
    assert any(isinstance(e, Watch) and e.what == "claimed" for e in effects)
    assert effects.index(OpenFor("amara@keyturn.example")) < next(
        n for n, e in enumerate(effects) if isinstance(e, Say)
    ), "what is said next already knows whose case it is"
    assert state.step == "come"


def test_a_bad_address_opens_nothing() -> None:
    state, effects = named("amara")
    assert state.step == "who"
    assert not any(isinstance(e, OpenFor) for e in effects)


def test_the_opener_cannot_go_back_and_name_somebody_else() -> None:
    """The number may be with the person already."""
    state, _ = named()
    turned = advance(FLOW, state, event(Commanded(Command.BACK)))
    assert turned.state == state


def test_the_talk_goes_on_once_the_person_came() -> None:
    state, _ = named()
    turned = advance(FLOW, state, event(Answered("come", state.version, "ok")))
    assert turned.state.step == "what"
