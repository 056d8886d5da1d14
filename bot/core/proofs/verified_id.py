"""Entra Verified ID with Face Check; closed until a verifier is set up."""

from __future__ import annotations

from bot.core.model import ProofKind
from bot.core.proofs.door import Circumstances, Door, common

KIND = ProofKind.VERIFIED_ID


def door(c: Circumstances) -> Door:
    """Closed unless set up; then open to every name alike."""
    return common(KIND, c) or Door(KIND, True)
