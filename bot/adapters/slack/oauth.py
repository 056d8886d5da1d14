"""Installing by link: `/slack/install` leads to Slack, `/slack/oauth_redirect` comes back with a code.

The flow is Bolt's. Ours are the door (a GET without consequences until Slack's own consent), the state
(sealed, bound to the browser by a cookie, good once and for ten minutes on any replica), where the result
is kept, and the words. Neither code nor token nor Slack's answer is logged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import escape

import aiohttp
from aiohttp import web
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import (
    AsyncCallbackOptions,
    AsyncFailureArgs,
    AsyncSuccessArgs,
)
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.oauth import OAuthStateUtils
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from bot.adapters.slack.config import silent
from bot.adapters.slack.installations import Installations, UnwelcomeError
from bot.adapters.slack.manifest import INSTALL_PATH, REDIRECT_PATH, SCOPES
from bot.adapters.slack.workspaces import Clients
from bot.errors import Refused, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.sealing import Seals
from bot.ports.store import Store
from bot.ports.words import Words

log = logging.getLogger("keyturn.slack")

LIFE = timedelta(minutes=10)
COOKIE = "__Host-slack-install"
_PURPOSE = "slack-install"
_LONGEST = 2000
_KNOWN = frozenset({"access_denied", "elsewhere", "invalid_browser", "invalid_state", "rotates"})
"""What goes wrong and has words of its own; the rest is “try again”."""


class States(AsyncOAuthStateStore):
    """Nothing is kept for a state that was issued, only that it was used: so asking for many costs
    nothing."""

    def __init__(self, store: Store, keys: Seals, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._entropy = entropy

    @property
    def logger(self) -> logging.Logger:
        return silent()

    async def async_issue(self, *args: object, **kwargs: object) -> str:
        ends = (self._clock.now() + LIFE).timestamp()
        once = self._entropy.bytes(16).hex()
        return self._keys.seal(_PURPOSE, json.dumps([ends, once]).encode())

    async def async_consume(self, state: str) -> bool:
        """True for one that was issued here, in time, for the first time."""
        try:
            ends, once = json.loads(self._keys.unseal(_PURPOSE, state))
        except (Refused, ValueError, TypeError):
            return False
        until = datetime.fromtimestamp(ends, UTC)
        if self._clock.now() >= until:
            return False
        name = f"{_PURPOSE}/{sha256(once.encode()).hexdigest()}"
        return await self._store.transact(lambda work: work.bump(name, until=until)) == 1


class _Cookies(OAuthStateUtils):
    """Bolt's cookie, which says nothing of other sites."""

    def build_set_cookie_for_new_state(self, state: str) -> str:
        return f"{super().build_set_cookie_for_new_state(state)}; SameSite=Lax"

    def build_set_cookie_for_deletion(self) -> str:
        return f"{super().build_set_cookie_for_deletion()}; SameSite=Lax"


class Installing:
    """Implements a page of the web application."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        installations: Installations,
        states: States,
        clients: Clients,
        words: Words,
        *,
        base_url: str,
        public_url: str,
        locales: Sequence[str],
    ) -> None:
        self._words = words
        self._locales = locales
        self._cookies = _Cookies(cookie_name=COOKIE, expiration_seconds=int(LIFE.total_seconds()))
        settings = AsyncOAuthSettings(
            client_id=client_id,
            client_secret=client_secret,
            scopes=list(SCOPES),
            user_scopes=[],
            redirect_uri=f"{public_url}{REDIRECT_PATH}",
            install_path=INSTALL_PATH,
            install_page_rendering_enabled=False,  # straight to Slack, whose page says all there is to say
            redirect_uri_path=REDIRECT_PATH,
            authorization_url=f"{base_url.removesuffix('/api')}/oauth/v2/authorize",
            installation_store=installations,
            installation_store_bot_only=True,
            state_store=states,
            callback_options=AsyncCallbackOptions(success=self._done, failure=self._failed),
            logger=silent(),
        )
        settings.state_utils = self._cookies
        self._settings = settings
        self._clients = clients
        self._made: AsyncOAuthFlow | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(INSTALL_PATH, self.install, allow_head=False),
            web.get(REDIRECT_PATH, self.returned, allow_head=False),
        ]

    async def install(self, request: web.Request) -> web.Response:
        return _answer(await self._flow().handle_installation(_asked(request)))

    async def returned(self, request: web.Request) -> web.Response:
        asked = _asked(request)
        if any(len(value) > _LONGEST for value in request.query.values()):
            return _answer(self._page(asked, "failed", 400))
        try:
            return _answer(await self._flow().handle_callback(asked))
        except (
            SlackApiError,
            SlackClientError,
            aiohttp.ClientError,
            TransientError,
            OSError,
            TimeoutError,
        ) as err:
            log.warning("an installation could not be finished: %s", type(err).__name__)
            return _answer(self._page(asked, "failed", 503))

    def _flow(self) -> AsyncOAuthFlow:
        if self._made is None:  # its client needs a running loop
            self._made = AsyncOAuthFlow(
                client=self._clients.client(None), logger=silent(), settings=self._settings
            )
        return self._made

    async def _done(self, args: AsyncSuccessArgs) -> BoltResponse:
        where = args.installation.team_name or args.installation.enterprise_name or ""
        return self._page(args.request, "done", 200, where=where)

    async def _failed(self, args: AsyncFailureArgs) -> BoltResponse:
        error: BoltError | Exception | None = args.error
        why = error.why if isinstance(error, UnwelcomeError) else args.reason
        log.warning("an installation failed: %s", why if why in _KNOWN else "other")
        status = 403 if isinstance(error, UnwelcomeError) else args.suggested_status_code
        return self._page(args.request, why if why in _KNOWN else "failed", status)

    def _page(self, request: AsyncBoltRequest, key: str, status: int, **values: str) -> BoltResponse:
        locale = _language(request.headers, self._locales)
        said = {
            part: escape(self._words.say(locale, f"slack_install.{key}.{part}", **values))
            for part in ("title", "text")
        }
        body = (
            f'<!doctype html>\n<html lang="{escape(locale)}"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{said['title']}</title><main><h1>{said['title']}</h1><p>{said['text']}</p></main></html>\n"
        )
        headers: dict[str, str | Sequence[str]] = {
            "Content-Type": ["text/html; charset=utf-8"],
            "Cache-Control": ["no-store"],
            "Set-Cookie": [self._cookies.build_set_cookie_for_deletion()],
        }
        return BoltResponse(status=status, body=body, headers=headers)


def _asked(request: web.Request) -> AsyncBoltRequest:
    headers: dict[str, str | Sequence[str]] = {
        name: request.headers.get(name, "") for name in ("cookie", "accept-language")
    }
    query: dict[str, Sequence[str]] = {name: request.query.getall(name) for name in request.query}
    return AsyncBoltRequest(body="", query=query, headers=headers)


def _language(headers: Mapping[str, object], offered: Sequence[str]) -> str:
    """The first of the browser's languages that we have, roughly: weights are rarely out of order."""
    given = headers.get("accept-language") or [""]
    text = given[0] if isinstance(given, list) else str(given)
    wanted = [part.partition(";")[0].strip().lower() for part in text[:200].split(",")]
    return next((one for part in wanted for one in offered if part.partition("-")[0] == one), "en")


def _answer(done: BoltResponse) -> web.Response:
    response = web.Response(status=done.status, text=done.body)
    for name, values in done.headers.items():
        response.headers.popall(name, None)
        for value in values:
            response.headers.add(name, value)
    return response
