"""What the front door keeps: moves of a case from one device to another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import record


@record("moves", unique=(("token_hash",),), index=(("case_id",),))
@dataclass(frozen=True, slots=True)
class Move:
    """Leave to go on with a case on another device: shown as a QR code by the browser that has it,
    good for one claim within ten minutes."""

    id: str
    case_id: str
    attempt_id: str  # of the browser that gives its part away
    token_hash: str
    made_at: datetime
    expires_at: datetime
    status: str  # open, done, over
    tries: int = 0
