"""Policy: which evidence and how many approvers a plan needs, as data, with a floor in code.

The defaults below are the table of docs/policy.md. `app.yaml` may ask for more, never for less:
`parse` gathers every complaint and names the rule of the floor that was broken (`policy_floor`).
Nothing here reads a clock or the world; rank and evidence arrive as values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.model import ActKind, ProofKind, Rank, Reason
from bot.core.sets import HIRING, EvidenceSet, Need, Passed, choices, evidence_set, fills, fits, implies

PASS_ACTS = frozenset({ActKind.ISSUE_PASS, ActKind.REMOVE_METHOD, ActKind.RESET_METHODS})


class ThreatMode(StrEnum):
    NORMAL = "normal"
    ELEVATED = "elevated"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: any of *sets*, then *approvers* other humans."""

    sets: tuple[EvidenceSet, ...]
    approvers: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """What one plan needs of one account. *refused* says why nobody may ask for it."""

    acts: tuple[ActKind, ...]
    rank: Rank
    sets: tuple[EvidenceSet, ...] = ()
    approvers: int = 1
    solo_desk: bool = False  # the checker may approve, if a code passed too
    separate_group: bool = False  # approvers come from `groups.security`
    refused: Reason | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Spans, in the words of the design; the floor lets nobody stretch (or shrink) them past these."""

    evidence: timedelta = timedelta(minutes=60)
    request: timedelta = timedelta(minutes=60)
    page: timedelta = timedelta(seconds=60)
    facts: timedelta = timedelta(seconds=30)
    again: timedelta = timedelta(hours=2)
    between_used_passes: timedelta = timedelta(hours=72)
    between_forgets: timedelta = timedelta(hours=24)
    no_vouching: timedelta = timedelta(hours=24)
    quarantine: timedelta = timedelta(hours=72)
    long_quarantine: timedelta = timedelta(days=14)
    handover: timedelta = timedelta(minutes=30)
    countdown: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Caps:
    """Counts. A subject's *used* passes a week and day passes in 30 days; an agent's passes a day."""

    passes_a_week: int = 3
    agent_warn: int = 25
    agent_stop: int = 60
    day_passes_a_month: int = 3


@dataclass(frozen=True, slots=True)
class Population:
    """Members of *group* get *rules* of their own instead of the common ones."""

    name: str
    group: str
    rules: Mapping[Rank, Rule]


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole table. *version* is the hash of its contents, so that every decision can name it."""

    rules: Mapping[Rank, Rule]
    forget: Rule
    threat_mode: ThreatMode = ThreatMode.NORMAL
    solo_desk: bool = False
    reset_methods: bool = False
    privileged: bool = False
    populations: tuple[Population, ...] = ()
    excluded: frozenset[str] = frozenset()
    privileged_accounts: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    times: Times = field(default_factory=Times)
    caps: Caps = field(default_factory=Caps)

    @property
    def version(self) -> str:
        return hashlib.sha256(_canonical(self).encode()).hexdigest()[:16]


def _canonical(value: object) -> str:
    return json.dumps(asdict(value), sort_keys=True, default=_plain)  # type: ignore[call-overload]


def _plain(value: object) -> object:
    match value:
        case frozenset():
            return sorted(json.dumps(v, default=_plain, sort_keys=True) for v in value)
        case timedelta():
            return value.total_seconds()
        case _:
            return str(value)


_CODE = "saved_code|issued_code|contact"
DEFAULT_RULES: Mapping[Rank, Rule] = {
    Rank.STANDARD: Rule(
        (
            evidence_set(_CODE, _CODE, remembered=True),
            evidence_set("verified_id"),
            evidence_set(f"{_CODE}|manager", "live_check"),
            evidence_set("live_check:counter"),
        )
    ),
    Rank.NEW_ACCOUNT: Rule(
        (evidence_set("live_check:counter"), evidence_set("manager", f"issued_code:{HIRING}"))
    ),
    Rank.SENSITIVE: Rule((evidence_set(f"{_CODE}|verified_id", "live_check"),)),
    Rank.PRIVILEGED: Rule((evidence_set("live_check:counter", _CODE),), approvers=2),
}
DEFAULT_FORGET = Rule(
    (evidence_set("sign_in|saved_code|issued_code|contact|manager|live_check|verified_id"),)
)
ELEVATED = Rule((evidence_set("live_check:counter|verified_id", f"{_CODE}|manager"),), approvers=2)
DEFAULT = Policy(rules=DEFAULT_RULES, forget=DEFAULT_FORGET)


