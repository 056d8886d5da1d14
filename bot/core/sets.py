"""Evidence sets: which proofs together are enough, and how a handful of them fills a set.

Small exhaustive searches over at most seven kinds; no clock, no policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import permutations

from bot.core.model import LiveHow, ProofKind

CODES = frozenset({ProofKind.SAVED_CODE, ProofKind.ISSUED_CODE, ProofKind.CONTACT})
"""What NIST counts as a code of its own; a manager's word never does."""
HIRING = "hiring"
"""The `how` of a code sent to the address that HR held before hiring."""


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """One way to fill a slot: a proof, and how it must have been done ("" is any way)."""

    kind: ProofKind
    how: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.how}" if self.how else str(self.kind)


Slot = frozenset[Need]


@dataclass(frozen=True, slots=True)
class EvidenceSet:
    """Proofs that together are enough: one per slot, each of another kind."""

    slots: tuple[Slot, ...]
    remembered: bool = False  # only in a browser that held its own key since enrolment


@dataclass(frozen=True, slots=True)
class Passed:
    """One proof passed, as far as policy looks at it."""

    kind: ProofKind
    at: datetime
    how: str = ""


def slot(text: str) -> Slot:
    """`saved_code|live_check:counter` as a slot. Raises ValueError for an unknown word."""
    return frozenset(_need(part.strip()) for part in text.split("|"))


def _need(text: str) -> Need:
    word, _, how = text.partition(":")
    kind = ProofKind(word)
    match kind:
        case ProofKind.LIVE_CHECK:
            return Need(kind, LiveHow(how).value if how else "")
        case ProofKind.ISSUED_CODE if how == HIRING:
            return Need(kind, how)
        case _ if how:
            raise ValueError(f"{kind} has no way called {how!r}")
        case _:
            return Need(kind)


def evidence_set(*slots: str, remembered: bool = False) -> EvidenceSet:
    return EvidenceSet(tuple(slot(s) for s in slots), remembered)


def fills(wanted: EvidenceSet, passed: Sequence[Passed], remembered: bool) -> bool:
    if not wanted.slots or (wanted.remembered and not remembered):
        return False
    size = len(wanted.slots)
    return any(
        len({p.kind for p in chosen}) == size
        and all(fits(p, s) for p, s in zip(chosen, wanted.slots, strict=True))
        for chosen in permutations(_one_per_way(passed), size)
    )


def _one_per_way(passed: Sequence[Passed]) -> list[Passed]:
    """Repeating a proof adds nothing, so that the search stays tiny whatever somebody piles up."""
    return list({(p.kind, p.how): p for p in passed}.values())


def fits(passed: Passed, slot: Slot) -> bool:
    """Any way fills a slot that names none, save a code to the address from before hiring: that was not
    enrolled by a sign-in, and counts only where it is asked for by name."""
    return any(
        n.kind is passed.kind and (n.how == passed.how or (not n.how and passed.how != HIRING)) for n in slot
    )


def implies(strong: EvidenceSet, weak: tuple[EvidenceSet, ...]) -> bool:
    """Whether every way to fill *strong* also fills one of *weak*."""
    at = datetime(1970, 1, 1, tzinfo=UTC)  # the age of proofs plays no part here
    ways = choices(strong.slots)
    return bool(ways) and all(
        any(fills(w, [Passed(n.kind, at, n.how) for n in way], strong.remembered) for w in weak)
        for way in ways
    )


def choices(slots: tuple[Slot, ...]) -> list[tuple[Need, ...]]:
    ways: list[tuple[Need, ...]] = [()]
    for one in slots:
        ways = [
            (*way, need) for way in ways for need in sorted(one) if need.kind not in {n.kind for n in way}
        ]
    return ways if slots else []
