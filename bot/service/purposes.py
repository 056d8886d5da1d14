"""What each purpose of a sign-in demands: how fresh, in which context, by which registration."""

from __future__ import annotations

from bot.ports.sign_in import Purpose

FRESH = frozenset(
    {
        Purpose.APPROVE,
        Purpose.CHECK,
        Purpose.COUNTER,
        Purpose.HELP,
        Purpose.VOUCH,
        Purpose.ENROL,
        Purpose.ENROL_SLOW,
        Purpose.WITHDRAW,
        Purpose.STOP,
        Purpose.THREAT,
        Purpose.WORKING_METHOD,
        Purpose.LINK,
    }
)
"""Signatures: each needs a sign-in made for it and used for nothing else."""
ACTING = frozenset({Purpose.APPROVE, Purpose.WITHDRAW, Purpose.STOP})
"""Sign-ins of the `act` registration; all others bring no token."""
KEPT = frozenset({Purpose.APPROVE, Purpose.CHECK, Purpose.HELP})
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
        Purpose.COUNTER: approve,
        Purpose.HELP: sign_in,
        Purpose.VOUCH: sign_in,
        Purpose.WITHDRAW: approve,
        Purpose.STOP: approve,
        Purpose.THREAT: approve,
        Purpose.LINK: sign_in,
    }
