"""The threat mode as people raised and lowered it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import record


@record("threats", key="id")
@dataclass(frozen=True, slots=True)
class Threat:
    """One row, `mode`; `mac` covers every other column. None at all is normal."""

    id: str
    mode: str  # ThreatMode
    by_oid: str  # who raised it, or completed the lowering
    at: datetime
    lowering_oid: str  # the first of the two who lower it; "" while nobody began
    lowering_human: str
    lowering_at: datetime | None
    mac: str
