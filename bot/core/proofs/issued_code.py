"""An 8-digit code sent to an address enrolled with Keyturn (NIST SP 800-63B-4, 4.2.1.2)."""

from __future__ import annotations

from enum import StrEnum

from bot.core.model import ProofKind
from bot.core.proofs.door import Circumstances, Door, Why, common

KIND = ProofKind.ISSUED_CODE


class ReadOn(StrEnum):
    """Where the person reads that mailbox, in their own words; a closed list. Whoever holds the lost
    phone reads it, too, so a mailbox that is open there proves nothing."""

    THIS_DEVICE = "this_device"
    OTHER_DEVICE = "other_device"
    LOST_DEVICE = "lost_device"


PROVES = frozenset({ReadOn.THIS_DEVICE, ReadOn.OTHER_DEVICE})


def door(c: Circumstances) -> Door:
    """Open to every name before the first evidence; after it, only to who has an address that counts."""
    if settled := common(KIND, c):
        return settled
    match c.mail:
        case "none":
            return Door(KIND, False, Why.NO_ADDRESS)
        case "young":
            return Door(KIND, False, Why.YOUNG_ADDRESS)
        case _:
            return Door(KIND, True)
