"""The closed vocabularies and small values that every layer shares.

One meaning each; docs/glossary.md says them in prose. Identifiers are opaque
strings; times are aware datetimes in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

CaseId = NewType("CaseId", str)
EventId = NewType("EventId", str)
EffectKey = NewType("EffectKey", str)
AttemptId = NewType("AttemptId", str)
RequestId = NewType("RequestId", str)
FlowHash = NewType("FlowHash", str)
Oid = NewType("Oid", str)
"""Entra object id, lower case: the only name by which anything privileged is decided."""


class Rank(StrEnum):
    """How carefully an account must be treated; unknown counts as privileged."""

    STANDARD = "standard"
    NEW_ACCOUNT = "new_account"
    SENSITIVE = "sensitive"
    PRIVILEGED = "privileged"
    EXCLUDED = "excluded"


class ProofKind(StrEnum):
    """A way to show who you are (design section 5)."""

    SIGN_IN = "sign_in"
    SAVED_CODE = "saved_code"
    ISSUED_CODE = "issued_code"
    CONTACT = "contact"
    MANAGER = "manager"
    LIVE_CHECK = "live_check"
    VERIFIED_ID = "verified_id"


class LiveHow(StrEnum):
    """How an agent met the person in a live check."""

    CALL_BACK = "call_back"
    VIDEO = "video"
    COUNTER = "counter"


class VouchHow(StrEnum):
    """How a manager made sure; a closed list, never "recognised the voice"."""

    IN_PERSON = "in_person"
    VIDEO_CALL = "video_call"
    CALLED_KNOWN_NUMBER = "called_known_number"


class ActKind(StrEnum):
    """A privileged change; a flow can only ever ask for it inside `request`."""

    ISSUE_PASS = "issue_pass"
    FORGET_DEVICES = "forget_devices"
    REMOVE_METHOD = "remove_method"
    RESET_METHODS = "reset_methods"


class ActResult(StrEnum):
    """How one act ended; `void` is unknown and undone."""

    DONE = "done"
    REFUSED = "refused"
    VOID = "void"
    SKIPPED = "skipped"


class RequestOutcome(StrEnum):
    """How a request ended; the same words leave the `request` step of a flow."""

    DONE = "done"
    DENIED = "denied"
    EXPIRED = "expired"
    VOID = "void"
    PARTIAL = "partial"
    REFUSED = "refused"


class PassShape(StrEnum):
    """`short`: once only, as close to 15 min as the tenant allows. `day`: multi-use, at most 10 h."""

    SHORT = "short"
    DAY = "day"


class Command(StrEnum):
    """Engine-wide words a person may say at any step; never drawn in a flow."""

    BACK = "back"
    CANCEL = "cancel"
    RESTART = "restart"
    PERSON = "person"
    HELP = "help"
    LANGUAGE = "language"
    NOT_ME = "not_me"
    RESUME = "resume"


class Reason(StrEnum):
    """Why something was refused. Words for people live in templates under `reasons`."""

    # in chat
    NOT_EXPECTED = "not_expected"
    STALE = "stale"
    FLOW_ENDED = "flow_ended"
    NO_WAY_BACK = "no_way_back"
    NOT_YOURS = "not_yours"
    SECRET_TYPED = "secret_typed"
    SHARED_CHANNEL = "shared_channel"
    # in a talk with a person
    TALK_OVER = "talk_over"
    TALK_SECRET = "talk_secret"
    TALK_LINK = "talk_link"
    TALK_EMPTY = "talk_empty"
    TALK_LONG = "talk_long"
    NOT_TAKEN = "not_taken"
    # at the case page
    UNKNOWN_CASE = "unknown_case"
    NO_SUCH_CASE = "no_such_case"
    MOVE_OVER = "move_over"
    UNKNOWN_PERSON = "unknown_person"
    CASE_ENDED = "case_ended"
    CASE_FROZEN = "case_frozen"
    WRONG_NUMBER = "wrong_number"
    OTHER_BROWSER = "other_browser"
    ATTEMPT_ENDED = "attempt_ended"
    KEY_MISSING = "key_missing"
    KEY_CHANGED = "key_changed"
    PAGE_ABSENT = "page_absent"
    WRONG_CODE = "wrong_code"
    USED_CODE = "used_code"
    YOUNG_CODE = "young_code"
    TOO_MANY = "too_many"
    TOO_SOON = "too_soon"
    PROOF_CLOSED = "proof_closed"
    DIGITS_LATE = "digits_late"
    CODE_LATE = "code_late"
    NO_ADDRESS = "no_address"
    MAILBOX_LOST = "mailbox_lost"
    # on my page
    WORK_MAILBOX = "work_mailbox"
    KNOWN_ALREADY = "known_already"
    NO_CONTACT = "no_contact"
    # linking a chat account
    LINK_OVER = "link_over"
    # about who signs
    NOT_SIGNED_IN = "not_signed_in"
    OTHER_ACCOUNT = "other_account"
    STALE_SIGN_IN = "stale_sign_in"
    USED_SIGN_IN = "used_sign_in"
    WEAK_SIGN_IN = "weak_sign_in"
    BAD_TOKEN = "bad_token"
    UNKNOWN_STATE = "unknown_state"
    USED_STATE = "used_state"
    SUPERSEDED = "superseded"
    SELF = "self"
    SAME_HUMAN = "same_human"
    UNLINKED_HUMAN = "unlinked_human"
    NOT_AN_AGENT = "not_an_agent"
    OFF_DUTY = "off_duty"
    ROLE_INACTIVE = "role_inactive"
    ROLE_NOT_COVERING = "role_not_covering"
    WAS_CHECKER = "was_checker"
    WAS_VOUCHER = "was_voucher"
    RECENT_RECOVERY = "recent_recovery"
    NOT_THE_MANAGER = "not_the_manager"
    # standing in for somebody, and at the counter
    NOT_THE_HELPER = "not_the_helper"
    WAS_HELPER = "was_helper"
    HELPER_REFUSED = "helper_refused"
    OTHER_COUNTER = "other_counter"
    # about the request, the subject, the policy
    REQUEST_ENDED = "request_ended"
    DECIDED_ALREADY = "decided_already"
    EXECUTION_OPEN = "execution_open"
    EVIDENCE_SHORT = "evidence_short"
    EVIDENCE_CHANGED = "evidence_changed"
    RANG_ON_LOST = "rang_on_lost"
    EVIDENCE_OLD = "evidence_old"
    POLICY_CHANGED = "policy_changed"
    RANK_REFUSED = "rank_refused"
    RANK_CHANGED = "rank_changed"
    SUBJECT_DISABLED = "subject_disabled"
    SUBJECT_CHANGED = "subject_changed"
    LIVE_PASS = "live_pass"
    PASS_NOT_ALLOWED = "pass_not_allowed"
    RECENT_PASS = "recent_pass"
    DAY_PASSES = "day_passes"
    RECENT_FORGET = "recent_forget"
    WOULD_LOCK_OUT = "would_lock_out"
    FACTS_UNREADABLE = "facts_unreadable"
    FORBIDDEN = "forbidden"
    BAD_FORM = "bad_form"
    UNAVAILABLE = "unavailable"
    STILL_FAILING = "still_failing"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation is: a channel, its tenant (team, directory) and the address in it.

    For the web channel: ``Place("web", "demo", "employee")``; its key is what
    transcript rows and outbox lanes carry.
    """

    channel: str
    tenant: str
    address: str

    @property
    def key(self) -> str:
        return f"{self.channel}:{self.tenant}:{self.address}"

    @classmethod
    def of(cls, key: str) -> Place:
        channel, tenant, address = key.split(":", 2)
        return cls(channel, tenant, address)


@dataclass(frozen=True, slots=True)
class Act:
    """One privileged change, fully said: *method_id* and *method_type* for `remove_method`,
    *shape* and *minutes* for `issue_pass`, empty otherwise."""

    kind: ActKind
    method_id: str = ""
    method_type: str = ""
    shape: str = ""
    minutes: int = 0
    once: bool = True


@dataclass(frozen=True, slots=True)
class Visitor:
    """What the server sees of a browser: network is the address shortened to /24 or /48."""

    network: str
    country: str
    device: str
    in_app: bool = False
