"""The order of a plan's acts, which Entra's own rules make matter."""

from __future__ import annotations

from itertools import permutations

from bot.core.model import Act, ActKind
from bot.core.plan import ordered

MOBILE, SECOND = "3179e48a-750b-4051-897c-87b9720928f7", "b6332ec1-7057-4abe-9331-3d72feddfe41"


def test_what_entra_would_not_delete_first_goes_last() -> None:
    """Whatever the order they were ticked in: the pass, keys, the second number, the first, the app."""
    acts = (
        Act(ActKind.ISSUE_PASS),
        Act(ActKind.REMOVE_METHOD, "ffff", "fido2"),
        Act(ActKind.REMOVE_METHOD, SECOND, "phone"),
        Act(ActKind.REMOVE_METHOD, MOBILE, "phone"),
        Act(ActKind.REMOVE_METHOD, "0000", "microsoftAuthenticator"),
    )
    assert {ordered(mixed) for mixed in permutations(acts)} == {acts}
