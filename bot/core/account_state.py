"""What stands in the way of an account, in one word: the outcomes of `look: account_state`.

Several may hold at once; the first of this order is told, because whatever comes after it does not
help while it holds:

1. ``disabled``: nobody gets in, whatever else is done.
2. ``risk_blocked``: Entra sees a medium or high risk; Conditional Access commonly blocks that.
3. ``locked``: too many wrong tries (sign-in error 50053) within the hour, and no sign-in since.
4. ``no_method``: nothing is left to sign in with.
5. ``synced``: mastered on premises. Whether it is locked there cannot be read in Entra, only asked.

Error 50053 is also what Entra logs for an address it holds for malicious; either way waiting helps
and trying does not. What a tenant is not licensed for is not known, and holds nobody up; anything
else that cannot be read makes the whole answer unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.core.facts import STRONG_TYPES, AccountFacts, Read, Unreadable

LOCKED = 50053
LATELY = timedelta(hours=1)
"""Smart lockout begins with a minute and grows with every further try; an hour later it is over, or the
person would have tried again."""
_BLOCKING = frozenset({"medium", "high"})

SignIns = Sequence[Mapping[str, object]]


def account_state(facts: AccountFacts, sign_ins: Read[SignIns], now: datetime) -> str | None:
    """The outcome; None when a part that could decide cannot be read. *sign_ins* are newest first."""
    if isinstance(facts.person, Unreadable) or facts.person is None:
        return None
    if not facts.person.enabled:
        return "disabled"
    if _unread(facts.risk) or _unread(sign_ins) or isinstance(facts.methods, Unreadable):
        return None
    if not isinstance(facts.risk, Unreadable) and facts.risk.level in _BLOCKING:
        return "risk_blocked"
    if not isinstance(sign_ins, Unreadable) and _locked(sign_ins, now):
        return "locked"
    if not any(m.type in STRONG_TYPES for m in facts.methods):
        return "no_method"
    return "synced" if facts.person.synced else "ok"


def _unread(part: object) -> bool:
    return isinstance(part, Unreadable) and part.why != "unlicensed"


def _locked(sign_ins: SignIns, now: datetime) -> bool:
    """Whether the lock is the newest news: a sign-in that worked afterwards has opened it."""
    for one in sign_ins:
        at = one.get("at")
        if one.get("error") == 0 or not isinstance(at, datetime) or now - at > LATELY:
            return False
        if one.get("error") == LOCKED:
            return True
    return False
