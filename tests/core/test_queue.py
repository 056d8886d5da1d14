"""The order of the queue, what is foretold of a wait, and what an agent may write to another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.queue import FEWEST, HIDDEN, MAX_NOTE, Wait, first_name, note, opening_day, urgency, usual
from bot.core.text import looks_secret

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)  # a Sunday
MINUTE = timedelta(minutes=1)


def of(asked: int, deadline: int | None = None, **more: bool) -> tuple[object, ...]:
    """Asked so many minutes ago, to be decided in so many."""
    flags = {"away": False, "escalated": False, "frozen": False} | more
    until = None if deadline is None else NOW + deadline * MINUTE
    return urgency(NOW - asked * MINUTE, until, **flags)


def test_the_queue_is_sorted_by_what_presses() -> None:
    """Waited too long; then the nearest deadline, or an hour after asking; then who is on the page."""
    order = [
        of(1, 40, escalated=True),
        of(2, 5),
        of(50),
        of(30, 30),
        of(20, 40),
        of(20, 40, away=True),
        of(90, 1, frozen=True),
    ]
    assert all(one < other for one, other in pairwise(order)), order  # type: ignore[operator]


def waits(taken: int, worked: int, *, agents: int = 1, before: int = 0, count: int = FEWEST) -> list[Wait]:
    return [Wait(taken * MINUTE, worked * MINUTE, agents, before) for _ in range(count)]


def test_a_wait_is_foretold_from_the_waits_of_the_past() -> None:
    """The median turn times the turns to come, and the median work."""
    known = waits(4, 3)
    assert usual(known, before=0, agents=1, reading=False) == 7
    assert usual(known, before=2, agents=1, reading=False) == 15
    assert usual(known, before=2, agents=2, reading=False) == 11
    assert usual(known, before=9, agents=1, reading=True) == 3


def test_one_long_wait_changes_no_forecast() -> None:
    """A median, not a mean."""
    odd = Wait(timedelta(hours=9), timedelta(hours=9), 1, 0)
    assert usual([*waits(4, 3), odd], before=0, agents=1, reading=False) == 7


def test_nothing_precise_is_said_of_what_is_not_known() -> None:
    """Too few waits, nobody on duty, or so long that a number helps nobody."""
    assert usual(waits(4, 3, count=FEWEST - 1), before=0, agents=1, reading=False) is None
    assert usual(waits(4, 3), before=0, agents=0, reading=False) is None
    assert usual(waits(4, 3), before=60, agents=1, reading=False) is None


@given(
    st.lists(
        st.builds(
            Wait,
            st.timedeltas(timedelta(0), timedelta(hours=2)),
            st.timedeltas(timedelta(0), timedelta(hours=2)),
            st.integers(0, 9),
            st.integers(0, 60),
        ),
        max_size=30,
    ),
    st.integers(0, 60),
    st.integers(0, 9),
)
def test_who_comes_later_is_never_told_less(known: list[Wait], before: int, agents: int) -> None:
    """One more case ahead never shortens a forecast, and a forecast is at least a minute."""
    now = usual(known, before=before, agents=agents, reading=False)
    later = usual(known, before=before + 1, agents=agents, reading=False)
    assert later is None or (now is not None and 1 <= now <= later)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("She is at the  Berlin\nreception.", "She is at the Berlin reception."),
        ("hidden\u202e\u200b\x07 text", "hidden text"),
        ("the code 123 456 came", HIDDEN),
        ("case 482913 is the same person", "case 482913 is the same person"),
        ("the pass is pA9#xK2!qL ok", f"the pass is {HIDDEN} ok"),
        ("", ""),
    ],
)
def test_a_note_is_one_plain_line_without_secrets(text: str, kept: str) -> None:
    """Digits in groups are struck out with all around them; the case's own number may be said."""
    assert note(text, public={"482913"}) == kept


@given(st.text(max_size=900))
def test_no_note_is_long_or_looks_like_a_secret(text: str) -> None:
    """Whatever was typed."""
    kept = note(text)
    assert len(kept) <= MAX_NOTE
    assert not looks_secret(kept)
    assert "\n" not in kept


@pytest.mark.parametrize(
    ("name", "first"),
    [("Priya Raman", "Priya"), ("Raman, Priya", "Priya"), ("Priya", "Priya"), ("", ""), ("Raman,", "Raman")],
)
def test_people_are_called_by_their_first_name(name: str, first: str) -> None:
    """Also where the directory puts the family name first."""
    assert first_name(name) == first


def test_the_day_the_desk_opens_is_named_as_people_say_it() -> None:
    assert opening_day(NOW, NOW + timedelta(hours=2), UTC) == "today"
    assert opening_day(NOW, NOW + timedelta(hours=20), UTC) == "tomorrow"
    assert opening_day(NOW, NOW + timedelta(days=2), UTC) == "tue"
