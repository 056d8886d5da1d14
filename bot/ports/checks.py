"""The agent's side of a live check, as the review page and the desk use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.core.proofs.live_check import NumberOnRecord
from bot.ports.sign_in import Redirect


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server sees of the person's page; shown only after the agent typed what was told."""

    network: str
    country: str
    device: str
    claimed_at: datetime
    present: bool


@dataclass(frozen=True, slots=True)
class CheckView:
    """One live check. *told* is what the person said on the line; *seen* is None until then."""

    id: str
    case_id: str
    how: str
    asked_at: datetime
    status: str  # asked, signed, passed, failed, ended
    numbers: tuple[NumberOnRecord, ...] = ()
    number_ref: str = ""  # the one the person can answer, or the one chosen
    photo_since: datetime | None = None
    told: Mapping[str, str] = field(default_factory=dict)
    seen: Seen | None = None
    video_url: str = ""
    counters: tuple[tuple[str, str], ...] = ()  # (id, name) of every counter, for an agent to say theirs


@dataclass(frozen=True, slots=True)
class ShownDigits:
    """Six digits for the agent (or manager) to give over the channel being checked."""

    digits: str = field(repr=False)
    until: datetime


class Checks(Protocol):
    async def of_case(self, case_id: str) -> CheckView | None:
        """The newest live check of the case that is asked or signed."""
        ...

    async def tell(
        self,
        check_id: str,
        oid: str,
        *,
        device: str,
        place: str,
        number_ref: str,
        counter: str = "",
        paper: str = "",
    ) -> CheckView:
        """Write down device and place as the person told them (once; it cannot be changed after what
        the page sees was shown), and the number called; or at which *counter* they stand together and
        which *paper* (`badge`, `id`) was seen. Raises Refused."""
        ...

    async def sign(self, check_id: str, oid: str, login_hint: str, browser_hash: str) -> Redirect:
        """Begin the agent's fresh sign-in, bound to attempt, page key, how, number and what was told."""
        ...

    async def digits(self, check_id: str, oid: str) -> ShownDigits | None:
        """The check digits, for the one who signed, for 60 s; else None."""
        ...
