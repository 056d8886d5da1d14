"""From Slack to the app: signed over HTTP or as envelopes over a socket, and again when it failed.

Nothing repeats by itself: `retry_failed` sends what was not acknowledged once more, as Slack does
at once, after a minute and after five. So a test says when time has passed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.ports.clock import Clock
from tests.fakes.slack.socket import Socket
from tests.fakes.slack.workspace import APP_ID, BOT_USER, Workspace

MOST_RETRIES = 3


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Slack's signature of a request."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Delivered:
    """What came of one delivery. *status* 0: nobody answered, or the socket gave no acknowledgement."""

    kind: str  # event, interactive, command
    payload: dict[str, Any]
    status: int
    body: Any
    retry: int = 0

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(slots=True)
class Delivery:
    world: Workspace
    socket: Socket
    signing_secret: str
    clock: Clock
    http: aiohttp.ClientSession
    over_socket: Callable[[], bool]
    url: str = ""
    within: float = 3.0
    now: Callable[[], int] | None = None  # what requests are signed with; the clock's time by default
    failed: list[Delivered] = field(default_factory=list)
    sent: list[Delivered] = field(default_factory=list)

    async def send(
        self, kind: str, payload: dict[str, Any], *, retry: int = 0, reason: str = ""
    ) -> Delivered:
        """Deliver once. What was not acknowledged and is an event waits in `failed`."""
        if self.over_socket():
            status, body = await self.socket.deliver(kind, payload, retry=retry, reason=reason)
        else:
            status, body = await self._http(kind, payload, retry, reason)
        done = Delivered(kind, payload, status, body, retry)
        self.sent.append(done)
        if kind == "event" and not done.ok and retry < MOST_RETRIES:
            self.failed.append(done)
        return done

    async def again(self, done: Delivered, *, reason: str = "http_timeout") -> Delivered:
        """The same once more: Slack did not hear the acknowledgement."""
        return await self.send(done.kind, done.payload, retry=done.retry + 1, reason=reason)

    async def retry_failed(self) -> list[Delivered]:
        due, self.failed = self.failed, []
        return [
            await self.again(one, reason="http_timeout" if one.status == 0 else "http_error") for one in due
        ]

    def event(self, event: Mapping[str, Any], *, team: str, external: bool = False) -> dict[str, Any]:
        """The envelope of an Events API delivery."""
        enterprise = self.world.teams[team].enterprise_id or None
        return {
            "token": "verification-token-of-old", "team_id": team, "context_team_id": team,
            "context_enterprise_id": enterprise, "api_app_id": APP_ID, "event": dict(event),
            "type": "event_callback", "event_id": f"Ev{secrets.token_hex(6).upper()}",
            "event_time": int(self.clock.now().timestamp()), "is_ext_shared_channel": external,
            "authorizations": [
                {
                    "enterprise_id": enterprise, "team_id": team, "user_id": BOT_USER, "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            **({"enterprise_id": enterprise} if enterprise else {}),
        }  # fmt: skip

    def encoded(self, kind: str, payload: dict[str, Any]) -> tuple[bytes, str]:
        """The raw body and its content type."""
        if kind == "event":
            return json.dumps(payload).encode(), "application/json"
        fields = {"payload": json.dumps(payload)} if kind == "interactive" else payload
        return urlencode(fields).encode(), "application/x-www-form-urlencoded"

    def headers(self, body: bytes, content_type: str, *, retry: int = 0, reason: str = "") -> dict[str, str]:
        """Signed headers, as Slack's for this moment."""
        stamp = self.now() if self.now else int(self.clock.now().timestamp())
        told = {
            "Content-Type": content_type, "X-Slack-Request-Timestamp": str(stamp),
            "X-Slack-Signature": sign(self.signing_secret, stamp, body), "User-Agent": "Slackbot 1.0",
        }  # fmt: skip
        if retry:
            told |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason or "http_timeout"}
        return told

    async def _http(self, kind: str, payload: dict[str, Any], retry: int, reason: str) -> tuple[int, Any]:
        body, content_type = self.encoded(kind, payload)
        headers = self.headers(body, content_type, retry=retry, reason=reason)
        try:
            async with self.http.post(
                self.url, data=body, headers=headers, allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self.within),
            ) as answer:  # fmt: skip
                return answer.status, _read(await answer.text())
        except (aiohttp.ClientError, TimeoutError):
            return 0, None


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
