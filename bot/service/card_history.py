"""The story of a case for the card's thread: short lines, told from the audit log.

The audit log already says once, durably and in a closed vocabulary, what happened; a line is that row
in words. Rows that agents need not hear of have none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.audit import Tag
from bot.core.records import AuditRow
from bot.ports.store import Among, Not, UnitOfWork

WORDS: Mapping[Tag, str] = {
    Tag.ATTEMPT_CLAIMED: "claimed",
    Tag.ATTEMPT_REPORTED: "not_opened",
    Tag.CHECK_ASKED: "check_asked",
    Tag.EVIDENCE_PASSED: "passed",
    Tag.EVIDENCE_VOIDED: "voided",
    Tag.REQUEST_ASKED: "requested",
    Tag.REQUEST_REFUSED: "not_requested",
    Tag.REQUEST_ESCALATED: "escalated",
    Tag.REQUEST_ENDED: "ended",
    Tag.REVIEW_DENIED: "denied",
    Tag.REVIEW_SUSPICIOUS: "suspicious",
    Tag.REVIEW_ASKED_MORE: "asked_more",
    Tag.APPROVAL_COUNTED: "counted",
    Tag.EXECUTION_OPENED: "approved",
    Tag.CASE_TAKEN: "taken",
    Tag.CASE_RELEASED: "released",
    Tag.TAKE_LAPSED: "lapsed",
    Tag.CASE_OFFERED: "offered",
    Tag.OFFER_DECLINED: "declined",
    Tag.OFFER_LAPSED: "offer_lapsed",
    Tag.HANDOFF_ANSWERED: "talked",
    Tag.PASS_SHOWN: "shown",
    Tag.PASS_USED: "used",
    Tag.PASS_DESTROYED: "destroyed",
    Tag.WITHDRAWAL_ASKED: "withdrawal",
    Tag.WITHDRAWAL_DONE: "withdrawn",
    Tag.CASE_STOPPED: "stopped",
    Tag.CASE_FROZEN: "frozen",
    Tag.CASE_ENDED: "closed",
    Tag.LINK_CHANGED: "relinked",
}
TOLD = tuple(tag.value for tag in WORDS)
_NOBODY = ("bot", "person", "timer", "")
MOST = 60
"""Lines of one thread; a case with more has a review page."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line to come: *key* under ``desk.history``; *who* is an object id to be named, or empty;
    *terms* are values that are words themselves (key below ``desk.card``)."""

    id: str
    at: datetime
    key: str
    who: str = ""
    terms: Mapping[str, str] = field(default_factory=dict)


def untold(work: UnitOfWork, case_id: str, told: Collection[str]) -> tuple[Told, ...]:
    """What has happened in the case and is not in *told* (ids), oldest first."""
    if len(told) >= MOST:
        return ()
    # Two reads, since the log is indexed in two halves: numbered rows, and the few that are not yet.
    rows = work.find(AuditRow, case_id=case_id, number=Not(None), tag=Among(TOLD))
    rows += work.find(AuditRow, case_id=case_id, number=None, tag=Among(TOLD))
    fresh = {row.id: row for row in rows if row.id not in told}  # a row may be numbered in between
    lines = [_line(fresh[ident]) for ident in sorted(fresh)]
    return tuple(lines[: MOST - len(told)])


def _line(row: AuditRow) -> Told:
    tag = Tag(row.tag)
    body = row.body
    terms: dict[str, str] = {}
    match tag:
        case Tag.EVIDENCE_PASSED:
            terms["proof"] = f"proofs.{body['kind']}"
            if body.get("how"):
                terms["how"] = f"hows.{body['how']}"
        case Tag.REQUEST_ENDED:
            terms["outcome"] = f"outcomes.{body['outcome']}"
    who = str(body.get("agent", "")) if tag in (Tag.TAKE_LAPSED, Tag.OFFER_LAPSED) else row.actor
    return Told(row.id, row.at, WORDS[tag], "" if who in _NOBODY else who, terms)


def worded(told: Told, say: Callable[..., str], *, at: str, name: str) -> str:
    """The line in a language; *say* gives a sentence under ``desk``."""
    values = {name: say(f"card.{key}") for name, key in told.terms.items()}
    proof = values.get("proof", "")
    if "how" in values:
        proof = f"{proof} ({values['how']})"
    return say(
        f"history.{told.key}", at=at, name=name or say("history.somebody"), proof=proof,
        outcome=values.get("outcome", ""),
    )  # fmt: skip
