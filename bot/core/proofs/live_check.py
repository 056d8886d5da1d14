"""An agent meets the person: by calling a number on record, by video, or at the counter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.facts import Method, Person
from bot.core.model import LiveHow, ProofKind
from bot.core.proofs.door import Circumstances, Door, Why, common

KIND = ProofKind.LIVE_CHECK
OLD_ENOUGH = timedelta(days=14)
"""A number or photo younger than this may be the attacker's own."""


def door(c: Circumstances) -> Door:
    """Open while the desk is. A counter is open as long as one is set up: people are there."""
    if settled := common(KIND, c):
        return settled
    hows = tuple(h.value for h in LiveHow if wanted_so(h, c))
    shut: dict[str, Why] = {}
    if not c.desk_open:
        shut = {h: Why.DESK_CLOSED for h in hows if h != LiveHow.COUNTER}
    if not c.video and LiveHow.VIDEO in hows:
        shut[LiveHow.VIDEO.value] = Why.NOT_SET_UP
    if not c.counters and LiveHow.COUNTER in hows:
        shut[LiveHow.COUNTER.value] = Why.NOT_SET_UP
    return Door(KIND, True, None, hows, shut)


def wanted_so(how: LiveHow, c: Circumstances) -> bool:
    """Whether a check made this way could still complete the evidence."""
    if c.wanted is None:
        return True
    return any(w.kind is KIND and w.how in ("", how.value) for w in c.wanted)


@dataclass(frozen=True, slots=True)
class NumberOnRecord:
    """A number an agent may call. *ref* names it without showing it; *since* None is unknown."""

    ref: str
    number: str
    source: str  # method, mobile, business
    since: datetime | None
    baseline: bool
    usable: bool

    @property
    def masked(self) -> str:
        return masked(self.number)


def masked(number: str) -> str:
    """The last two digits, behind as many dots as a person needs to recognise it."""
    digits = [c for c in number if c.isdigit()]
    return f"••• ••{''.join(digits[-2:])}" if len(digits) > 4 else "•••"


def numbers_on_record(
    person: Person,
    methods: Iterable[Method],
    now: datetime,
    *,
    first_seen: dict[str, tuple[datetime, bool]] | None = None,
    gone: frozenset[str] = frozenset(),
) -> tuple[NumberOnRecord, ...]:
    """Phone methods, then mobilePhone, then businessPhones; each number once.

    *first_seen* tells, per ref, our first sighting and whether that was the baseline of the
    installation (usable, whatever its age). Without any date a number is young, and young is
    unusable. *gone* are method ids ticked as gone: a number that rings on the lost device.
    """
    seen = first_seen or {}
    found: list[tuple[str, str, str, datetime | None]] = [
        (m.id, m.detail, "method", m.created_at) for m in methods if m.type == "phone" and m.detail
    ]
    if person.mobile:
        found.append(("mobile", person.mobile, "mobile", None))
    found.extend((f"business{n}", p, "business", None) for n, p in enumerate(person.business_phones))
    lost = {_plain(number) for ref, number, _, _ in found if ref in gone}
    numbers: dict[str, NumberOnRecord] = {}
    for ref, number, source, created in found:
        sighted, baseline = seen.get(ref, (None, False))
        since = created or sighted
        old = baseline or (since is not None and now - since >= OLD_ENOUGH)
        plain = _plain(number)
        if plain not in numbers:
            numbers[plain] = NumberOnRecord(ref, number, source, since, baseline, old and plain not in lost)
    return tuple(numbers.values())


def _plain(number: str) -> str:
    return "".join(c for c in number if c.isdigit())[-9:]
