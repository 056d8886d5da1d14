"""Numbers, times and lists as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import spoken

AT = datetime(2026, 3, 31, 23, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (0, "0 seconds", "0 Sekunden"),
        (1, "1 second", "1 Sekunde"),
        (45, "45 seconds", "45 Sekunden"),
        (60, "1 minute", "1 Minute"),
        (299, "5 minutes", "5 Minuten"),
        (3600, "1 hour", "1 Stunde"),
        (3725, "1 hour 2 minutes", "1 Stunde 2 Minuten"),
        (36_000 + 1200, "10 hours", "10 Stunden"),
        (86_400 + 60, "1 day", "1 Tag"),
        (90_000, "1 day 1 hour", "1 Tag 1 Stunde"),
        (-5, "0 seconds", "0 Sekunden"),
    ],
)
def test_spans_are_said_in_one_or_two_units(seconds: int, english: str, german: str) -> None:
    """Nobody needs "3725 seconds", nobody waits to the second."""
    assert spoken.duration(seconds, "en") == english
    assert spoken.duration(timedelta(seconds=seconds), "de-AT") == german
    assert spoken.duration(str(seconds), "fr") == english


@given(st.integers(0, 10**7))
def test_a_span_is_never_empty(seconds: int) -> None:
    """Whatever is measured can be said."""
    assert spoken.duration(seconds, "de")


def test_dates_follow_the_language() -> None:
    """And the zone: late in March in London is April in Berlin."""
    assert spoken.calendar_date(AT, "en") == "31 March 2026"
    assert spoken.calendar_date(AT, "de", ZoneInfo("Europe/Berlin")) == "1. April 2026"
    assert spoken.calendar_date(date(2026, 3, 1), "de") == "1. März 2026"
    assert spoken.calendar_date("2026-03-31", "pt") == "31 March 2026"


def test_a_time_in_utc_says_so() -> None:
    """A bare time is read as local."""
    assert spoken.clock_time(AT) == "23:05 UTC"
    assert spoken.clock_time(AT.isoformat(), ZoneInfo("Europe/Berlin")) == "01:05"


def test_lists_end_with_and() -> None:
    """One, two, many, and what is no list."""
    assert spoken.listed([], "en") == ""
    assert spoken.listed(["a"], "en") == "a"
    assert spoken.listed(["a", "b"], "de") == "a und b"
    assert spoken.listed(("a", "b", "c"), "en") == "a, b and c"
    assert spoken.listed("abc", "en") == "abc"


def test_one_is_one_in_any_shape() -> None:
    """Values come from JSON too."""
    assert [spoken.plural(n, "code", "codes") for n in (0, 1, "1", 2)] == ["codes", "code", "code", "codes"]
