"""The engine-wide commands, and the person who can be called over any step."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core import effects as fx
from bot.core.events import Answered, TimerFired
from bot.core.model import Command, Reason
from bot.core.run import MOST_MARKS
from bot.core.tables import PERSON_STEP, Verb
from tests.core.talk import MINUTES, PASS, Talk, ask, end, flow, step
from tests.core.test_engine import MODEL, QUESTION, WORLD

# --- commands ---------------------------------------------------------------------------------


def test_back_returns_to_the_last_answer_as_it_was() -> None:
    talk = Talk(QUESTION)
    talk.choose("a")
    effects = talk.command(Command.BACK)
    assert (talk.step, talk.state.slots, talk.state.version) == ("first", {}, 3)
    assert effects[:2] == (fx.CancelTimers("second", 2), fx.Say("main", "first", "text", 3, {}, ("a", "b")))
    talk.command(Command.BACK)
    assert talk.refused == [Reason.NO_WAY_BACK]


def test_back_gives_the_visit_back() -> None:
    """Whoever thinks twice is not punished for it."""
    talk = Talk(flow(ask("q", max_visits=1, on="r", exhausted="x"), ask("r", off="x"), end("x")))
    for _ in range(5):
        talk.choose("on")
        talk.command(Command.BACK)
        assert talk.step == "q"


def test_back_never_brings_a_lost_proof_back() -> None:
    """A proof failed since stays failed, wherever one goes back to."""
    twice = flow(
        step("one", Verb.PROVE, acts=PASS, on={"ok": "q"}),
        ask("q", again="two"),
        step("two", Verb.PROVE, acts=PASS, on={"ok": "q", "fail": "r"}),
        ask("r", x="q"),
    )
    talk = Talk(twice)
    talk.answer("ok")
    talk.choose("again")
    talk.answer("fail")
    talk.command(Command.BACK)
    assert talk.step == "q"
    assert talk.state.proven == frozenset()


def test_a_finished_act_is_a_barrier() -> None:
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    talk.answer("ok")
    talk.answer("partial")
    for command in (Command.BACK, Command.RESTART):
        talk.command(command)
        assert talk.refused == [Reason.NO_WAY_BACK]
        assert talk.step == "register"


def test_leaving_a_request_by_command_withdraws_it() -> None:
    asks = flow(ask("q", go="p"), step("p", Verb.PROVE, acts=PASS, on={"ok": "r"}),
                step("r", Verb.REQUEST, acts=PASS, on={"done": "d"}), end("d"))  # fmt: skip
    talk = Talk(asks)
    talk.choose("go")
    talk.answer("ok")
    effects = talk.command(Command.BACK)
    assert fx.CloseRequest("r") in effects
    assert talk.state.proven == frozenset()


def test_only_so_many_answers_can_be_taken_back() -> None:
    talk = Talk(flow(ask("q", again="q")))
    for _ in range(MOST_MARKS + 5):
        talk.choose("again")
    assert len(talk.state.trail) == MOST_MARKS


def test_cancel_ends_the_case_and_closes_what_is_open() -> None:
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    effects = talk.command(Command.CANCEL)
    assert fx.CloseProof("identity") in effects
    assert effects[-1] == fx.EndCase("cancelled")
    assert talk.state.ended == "cancelled"


def test_restart_begins_anew_without_proof() -> None:
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    version = talk.state.version
    talk.command(Command.RESTART)
    assert talk.told == ["restarted"]
    assert talk.step == "duty"
    assert talk.state.version > version
    assert (talk.state.proven, talk.state.slots) == (frozenset(), {})


def test_help_says_help_and_changes_nothing() -> None:
    talk = Talk(QUESTION)
    before = talk.state
    talk.command(Command.HELP)
    assert (talk.told, talk.state) == (["help"], before)


def test_language_speaks_on_in_it_or_asks_which() -> None:
    talk = Talk(QUESTION)
    assert talk.command(Command.LANGUAGE, "de") == (
        fx.Speak("de"),
        fx.Say("main", "first", "text", 1, {}, ("a", "b")),
    )
    assert talk.command(Command.LANGUAGE) == (fx.Tell("language"),)
    talk.command(Command.PERSON)
    assert talk.command(Command.LANGUAGE, "en") == (fx.Speak("en"),)


def test_resume_shows_the_present_step_again() -> None:
    talk = Talk(QUESTION)
    assert talk.command(Command.RESUME) == (fx.Say("main", "first", "text", 1, {}, ("a", "b")),)
    quiet = Talk(flow(step("look", Verb.LOOK, "today", on={"ok": "look"})))
    assert quiet.command(Command.RESUME) == ()


# --- a person aside ---------------------------------------------------------------------------


def test_a_person_can_be_called_anywhere_and_the_step_keeps_waiting_underneath() -> None:
    talk = Talk(QUESTION)
    effects = talk.command(Command.PERSON)
    assert effects == (
        fx.Tell("person"),
        fx.HandOff(PERSON_STEP, 1, "desk"),
        fx.StartTimer(PERSON_STEP, 1, "timeout", timedelta(hours=24)),
    )
    assert (talk.now.step, talk.now.verb, talk.now.what) == (PERSON_STEP, Verb.HANDOFF, "desk")
    talk.command(Command.PERSON)
    assert talk.told == ["person_waiting"]
    talk.write("hello?", "a")
    assert talk.refused == [Reason.NOT_EXPECTED]


def test_the_steps_own_button_takes_the_flow_up_again() -> None:
    talk = Talk(QUESTION)
    talk.command(Command.PERSON)
    effects = talk.choose("a")
    assert effects[:2] == (fx.CancelTimers(PERSON_STEP, 1), fx.CloseHandOff(PERSON_STEP))
    assert talk.step == "second"
    assert talk.state.aside is None


def test_a_form_takes_the_flow_up_again_even_when_wrong() -> None:
    talk = Talk(MODEL)
    talk.command(Command.PERSON)
    talk.enter("1")
    assert talk.state.aside is None


def test_a_live_check_passed_meanwhile_takes_the_flow_up_again() -> None:
    """The agent who came is the one who checks; nobody should have to press resume."""
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    talk.command(Command.PERSON)
    talk.answer("ok")
    assert talk.state.aside is None
    assert talk.step == "approval"


def test_a_look_answered_meanwhile_does_not_send_the_person_away() -> None:
    talk = Talk(WORLD)
    talk.command(Command.PERSON)
    talk.answer("ok", agents=2)
    assert talk.step == "identity"
    assert talk.now.step == PERSON_STEP


@pytest.mark.parametrize("command", [Command.BACK, Command.RESUME])
def test_back_and_resume_send_the_person_away_and_show_the_step(command: Command) -> None:
    talk = Talk(QUESTION)
    talk.command(Command.PERSON)
    talk.command(command)
    assert talk.state.aside is None
    assert talk.wanted(fx.Say) == [fx.Say("main", "first", "text", 1, {}, ("a", "b"))]


def test_time_does_not_run_while_a_person_is_waited_for() -> None:
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    talk.command(Command.PERSON)
    assert talk.fire("timeout") == (
        fx.StartTimer("identity", talk.state.version, "timeout", 60 * MINUTES, 1),
    )
    assert talk.fire("remind") == ()
    paused = Talk(WORLD)
    paused.answer("ok", agents=0)
    paused.command(Command.PERSON)
    assert paused.fire("until") == (fx.StartTimer("pause", 4, "until", timedelta(hours=2), 1),)


def test_the_agent_closes_or_gives_back_or_nobody_comes() -> None:
    closed = Talk(QUESTION)
    closed.command(Command.PERSON)
    closed.person("closed")
    assert closed.state.ended == "handed_over"
    back = Talk(QUESTION)
    back.command(Command.PERSON)
    back.person("back")
    assert (back.step, back.state.aside, back.state.ended) == ("first", None, "")
    assert back.wanted(fx.CloseHandOff) == []
    late = Talk(QUESTION)
    late.command(Command.PERSON)
    late.happen(TimerFired(PERSON_STEP, 1, "timeout"))
    assert late.told == ["person_untaken"]
    assert late.wanted(fx.CloseHandOff) == [fx.CloseHandOff(PERSON_STEP)]
    assert (late.step, late.state.ended) == ("first", "")
    odd = Talk(QUESTION)
    odd.command(Command.PERSON)
    odd.person("sunrise")
    assert odd.refused == [Reason.NOT_EXPECTED]


def test_calling_twice_is_two_calls_and_the_first_ones_answer_is_late() -> None:
    talk = Talk(QUESTION)
    talk.command(Command.PERSON)
    talk.command(Command.RESUME)
    talk.command(Command.PERSON)
    assert talk.now.version == 2
    assert talk.happen(Answered(PERSON_STEP, 1, "closed")) == ()


def test_cancel_and_restart_send_the_person_away() -> None:
    for command in (Command.CANCEL, Command.RESTART):
        talk = Talk(QUESTION)
        talk.command(Command.PERSON)
        assert fx.CloseHandOff(PERSON_STEP) in talk.command(command)


def test_i_did_not_do_this_reports_closes_and_stops() -> None:
    """Whoever else is at work here gets no further."""
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    talk.answer("ok")
    effects = talk.command(Command.NOT_ME)
    assert fx.Report("case") in effects
    assert fx.CloseRequest("approval") in effects
    assert talk.told == ["reported"]
    assert talk.wanted(fx.HandOff) == [fx.HandOff(PERSON_STEP, 1, "security")]
    assert talk.state.proven == frozenset()
    assert talk.happen(Answered("approval", talk.state.version, "done")) == ()
    for command in (Command.BACK, Command.RESUME, Command.RESTART):
        talk.command(command)
        assert talk.refused == [Reason.NO_WAY_BACK]
    talk.choose("a")
    assert talk.refused == [Reason.STALE]
    talk.command(Command.NOT_ME)
    assert (talk.wanted(fx.Report), talk.told) == ([fx.Report("case")], ["reported"])
    talk.person("back")
    assert talk.state.ended == "handed_over"


def test_nobody_taking_a_report_ends_untaken() -> None:
    talk = Talk(QUESTION)
    talk.command(Command.NOT_ME)
    talk.happen(TimerFired(PERSON_STEP, 1, "timeout"))
    assert talk.state.ended == "untaken"
