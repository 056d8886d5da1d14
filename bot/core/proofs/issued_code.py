"""An 8-digit code sent to an address enrolled with Keyturn; closed until addresses are set up."""

from __future__ import annotations

from bot.core.model import ProofKind
from bot.core.proofs.door import Circumstances, Door, common

KIND = ProofKind.ISSUED_CODE


def door(c: Circumstances) -> Door:
    """Closed unless set up; then open to every name alike."""
    return common(KIND, c) or Door(KIND, True)
