"""The proofs, one file each, and the list a case page shows."""

from __future__ import annotations

from bot.core.proofs import contact, issued_code, live_check, manager, saved_code, sign_in, verified_id
from bot.core.proofs.door import Circumstances, Door, Wanted, Why

__all__ = ["Circumstances", "Door", "Wanted", "Why", "doors"]

_PROOFS = (saved_code, issued_code, live_check, manager, contact, sign_in, verified_id)


def doors(c: Circumstances) -> tuple[Door, ...]:
    """Every proof this product knows, in the order of the page, open or closed with the reason."""
    return tuple(proof.door(c) for proof in _PROOFS)
