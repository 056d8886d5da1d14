"""An authority that signs in whomever a test says, at the clock's time, with the contexts asked for.

It brings a token every time, so that dropping one is seen to be the service's doing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.core.model import Oid
from bot.ports.acting import ActToken
from bot.ports.clock import Clock
from bot.ports.sign_in import Redeemed, SignedIn

RAW = "canary.raw.id-token"
TOKEN = "canary-act-token"
FLOW = "canary-flow"


@dataclass
class FakeAuthority:
    """*oid*, *contexts*, *auth_time* and *error* are what the next sign-in brings; None: as asked."""

    clock: Clock
    oid: str = "oid-agent"
    contexts: frozenset[str] | None = None
    auth_time: datetime | None = None
    error: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    redeemed: list[str] = field(default_factory=list)

    async def begin(self, *, app: str, nonce: str, state: str, context: str, **more: Any) -> tuple[str, str]:
        self.asked.append({"app": app, "nonce": nonce, "state": state, "context": context, **more})
        return f"https://authority.example/?state={state}&nonce={_hash(nonce)}", f"{FLOW}-{len(self.asked)}"

    async def redeem(self, *, app: str, flow: str, form: Mapping[str, str]) -> Redeemed:
        self.redeemed.append(flow)
        if self.error:
            raise self.error
        asked = next(one for one in self.asked if one["state"] == form["state"])
        contexts = frozenset({asked["context"]} - {""}) if self.contexts is None else self.contexts
        who = SignedIn(
            Oid(self.oid), "Agent", "agent@keyturn.example", self.auth_time or self.clock.now(), contexts, RAW
        )
        return Redeemed(who, ActToken(TOKEN))


def _hash(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()
