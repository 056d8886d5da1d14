"""What a person enrolled for the day their phone is gone, beside saved codes: addresses, contacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import record


@record("addresses", index=(("subject_oid",),))
@dataclass(frozen=True, slots=True)
class Address:
    """A mail address that a person added by a fresh sign-in. *match* is an HMAC, by which a typed one is
    found; the address itself is sealed; `mac` covers every other column."""

    id: str
    subject_oid: str
    match: str
    sealed: str
    status: str  # unproven, good, removed, ended
    strong: bool  # the sign-in was phishing-resistant
    added_at: datetime
    counts_from: datetime | None  # None until the code sent to it was typed back
    removed_at: datetime | None
    tries: int
    mac: str


@record("issued_codes", index=(("owner",), ("subject_oid", "made_at")))
@dataclass(frozen=True, slots=True)
class IssuedCode:
    """An 8-digit code sent by mail. The code is nowhere: it is remade from this row and the server key.
    A row also stands for a code that was asked for and went nowhere; `mac` covers every other column."""

    id: str
    purpose: str  # enrol, prove
    owner: str  # the address that is being added; the attempt that proves
    case_id: str
    subject_oid: str
    match: str  # HMAC of the address it is for
    salt: str
    locale: str
    read_on: str  # where the person reads that mailbox, as they said
    made_at: datetime
    expires_at: datetime
    status: str  # asked, sent, unsent, passed, ended
    address: str  # id of the address it went to, or "hiring"; "" until sent
    mac: str


@record("contacts", index=(("subject_oid",), ("contact_oid",)))
@dataclass(frozen=True, slots=True)
class Contact:
    """A recovery contact: somebody whom the person named and who agreed, each by a fresh sign-in of
    their own; `mac` covers every other column."""

    id: str
    subject_oid: str
    contact_oid: str
    status: str  # asked, good, declined, removed
    strong: bool  # the naming sign-in was phishing-resistant
    added_at: datetime
    accepted_at: datetime | None
    counts_from: datetime | None  # None until the contact agreed
    removed_at: datetime | None
    mac: str
