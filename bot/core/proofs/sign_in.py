"""A fresh sign-in with a method that still works. Not recovery: it ends in self-service, no pass."""

from __future__ import annotations

from bot.core.model import ProofKind
from bot.core.proofs.door import Circumstances, Door, Why, common

KIND = ProofKind.SIGN_IN


def door(c: Circumstances) -> Door:
    """Open as long as a method could still work; closed once every strong one is ticked as gone."""
    if settled := common(KIND, c):
        return settled
    if not c.strong_left:
        return Door(KIND, False, Why.ALL_GONE)
    return Door(KIND, True)
