"""One of ten codes printed earlier: 128 bits, used up by showing it."""

from __future__ import annotations

from bot.core.model import ProofKind
from bot.core.proofs.door import Circumstances, Door, Why, common

KIND = ProofKind.SAVED_CODE


def door(c: Circumstances) -> Door:
    """Open to every name before the first evidence; after it, only to who has codes that count."""
    if settled := common(KIND, c):
        return settled
    match c.codes:
        case "none":
            return Door(KIND, False, Why.NO_CODES)
        case "young":
            return Door(KIND, False, Why.YOUNG_CODES)
        case _:
            return Door(KIND, True)
