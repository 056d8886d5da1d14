"""How somebody proved who they are: attempts, evidence, checks, saved codes, sightings, limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.core.records.table import JsonList, JsonMap, record


@record("attempts", unique=(("browser_hash",),), index=(("case_id", "status"), ("status", "expires_at")))
@dataclass(frozen=True, slots=True)
class Attempt:
    """One claimed browser of a case, with its page key; evidence never mixes between attempts."""

    id: str
    case_id: str
    browser_hash: str  # of the cookie's value
    claimed_at: datetime
    expires_at: datetime
    status: str  # open, ended, frozen
    network: str
    country: str
    device: str
    shared: bool = False
    page_key: JsonMap = field(default_factory=dict)  # public JWK {"kty","crv","x","y"}
    thumbprint: str = ""  # RFC 7638
    key_tested_at: datetime | None = None
    challenge: str = ""  # MAC of the expected answer
    challenge_wire: str = ""  # the sealed challenge the page must open
    challenged_at: datetime | None = None
    answered_at: datetime | None = None
    wrong_tries: int = 0
    wait_until: datetime | None = None
    gone: JsonList = field(default_factory=list)  # [{"id","type","label"}] ticked as gone
    gone_at: datetime | None = None
    helper_oid: str = ""
    remembered: bool = False
    ended_reason: str = ""
    via: str = ""  # how it was claimed: link, door (opened at /help), number (and address), move
    moved_from: str = ""  # the attempt it was moved from by QR code


@record("provings", key="case_id")
@dataclass(frozen=True, slots=True)
class Proving:
    """The `prove` step that a case's page collects for: which answer the flow waits for, what the
    subject's account was found to be, and the methods shown for ticking. One row a case."""

    case_id: str
    step: str
    version: int
    acts: JsonList  # ActKind values
    opened_at: datetime
    closed_at: datetime | None = None
    answered: str = ""  # the outcome given, "" while open
    rank: str = ""  # "" until read, which is after the first evidence
    groups: JsonList = field(default_factory=list)  # of the configured groups, which the subject is in
    rank_at: datetime | None = None
    looked_at: datetime | None = None  # last try to read, successful or not
    methods: JsonList = field(default_factory=list)  # [{"id","type","label"}]
    known: JsonMap = field(default_factory=dict)  # {"numbers": [{"ref","masked"}], "codes", "manager"}


@record("evidence", index=(("attempt_id",), ("case_id",), ("subject_oid", "at")))
@dataclass(frozen=True, slots=True)
class Evidence:
    """One proof passed, in one attempt, with how; `mac` covers every other column."""

    id: str
    case_id: str
    attempt_id: str
    subject_oid: str
    kind: str  # ProofKind
    at: datetime
    by_oid: str  # checker, manager; "" for codes
    thumbprint: str
    how: JsonMap
    mac: str
    voided_at: datetime | None = None
    void_reason: str = ""


@record("checks", unique=(("handle_hash",),), index=(("case_id", "status"), ("attempt_id",)))
@dataclass(frozen=True, slots=True)
class Check:
    """A live check or a manager's voucher on its way to being evidence."""

    id: str
    case_id: str
    attempt_id: str
    kind: str  # live_check, manager
    how: str  # LiveHow or VouchHow, "" until known
    asked_at: datetime
    status: str  # asked, signed, passed, failed, ended
    handle_hash: str  # of the voucher page's handle; the id's own hash for live checks
    expected_oid: str = ""  # the manager
    by_oid: str = ""
    by_auth_time: datetime | None = None
    number_ref: str = ""  # which number on record was called, masked
    told: JsonMap = field(default_factory=dict)  # device and place as the person said them
    digits_mac: str = ""
    digits_until: datetime | None = None
    tries: int = 0
    ended_reason: str = ""
    signing_id: str = ""
    counter_id: str = ""  # on whose screen the person saw the code


@record("saved_codes", key="selector", index=(("subject_oid", "status"), ("set_id",)))
@dataclass(frozen=True, slots=True)
class SavedCode:
    """One of ten printed codes: selector in clear, verifier Argon2id over a peppered HMAC."""

    selector: str
    set_id: str
    subject_oid: str
    verifier: str
    made_at: datetime
    counts_from: datetime
    status: str  # good, used, replaced, revoked
    used_at: datetime | None
    mac: str


@record("browsers", key="browser_hash", index=(("subject_oid",),))
@dataclass(frozen=True, slots=True)
class RememberedBrowser:
    """A browser that held its own key when the person enrolled; counts after 72 h, or later where
    *counts_from* says so."""

    browser_hash: str
    subject_oid: str
    thumbprint: str
    since: datetime
    mac: str
    device: str = ""
    counts_from: datetime | None = None


@record("sightings", key="id", index=(("subject_oid",),))
@dataclass(frozen=True, slots=True)
class Sighting:
    """When we first saw a method; runs its age where Graph gives no date."""

    id: str  # <oid>/<method id>
    subject_oid: str
    method_id: str
    method_type: str
    label: str
    first_seen_at: datetime
    created_at: datetime | None  # Graph's
    baseline: bool
    gone_at: datetime | None = None


@record("limits", key="id")
@dataclass(frozen=True, slots=True)
class Limit:
    """A counter in a window: wrong tries, passes, openings, Graph budget."""

    id: str  # <pool>/<who>/<window start>
    count: int
    until: datetime
