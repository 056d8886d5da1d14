"""What buttons carry comes back from outside; reading it never fails and invents nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.choice import (
    CommandChoice,
    Dismiss,
    Pressed,
    ShowMenu,
    StartFlow,
    StepChoice,
    StepForm,
    parse,
)
from bot.core.model import Command

EVERY: list[Pressed] = [
    StepChoice("0123ab-c_d", "old_phone", 7, "at_home"),
    StepForm("0123ab", "model", 0),
    StartFlow("new_phone"),
    CommandChoice(Command.BACK),
    CommandChoice(Command.LANGUAGE, "de"),
    ShowMenu(),
    Dismiss(),
]


@pytest.mark.parametrize("pressed", EVERY)
def test_a_button_says_what_it_was_drawn_for(pressed: Pressed) -> None:
    """Writing and reading are inverse."""
    assert parse(str(pressed)) == pressed


@pytest.mark.parametrize(
    "text",
    [
        "", "s:", "s:c:step:x:choice", "s:c:step:1", "s:c:st ep:1:x", "start:", "start:../x", "start:ü",
        "cmd:nonsense", "cmd:", "MENU", "menu ", "s:c:a:1:b:c", "x" * 500, "s:c:a:99999999999999:b",
        "s:c:a:１:b",
    ],
)  # fmt: skip
def test_what_no_button_of_ours_carries_is_nothing(text: str) -> None:
    """A made-up id is not half understood."""
    assert parse(text) is None


@given(st.text())
def test_reading_is_total(text: str) -> None:
    """Anything at all may come back from outside."""
    found = parse(text)
    assert found is None or parse(str(found)) == found
