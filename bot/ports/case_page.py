"""The case page: what it shows, and what a person can do there.

Every call names the page's *handle* (from the path) and the *browser* (the hash of the cookie given
at claim; "" for a browser without one). Calls raise `Refused` with a reason the page words kindly;
after any of them, `view` tells what to show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.core.model import Visitor
from bot.core.proofs import Door
from bot.ports.sign_in import Redirect
from bot.ports.talk import PersonTalk
from bot.ports.thanks import Helped
from bot.ports.waiting import Standing

DAY_PASS = "day_pass"  # noqa: S105 - a word for people
"""How a pass for a day is called where acts are listed by their kind."""


class Stage(StrEnum):
    """The one screen the page is on."""

    CLAIM = "claim"  # type the case number
    KEY = "key"  # the browser makes and tests its key
    TALK = "talk"  # nothing to do here now; the talk goes on in chat
    PROVE = "prove"  # proofs
    LOOK = "look"  # proofs passed; the account is being read
    TICK = "tick"  # which methods are gone
    WAIT = "wait"  # approvers are asked
    PASS = "pass"  # noqa: S105 - a screen: the sealed pass is here
    REGISTER = "register"  # register the new method, look at what was added
    PERSON = "person"  # a person has taken over
    FROZEN = "frozen"  # stopped after "I did not open this" or the like
    OVER = "over"  # the case ended


@dataclass(frozen=True, slots=True)
class Challenge:
    """Sealed to the page's key; the answer is the SHA-256 of the 32 bytes inside, base64url.
    *info* is the HKDF info of the sealing."""

    wire: Mapping[str, Any]
    info: str


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """One sign-in method of the account, offered for ticking as gone."""

    id: str
    type: str
    label: str
    strong: bool
    ticked: bool


@dataclass(frozen=True, slots=True)
class NumberChoice:
    """A number on record, masked; shown only after one evidence."""

    ref: str
    masked: str
    source: str  # method, mobile, business


@dataclass(frozen=True, slots=True)
class AddressChoice:
    """An address of the person's own, masked; shown only after one evidence."""

    id: str
    masked: str


@dataclass(frozen=True, slots=True)
class ContactChoice:
    """A recovery contact that counts; shown only after one evidence."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code was asked for by mail; the same whether a letter left. *again*: another may be asked for."""

    at: datetime
    until: datetime
    again: bool


@dataclass(frozen=True, slots=True)
class CheckUnderWay:
    """A live check or a manager's word asked for. *signed* means digits can be typed now."""

    id: str
    kind: str
    how: str
    asked_at: datetime
    signed: bool
    digits_until: datetime | None
    taken_by: str = ""
    video_url: str = ""
    number: str = ""  # masked


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who looks at it and how long."""

    since: datetime
    until: datetime
    agents: int
    taken_by: str
    escalated: bool
    asked_for: tuple[str, ...] = ()  # kinds of acts, in order; a day pass is `DAY_PASS`


@dataclass(frozen=True, slots=True)
class SealedPass:
    """The pass on its way: only this browser's key opens it. *wire* is empty until taken by POST."""

    id: str
    info: str
    ready_at: datetime
    expires_at: datetime
    taken: bool
    wire: Mapping[str, Any] = field(default_factory=dict)
    minutes: int = 0
    once: bool = True
    shape: str = ""


@dataclass(frozen=True, slots=True)
class AddedMethod:
    """A method added since the pass. *yours* is None until the person said."""

    id: str
    type: str
    label: str
    at: datetime | None
    yours: bool | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """Everything the page may show this browser now; nothing more is rendered."""

    stage: Stage
    at: datetime
    locale: str
    number: str = ""  # only after the claim: it must be typed, so it is not on the page before
    opened_at: datetime | None = None
    channel: str = ""
    seen: Visitor | None = None  # what the server sees of the claimed browser
    ends_at: datetime | None = None
    shared: bool = False
    key_needed: bool = False
    thumbprint: str = ""
    challenge: Challenge | None = None
    present: bool = False
    doors: Sequence[Door] = ()
    address_needed: bool = False
    address_given: bool = False
    """One was typed, known or not; it may be typed anew."""
    numbers: Sequence[NumberChoice] = ()
    addresses: Sequence[AddressChoice] = ()
    code_sent: CodeSent | None = None
    contacts: Sequence[ContactChoice] = ()
    under_way: Sequence[CheckUnderWay] = ()
    passed: Sequence[tuple[str, datetime]] = ()
    tries_left: int = 5
    wait_until: datetime | None = None
    methods: Sequence[MethodChoice] = ()
    still_strong: Sequence[str] = ()  # labels left un-ticked: sign in with one of these
    waiting: Waiting | None = None
    sealed: SealedPass | None = None
    added: Sequence[AddedMethod] = ()
    outcome: str = ""
    paused: bool = False  # approvers are asked when an outage is over
    asks: Sequence[str] = ()  # acts that the proofs are for
    ended: str = ""  # why an earlier attempt of this browser ended
    talk: PersonTalk | None = None
    standing: Standing | None = None  # where it stands in the desk's queue
    helped: Helped | None = None  # whom thanks would go to, once it is over
    movable: bool = False  # another device may go on
    door: bool = False  # the conversation is held at the front door
    version: str = ""  # changes whenever the screen does


