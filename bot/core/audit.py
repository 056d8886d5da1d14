"""Audit entries: a closed vocabulary of `subject:object:action` tags, and how a row is made.

A tag is never reused for another meaning; a retired one stays listed. Bodies hold ids,
outcomes and digests, never a code, pass, token, cookie or typed text.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bot.core.records import AuditRow


class Tag(StrEnum):
    """Every kind of audited happening. Areas add theirs in their own block."""

    # case
    CASE_OPENED = "person:case:opened"
    CASE_MOVED = "person:case:moved"
    CASE_REFUSED = "person:case:refused"
    CASE_ENDED = "bot:case:ended"
    CASE_REPORTED = "person:case:reported"
    EVENT_FAILED = "bot:event:failed"
    EFFECT_DEAD = "bot:effect:dead"
    TIMER_DEAD = "bot:timer:dead"
    LETTER_RETRIED = "agent:letter:retried"
    LETTER_DISMISSED = "agent:letter:dismissed"
    # proof
    PROOF_OPENED = "bot:proof:opened"
    PROOF_CLOSED = "bot:proof:closed"
    PROOF_ANSWERED = "bot:proof:answered"
    ATTEMPT_CLAIMED = "person:attempt:claimed"
    ATTEMPT_REFUSED = "person:attempt:refused"
    ATTEMPT_FINISHED = "person:attempt:finished"
    ATTEMPT_REPORTED = "person:attempt:reported"
    MOVE_OFFERED = "person:move:offered"
    MOVE_DONE = "person:move:done"
    PAGE_KEY_MADE = "person:page_key:made"
    EVIDENCE_PASSED = "person:evidence:passed"
    EVIDENCE_VOIDED = "bot:evidence:voided"
    PROOF_FAILED = "person:proof:failed"
    SUBJECT_IDENTIFIED = "bot:subject:identified"
    METHODS_TICKED = "person:methods:ticked"
    CHECK_ASKED = "person:check:asked"
    CHECK_TOLD = "agent:check:told"
    CHECK_SIGNED = "agent:check:signed"
    COUNTER_ENROLLED = "agent:counter:enrolled"
    COUNTER_REVOKED = "agent:counter:revoked"
    HELPER_NAMED = "person:helper:named"
    HELPER_BEGAN = "helper:helping:began"
    HELPER_REFUSED = "helper:helping:refused"
    HELPER_ENDED = "bot:helping:ended"
    CASE_OPENED_FOR = "person:case:opened_for"
    CASE_STOPPED = "bot:case:stopped"
    CASE_FROZEN = "bot:case:frozen"
    CASE_SPARED = "bot:case:spared"
    # chat accounts
    ACCOUNT_REFUSED = "person:account:refused"
    LINK_ASKED = "person:link:asked"
    LINK_MADE = "person:link:made"
    LINK_CHANGED = "person:link:changed"
    LINK_REMOVED = "person:link:removed"
    LINK_REFUSED = "person:link:refused"
    # desk
    SESSION_OPENED = "person:session:opened"
    SESSION_ENDED = "person:session:ended"
    DESK_REFUSED = "person:desk:refused"
    CASE_TAKEN = "agent:case:taken"
    CASE_RELEASED = "agent:case:released"
    TAKE_LAPSED = "bot:case:lapsed"
    CASE_OFFERED = "agent:case:offered"
    OFFER_DECLINED = "agent:offer:declined"
    OFFER_LAPSED = "bot:offer:lapsed"
    HISTORY_READ = "agent:history:read"
    DESK_THANKED = "person:desk:thanked"
    SHIFT_STARTED = "agent:shift:started"
    SHIFT_ENDED = "agent:shift:ended"
    HANDOFF_ANSWERED = "agent:handoff:answered"
    # talk
    TALK_WRITTEN = "person:talk:written"
    TALK_SAID = "agent:talk:said"
    TALK_REFUSED = "agent:talk:refused"
    TALK_ENDED = "agent:talk:ended"
    TALK_WIPED = "timer:talk:wiped"
    BADGE_ASKED = "person:badge:asked"
    # sign-ins
    SIGN_IN_ASKED = "person:sign_in:asked"
    SIGN_IN_SIGNED = "person:sign_in:signed"
    SIGN_IN_REFUSED = "person:sign_in:refused"
    SIGN_IN_REPEATED = "person:sign_in:repeated"
    # requests, reviews, acts
    REQUEST_ASKED = "bot:request:asked"
    REQUEST_REFUSED = "bot:request:refused"
    REQUEST_ENDED = "bot:request:ended"
    REQUEST_ESCALATED = "timer:request:escalated"
    REVIEW_DENIED = "agent:review:denied"
    REVIEW_SUSPICIOUS = "agent:review:suspicious"
    REVIEW_ASKED_MORE = "agent:review:asked_more"
    DRAFT_REFUSED = "agent:draft:refused"
    APPROVAL_REFUSED = "agent:approval:refused"
    APPROVAL_COUNTED = "agent:approval:counted"
    EXECUTION_OPENED = "agent:execution:opened"
    EXECUTION_CLOSED = "bot:execution:closed"
    INTENT_WRITTEN = "bot:intent:written"
    RESULT_WRITTEN = "bot:result:written"
    PASS_SEALED = "bot:pass:sealed"
    PASS_SHOWN = "person:pass:shown"
    PASS_USED = "bot:pass:used"
    PASS_DESTROYED = "timer:pass:destroyed"
    WITHDRAWAL_ASKED = "bot:withdrawal:asked"
    WITHDRAWAL_DONE = "agent:withdrawal:done"
    WITHDRAWAL_REFUSED = "agent:withdrawal:refused"
    # notices
    NOTICE_SENT = "bot:notice:sent"
    NOTICE_UNSENT = "bot:notice:unsent"
    ALERT_RAISED = "bot:alert:raised"
    # objections
    OBJECTION_MADE = "person:objection:made"
    OBJECTION_REFUSED = "person:objection:refused"
    ENROLMENT_STOPPED = "bot:enrolment:stopped"
    TAKEBACK_ASKED = "bot:takeback:asked"
    TAKEBACK_BEGUN = "agent:takeback:begun"
    TAKEBACK_DONE = "agent:takeback:done"
    TAKEBACK_REFUSED = "agent:takeback:refused"
    # threat mode
    THREAT_RAISED = "agent:threat:raised"
    THREAT_LOWERING = "agent:threat:lowering"
    THREAT_LOWERED = "agent:threat:lowered"
    THREAT_REFUSED = "agent:threat:refused"
    # outages
    OUTAGE_STARTED = "agent:outage:started"
    OUTAGE_EXTENDED = "agent:outage:extended"
    OUTAGE_ENDED = "agent:outage:ended"
    OUTAGE_EXPIRED = "timer:outage:expired"
    REQUEST_PAUSED = "bot:request:paused"
    # saved codes
    CODES_MADE = "person:codes:made"
    CODE_USED = "person:code:used"
    # codes by mail, and the addresses they go to
    ISSUED_ASKED = "person:issued_code:asked"
    ISSUED_SENT = "bot:issued_code:sent"
    ISSUED_UNSENT = "bot:issued_code:unsent"
    ADDRESS_ADDED = "person:address:added"
    ADDRESS_FAILED = "person:address:failed"
    ADDRESS_REMOVED = "person:address:removed"
    BROWSER_REMEMBERED = "person:browser:remembered"
    BROWSER_FORGOTTEN = "person:browser:forgotten"
    CONTACT_NAMED = "person:contact:named"
    CONTACT_AGREED = "contact:contact:agreed"
    CONTACT_REMOVED = "person:contact:removed"
    # follow-through
    METHOD_SEEN = "bot:method:seen"
    METHOD_OWNED = "person:method:owned"
    METHOD_DISOWNED = "person:method:disowned"
    # tickets
    TICKET_MADE = "bot:ticket:made"
    TICKET_ATTACHED = "agent:ticket:attached"
    # vouchers
    VOUCH_ASKED = "person:voucher:asked"
    VOUCH_SIGNED = "manager:voucher:signed"
    VOUCH_REFUSED = "manager:voucher:refused"


ACTS = frozenset(
    {
        Tag.APPROVAL_COUNTED,
        Tag.EXECUTION_OPENED,
        Tag.EXECUTION_CLOSED,
        Tag.INTENT_WRITTEN,
        Tag.RESULT_WRITTEN,
        Tag.PASS_SEALED,
        Tag.WITHDRAWAL_DONE,
        Tag.TAKEBACK_BEGUN,
        Tag.TAKEBACK_DONE,
    }
)
"""What is sealed into the hash tree at once; everything else within 100 rows or a minute."""


def leaf_data(row: AuditRow) -> bytes:
    """The bytes a numbered row contributes to the hash tree: every column but the hash itself, as JSON
    with sorted keys, no white space, and moments in UTC to the microsecond."""
    columns: dict[str, Any] = {
        "v": 1,
        "number": row.number,
        "id": row.id,
        "at": _moment(row.at),
        "case_id": row.case_id,
        "actor": row.actor,
        "actor_method": row.actor_method,
        "actor_auth_time": row.actor_auth_time and _moment(row.actor_auth_time),
        "subject": row.subject,
        "tag": row.tag,
        "body": row.body,
    }
    return json.dumps(columns, sort_keys=True, separators=(",", ":")).encode()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def audit_row(
    ident: str,
    at: datetime,
    tag: Tag,
    *,
    case_id: str = "",
    actor: str = "bot",
    actor_method: str = "",
    actor_auth_time: datetime | None = None,
    subject: str = "",
    **body: Any,
) -> AuditRow:
    """A row ready for `UnitOfWork.audit`; *ident* sorts by time."""
    return AuditRow(ident, at, case_id, actor, actor_method, actor_auth_time, subject, tag.value, body)
