"""Forty kills along as many journeys as they take; `make kills` makes as many as one likes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.journey.kills import A_JOURNEY, journey

KILLS = 40
JOURNEYS = range(101, 113)
"""Seeds. A journey mostly waits, for the budget of Graph and for restarts, so three run beside each other."""


def test_killed_journeys_come_to_their_end_with_one_pass_an_approval() -> None:
    """kill -9 anywhere, also in the middle of a Graph call: nothing accepted is lost, nothing is made
    twice, what is unknown ends void, and the person gets there."""
    kills = held = 0
    with ThreadPoolExecutor(3) as pool:
        for seeds in (JOURNEYS[n : n + 3] for n in range(0, len(JOURNEYS), 3)):
            for verdict in pool.map(lambda seed: journey(seed, A_JOURNEY), seeds):
                assert verdict.faults == [], verdict
                kills, held = kills + verdict.kills, held + verdict.held
            if kills >= KILLS:
                break
    assert kills >= KILLS
    assert held >= 5