@dataclass(frozen=True, slots=True)
class Pulse:
    """Answer to one pulse: whether the screen changed, and the next challenge."""

    version: str
    stage: Stage
    challenge: Challenge | None
    present: bool
    sealed: SealedPass | None
    at: datetime


class Added(Protocol):
    """Methods added to the account since the pass, as follow-through sees them."""

    async def of_case(self, case_id: str) -> Sequence[AddedMethod]: ...

    async def answer(self, case_id: str, method_id: str, *, yours: bool) -> None:
        """The person said whether it was theirs; a foreign one freezes the case."""
        ...


class CasePages(Protocol):
    async def view(self, handle: str, browser: str, visitor: Visitor) -> CaseView:
        """What to show. Changes nothing. Raises Refused(UNKNOWN_CASE)."""
        ...

    async def claim(self, handle: str, number: str, browser: str, visitor: Visitor, *, shared: bool) -> None:
        """*browser* is the hash of a cookie value made for this claim."""
        ...

    async def key(self, handle: str, browser: str, jwk: Mapping[str, Any], *, forgotten: str = "") -> None:
        """The page's public key (JWK, P-256). The next pulse carries the self-test. *forgotten*: the
        thumbprint of a remembered key that a computer said to be shared has given up."""
        ...

    async def pulse(self, handle: str, browser: str, *, answer: str, version: str, wait: float) -> Pulse:
        """Take the answer to the last challenge, wait up to *wait* seconds for the screen to become
        another than *version*, and hand out a challenge. Of an ended or stopped case it says so."""
        ...

    async def address(self, handle: str, browser: str, typed: str) -> None:
        """Whose account it is, where the chat does not say; the answer is the same for every name."""
        ...

    async def saved_code(self, handle: str, browser: str, typed: str) -> None: ...

    async def mail_code(self, handle: str, browser: str, *, address: str, choice: str, read_on: str) -> None:
        """Send a code to the typed address, or to the one chosen by id. The answer is the same whether
        the name, the address or neither is known. *read_on*: where the person reads that mailbox."""
        ...

    async def issued_code(self, handle: str, browser: str, typed: str) -> None:
        """The eight digits of a code that came by mail."""
        ...

    async def ask_check(self, handle: str, browser: str, *, how: str, number_ref: str, counter: str) -> None:
        """Ask an agent for a live check. *counter* is the rotating code, for how = counter."""
        ...

    async def ask_manager(self, handle: str, browser: str) -> None: ...

    async def ask_contact(self, handle: str, browser: str, contact: str) -> None:
        """Ask a recovery contact, by the id of `contacts`."""
        ...

    async def digits(self, handle: str, browser: str, typed: str) -> None:
        """The six check digits that a checker or manager gave."""
        ...

    async def gone(self, handle: str, browser: str, method_ids: Sequence[str]) -> None:
        """The methods the person can no longer use, all at once."""
        ...

    async def sign_in(self, handle: str, browser: str, browser_cookie: str) -> Redirect:
        """Sign in with a method that still works. *browser_cookie* is what sign-ins bind to."""
        ...

    async def take_pass(self, handle: str, browser: str) -> SealedPass:
        """The sealed pass, for this attempt only; taking it again is fine until finished."""
        ...

    async def added(self, handle: str, browser: str, method_id: str, *, yours: bool) -> None: ...

    async def person(self, handle: str, browser: str) -> None:
        """Ask for a human to take over."""
        ...

    async def finish(self, handle: str, browser: str) -> None:
        """End this browser's attempt and wipe what belongs to it."""
        ...

    async def not_me(self, handle: str, browser: str, number: str) -> None:
        """ "I did not open this": ends the attempt, freezes the case, alerts security. A browser that
        claimed nothing types the case number, so that a mail scanner cannot press it."""
        ...
