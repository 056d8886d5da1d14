"""Forty kills along seven journeys; `make kills` makes as many as one likes."""

from __future__ import annotations

import pytest

from tests.journey.kills import A_JOURNEY, journey

JOURNEYS = 7


@pytest.mark.parametrize("seed", range(101, 101 + JOURNEYS))
def test_a_killed_journey_comes_to_its_end_with_one_pass_an_approval(seed: int) -> None:
    """kill -9 anywhere, also in the middle of a Graph call: nothing accepted is lost, nothing is made
    twice, what is unknown ends void, and the person gets there."""
    verdict = journey(seed, A_JOURNEY)
    assert verdict.faults == []
    assert verdict.kills == A_JOURNEY
