"""F: good and bad snippets of form."""

from __future__ import annotations

import inspect
import sys

import pytest

from bot.flowfile.book import of_files
from bot.flowfile.lint import check
from bot.flowfile.rules import form
from tests.flowfile.desk import book, findings, flow, rules

GOOD = flow("ask_it: {ask: [a, b], on: {a: done, b: desk}}\ndone: {end: done}")


def test_a_good_flow_has_no_findings() -> None:
    assert findings(GOOD) == []


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        ("F003", "s: {say: true, colour: red, on: {ok: over}}", "s: {say: true, on: {ok: over}}"),
        ("F003", "s: {say: true, within: 5m, on: {ok: over}}", "s: {ask: [x], within: 5m, on: {x: over}}"),
        ("F004", "s: {say: true}", "s: {say: true, on: {ok: over}}"),
        ("F004", "s: {switch: [{if: 'q == 1'}, {else: over}]}", "s: {switch: [{else: over}]}"),
        ("F005", "s: {say: true, look: duty, on: {ok: over}}", "s: {say: true, on: {ok: over}}"),
        ("F005", "s: {on: {ok: over}}", "s: {end: x}"),
        ("F006", "s: {ask: yes, on: {yes: over}}", "s: {ask: [yes], on: {yes: over}}"),
        ("F006", "s: {say: true, on: {ok: [over]}}", "s: {say: true, on: {ok: over}}"),
        ("F006", "s: {ask: [x], within: soon, on: {x: over}}", "s: {ask: [x], within: 5m, on: {x: over}}"),
        ("F006", "s: {ask: [x, x], on: {x: over}}", "s: {ask: [x], on: {x: over}}"),
        ("F006", "s: {say: true, max_visits: x, on: {ok: over}}", "s: {say: true, on: {ok: over}}"),
        ("F006", "s: {say: true, on: {OK!: over}}", "s: {say: true, on: {ok: over}}"),
        ("F006", "s: end", "s: {end: x}"),
        ("F006", "s: {ask: [], on: {}}", "s: {ask: [x], on: {x: over}}"),
        ("F007", "s: {ask: [text], on: {text: over}}", "s: {ask: [texts], on: {texts: over}}"),
        ("F007", "flow: {say: true, on: {ok: over}}", "flows: {say: true, on: {ok: over}}"),
        ("F010", "s: {say: true, on: {ok: ovre}}", "s: {say: true, on: {ok: over}}"),
        ("F010", "s: {switch: [{if: 'has(s)', then: x}, {else: over}]}", "s: {switch: [{else: over}]}"),
        ("F011", "s: {look: dutty, on: {ok: over}}", "s: {look: today, on: {ok: over}}"),
        ("F011", "s: {input: email, on: {ok: over}}", "s: {input: text, on: {ok: over}}"),
        ("F011", "s: {wait: rain, on: {ok: over}}", "s: {wait: pass_used, on: {ok: over}}"),
        ("F011", "s: {prove: [make_coffee], on: {}}", "s: {look: today, on: {ok: over}}"),
        ("F013", "s: {look: today, on: {ok: over, off: over}}", "s: {look: today, on: {ok: over}}"),
        ("F013", "s: {ask: [x], on: {x: over, y: over}}", "s: {ask: [x, y], on: {x: over, y: over}}"),
        ("F013", "s: {wait: 2h, on: {ok: over, timeout: over}}", "s: {wait: 2h, on: {ok: over}}"),
        ("F020", "s: {look: duty, on: {ok: over}}", "s: {look: duty, on: {ok: over, closed: over}}"),
        ("F020", "s: {ask: [x, y], on: {x: over}}", "s: {ask: [x, y], on: {x: over, y: over}}"),
        ("F020", "s: {handoff: desk, on: {closed: over}}", "s: {say: true, on: {ok: desk}}"),
        ("F020", "s: {look: rank, on: {standard: over}}", "s: {look: rank, on: {ok: over}}"),
        ("F022", "s: {ask: [x], remind: [20m], on: {x: over}}", "s: {ask: [x], remind: [9m], on: {x: over}}"),
        ("F024", "s: {switch: [{if: 'has(s)', then: over}]}", "s: {switch: [{else: over}]}"),
        ("F024", "s: {switch: [{else: over}, {if: 'has(s)', then: over}]}", "s: {switch: [{else: over}]}"),
        ("F025", "s: {wait: 2h, within: 3h, on: {ok: over}}", "s: {wait: 2h, on: {ok: over}}"),
        ("F025", "s: {wait: 2h, remind: [1h], on: {ok: over}}", "s: {wait: 2h, on: {ok: over}}"),
        ("F011", "x: {request: [issue_pass], shape: week, on: {}}", "x: {request: [issue_pass], on: {}}"),
        ("F003", "x: {prove: [issue_pass], shape: day, on: {}}", "x: {prove: [issue_pass], on: {}}"),
        ("F026", "x: {request: [reset_methods], shape: day}", "x: {request: [issue_pass], shape: day}"),
    ],
)  # fmt: skip
def test_bad_and_good(rule: str, bad: str, good: str) -> None:
    closing = "\ndesk2: {say: true, on: {ok: desk}}"
    assert rule in rules(flow(bad + closing))
    assert rule not in rules(flow(good + closing))


def test_a_file_that_is_no_flow_is_said_to_be_none() -> None:
    """Words, settings, a shopping list."""
    for text in ("- a\n- b", "text", "title: x", "flow: [x]", ""):
        made = of_files({"flows/x.yaml": text})
        assert made.flows == {}
        assert [one.file for one in check(made)][:1] == ["flows/x.yaml"]


