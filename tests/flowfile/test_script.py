"""Tests as data: what a script says, what the world answers, and what is expected."""

from __future__ import annotations

import pytest

from bot.core.flow import FlowSet
from bot.flowfile.script import Played, play, untaken
from bot.flowfile.script_file import read_scripts
from bot.flowfile.versions import of_book
from tests.flowfile.desk import book, flow

FLOW = flow(
    """
    q: {ask: [gone, works], on: {gone: model, works: pause}}
    model: {input: phone_model, on: {ok: duty}}
    duty: {look: duty, on: {ok: many, closed: pause}}
    many: {switch: [{if: "has(duty.agents) and duty.agents > 1", then: p}, {else: pause}]}
    p: {prove: [issue_pass], on: {ok: r, working_method: pause}}
    r: {request: [issue_pass], on: {done: c, denied: desk, expired: desk, void: r, partial: c}}
    c: {call: sub, on: {good: pause}}
    pause: {wait: 30m, on: {ok: over}}
    """
)
SUB = flow(
    "s: {wait: person_done, on: {ok: good, timeout: good}}\ngood: {end: good}", name="sub", closing=False
)
FLOWS = of_book(book(FLOW, SUB))["demo"].flows


def played(text: str) -> Played:
    scripts, findings = read_scripts(text, "flows/tests/demo.yaml", FLOWS)
    assert findings == []
    return play(FLOWS, scripts[0])


ALL = """
- name: all of it
  say: [gone, "iPhone 17"]
  world: {duty: {ok: {agents: 2}}, r: [void, done]}
  expect: {end: over, did: [duty, p, r, sub/s, c], never: [desk], last: pause}
"""


def test_a_script_that_holds() -> None:
    went = played(ALL)
    assert went.problems == ()
    assert went.end == "over"
    assert went.entered[0] == "demo/q"


def test_a_step_missing_from_the_world_takes_its_first_outcome() -> None:
    world = "{duty: {ok: {agents: '2'}}}"
    went = played(f"- {{name: x, say: [gone, Pixel], world: {world}, expect: {{end: over, did: [r, c]}}}}")
    assert went.problems == ()


def test_silence_takes_the_timeout() -> None:
    """Where `say` runs out, the person has nothing more to say."""
    assert played("- {name: x, expect: {end: over, last: desk, never: [model]}}").problems == ()
    assert played("- {name: x, say: [gone], expect: {did: [model], last: desk}}").problems == ()


def test_a_question_can_be_answered_by_the_world_too() -> None:
    assert played("- {name: x, world: {q: timeout}, expect: {last: desk}}").problems == ()
    assert played("- {name: x, world: {q: works}, expect: {end: over, never: [desk]}}").problems == ()


def test_commands_are_written_with_a_slash() -> None:
    went = played("- {name: x, say: [gone, /back, works], expect: {end: over, never: [duty]}}")
    assert went.problems == ()
    assert played("- {name: x, say: [/cancel], expect: {end: cancelled}}").problems == ()
    assert played("- {name: x, say: [/language de, works], expect: {end: over}}").problems == ()


def test_the_engines_own_handoff_can_be_answered() -> None:
    assert played("- {name: x, say: [/person], expect: {end: handed_over}}").problems == ()
    again = "- {name: x, say: [/person, works], world: {'@person': back}, expect: {end: over, never: [desk]}}"
    assert played(again).problems == ()


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("- {name: x, say: [works], expect: {end: elsewhere}}", "it ended as “over”, expected “elsewhere”"),
        ("- {name: x, say: [works], expect: {never: [pause]}}", "it came to “pause”, which must never be"),
        ("- {name: x, say: [works], expect: {did: [duty, sub/s]}}", "it never came to “duty”"),
        ("- {name: x, say: [works], expect: {last: desk}}", "its last step was “over”"),
        ("- {name: x, say: [works, gone]}", "it ended with this unsaid: gone"),
        ("- {name: x, say: [nothing]}", "was refused"),
        ("- {name: x, say: [/sunrise]}", "was refused"),
        ("- {name: x, say: [gone, '1']}", ""),
    ],
)
def test_a_script_that_does_not_hold_says_why(script: str, problem: str) -> None:
    assert any(problem in one for one in played(script).problems) or not problem


def test_a_conversation_without_an_end_is_a_problem() -> None:
    endless = flow("s: {wait: 5m, on: {ok: s}}", defaults="")
    flows = FlowSet.of(book(endless).flows["demo"].flow)
    scripts, _ = read_scripts("- {name: x}", "f", flows)
    assert any("did not end" in one for one in play(flows, scripts[0]).problems)


@pytest.mark.parametrize(
    "text",
    [
        "name: x",
        "- x",
        "- {say: [a]}",
        "- {name: x, colour: red}",
        "- {name: x, say: gone}",
        "- {name: x, say: [[a]]}",
        "- {name: x, world: gone}",
        "- {name: x, world: {nothing: ok}}",
        "- {name: x, world: {duty: sunrise}}",
        "- {name: x, world: {duty: {ok: 3}}}",
        "- {name: x, world: {duty: {ok: {}, closed: {}}}}",
        "- {name: x, world: {duty: []}, expect: {did: [q, nothing]}}",
        "- {name: x, world: {'@person': asleep}}",
        "- {name: x, expect: over}",
        "- {name: x, expect: {ended: over}}",
        "- {name: x, expect: {never: desk}}",
        "- {name: x, expect: {last: nothing}}",
        "- {name: x, name: y}",
        "- [",
    ],
)
def test_a_file_of_tests_with_a_mistake_is_a_finding_with_its_place(text: str) -> None:
    _, findings = read_scripts(text, "flows/tests/demo.yaml", FLOWS)
    assert findings
    assert all(one.file == "flows/tests/demo.yaml" and one.line >= 1 and one.remedy for one in findings)


def test_what_no_script_takes_is_listed() -> None:
    scripts, _ = read_scripts(ALL, "f", FLOWS)
    left = {f"{one.step}.{one.outcome}" for one in untaken(FLOWS, [play(FLOWS, scripts[0])])}
    assert {"q.works", "duty.closed", "many.else", "r.denied"} <= left
    assert not {"q.gone", "r.void", "r.done", "p.ok", "c.good", "duty.ok"} & left
