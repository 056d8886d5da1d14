"""Reading YAML to strings and positions; nothing an author writes makes it raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flowfile.findings import FlowFileError, Severity, errors
from bot.flowfile.parse import parse
from bot.flowfile.reader import MAX_TEXT, read
from bot.flowfile.words import read_words


def test_every_scalar_is_what_was_written() -> None:
    """`on`, `yes` and `no` are our commonest words."""
    assert read("on: {yes: a, no: b}\nn: 017\nt: 12:30\nempty:\n", "f").data == {
        "on": {"yes": "a", "no": "b"}, "n": "017", "t": "12:30", "empty": "",
    }  # fmt: skip


def test_positions_are_those_of_keys_and_values() -> None:
    at = read("a: 1\nb:\n  - x\n  - {c: d}\n", "f").positions
    assert (at.key("b"), at.value("b"), at.value("b", 0)) == ((2, 1), (3, 3), (3, 5))
    assert (at.key("b", 1, "c"), at.value("b", 1, "c")) == ((4, 6), (4, 9))


def test_what_is_missing_is_placed_at_the_nearest_thing_around_it() -> None:
    at = read("a: {b: {c: 1}}\n", "f").positions
    assert at.value("a", "b", "x", "y") == at.key("a", "b") == (1, 5)
    assert at.key("nothing") == (1, 1)
    assert read("", "f").positions.key("x") == (1, 1)


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("a: 1\na: 2", "F002", (2, 1)),
        ("a: {b: 1, b: 2}", "F002", (1, 11)),
        ("a: [1, 2", "F001", (2, 1)),
        ("a: b: c", "F001", (1, 5)),
        ("a: 1\n---\nb: 1", "F001", (2, 1)),
        ("a: &x 1\nb: *x", "F001", (1, 4)),
        ("a: &x [*x]", "F001", (1, 4)),
        ("a: !secret x", "F001", (1, 4)),
        ("a: !!python/object x", "F001", (1, 4)),
        ("a: \x00", "F001", (1, 1)),
        ("", "F001", (1, 1)),
        ("# only a comment", "F001", (1, 1)),
        ("{{ name }}: 1", "F006", (1, 1)),
        ("text: {{ name }}", "F006", (1, 8)),
        ("? [a, b]\n: c", "F006", (1, 3)),
        ("a: " + "[" * 70 + "]" * 70, "F001", (1, 1)),
        ("a: " + "[" * 20 + "]" * 20, "F001", (1, 16)),
        ("- " * 300, "F001", (1, 1)),
        ("a" * (MAX_TEXT + 1), "F001", (1, 1)),
    ],
)
def test_a_broken_file_is_a_finding_with_its_place(text: str, rule: str, place: tuple[int, int]) -> None:
    found = read(text, "f.yaml").findings[0]
    assert (found.rule, (found.line, found.column), found.file) == (rule, place, "f.yaml")
    assert found.message
    assert found.remedy


def test_the_trap_of_braces_is_explained() -> None:
    """A value beginning with {{ must be quoted; YAML itself would say something dark."""
    assert "Quote" in read("text: {{ name }}", "f").findings[0].remedy


@given(st.text(max_size=60) | st.text(alphabet="{}[]:,-&*!?|>'\"# \nab", max_size=60))
def test_reading_never_raises(text: str) -> None:
    """Flow or words, whatever the bytes."""
    for found in (read(text, "f"), parse(text, "f"), read_words(text, "f", "en")):
        assert all(finding.severity in Severity for finding in found.findings)


def test_a_finding_reads_well_and_becomes_json() -> None:
    found = read("a: 1\na: 2", "f.yaml").findings[0]
    assert str(found).startswith("f.yaml:2:1: error F002: The key “a” is here twice")
    assert found.to_json()["line"] == 2
    raised = FlowFileError([found])
    assert raised.findings == (found,)
    assert errors([found]) == [found]
