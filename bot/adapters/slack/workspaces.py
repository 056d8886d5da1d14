"""The bot as Slack knows it in each workspace: its token, and by which ids it recognises itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.config import Home, silent
from bot.errors import PermanentError, TransientError

_SECONDS = 10
_MAY_PASS = frozenset(
    {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)


@dataclass(frozen=True, slots=True)
class Bot:
    """*client* speaks as the bot of one workspace (or of the whole organisation)."""

    client: AsyncWebClient = field(repr=False)
    user_id: str
    bot_id: str
    team_id: str
    enterprise_id: str = ""


class Workspaces(Protocol):
    async def bot(self, team_id: str, enterprise_id: str = "") -> Bot:
        """Ours in that workspace, else any of ours: somebody of another company who is in a shared
        channel comes with their own workspace, and is turned away by name. Raises TransientError while
        Slack cannot be asked, PermanentError where none of ours may speak any more."""
        ...

    async def forget(self, team_id: str, enterprise_id: str = "", at: int = 0) -> None:
        """The app was removed there, or its token revoked, *at* that second: what was known of it then
        counts no more. Such news can come late, and be sent again by whoever recorded it."""
        ...


class Clients:
    """Makes clients that share one pool of connections. The SDK repeats nothing by itself: after a
    dropped connection it would post twice, and waiting is the sender's business."""

    def __init__(self, base_url: str) -> None:
        self.logger = silent()
        self._base_url = base_url
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                trust_env=False, timeout=aiohttp.ClientTimeout(total=_SECONDS)
            )
        return self._session

    def client(self, token: str | None) -> AsyncWebClient:
        client = AsyncWebClient(
            token=token,
            base_url=self._base_url,
            timeout=_SECONDS,
            session=self.session(),
            logger=self.logger,
            retry_handlers=[],
        )
        client.proxy = None  # the SDK takes it from the environment otherwise
        return client

    def answers_at(self, url: str) -> bool:
        """Whether *url* is where Slack takes answers: beside its API, or at the same host with hooks
        before it. Whoever came by the signing secret could otherwise make us post anywhere."""
        ours, told = urlsplit(self._base_url), urlsplit(url)
        hosts = (ours.netloc, f"hooks.{ours.netloc}")
        return told.scheme == ours.scheme and told.netloc in hosts

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class OneToken:
    """Implements `Workspaces` for the token in the settings. Slack is asked once whose it is; a token
    of another home is refused, because its people would be taken for ours."""

    def __init__(self, clients: Clients, token: str, home: Home) -> None:
        self._clients = clients
        self._token = token
        self._home = home
        self._bot: Bot | None = None
        self._asking = asyncio.Lock()

    async def bot(self, team_id: str, enterprise_id: str = "") -> Bot:
        if self._bot is None:
            async with self._asking:
                if self._bot is None:
                    self._bot = await whose(self._clients.client(self._token), self._home)
        return self._bot

    async def forget(self, team_id: str, enterprise_id: str = "", at: int = 0) -> None:
        self._bot = None


async def whose(client: AsyncWebClient, home: Home) -> Bot:
    """Ask Slack whose token *client* has. Raises TransientError when asking again can help, else
    PermanentError, also for a token of another home."""
    try:
        told = await client.auth_test()
    except SlackApiError as err:
        raise translated(err, "auth.test") from None
    except (aiohttp.ClientError, OSError, TimeoutError) as err:
        raise TransientError(f"auth.test: {type(err).__name__}") from None
    bot = Bot(
        client,
        str(told.get("user_id") or ""),
        str(told.get("bot_id") or ""),
        str(told.get("team_id") or ""),
        str(told.get("enterprise_id") or ""),
    )
    if not home.holds(bot.team_id, bot.enterprise_id):
        raise PermanentError("the bot token is of another workspace than the settings name", reason="home")
    return bot


def translated(err: SlackApiError, method: str) -> TransientError | PermanentError:
    """What Slack said no with, in our terms; its words are a short code and hold no text of anybody."""
    answer = err.response
    told = getattr(answer, "data", None)
    code = str(told.get("error") or "") if isinstance(told, dict) else ""
    status = int(getattr(answer, "status_code", 0) or 0)
    if status == 429 or status >= 500 or code in _MAY_PASS or not code:
        wait = getattr(answer, "headers", {}).get("Retry-After", "")
        seconds = float(wait) if str(wait).isdigit() else None
        return TransientError(f"{method}: {code or status}", retry_after=seconds)
    return PermanentError(f"{method}: {code}", status=status, reason=code)
