"""Who a chat account says it belongs to, and whether it may talk to us at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bot.core.model import Place


class Standing(StrEnum):
    """What a platform says of an account. Only a MEMBER is served; unknown means no."""

    MEMBER = "member"
    GUEST = "guest"
    EXTERNAL = "external"  # of another company: Slack Connect, Teams federation
    BOT = "bot"
    GONE = "gone"  # deactivated
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Account:
    """One account as its platform describes it now. *mail* only if the platform has confirmed it;
    *oid* only if the platform's own verified message carried it. Neither is proof."""

    channel: str
    tenant: str
    user: str
    standing: Standing
    locale: str = ""
    mail: str = field(default="", repr=False)
    oid: str = ""

    @property
    def id(self) -> str:
        return f"{self.channel}:{self.tenant}:{self.user}"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of an account without asking anybody: *oid* may be empty; *linked* says that
    its owner signed in once to confirm it."""

    standing: Standing
    oid: str
    linked: bool
    locale: str


class Identity(Protocol):
    async def claim(self, channel: str, tenant: str, user: str) -> Claim | None:
        """From our own rows, without a network; None when the account is unknown or was last looked
        at too long ago, and the platform must be asked (`met`)."""
        ...

    async def met(self, account: Account) -> Claim:
        """Keep what the platform said; a confirmed address is looked up in the directory, and an
        unreachable directory only means no hint."""
        ...

    async def turn_away(self, place: Place, account: Account, *, dedupe_key: str) -> None:
        """Say kindly, once a day, that this is for colleagues only, and audit it. Nothing is said to
        bots and to accounts that are gone."""
        ...
