"""T: good and bad snippets of words."""

from __future__ import annotations

import pytest

from bot.flowfile.book import of_files
from bot.flowfile.findings import Severity
from bot.flowfile.lint import check
from tests.flowfile.desk import book, findings, flow, rules

ASK = flow("q: {ask: [a, b], on: {a: over, b: over}}")
SPEAKING = flow(
    """
    s: {say: true, on: {ok: i}}
    i: {input: text, on: {ok: p}}
    p: {prove: [issue_pass], on: {ok: r, working_method: over}}
    r: {request: [issue_pass], on: {done: w, denied: over, expired: over, void: over, partial: over}}
    w: {wait: method_registered, on: {ok: d}}
    d: {wait: person_done, on: {ok: t}}
    t: {wait: 2h, on: {ok: l}}
    l: {look: today, on: {ok: over}}
    """
)


@pytest.mark.parametrize("step", ["s", "i", "p", "r", "w", "d", "desk"])
def test_t001_every_step_that_speaks_has_words(step: str) -> None:
    assert rules(SPEAKING) == []
    found = [one for one in findings(SPEAKING, extra=f'{step}: {{ok: "x"}}') if one.rule == "T001"]
    assert [(one.path, one.severity) for one in found] == [((step,), Severity.ERROR)]


def test_t001_every_choice_has_a_label() -> None:
    (found,) = findings(ASK, extra='q: {text: "x", a: "x"}')
    assert found.rule == "T001"
    assert "“b”" in found.message
    assert found.file == "templates/en/demo.yaml"
    assert rules(SPEAKING, extra='d: "no label for done"') == ["T001"]


def test_t001_a_flow_has_a_title_unless_it_is_only_called() -> None:
    assert rules(ASK, untitled=("demo",)) == ["T001"]
    sub = flow("s: {say: true, on: {ok: over}}\nover: {end: over}", name="sub", closing=False)
    caller = flow("c: {call: sub, on: {over: desk}}")
    assert rules(caller, sub, untitled=("sub",)) == []


def test_t001_a_flow_without_any_words_is_found_once() -> None:
    (found,) = check(of_files({"flows/demo.yaml": ASK}))
    assert (found.rule, found.file, found.line) == ("T001", "flows/demo.yaml", 1)


def test_t001_another_language_is_debt() -> None:
    """Missing there is shown in English and listed as a warning."""
    (found,) = findings(ASK, de_demo="flow: {title: T}\nq: {text: x, a: x}\ndesk: x")
    assert (found.rule, found.severity, found.file) == ("T001", Severity.WARNING, "templates/de/demo.yaml")
    (found,) = findings(ASK, de_other="flow: {title: T}")
    assert (found.rule, found.severity) == ("T001", Severity.WARNING)


@pytest.mark.parametrize(
    "text",
    ["{{ q", "{% for a in b %}{% endfor %}", "{{ q() }}", "{{ q | upper }}", "{{ 2 ** 9 }}",
     "{{ q * 9 }}", "{{ q.__class__ }}", "{% set x = 1 %}", "{{ q[0] }}", "{% include 'x' %}",
     "{{ range(9) }}", "x" * 6001],
)  # fmt: skip
def test_t002_words_keep_to_the_template_language(text: str) -> None:
    assert "T002" in rules(ASK, extra=f"q:\n  text: '{text.replace(chr(39), chr(39) * 2)}'\n  a: x\n  b: x")


def test_t002_is_placed_at_its_line() -> None:
    made = book(ASK, extra="q:\n  text: |\n    One.\n    {{ 2 * 3 }}\n  a: x\n  b: x")
    (found,) = check(made)
    assert (found.rule, found.path) == ("T002", ("q",))
    assert "2 * 3" in made.files["templates/en/demo.yaml"].splitlines()[found.line - 1]


def test_t002_in_a_quoted_text_of_many_lines_is_placed_near_it() -> None:
    made = book(ASK, extra='q:\n  text: "One.\n\n    {{ 2 * 3 }}"\n  a: x\n  b: x')
    (found,) = check(made)
    assert "2 * 3" in made.files["templates/en/demo.yaml"].splitlines()[found.line]


def test_t004_languages_use_the_same_values() -> None:
    english = 'q: {text: "Call {{ desk.phone }}", a: x, b: x}'
    german = 'flow: {{title: T}}\nq: {{text: "{}", a: x, b: x}}\ndesk: x'
    (found,) = findings(ASK, extra=english, de_demo=german.format("Rufen Sie {{ desk.hours }} an"))
    assert (found.rule, found.severity) == ("T004", Severity.WARNING)
    assert "desk.hours, desk.phone" in found.message
    assert rules(ASK, extra=english, de_demo=german.format("{{ desk.phone }} bitte")) == []
    assert rules(ASK, extra=english, de_demo=german.format("{{ desk.phone")) == ["T002"]


@pytest.mark.parametrize("words", ["- a", "q: [a]", "q: {text: {deep: x}}", "text only"])
def test_words_that_are_no_texts_are_found(words: str) -> None:
    assert "F006" in rules(ASK, en_demo=words)


def test_broken_words_are_one_finding_and_no_flood() -> None:
    assert rules(ASK, en_demo="q: [") == ["F001"]


def test_words_of_steps_that_do_not_exist_do_no_harm() -> None:
    assert rules(ASK, extra='gone: "{{ nothing }}"') == []


def test_the_locales_are_the_folders() -> None:
    assert book(ASK, de_demo="q: x").locales == ("de", "en")
