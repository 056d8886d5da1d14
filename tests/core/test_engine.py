"""The engine's table: each event at each kind of step, and what it leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core import effects as fx
from bot.core.engine import Turn, advance, awaiting, begin, opening
from bot.core.events import Answered, Chose, Commanded, Entered, Opened, TimerFired, Wrote
from bot.core.expressions import parse
from bot.core.flow import Branch, Flow, FlowSet, FlowState
from bot.core.model import Command, PassShape, Reason
from bot.core.run import MOST_CALLS
from bot.core.tables import PERSON_STEP, Verb
from tests.core.talk import MINUTES, PASS, Talk, ask, end, event, flow, step

QUESTION = flow(
    ask("first", a="second", b="done", timeout="late"), ask("second", c="done"), end("done"), end("late")
)


def test_a_flow_begins_at_its_start_and_asks() -> None:
    """The first turn says the first question with its buttons and starts its clock."""
    talk = Talk(QUESTION)
    assert talk.turn.effects == (
        fx.Say("main", "first", "text", 1, {}, ("a", "b")),
        fx.StartTimer("first", 1, "timeout", 20 * MINUTES),
    )
    assert (talk.now.step, talk.now.verb, talk.now.choices) == ("first", Verb.ASK, ("a", "b"))


def test_begin_is_the_opened_event() -> None:
    """Both ways into a flow are the same turn, with one flow or with a set."""
    opened = event(Opened("main", "en"))
    assert begin(QUESTION, QUESTION, opened) == advance(FlowSet.of(QUESTION), opening(QUESTION), opened)


def test_a_choice_leads_on_and_is_kept_under_its_step() -> None:
    talk = Talk(QUESTION)
    effects = talk.choose("a")
    assert talk.step == "second"
    assert talk.state.slots == {"first": "a"}
    assert effects[0] == fx.CancelTimers("first", 1)
    assert talk.wanted(fx.Say) == [fx.Say("main", "second", "text", 2, {"first": "a"}, ("c",))]


def test_typed_text_that_matches_a_choice_is_that_choice() -> None:
    talk = Talk(QUESTION)
    talk.write(matched="a")
    assert talk.step == "second"


def test_an_old_button_is_refused_and_changes_nothing() -> None:
    """People press buttons of yesterday every day."""
    talk = Talk(QUESTION)
    talk.choose("a")
    before = talk.state
    for old in (Chose("first", 1, "b"), Chose("second", 1, "c"), Entered("first", 1, "b")):
        talk.happen(old)
        assert talk.refused == [Reason.STALE]
        assert talk.state == before


@pytest.mark.parametrize(
    "what",
    [
        Chose("first", 1, "nothing"),
        Entered("first", 1, "a"),
        Wrote("hello"),
        Wrote("", "c"),
        Wrote(),
        Opened("main", "en"),
        Answered("first", 1, "a"),
    ],
)
def test_what_a_question_does_not_expect_is_refused(what: object) -> None:
    talk = Talk(QUESTION)
    before = talk.state
    talk.happen(what)  # type: ignore[arg-type]
    assert talk.refused == [Reason.NOT_EXPECTED]
    assert talk.state == before


def test_nothing_happens_before_the_flow_is_opened() -> None:
    state = opening(QUESTION)
    assert advance(QUESTION, state, event(Chose("first", 0, "a"))) == Turn(
        state, (fx.Refuse(Reason.NOT_EXPECTED),)
    )
    assert advance(QUESTION, state, event(TimerFired("first", 0, "timeout"))) == Turn(state)
    assert awaiting(QUESTION, state) is None


def test_late_answers_and_timers_pass_in_silence() -> None:
    """Nobody pressed anything, so nobody is told anything."""
    talk = Talk(QUESTION)
    talk.choose("a")
    before = talk.state
    for late in (
        TimerFired("first", 1, "timeout"),
        Answered("first", 1, "ok"),
        TimerFired(PERSON_STEP, 1, "timeout"),
    ):
        assert talk.happen(late) == ()
        assert talk.state == before


def test_silence_takes_the_timeout() -> None:
    talk = Talk(QUESTION)
    talk.fire("timeout")
    assert talk.state.ended == "late"
    assert "first" not in talk.state.slots


def test_an_unknown_timer_does_nothing() -> None:
    talk = Talk(QUESTION)
    assert talk.fire("sunrise") == ()


def test_an_ended_case_stays_ended() -> None:
    """Terminal states are final; only people are told so."""
    talk = Talk(QUESTION)
    talk.choose("b")
    assert talk.state.ended == "done"
    assert talk.wanted(fx.EndCase) == [fx.EndCase("done")]
    assert awaiting(talk.flows, talk.state) is None
    over = talk.state
    for what in (Chose("done", 2, "a"), Wrote("x"), Commanded(Command.BACK), Opened("main", "en")):
        talk.happen(what)
        assert talk.refused == [Reason.FLOW_ENDED]
    for what in (TimerFired("done", 2, "timeout"), Answered("done", 2, "ok")):
        assert talk.happen(what) == ()
    assert talk.state == over


# --- input ------------------------------------------------------------------------------------

MODEL = flow(
    step(
        "model",
        Verb.INPUT,
        "phone_model",
        on={"ok": "done", "exhausted": "help"},
        max_visits=2,
        within=9 * MINUTES,
    ),
    end("done"),
    end("help"),
)


def test_valid_input_is_kept() -> None:
    talk = Talk(MODEL)
    assert talk.now.input == "phone_model"
    assert talk.turn.effects[0] == fx.Say("main", "model", "text", 1, {}, (), "phone_model")
    talk.enter("  iPhone   17 ")
    assert talk.state.slots == {"model": "iPhone 17"}
    assert talk.state.ended == "done"


def test_typed_text_is_input_too() -> None:
    talk = Talk(MODEL)
    talk.write("Pixel 10")
    assert talk.state.ended == "done"


def test_wrong_input_is_asked_again_with_the_reason_until_it_is_enough() -> None:
    """The same question stays open, so the form on the screen keeps working."""
    talk = Talk(MODEL)
    talk.enter("17")
    assert talk.told == ["invalid_model"]
    assert talk.wanted(fx.Say) == [fx.Say("main", "model", "text", 1, {}, (), "phone_model")]
    assert talk.state.version == 1
    talk.enter("")
    assert talk.state.ended == "help"
    assert talk.told == []


def test_the_authors_own_words_for_wrong_input_are_used() -> None:
    model = replace(MODEL.steps["model"], parts=frozenset({"text", "invalid"}), max_visits=0)
    talk = Talk(replace(MODEL, steps={**MODEL.steps, "model": model}))
    for _ in range(5):
        talk.enter("17")
    assert talk.wanted(fx.Say)[0].part == "invalid"  # type: ignore[union-attr]


def test_a_choice_at_an_input_is_not_expected() -> None:
    talk = Talk(MODEL)
    talk.choose("ok")
    assert talk.refused == [Reason.NOT_EXPECTED]


# --- the world --------------------------------------------------------------------------------

DUTY = {"ok": "choose", "closed": "done", "error": "done"}
WORLD = flow(
    step("duty", Verb.LOOK, "duty", on=DUTY, parts=frozenset({"text", "closed"})),
    step(
        "choose",
        Verb.SWITCH,
        branches=(Branch(parse("duty.agents > 1"), "identity"), Branch(None, "hello")),
    ),
    step("hello", Verb.SAY, on={"ok": "pause"}),
    step("pause", Verb.WAIT, span=timedelta(hours=2), on={"ok": "register"}),
    step(
        "identity",
        Verb.PROVE,
        acts=PASS,
        within=60 * MINUTES,
        remind=(10 * MINUTES, 20 * MINUTES),
        on={"ok": "approval", "fail": "desk", "timeout": "desk"},
        parts=frozenset({"text", "ok", "remind"}),
    ),
    step(
        "approval",
        Verb.REQUEST,
        acts=PASS,
        within=30 * MINUTES,
        on={"done": "register", "denied": "desk", "void": "approval", "partial": "register"},
    ),
    step(
        "register",
        Verb.WAIT,
        "method_registered",
        within=60 * MINUTES,
        on={"ok": "finished", "timeout": "desk"},
    ),
    step(
        "finished",
        Verb.WAIT,
        "person_done",
        choices=("ok",),
        within=9 * MINUTES,
        on={"ok": "done", "timeout": "done"},
    ),
    step(
        "desk",
        Verb.HANDOFF,
        "desk",
        within=30 * MINUTES,
        on={"closed": "done", "back": "duty", "untaken": "done"},
    ),
    end("done"),
)


def test_a_look_waits_for_its_answer_and_keeps_only_its_fields() -> None:
    talk = Talk(WORLD)
    assert talk.wanted(fx.Look) == [fx.Look("duty", 1, "duty")]
    assert talk.now.verb is Verb.LOOK
    talk.answer("ok", agents=2, password="hunter2")
    assert talk.state.slots["duty"] == {"outcome": "ok", "agents": 2}
    assert talk.step == "identity"


def test_an_outcome_with_words_says_them_on_the_way_out() -> None:
    talk = Talk(WORLD)
    talk.answer("closed")
    assert talk.wanted(fx.Say) == [fx.Say("main", "duty", "closed", 1, {"duty": {"outcome": "closed"}})]


def test_a_switch_takes_the_first_branch_that_holds_and_say_goes_on_at_once() -> None:
    talk = Talk(WORLD)
    talk.answer("ok", agents=1)
    assert [(one.step, one.outcome) for one in talk.turn.passed] == [
        ("duty", "ok"),
        ("choose", "else"),
        ("hello", "ok"),
    ]
    assert talk.step == "pause"


def test_a_timed_wait_ends_by_its_own_timer_and_by_nothing_else() -> None:
    talk = Talk(WORLD)
    talk.answer("ok", agents=0)
    assert talk.wanted(fx.StartTimer) == [fx.StartTimer("pause", 4, "until", timedelta(hours=2))]
    talk.answer("ok")
    assert talk.refused == [Reason.NOT_EXPECTED]
    talk.fire("timeout")
    assert talk.step == "pause"
    talk.fire("until")
    assert talk.step == "register"
    assert talk.wanted(fx.Watch) == [fx.Watch("register", 5, "method_registered")]


def test_a_proof_is_opened_reminded_and_closed() -> None:
    talk = Talk(WORLD)
    effects = talk.answer("ok", agents=2)
    version = talk.state.version
    assert fx.OpenProof("identity", version, PASS) in effects
    assert [one.name for one in talk.wanted(fx.StartTimer)] == ["timeout", "remind", "remind"]  # type: ignore[union-attr]
    assert talk.wanted(fx.Say)[-1].link == "case"  # type: ignore[union-attr]
    talk.fire("remind", 1)
    assert talk.wanted(fx.Say)[0].part == "remind"  # type: ignore[union-attr]
    effects = talk.answer("ok")
    assert fx.CloseProof("identity") in effects
    assert fx.CancelTimers("identity", version) in effects
    assert [one.part for one in talk.wanted(fx.Say)] == ["ok", "text"]  # type: ignore[union-attr]


def test_a_proven_request_is_opened_and_has_no_timeout_of_its_own() -> None:
    """Expiry belongs to the request, which knows whether an approver is signing just now."""
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    effects = talk.answer("ok")
    assert fx.OpenRequest("approval", talk.state.version, PASS, 30 * MINUTES) in effects
    assert talk.wanted(fx.StartTimer) == []
    assert talk.fire("timeout") == ()
    talk.answer("done")
    assert talk.wanted(fx.CloseRequest) == []
    assert talk.step == "register"
    assert talk.wanted(fx.Say)[-1].link == "case"  # type: ignore[union-attr]


def test_a_request_asks_for_the_shape_of_pass_its_step_says() -> None:
    """Short unless the flow says day."""
    for shape in PassShape:
        drawn = step("approval", Verb.REQUEST, acts=PASS, shape=shape, on={"done": "done"})
        talk = Talk(flow(step("identity", Verb.PROVE, acts=PASS, on={"ok": "approval"}), drawn, end("done")))
        talk.answer("ok")
        assert [one.shape for one in talk.wanted(fx.OpenRequest)] == [shape]  # type: ignore[union-attr]


def test_an_unproven_request_asks_nobody_and_calls_a_person() -> None:
    """Whatever the linter said before: the engine checks the same rule at run time."""
    talk = Talk(flow(step("approval", Verb.REQUEST, acts=PASS, on={"done": "done"}), end("done")))
    assert talk.wanted(fx.OpenRequest) == []
    assert talk.told == ["unproven"]
    assert talk.wanted(fx.HandOff) == [fx.HandOff(PERSON_STEP, 1, "desk")]
    assert talk.happen(Answered("approval", 1, "done")) == ()
    talk.command(Command.RESUME)
    assert talk.refused == [Reason.NO_WAY_BACK]


def test_a_request_without_acts_asks_nobody() -> None:
    talk = Talk(flow(step("approval", Verb.REQUEST, on={"done": "done"}), end("done")))
    assert talk.wanted(fx.OpenRequest) == []


def test_a_void_request_may_be_asked_again_on_the_same_evidence() -> None:
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    talk.answer("ok")
    talk.answer("void")
    assert talk.step == "approval"
    assert len(talk.wanted(fx.OpenRequest)) == 1


def test_an_outcome_the_verb_does_not_have_is_refused() -> None:
    talk = Talk(WORLD)
    for outcome in ("sunrise", "exhausted"):
        talk.answer(outcome)
        assert talk.refused == [Reason.NOT_EXPECTED]


def test_an_outcome_nobody_drew_calls_a_person() -> None:
    """An older flow may meet a newer world."""
    talk = Talk(WORLD)
    talk.answer("unknown")
    assert talk.told == ["person"]
    assert talk.now.step == PERSON_STEP


def test_the_person_says_when_they_are_done() -> None:
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    talk.answer("ok")
    talk.answer("done")
    talk.answer("ok")
    assert talk.step == "finished"
    assert talk.now.choices == ("ok",)
    talk.choose("ok")
    assert talk.state.ended == "done"
    assert talk.state.slots["finished"] == {"outcome": "ok"}


def test_a_drawn_handoff_ends_as_the_agent_says_or_untaken_by_time() -> None:
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    talk.answer("fail")
    assert talk.wanted(fx.HandOff) == [fx.HandOff("desk", talk.state.version, "desk")]
    talk.command(Command.PERSON)
    assert talk.told == ["person_waiting"]
    talk.fire("timeout")
    assert talk.wanted(fx.CloseHandOff) == [fx.CloseHandOff("desk")]
    assert talk.state.ended == "done"
    again = Talk(WORLD)
    again.answer("ok", agents=2)
    again.answer("fail")
    again.answer("back")
    assert again.step == "duty"
    assert again.wanted(fx.CloseHandOff) == []


def test_a_timeout_of_the_world_is_kept_as_its_outcome() -> None:
    talk = Talk(WORLD)
    talk.answer("ok", agents=2)
    talk.fire("timeout")
    assert talk.state.slots["identity"] == {"outcome": "timeout"}
    assert talk.step == "desk"


def test_a_rank_not_drawn_leaves_through_ok() -> None:
    ranks = flow(
        step("rank", Verb.LOOK, "rank", on={"ok": "easy", "privileged": "hard"}), end("easy"), end("hard")
    )
    talk = Talk(ranks)
    talk.answer("sensitive")
    assert talk.state.ended == "easy"
    talk = Talk(ranks)
    talk.answer("privileged")
    assert talk.state.ended == "hard"


def test_a_look_that_is_in_no_table_keeps_no_fields() -> None:
    talk = Talk(flow(step("odd", Verb.LOOK, "odd", on={"ok": "done"}), end("done")))
    talk.answer("ok", secret="x")
    assert talk.state.slots["odd"] == {"outcome": "ok"}


# --- visits, loops, broken flows --------------------------------------------------------------


def test_a_step_entered_too_often_leaves_exhausted() -> None:
    loop = flow(ask("again", max_visits=2, yes="again", exhausted="person"), end("person"))
    talk = Talk(loop)
    talk.choose("yes")
    assert talk.step == "again"
    talk.choose("yes")
    assert talk.state.ended == "person"


def test_a_loop_that_waits_for_nobody_ends_with_a_person() -> None:
    loop = flow(step("a", Verb.SAY, on={"ok": "b"}), step("b", Verb.SAY, on={"ok": "a"}))
    talk = Talk(loop)
    assert talk.told == ["person"]
    assert talk.state.aside is not None
    assert talk.state.aside.why == "loop"


def test_a_switch_without_a_branch_that_holds_calls_a_person() -> None:
    talk = Talk(flow(step("pick", Verb.SWITCH, branches=(Branch(parse("x == 1"), "pick"),))))
    assert talk.state.aside is not None
    assert talk.state.aside.why == "undrawn"


@pytest.mark.parametrize(
    "broken",
    [
        flow(step("a", Verb.SAY, on={"ok": "nowhere"})),
        flow(step("a", Verb.CALL, "nothing", on={})),
        Flow("main", "nowhere", {}),
    ],
)
def test_a_broken_flow_calls_a_person_instead_of_raising(broken: Flow) -> None:
    talk = Talk(broken)
    assert talk.state.aside is not None
    assert talk.state.aside.why == "broken"


def test_a_step_that_vanished_from_its_flow_answers_everything() -> None:
    """A state that does not fit its flow is no reason to raise."""
    talk = Talk(QUESTION)
    talk.flows = FlowSet.of(flow(end("other")))
    assert awaiting(talk.flows, talk.state) is None
    for what in (
        Chose("first", 1, "a"),
        Entered("first", 1, "a"),
        Wrote("x", "a"),
        Answered("first", 1, "ok"),
        TimerFired("first", 1, "timeout"),
        Commanded(Command.RESUME),
    ):
        talk.happen(what)
        assert talk.step == "first"
    talk.command(Command.NOT_ME)
    talk.person("back")
    assert talk.state.ended == "handed_over"


def test_going_back_into_a_flow_that_vanished_shows_nothing() -> None:
    talk = Talk(QUESTION)
    talk.choose("a")
    talk.flows = FlowSet.of(flow(end("other"), name="elsewhere"))
    assert talk.command(Command.BACK) == ()
    talk.command(Command.RESTART)
    assert talk.state.ended == "other"
    lost = Talk(QUESTION)
    lost.flows = FlowSet("main", {})
    lost.command(Command.RESTART)
    assert lost.state.aside is not None
    assert lost.state.aside.why == "broken"


# --- subflows ---------------------------------------------------------------------------------

CALLEE = flow(
    ask("which", here="helped", there="not_helped"), end("helped"), end("not_helped"), name="callee"
)
CALLER = flow(
    ask("first", go="callee"),
    step(
        "callee",
        Verb.CALL,
        "callee",
        on={"helped": "done", "not_helped": "desk"},
        parts=frozenset({"helped"}),
    ),
    ask("desk", yes="done"),
    end("done"),
)


def test_a_subflow_has_its_own_slots_and_its_end_is_the_outcome() -> None:
    talk = Talk(CALLER, CALLEE)
    talk.choose("go")
    assert (talk.state.flow, talk.step) == ("callee", "which")
    assert talk.state.slots == {}
    talk.choose("there")
    assert (talk.state.flow, talk.step) == ("main", "desk")
    assert talk.state.slots == {"first": "go", "callee": {"outcome": "not_helped"}}
    assert talk.state.ended == ""


def test_the_callers_words_about_the_end_are_said() -> None:
    talk = Talk(CALLER, CALLEE)
    talk.choose("go")
    talk.choose("here")
    assert [(one.step, one.part) for one in talk.wanted(fx.Say)] == [("callee", "helped")]  # type: ignore[union-attr]
    assert talk.state.ended == "done"


def test_flows_that_call_each_other_stop_somewhere() -> None:
    a = flow(step("x", Verb.CALL, "b", on={}), name="a")
    b = flow(step("x", Verb.CALL, "a", on={}), name="b")
    talk = Talk(a, b)
    assert len(talk.state.calls) == MOST_CALLS
    assert talk.state.aside is not None


def test_a_subflow_whose_caller_vanished_calls_a_person() -> None:
    talk = Talk(CALLER, CALLEE)
    talk.choose("go")
    talk.flows = FlowSet("callee", {"callee": CALLEE})
    talk.choose("here")
    assert talk.state.aside is not None
    assert talk.state.aside.why == "broken"


def test_restart_in_a_subflow_begins_the_main_flow() -> None:
    talk = Talk(CALLER, CALLEE)
    talk.choose("go")
    talk.command(Command.RESTART)
    assert (talk.state.flow, talk.step, talk.state.calls) == ("main", "first", ())


def test_back_leaves_a_subflow_again() -> None:
    talk = Talk(CALLER, CALLEE)
    talk.choose("go")
    talk.command(Command.BACK)
    assert (talk.state.flow, talk.step, talk.state.calls) == ("main", "first", ())


def test_state_survives_json_with_everything_in_it() -> None:
    """What a case is pinned to must be the same after a restart."""
    talk = Talk(CALLER, CALLEE)
    talk.choose("go")
    talk.command(Command.PERSON)
    full = replace(talk.state, proven=frozenset(PASS), acted=True)
    assert FlowState.from_json(full.to_json()) == full
    assert FlowState.from_json({"flow": "f", "step": "s", "version": 3}) == FlowState("f", "s", 3)
