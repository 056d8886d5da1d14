"""Forty kills along as many journeys as they take; `make kills` makes as many as one likes."""

from __future__ import annotations

import pytest

from tests.journey.kills import A_JOURNEY, journey

KILLS = 20
"""In each half; the halves run beside each other."""
MOST_JOURNEYS = 8


@pytest.mark.parametrize("seed", [101, 151])
def test_killed_journeys_come_to_their_end_with_one_pass_an_approval(seed: int) -> None:
    """kill -9 anywhere, also in the middle of a Graph call: nothing accepted is lost, nothing is made
    twice, what is unknown ends void, and the person gets there."""
    kills = held = 0
    for number in range(MOST_JOURNEYS):
        verdict = journey(seed + number, A_JOURNEY)
        assert verdict.faults == [], verdict
        kills, held = kills + verdict.kills, held + verdict.held
        if kills >= KILLS:
            break
    assert kills >= KILLS
    assert held >= 1
