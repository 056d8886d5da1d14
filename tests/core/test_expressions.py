"""The language of conditions: what it says, what it refuses, and that it never fails."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.expressions import LONGEST, ExpressionError, holds, parse

SLOTS: dict[str, Any] = {
    "old": "gone",
    "model": "iPhone 17",
    "duty": {"outcome": "ok", "agents": 2},
    "labels": ["Authenticator", "Passkey"],
    "number": 3.5,
}


@pytest.mark.parametrize(
    "text",
    [
        "old == 'gone'",
        "old != 'lost'",
        "old in ['gone', 'lost']",
        "old in ('gone', 'lost')",
        "old not in ['works']",
        "duty.agents > 1 and duty.agents >= 2",
        "duty.agents < 3 and duty.agents <= 2",
        "1 < duty.agents < 3",
        "old == 'lost' or duty.outcome == 'ok'",
        "not (old == 'lost')",
        "len(labels) == 2",
        "len(duty) == 2 and len(number) == 0",
        "lower(model) == 'iphone 17'",
        "lower(number) == 3.5",
        "has(duty.agents) and not has(duty.room) and not has(old.x)",
        "'Phone' in model",
        "'Passkey' in labels",
        "'a' not in number",
        "3 not in model",
        "number > -1",
        "'a' < 'b'",
        "old",
    ],
)
def test_what_is_true(text: str) -> None:
    assert holds(parse(text), SLOTS)
    assert parse(text) == parse(text)


@pytest.mark.parametrize(
    "text",
    ["nothing", "nothing == 'x'", "nothing > 1", "old > 1", "1 < 'a'", "'x' in nothing", "len(nothing) > 0",
     "duty.nothing.deeper == 1", "labels >= 1", "old == 'lost' and old", "has(nothing)"],
)  # fmt: skip
def test_what_is_not_set_or_cannot_be_compared_is_false(text: str) -> None:
    assert not holds(parse(text), SLOTS)


@pytest.mark.parametrize(
    "text",
    [
        "old = 'gone'", "(old := 'gone')", "__import__('os')", "old.__class__", "_old", "open('x')",
        "9**9**9",
        "'a' * 10", "1 + 1", "-old", "+1", "~1", "old[0]", "f'{old}'", "lambda: 1", "[x for x in labels]",
        "{'a': 1}", "{1}", "old if old else old", "len(old, old)", "len()", "len(x=1)", "has('x')",
        "has(len(old))",
        "old is None", "None", "b'x'", "1j", "...", "[old]", "old;1", "", "  ", "(", "'a", "old.lower()",
        "''.join(labels)", "(1).x", "await x", "*old", "0777", "\x00", "lower(old)()", "not",
        "'\\d' == old",
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused_with_its_place(text: str) -> None:
    """A document is never code."""
    with pytest.raises(ExpressionError) as err:
        parse(text)
    assert err.value.message
    assert 0 <= err.value.column <= len(text) + 1


def test_a_long_or_deep_text_is_refused_without_trouble() -> None:
    with pytest.raises(ExpressionError):
        parse("a" * (LONGEST + 1))
    for deep in ("(" * 140 + "1" + ")" * 140, "not " * 70 + "a", "[" * 290):
        with contextlib.suppress(ExpressionError):
            holds(parse(deep), {})


def test_names_come_with_their_columns() -> None:
    condition = parse("old == 'x' and not has(duty.agents) and len(labels) > 1 and -1 < number")
    assert [(name.path, name.column) for name in condition.names()] == [
        (("old",), 0), (("duty", "agents"), 23), (("labels",), 44), (("number",), 65),
    ]  # fmt: skip
    assert [name.path for name in condition.tested()] == [("duty", "agents")]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["agents", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(
        ["old == duty.agents", "old < duty", "old in duty", "lower(old) >= len(duty.agents)", "has(old.x)"]
    ),
    st.dictionaries(st.sampled_from(["old", "duty"]), VALUES),
)
def test_evaluation_never_fails(text: str, slots: dict[str, Any]) -> None:
    """Whatever a slot holds, a switch finds a way."""
    assert holds(parse(text), slots) in (True, False)


@given(st.text(alphabet="old duty.agents()[]'\"=<>!0123456789,andornti_:+-*", max_size=40))
def test_any_text_is_a_condition_or_is_refused(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        assert holds(parse(text), SLOTS) in (True, False)
