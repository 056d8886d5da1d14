"""A recovery contact the person named earlier, who signs in freshly (NIST SP 800-63B-4, 4.2.1.3)."""

from __future__ import annotations

from bot.core.model import ProofKind
from bot.core.proofs.door import Circumstances, Door, Why, common

KIND = ProofKind.CONTACT


def door(c: Circumstances) -> Door:
    """Nobody is written to before the first evidence; after it, only where a contact counts."""
    if settled := common(KIND, c):
        return settled
    if c.wanted is None and not c.passed:
        return Door(KIND, False, Why.AFTER_ONE)
    match c.contacts:
        case "none":
            return Door(KIND, False, Why.NO_CONTACT)
        case "young":
            return Door(KIND, False, Why.YOUNG_CONTACT)
        case _:
            return Door(KIND, True)
