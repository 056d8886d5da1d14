"""Fresh sign-ins at the authority, and what a page gets back from one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from bot.core.model import Oid
from bot.core.records import Signing
from bot.ports.acting import ActToken


class Purpose(StrEnum):
    """What a sign-in is for; one handler each, given at the composition root."""

    DESK = "desk"  # open a desk session
    ME = "me"  # open my page
    ENROL = "enrol"  # codes, contacts, addresses: enrolment context
    ENROL_SLOW = "enrol_slow"  # the same without a phishing-resistant method; counts later
    WORKING_METHOD = "working_method"  # the `sign_in` proof on the case page
    APPROVE = "approve"  # an approver signs a draft (act registration)
    CHECK = "check"  # a checker signs a live check
    VOUCH_OPEN = "vouch_open"  # a manager opens the voucher page
    VOUCH = "vouch"  # a manager signs a voucher
    COUNTER = "counter"  # an agent makes this browser a counter's screen
    HELP = "help"  # somebody named stands in for a person without a browser
    LINK = "link"  # somebody links their chat account to their work account
    WITHDRAW = "withdraw"  # an agent reconciles or withdraws a pass (act registration)
    STOP = "stop"  # an agent takes back a frozen case's pass and signs its subject out (act registration)
    THREAT = "threat"  # an agent raises or lowers the threat mode


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Claims of a validated ID token. *contexts* is `acrs`."""

    oid: Oid
    name: str
    upn: str
    auth_time: datetime
    contexts: frozenset[str]
    raw_id_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What the authority returned for a code."""

    who: SignedIn
    token: ActToken | None


class Authority(Protocol):
    """MSAL behind our words. *app* is `identity` or `act`."""

    async def begin(
        self,
        *,
        app: str,
        nonce: str,
        state: str,
        context: str,
        login_hint: str,
        redirect_uri: str,
        fresh: bool,
    ) -> tuple[str, str]:
        """(address to send the browser to, flow to hand back to `redeem`, secret). The wire nonce is
        the SHA-256 of *nonce* in hex; *fresh* asks for `prompt=login` and `max_age=0`, and makes
        `redeem` demand `auth_time`."""
        ...

    async def redeem(self, *, app: str, flow: str, form: Mapping[str, str]) -> Redeemed:
        """Exchange the code and validate the ID token: signature, iss, aud, tid, exp, nonce.
        Raises Refused(BAD_TOKEN) or TransientError; texts hold no claims."""
        ...


@dataclass(frozen=True, slots=True)
class SignInAsk:
    """A sign-in wanted by a page. *digest* is what the wire nonce attests (with a salt)."""

    purpose: Purpose
    browser_hash: str
    subject_ref: str = ""
    expected_oid: str = ""
    login_hint: str = ""
    digest: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the browser to *url* with one transaction cookie (SameSite=None, ten minutes)."""

    url: str
    cookie_name: str
    cookie_value: str = field(repr=False)
    max_age: int = 600
    signing_id: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A sign-in that was validated and consumed; handed to the purpose's handler."""

    signing: Signing
    who: SignedIn
    token: ActToken | None


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the browser goes next. *session* is the new session cookie's value, if one opened."""

    path: str
    session: str = field(default="", repr=False)
    session_kind: str = ""
    lasts: timedelta | None = None  # how long the browser keeps that cookie; None is until it is closed
    refused: str = ""  # Reason, shown on the page
    drop_cookie: str = ""  # name of an old transaction cookie to delete, when they pile up


Handler = Callable[[Finished], Awaitable[Landing]]


class SignIns(Protocol):
    """Service: one-time sign-ins from ask to landing (design section 6.3 and 6.4)."""

    async def begin(self, ask: SignInAsk) -> Redirect: ...

    async def finish(self, form: Mapping[str, str], cookies: Mapping[str, str]) -> Landing:
        """Consume the state first, then validate, then hand to the purpose. Never raises for a bad
        callback: the landing tells. A replayed one lands on the outcome already there."""
        ...
