"""What each purpose of a sign-in demands: how fresh, in which context, by which registration."""

from __future__ import annotations

from bot.ports.sign_in import Purpose

FRESH = frozenset(
    {
        Purpose.APPROVE,
        Purpose.CHECK,
        Purpose.VOUCH,
        Purpose.ENROL,
        Purpose.ENROL_SLOW,
        Purpose.WITHDRAW,
        Purpose.WORKING_METHOD,
        Purpose.LINK,
    }
)
"""Signatures: each needs a sign-in made for it and used for nothing else."""
ACTING = frozenset({Purpose.APPROVE, Purpose.WITHDRAW})
"""Sign-ins of the `act` registration; all others bring no token."""
KEPT = frozenset({Purpose.APPROVE, Purpose.CHECK})
"""The raw ID token stays, sealed: it is the authority's signature under the digest."""


def contexts_by_purpose(*, approve: str, enrol: str, sign_in: str) -> dict[Purpose, str]:
    """Which authentication context each purpose demands; a session alone demands none."""
    return {
        Purpose.DESK: sign_in,
        Purpose.ENROL: enrol,
        Purpose.ENROL_SLOW: sign_in,
        Purpose.WORKING_METHOD: sign_in,
        Purpose.APPROVE: approve,
        Purpose.CHECK: approve,
        Purpose.VOUCH: sign_in,
        Purpose.WITHDRAW: approve,
        Purpose.LINK: sign_in,
    }
