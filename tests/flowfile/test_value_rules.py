"""V and X: good and bad snippets of names in texts and conditions."""

from __future__ import annotations

import pytest

from bot.flowfile.lint import check
from tests.flowfile.desk import book, findings, flow, rules

LOOKING = """
q: {ask: [a, b], on: {a: duty, b: sorry}}
duty: {look: duty, on: {ok: busy, closed: sorry}}
busy: {say: true, on: {ok: model}}
model: {input: text, on: {ok: last}}
last: {say: true, on: {ok: over}}
sorry: {say: true, on: {ok: over}}
"""


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        ('busy: "{{ duty.agents }} on duty"', []),
        ('busy: "{{ duty.outcome }}, {{ q }}, {{ case.number }}, {{ desk.phone }}, {{ desk.hours }}"', []),
        ("last: \"{{ model }} {{ duty.agents | plural('one', 'many') }}\"", []),
        ('duty: {closed: "{{ q }}", ok: "{{ duty.agents }}"}', []),
        ('busy: "{{ dutty.agents }}"', ["V001"]),
        ('busy: "{{ user.name }}"', ["V001"]),
        ('busy: "{{ busy }}"', ["V001"]),
        ('busy: "{{ duty.people }}"', ["V002"]),
        ('busy: "{{ duty }}"', ["V002"]),
        ('busy: "{{ q.a }}"', ["V002"]),
        ('busy: "{{ duty.agents.x }}"', ["V002"]),
        ('busy: "{{ case }}"', ["V002"]),
        ('busy: "{{ case.colour }}"', ["V002"]),
        ('sorry: "{{ duty.agents }}"', ["V003"]),
        ('sorry: "{{ duty.outcome }}"', ["V003"]),
        ('sorry: "{{ model }}"', ["V003"]),
        ('model: {text: "{{ model }}"}', ["V003"]),
        ('model: {text: "x", invalid: "{{ model }}"}', ["V003"]),
        ('model: {text: "x", ok: "{{ model }}"}', []),
        ('duty: {closed: "{{ duty.agents }}"}', ["V003"]),
        ('duty: {text: "{{ duty.agents }}"}', ["V003"]),
    ],
)
def test_names_in_texts(extra: str, found: list[str]) -> None:
    assert rules(flow(LOOKING), extra=extra) == found


def test_the_place_is_the_line_of_the_text() -> None:
    extra = "busy: |\n  One line.\n\n  {{ dutty.agents }}\n"
    made = book(flow(LOOKING), extra=extra)
    (found,) = check(made)
    assert found.file == "templates/en/demo.yaml"
    assert found.path == ("busy",)
    assert "Did you mean “duty”?" in found.remedy
    lines = made.files["templates/en/demo.yaml"].splitlines()
    assert "{{ dutty.agents }}" in lines[found.line - 1]


def test_a_choice_is_set_where_it_was_chosen_and_not_where_time_ran_out() -> None:
    assert rules(flow("q: {ask: [a], on: {a: over}}"), extra='desk: "{{ q }}"') == ["V003"]


def test_a_look_that_failed_takes_its_fields_away_again() -> None:
    steps = """
    duty: {look: duty, on: {ok: q, closed: over, error: t, unknown: over}}
    q: {ask: [again], on: {again: duty}}
    t: {say: true, on: {ok: over}}
    """
    assert rules(flow(steps), extra='t: "{{ duty.agents }}"') == ["V003"]
    assert rules(flow(steps), extra='q: {text: "{{ duty.agents }}", again: x}') == []


def test_a_subflow_sees_its_own_steps_only() -> None:
    callee = flow("s: {say: true, on: {ok: over}}\nover: {end: over}", name="sub", closing=False)
    caller = flow("q: {ask: [a], on: {a: c}}\nc: {call: sub, on: {over: t}}\nt: {say: true, on: {ok: over}}")
    assert rules(caller, callee, en_sub='flow: {title: x}\ns: "{{ q }}"') == ["V001"]
    assert rules(caller, callee, extra='t: "{{ c.outcome }} {{ q }}"') == []


SWITCH = """
q: {{ask: [a, b], on: {{a: duty, b: duty}}}}
duty: {{look: duty, on: {{ok: s, closed: s}}}}
s: {{switch: [{{if: "{}", then: desk}}, {{else: over}}]}}
"""


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("q == 'a'", []),
        ("duty.outcome == 'ok' and q in ['a', 'b']", []),
        ("has(duty.agents) and duty.agents > 1", []),
        ("lower(q) == 'a' or len(q) == 1", []),
        ("duty.agents > 1", ["V003"]),
        ("colour == 'red'", ["V001"]),
        ("case.number == '1'", ["V001"]),
        ("duty.people > 1", ["V002"]),
        ("duty == 'ok'", ["V002"]),
        ("has(duty)", []),
        ("q = 'a'", ["X001"]),
        ("open('x')", ["X001"]),
        ("q + 'x'", ["X001"]),
        ("q ==", ["X001"]),
        ("q is 'a'", ["X001"]),
        ("1 == 1", ["X002"]),
        ("q == 'c'", ["X002"]),
        ("q in ['a', 'c']", ["X002"]),
        ("'c' != q", ["X002"]),
    ],
)
def test_names_in_conditions(condition: str, found: list[str]) -> None:
    assert rules(flow(SWITCH.format(condition))) == found


def test_a_condition_is_placed_by_its_column() -> None:
    text = flow(SWITCH.format("q == 'a' and open('x')"))
    (found,) = findings(text)
    assert text.splitlines()[found.line - 1][found.column - 1 :].startswith("open('x')")