def row(
    policy: Policy,
    acts: Iterable[ActKind],
    rank: Rank,
    *,
    groups: frozenset[str] = frozenset(),
    threat: ThreatMode | None = None,
) -> Row:
    """The row for a plan of *acts* on an account of *rank* that is a member of *groups*.

    *threat* is the mode raised at run time; the stricter of it and the written one counts.
    """
    kinds = tuple(dict.fromkeys(acts))
    refused = _refused(policy, kinds, rank)
    if refused is not None:
        return Row(kinds, rank, refused=refused)
    wanted: list[Rule] = []
    if PASS_ACTS & set(kinds):
        wanted.append(_pass_rule(policy, rank, groups, threat or ThreatMode.NORMAL))
    if ActKind.FORGET_DEVICES in kinds:
        wanted.append(policy.forget)
    sets = wanted[0].sets
    for rule in wanted[1:]:
        sets = _both(sets, rule.sets)
    elevated = ThreatMode.ELEVATED in (policy.threat_mode, threat)
    return Row(
        kinds,
        rank,
        sets,
        max(rule.approvers for rule in wanted),
        solo_desk=policy.solo_desk and rank is Rank.STANDARD and not elevated,
        separate_group=rank is Rank.PRIVILEGED,
    )


def _refused(policy: Policy, kinds: Sequence[ActKind], rank: Rank) -> Reason | None:
    if not kinds or rank is Rank.EXCLUDED:
        return Reason.RANK_REFUSED
    if rank is Rank.PRIVILEGED and not policy.privileged:
        return Reason.RANK_REFUSED
    if ActKind.RESET_METHODS in kinds and not policy.reset_methods:
        return Reason.FORBIDDEN
    return None


def _pass_rule(policy: Policy, rank: Rank, groups: frozenset[str], threat: ThreatMode) -> Rule:
    if rank in (Rank.STANDARD, Rank.SENSITIVE) and ThreatMode.ELEVATED in (policy.threat_mode, threat):
        return ELEVATED
    own = (p.rules[rank] for p in policy.populations if p.group in groups and rank in p.rules)
    return next(own, policy.rules[rank])


def _both(first: tuple[EvidenceSet, ...], second: tuple[EvidenceSet, ...]) -> tuple[EvidenceSet, ...]:
    """Sets that are enough for both rules; those of the first that imply the second stay as they are."""
    merged: list[EvidenceSet] = []
    for one in first:
        if implies(one, second):
            merged.append(one)
        else:
            merged.extend(
                EvidenceSet(one.slots + other.slots, one.remembered or other.remembered) for other in second
            )
    return tuple(merged)


def satisfied(
    row: Row, evidence: Iterable[Passed], *, remembered: bool, now: datetime, max_age: timedelta | None = None
) -> EvidenceSet | None:
    """The first set of *row* that the evidence fills, or None. Evidence from the future or older than
    *max_age* does not count; each slot takes evidence of another kind."""
    if row.refused is not None:
        return None
    fresh = [p for p in evidence if p.at <= now and (max_age is None or now - p.at <= max_age)]
    return next((s for s in row.sets if fills(s, fresh, remembered)), None)


def open_proofs(
    row: Row,
    passed: Iterable[Passed],
    *,
    remembered: bool = False,
    available: frozenset[ProofKind] | None = None,
) -> tuple[Need, ...]:
    """Proofs that could still complete a set, in the order of the vocabulary.

    *available* are the kinds this installation and this person can do at all; a set that needs another
    kind opens nothing. Neither does a way that asks for more than another does. Empty once a set is
    full.
    """
    done = list(passed)
    if row.refused is not None or any(fills(s, done, remembered) for s in row.sets):
        return ()
    left: set[frozenset[Need]] = set()
    for wanted in row.sets:
        if wanted.remembered and not remembered:
            continue
        for way in choices(wanted.slots):
            kinds = {n.kind for n in way}
            if available is not None and not kinds <= available | {p.kind for p in done}:
                continue
            left.add(frozenset(n for n in way if not any(fits(p, frozenset({n})) for p in done)))
    # Nobody is sent to a manager whose word would only stand beside a code already shown.
    useful = {need for way in left if not any(other < way for other in left) for need in way}
    order = list(ProofKind)
    plain = {n.kind for n in useful if not n.how}
    kept = (n for n in useful if not n.how or n.kind not in plain)
    return tuple(sorted(kept, key=lambda n: (order.index(n.kind), n.how)))
