"""Since when something of an account is known here: methods, numbers, the photo.

Graph dates some of it; for the rest our first sighting runs the age. What is seen in the first day
after installation is `baseline`: usable, and shown as known since the installation. Anything later
without a date is young, and young is unusable.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.core.facts import STRONG_TYPES
from bot.core.records import Fact, Sighting
from bot.ports.store import UnitOfWork

INSTALLED = "installed"
FIRST_SWEEP = timedelta(hours=24)
Thing = tuple[str, str, str, datetime | None]
"""Id (a method's, `mobile`, `photo/…`), type, label, Graph's date."""


def note(work: UnitOfWork, oid: str, things: Iterable[Thing], at: datetime) -> None:
    """Write down what is seen for the first time; what is known stays as it was.

    Only strong methods are kept under the account's own id: "has this account ever had a method" is
    asked of these rows. Everything else is kept beside them.
    """
    installed = work.get(Fact, INSTALLED)
    if installed is None:
        installed = Fact(INSTALLED, {}, at)
        work.add(installed)
    baseline = at - installed.at <= FIRST_SWEEP
    for ident, kind, label, created in things:
        owner = oid if kind in STRONG_TYPES else beside(oid)
        key = f"{owner}/{ident}"
        if work.get(Sighting, key) is None:
            work.add(Sighting(key, owner, ident, kind, label, at, created, baseline))


def known(work: UnitOfWork, oid: str) -> dict[str, tuple[datetime, bool]]:
    """First sighting, and whether it was the baseline, by id."""
    return {
        s.method_id: (s.created_at or s.first_seen_at, s.baseline)
        for owner in (oid, beside(oid))
        for s in work.find(Sighting, subject_oid=owner)
    }


def beside(oid: str) -> str:
    """Under which name what is no strong method is kept."""
    return f"record:{oid}"


def had_methods(work: UnitOfWork, oid: str) -> bool:
    """Whether a strong method of this account was ever seen here; numbers and photos are none."""
    return any(s.method_type in STRONG_TYPES for s in work.find(Sighting, subject_oid=oid))
