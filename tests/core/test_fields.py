"""The quick ways to read and change a dataclass do what the slow ones do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import pytest

from bot.core.events import Chose
from bot.core.fields import moved, plain
from bot.core.flow import FlowState


@dataclass(frozen=True, slots=True)
class One:
    only: int


def test_fields_are_read_by_name() -> None:
    """One field or many."""
    for value in (One(1), Chose("s", 1, "yes")):
        assert plain(value) == asdict(value)


def test_a_change_leaves_the_rest_and_the_original() -> None:
    state = FlowState("f", "s", slots={"a": 1})
    assert moved(state, step="t", version=2) == replace(state, step="t", version=2)
    assert moved(state) == state
    assert moved(One(1), only=2) == One(2)
    assert (state.step, state.version) == ("s", 0)


def test_there_is_no_change_of_a_field_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        moved(One(1), other=2)