def test_a_flow_says_itself_that_it_is_not_in_the_menu() -> None:
    """`no` in any of its spellings; anything else is a finding."""
    hidden = GOOD.replace("start:", "menu: no\nstart:", 1)
    assert findings(hidden) == []
    assert (book(GOOD).flows["demo"].flow.in_menu, book(hidden).flows["demo"].flow.in_menu) == (True, False)
    assert rules(GOOD.replace("start:", "menu: last\nstart:", 1)) == ["F006"]


def test_a_flow_may_wish_for_a_place_in_the_menu() -> None:
    placed = GOOD.replace("start:", "menu: 3\nstart:", 1)
    assert findings(placed) == []
    flow = book(placed).flows["demo"].flow
    assert (flow.in_menu, flow.place) == (True, 3)
    assert rules(GOOD.replace("start:", "menu: 0\nstart:", 1)) == ["F006"]


def test_missing_keys_at_the_top_are_named() -> None:
    found = findings("flow: x\nsteps: {a: {end: x}}")
    assert [(one.rule, one.message) for one in found] == [("F004", "The key “start” is missing.")]


def test_an_unknown_start_is_found_and_hides_nothing_else() -> None:
    text = flow("s: {say: true, on: {ok: over}}", start="begin")
    assert rules(text) == ["F010"]


def test_a_typo_brings_a_suggestion() -> None:
    """The remedy names what was probably meant."""
    found = next(one for one in findings(flow("s: {say: true, on: {ok: ovre}}")) if one.rule == "F010")
    assert "Did you mean “over”?" in found.remedy
    assert (found.line, found.column) == (5, 27)


def test_defaults_reach_only_what_uses_them() -> None:
    """A `say` has no timeout; a timed wait has no `within`; nobody is led to itself."""
    parsed = book(GOOD).flows["demo"].flow
    assert "timeout" not in parsed.steps["done"].on
    assert parsed.steps["ask_it"].on["timeout"] == "desk"
    assert "exhausted" not in parsed.steps["desk"].on
    looped = book(flow("s: {say: true, on: {ok: t}}\nt: {ask: [x], on: {x: s}}")).flows["demo"].flow
    assert looped.steps["s"].on == {"exhausted": "desk", "ok": "t"}


def test_a_default_that_leads_nowhere_is_found_at_its_place() -> None:
    defaults = "{within: 20m, max_visits: 3, on: {timeout: nowhere, exhausted: desk}}"
    found = findings(flow("s: {ask: [x], on: {x: desk}}", defaults=defaults))
    assert {(one.rule, one.line) for one in found} == {("F010", 3)}


def test_a_wait_without_an_end_is_found() -> None:
    steps = "s: {ask: [x], on: {x: over, timeout: over, exhausted: over}}\nover: {end: over}"
    text = flow(steps, defaults="", closing=False)
    assert rules(text) == ["F021"]
    assert rules(text.replace("ask: [x]", "ask: [x], within: 5m")) == []


@pytest.mark.parametrize(("within", "found"), [("60m", False), ("61m", True), ("2h", True)])
def test_a_request_waits_at_most_an_hour(within: str, found: bool) -> None:
    text = flow(
        f"""
        p: {{prove: [issue_pass], on: {{ok: r, working_method: over}}}}
        r: {{request: [issue_pass], within: {within}, on: {{done: over, denied: over, expired: over,
             void: over, partial: over}}}}
        """
    )
    assert ("F023" in rules(text)) == found
    default = text.replace(f", within: {within}", "").replace("{within: 20m", f"{{within: {within}")
    assert ("F023" in rules(default)) == found


def test_a_called_flow_must_exist_and_its_ends_be_drawn() -> None:
    callee = flow("q: {ask: [x], on: {x: good}}\ngood: {end: good}", name="callee")
    caller = "s: {{call: {}, on: {{{}}}}}"
    assert "F012" in rules(flow(caller.format("calle", "good: over")), callee)
    assert "F020" in rules(flow(caller.format("callee", "good: over")), callee)
    assert "F013" in rules(flow(caller.format("callee", "good: over, over: over, bad: over")), callee)
    assert rules(flow(caller.format("callee", "good: over, over: desk")), callee) == []


def test_a_flow_is_in_a_file_of_its_own_name_and_only_once() -> None:
    words = {"templates/en/demo.yaml": "flow: {title: x}\nask_it: {text: x, a: x, b: x}\ndesk: x"}
    assert [one.rule for one in check(of_files({"flows/other.yaml": GOOD, **words}))] == ["F008"]
    twice = of_files({"flows/demo.yaml": GOOD, "flows/demo2.yaml": GOOD, **words})
    assert [one.rule for one in check(twice)] == ["F008"]


def test_a_verb_with_a_mistake_does_not_stop_the_others() -> None:
    """All findings at once, each at its place."""
    text = flow("s: {say: true, on: {ok: t}, x: 1}\nt: {look: duty, on: {ok: nowhere}}")
    assert set(rules(text)) >= {"F003", "F010", "F020"}


def test_every_rule_of_form_is_tried_here() -> None:
    source = inspect.getsource(sys.modules[__name__])
    elsewhere = {"F001", "F002", "F008", "F012", "F021", "F023"}
    assert all(f'"{rule}"' in source for rule in form.RULES if rule not in elsewhere)
