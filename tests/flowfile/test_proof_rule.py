"""S: no request without its proof, on any path; and the linter agrees with the engine."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import HealthCheck, assume, given, settings

from bot.core.engine import advance, opening
from bot.core.events import Answered, Chose, Entered, Happening, Opened, TimerFired
from bot.core.flow import FlowSet, FlowState
from bot.core.outcomes import outcomes
from bot.core.tables import Verb
from bot.flowfile.book import Book
from bot.flowfile.parse import FlowFile
from bot.flowfile.reader import Document, Positions
from bot.flowfile.rules import proof
from tests.core.random_flows import flow_sets
from tests.core.talk import event
from tests.flowfile.desk import findings, flow, rules

DRAWN = "on: {done: over, denied: over, expired: over, void: over, partial: over}"
PROVEN = (
    f"p: {{prove: [issue_pass], on: {{ok: r, working_method: over}}}}\nr: {{request: [issue_pass], {DRAWN}}}"
)


def unproven(steps: str, **more: str) -> list[tuple[str, ...]]:
    """The paths of every S001."""
    return [one.path for one in findings(flow(steps), **more) if one.rule == "S001"]


def test_a_request_after_its_proof_is_good() -> None:
    assert rules(flow(PROVEN)) == []


@pytest.mark.parametrize("outcome", ["fail", "timeout", "refused", "working_method"])
def test_only_ok_leads_to_a_request(outcome: str) -> None:
    """Each other edge of the prove step led to the request, one after the other."""
    bad = PROVEN.replace(
        "working_method: over",
        f"{outcome}: r" + (", working_method: over" if outcome != "working_method" else ""),
    )
    assert unproven(bad) == [("p", "r")]


@pytest.mark.parametrize("taken", ["remove_method", "reset_methods"])
def test_a_day_pass_takes_nothing_away(taken: str) -> None:
    """Whoever left the phone at home comes back to it in the evening."""
    day = PROVEN.replace("{request: [issue_pass],", "{request: [issue_pass], shape: day,")
    assert rules(flow(day)) == []
    both = day.replace("[issue_pass]", f"[issue_pass, {taken}]")
    (found,) = findings(flow(both))
    assert (found.rule, found.path) == ("S002", ("r",))
    assert taken in found.message
    assert rules(flow(both.replace("shape: day", "shape: short"))) == []


def test_a_request_nobody_proves_is_found_with_its_path() -> None:
    steps = f"q: {{ask: [quick, safe], on: {{quick: r, safe: p}}}}\n{PROVEN}"
    (found,) = findings(flow(steps))
    assert (found.rule, found.path) == ("S001", ("q", "r"))
    assert "q > r" in found.message
    assert (found.line, found.column) == (7, 16)


def test_a_proof_of_other_acts_does_not_count() -> None:
    bad = PROVEN.replace("r: {request: [issue_pass]", "r: {request: [issue_pass, remove_method]")
    assert unproven(bad) == [("p", "r")]
    assert unproven(bad.replace("prove: [issue_pass]", "prove: [issue_pass, remove_method]")) == []


def test_two_alternative_proofs_that_join_are_good() -> None:
    """Plain dominators would raise a false alarm here."""
    steps = """
    q: {ask: [here, there], on: {here: p, there: p2}}
    p2: {prove: [issue_pass], on: {ok: r, working_method: over}}
    """
    assert unproven(flow_of(steps)) == []


def flow_of(steps: str) -> str:
    from textwrap import dedent

    return dedent(steps).strip() + "\n" + PROVEN


@pytest.mark.parametrize(
    ("between", "found"),
    [
        ("m: {say: true, on: {ok: r}}", False),
        ("m: {ask: [x], on: {x: r}}", False),
        ("m: {ask: [x], within: 2h, on: {x: r}}", True),
        ("m: {wait: 2h, on: {ok: r}}", True),
        ("m: {wait: 30m, on: {ok: r}}", False),
        ("m: {wait: pass_used, within: 60m, on: {ok: r}}", False),
        ("m: {wait: pass_used, within: 61m, on: {ok: r}}", True),
        ("m: {handoff: desk, within: 1d, on: {closed: over, back: r, untaken: over}}", True),
        ("m: {prove: [issue_pass], on: {ok: r, working_method: over, fail: r}}", True),
        ("m: {prove: [remove_method], on: {ok: r, working_method: over, fail: r}}", False),
        (f"m: {{request: [issue_pass], {DRAWN.replace('done: over', 'done: r')}}}", True),
        (f"m: {{request: [issue_pass], {DRAWN.replace('denied: over', 'denied: r')}}}", True),
        (f"m: {{request: [issue_pass], {DRAWN.replace('expired: over', 'expired: r')}}}", True),
        (f"m: {{request: [issue_pass], {DRAWN.replace('void: over', 'void: r')}}}", False),
        (f"m: {{request: [issue_pass], {DRAWN.replace('partial: over', 'partial: r')}}}", False),
    ],
)
def test_what_overtakes_a_proof_and_what_does_not(between: str, found: bool) -> None:
    steps = PROVEN.replace("ok: r", "ok: m") + "\n" + between
    assert unproven(steps) == ([("p", "m", "r")] if found else [])
    if found:
        (message,) = [one.message for one in findings(flow(steps)) if one.rule == "S001"]
        assert "overtaken at “m”" in message


def test_a_retry_edge_into_the_request_is_found() -> None:
    steps = PROVEN.replace("denied: over", "denied: again") + "\nagain: {ask: [more], on: {more: r}}"
    assert unproven(steps) == [("p", "r", "again", "r")]


def test_a_void_request_may_be_asked_again() -> None:
    assert unproven(PROVEN.replace("void: over", "void: r")) == []


def test_the_other_findings_do_not_hide_it() -> None:
    """A mistake of form in one step must not silence the rule in the next."""
    steps = f"q: {{look: dutty, colour: red, on: {{ok: nowhere, closed: r, unknown: r}}}}\n{PROVEN}"
    assert {"F003", "F010", "F011", "S001"} <= set(rules(flow(steps)))


def test_a_step_with_two_verbs_is_read_as_the_graver_one() -> None:
    steps = f"q: {{say: true, on: {{ok: r}}}}\nr: {{ask: [x], request: [issue_pass], {DRAWN}}}"
    assert {"F005", "S001"} <= set(rules(flow(steps)))


CALLEE = flow("r: {request: [issue_pass], " + DRAWN + "}", name="sub")


def test_a_subflow_without_a_title_is_judged_where_it_is_called() -> None:
    good = "p: {prove: [issue_pass], on: {ok: c, working_method: over}}\nc: {call: sub, on: {over: over}}"
    assert rules(flow(good), CALLEE, untitled=("sub",)) == []
    bad = good.replace("working_method: over", "working_method: c")
    (found,) = findings(flow(bad), CALLEE, untitled=("sub",))
    assert (found.rule, found.path, found.file) == ("S001", ("p", "c", "c/r"), "flows/sub.yaml")


def test_a_flow_people_can_start_is_judged_from_its_own_start() -> None:
    good = "p: {prove: [issue_pass], on: {ok: c, working_method: over}}\nc: {call: sub, on: {over: over}}"
    assert [one.path for one in findings(flow(good), CALLEE) if one.rule == "S001"] == [("r",)]


def test_a_proof_in_a_subflow_counts_afterwards_by_its_end() -> None:
    """Each end of the callee is its own edge."""
    callee = flow(
        "p: {prove: [issue_pass], on: {ok: good, working_method: bad}}\ngood: {end: good}\nbad: {end: bad}",
        name="sub",
    )
    caller = (
        "c: {{call: sub, on: {{good: r, bad: {}, over: over}}}}\nr: {{request: [issue_pass], "
        + DRAWN.replace("{", "{{").replace("}", "}}")
        + "}}"
    )
    assert rules(flow(caller.format("over")), callee) == []
    assert unproven_in(flow(caller.format("r")), callee) == [("c", "c/p", "c/bad", "r")]


def unproven_in(*texts: str) -> list[tuple[str, ...]]:
    return [one.path for one in findings(*texts) if one.rule == "S001"]


def test_a_call_entered_too_often_leaves_by_exhausted_with_what_was_proven() -> None:
    """And a request that many paths reach unproven is reported once, by the shortest."""
    steps = (
        "c: {call: sub, on: {good: c, exhausted: r}}\n"
        f"r: {{request: [issue_pass], {DRAWN}}}\nq: {{ask: [x, y], on: {{x: c, y: r}}}}"
    )
    callee = flow(
        "q: {ask: [x], on: {x: good}}\ngood: {end: good}", name="sub", closing=False, defaults=ALONE
    )
    assert unproven_in(flow(steps, start="q"), callee) == [("q", "r")]
    assert unproven_in(flow(steps, start="c"), callee) == [("c", "r")]


ALONE = "{within: 20m, max_visits: 3, on: {timeout: good, exhausted: good}}"


def test_calls_in_a_circle_do_not_hang_the_rule() -> None:
    one = flow(f"c: {{call: b, on: {{over: r}}}}\nr: {{request: [issue_pass], {DRAWN}}}", name="a")
    two = flow("c: {call: a, on: {over: over}}", name="b")
    assert {"L002"} <= set(rules(one, two))


# --- the linter and the engine ----------------------------------------------------------------

CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def lint_of(flows: FlowSet) -> set[str]:
    """Requests the rule reports, as flow/step."""
    document = Document("f", {"steps": {}}, Positions())
    files = {name: FlowFile(name, "", document, one, ()) for name, one in flows.flows.items()}
    found = proof._unproven(files[flows.main], Book(files, {}, {}))
    return {f"{path[-1].flow}/{path[-1].step}" for path in found}


def engine_of(flows: FlowSet) -> set[str]:
    """Requests the engine refuses as unproven, found by trying every answer to everything."""
    refused: set[str] = set()
    turn = advance(flows, opening(flows.flows[flows.main]), event(Opened(flows.main, "en")))
    todo, seen = deque([turn.state]), set()
    while todo:
        state = todo.popleft()
        if state.aside:
            if state.aside.why == "unproven":
                refused.add(f"{state.flow}/{state.step}")
            continue
        key = (
            tuple((f.flow, f.step) for f in state.calls),
            state.flow,
            state.step,
            state.proven,
            state.ended,
        )
        slots = tuple(sorted((k, str(v)) for k, v in state.slots.items()))
        if state.ended or (key, slots) in seen:
            continue
        seen.add((key, slots))
        todo.extend(advance(flows, state, event(what)).state for what in answers(flows, state))
    return refused


def answers(flows: FlowSet, state: FlowState) -> list[Happening]:
    step = flows.step(state.flow, state.step)
    assert step is not None
    if step.span:
        return [TimerFired(step.id, state.version, "until")]
    late = TimerFired(step.id, state.version, "timeout")
    match step.verb:
        case Verb.ASK:
            return [late, *(Chose(step.id, state.version, choice) for choice in step.choices)]
        case Verb.INPUT:
            return [
                late,
                *(Entered(step.id, state.version, one) for one in ("iPhone 17", "Germany", "3", "today")),
            ]
    return [Answered(step.id, state.version, outcome) for outcome in outcomes(step).possible]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(flow_sets(counting=False))
def test_what_the_linter_passes_the_engine_never_refuses(flows: FlowSet) -> None:
    """Every path of every small flow, walked by the real engine: no request it refuses is one the
    linter missed."""
    assert engine_of(flows) <= lint_of(flows)


@settings(max_examples=100, deadline=None, suppress_health_check=CHECKS)
@given(flow_sets(counting=False))
def test_what_the_linter_reports_the_engine_really_refuses(flows: FlowSet) -> None:
    """And the other way round, where no condition makes a path impossible: no false alarm. (The
    linter goes on behind a request it reported; the engine stops there.)"""
    assume(not any(step.verb is Verb.SWITCH for one in flows.flows.values() for step in one.steps.values()))
    assert bool(lint_of(flows)) == bool(engine_of(flows))
