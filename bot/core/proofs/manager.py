"""The directory manager (or deputy), who sees or calls the person and signs in freshly."""

from __future__ import annotations

from bot.core.model import ProofKind
from bot.core.proofs.door import Circumstances, Door, Why, common

KIND = ProofKind.MANAGER


def door(c: Circumstances) -> Door:
    """Nobody is written to before the first evidence; after it, only where the directory has a manager."""
    if settled := common(KIND, c):
        return settled
    if c.wanted is None and not c.passed:
        return Door(KIND, False, Why.AFTER_ANOTHER)
    if c.manager is False:
        return Door(KIND, False, Why.NO_MANAGER)
    return Door(KIND, True)
