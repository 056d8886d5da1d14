"""The threat mode at run time, as every decision reads it: inside its own transaction.

A row that we did not write, or cannot make sense of, is elevated: whoever changes it gains nothing but
more checks. The settings may say `elevated` as well; the stricter counts.
"""

from __future__ import annotations

from dataclasses import replace

from bot.core.law import Law
from bot.core.policy import ThreatMode
from bot.core.records import Threat
from bot.ports.store import UnitOfWork
from bot.service.keys import Keys

MODE = "mode"
"""The one row."""


def threat_now(work: UnitOfWork, keys: Keys) -> ThreatMode:
    """The mode raised at run time, as of this transaction."""
    row = work.get(Threat, MODE)
    if row is None:
        return ThreatMode.NORMAL
    normal = keys.row_mac_fits(row) and row.mode == ThreatMode.NORMAL
    return ThreatMode.NORMAL if normal else ThreatMode.ELEVATED


def law_now(work: UnitOfWork, law: Law, keys: Keys) -> Law:
    """What is laid down, with the mode of this transaction."""
    threat = threat_now(work, keys)
    return law if threat is law.threat else replace(law, threat=threat)
