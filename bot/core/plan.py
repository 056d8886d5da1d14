"""A plan: ordered acts, what they would leave behind, and the draft an approver signs.

The digest covers everything that was on the page when the approver pressed Approve. Whatever
changes afterwards changes the digest, and the signature no longer fits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from bot.core.facts import AccountFacts, PassPolicy, Read, Unreadable
from bot.core.model import Act, ActKind, PassShape, Reason
from bot.core.rank import strong
from bot.core.records import Evidence

_ORDER = (ActKind.ISSUE_PASS, ActKind.REMOVE_METHOD, ActKind.RESET_METHODS, ActKind.FORGET_DEVICES)
_MOBILE = "3179e48a-750b-4051-897c-87b9720928f7"  # the fixed id of everybody's first mobile number
REMOVALS = frozenset({ActKind.REMOVE_METHOD, ActKind.RESET_METHODS})
"""Acts that take a method off the account."""
SHORT_MINUTES = 15
DAY_MINUTES = 600


def act_json(act: Act, label: str = "") -> dict[str, Any]:
    """How an act stands in a request's row; *label* is for people and not decided on."""
    return {**asdict(act), "kind": act.kind.value, "label": label}


def act_of(body: Mapping[str, Any]) -> Act:
    return Act(
        ActKind(body["kind"]),
        str(body.get("method_id", "")),
        str(body.get("method_type", "")),
        str(body.get("shape", "")),
        int(body.get("minutes", 0)),
        bool(body.get("once", True)),
    )


def ordered(acts: Iterable[Act]) -> tuple[Act, ...]:
    """The pass first, so that nothing is taken away before something new is given.

    Entra deletes no default method while others stand, and no mobile number while a second one
    does: what is likely the default goes last, the app after the numbers."""
    return tuple(sorted(dict.fromkeys(acts), key=lambda a: (_ORDER.index(a.kind), _late(a), a.method_id)))


def _late(act: Act) -> int:
    if act.method_type == "microsoftAuthenticator":
        return 3
    if act.method_type == "phone":
        return 2 if act.method_id == _MOBILE else 1
    return 0


def minutes_for(shape: PassShape, policy: PassPolicy) -> int:
    """As close to the shape's own length as the tenant's policy allows."""
    wanted = SHORT_MINUTES if shape is PassShape.SHORT else DAY_MINUTES
    return max(policy.minimum, min(policy.maximum, wanted))


def timed(acts: Iterable[Act], policy: Read[PassPolicy]) -> tuple[Act, ...]:
    """*acts* with the pass's length and once-only flag filled in."""
    if isinstance(policy, Unreadable):
        return ordered(acts)
    return ordered(
        replace(
            a,
            minutes=minutes_for(PassShape(a.shape), policy),
            once=policy.once_only or a.shape == PassShape.SHORT,
        )
        if a.kind is ActKind.ISSUE_PASS
        else a
        for a in acts
    )


def pass_allowed(policy: Read[PassPolicy], subject: AccountFacts, acts: Iterable[Act]) -> Reason | None:
    """Whether the tenant lets this account have this pass."""
    wanted = [a for a in acts if a.kind is ActKind.ISSUE_PASS]
    if not wanted:
        return None
    if isinstance(policy, Unreadable) or isinstance(subject.groups, Unreadable):
        return Reason.FACTS_UNREADABLE
    if not policy.enabled or not in_scope(policy, subject.groups):
        return Reason.PASS_NOT_ALLOWED
    fits = all(
        policy.minimum <= a.minutes <= policy.maximum and (a.once or not policy.once_only) and _as_shaped(a)
        for a in wanted
    )
    return None if fits else Reason.PASS_NOT_ALLOWED


def in_scope(policy: PassPolicy, groups: frozenset[str]) -> bool:
    """Whether the policy is meant for a member of *groups*; an exclusion is the last word."""
    inside = "all_users" in policy.include_groups or bool(groups & set(policy.include_groups))
    return inside and not groups & set(policy.exclude_groups)


def _as_shaped(act: Act) -> bool:
    """A day pass works more than once and no longer than a working day; a short one works once."""
    return (not act.once and act.minutes <= DAY_MINUTES) if act.shape == PassShape.DAY else act.once


def takes_nothing_with_a_day_pass(acts: Iterable[Act]) -> Reason | None:
    """Whoever bridges a day comes back to the methods on the account."""
    acts = tuple(acts)
    day = any(a.kind is ActKind.ISSUE_PASS and a.shape == PassShape.DAY for a in acts)
    return Reason.FORBIDDEN if day and any(a.kind in REMOVALS for a in acts) else None


def keeps_a_way_in(
    subject: AccountFacts, acts: Sequence[Act], said_gone: frozenset[str] = frozenset()
) -> Reason | None:
    """No plan leaves an account below one strong method unless it also issues a pass: that includes
    forgetting devices, for a session may be the only way in. *said_gone* are methods that the person
    said they cannot use, whatever the account says."""
    kinds = {a.kind for a in acts}
    if ActKind.ISSUE_PASS in kinds:
        return None
    if isinstance(subject.methods, Unreadable):
        return Reason.FACTS_UNREADABLE
    gone = {a.method_id for a in acts if a.kind is ActKind.REMOVE_METHOD} | said_gone
    left = [m for m in strong(subject.methods) if m.id not in gone]
    return None if left and ActKind.RESET_METHODS not in kinds else Reason.WOULD_LOCK_OUT


def methods_as_asked(subject: AccountFacts, acts: Sequence[Act]) -> Reason | None:
    """A method to remove is still what it was; one already gone is as good as removed."""
    if isinstance(subject.methods, Unreadable):
        return Reason.FACTS_UNREADABLE
    types = {m.id: m.type for m in subject.methods}
    wanted = [a for a in acts if a.kind is ActKind.REMOVE_METHOD]
    same = all(types.get(a.method_id, a.method_type) == a.method_type for a in wanted)
    return None if same and all(a.method_id for a in wanted) else Reason.SUBJECT_CHANGED


@dataclass(frozen=True, slots=True)
class Draft:
    """What one approver is about to sign. *evidence* is their contents, not their ids alone;
    *replaces* is the id of somebody else's live pass that the approver agreed to replace."""

    case_id: str
    request_id: str
    subject_oid: str
    acts: tuple[Act, ...]
    rank: str
    policy_version: str
    evidence: tuple[str, ...]
    thumbprint: str
    approver_oid: str = ""
    reason: str = ""
    note: str = ""
    replaces: str = ""
    helper: str = ""  # oid of who stands in for the subject's browser

    @property
    def digest(self) -> str:
        """Of everything."""
        return _hash(asdict(self))

    @property
    def plan_digest(self) -> str:
        """Of what all approvers of a quorum must have signed alike."""
        return replace(self, approver_oid="", reason="", note="").digest

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "acts": [act_json(a) for a in self.acts], "evidence": list(self.evidence)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Draft:
        fields = {k: body[k] for k in cls.__dataclass_fields__ if k in body and k not in ("acts", "evidence")}
        acts = tuple(act_of(a) for a in body["acts"])
        return cls(acts=acts, evidence=tuple(map(str, body["evidence"])), **fields)


def contents(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """The digest of each proof's contents, in an order that does not depend on who listed them."""
    return tuple(
        sorted(
            _hash([e.id, e.case_id, e.attempt_id, e.subject_oid, e.kind, e.at, e.by_oid, e.thumbprint, e.how])
            for e in evidence
        )
    )


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
