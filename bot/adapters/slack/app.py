"""Bolt, told what to do with each kind of request: hear it, take it, and only then acknowledge.

By itself Bolt acknowledges events before a listener runs, and one that then fails is lost. So events are
taken in a middleware, and `process_before_response` lets Bolt answer interactions after their listener is
through. What raises answers 503 (over a socket: nothing), and Slack delivers an event again. Bolt removes
our own messages before any of this.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from secrets import token_hex
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.middleware.request_verification.async_request_verification import AsyncRequestVerification
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import events, interactions
from bot.adapters.slack.config import silent
from bot.adapters.slack.heard import Gone, Heard, HomeOpened
from bot.adapters.slack.inbound import Inbound
from bot.adapters.slack.workspaces import Workspaces
from bot.errors import ConflictError, TransientError
from bot.ports.clock import Clock
from bot.ports.words import Words

log = logging.getLogger("keyturn.slack")

Next = Callable[[], Awaitable[BoltResponse]]
Body = dict[str, Any]

_ANYTHING = re.compile(".*", re.DOTALL)
_INTERACTIONS = frozenset({"block_actions", "message_action", "shortcut", "view_closed", "view_submission"})
_AWAY = (TransientError, ConflictError)


def bolt_app(
    signing_secret: str,
    inbound: Inbound,
    workspaces: Workspaces,
    words: Words,
    clock: Clock,
    *,
    locale: str,
    leaving: Callable[[Gone], Awaitable[None]],
) -> AsyncApp:
    """*signing_secret* is empty where everything comes over a socket; then nobody's request over HTTP is
    signed. *locale* is for whom nothing can be known of, the store being away. *leaving* takes note
    durably that the app was removed somewhere."""
    secret = signing_secret or token_hex(32)

    async def authorize(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult:
        bot = await workspaces.bot(team_id or "", enterprise_id or "")
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_id=bot.bot_id,
            bot_user_id=bot.user_id,
            bot_token=bot.client.token,
        )

    app = AsyncApp(
        name="slack_bolt.app",  # Bolt silences the logger of this name with the one below
        logger=silent(),
        client=AsyncWebClient(logger=silent()),  # speaks for nobody; listeners have their own
        signing_secret=secret,
        request_verification_enabled=False,  # it is the one that follows, by our clock
        before_authorize=_Signed(secret, clock),
        authorize=authorize,
        ssl_check_enabled=False,
        attaching_conversation_kwargs_enabled=False,
        attaching_function_token_enabled=False,
        process_before_response=True,
    )
    _Listening(inbound, words, locale, leaving).register(app)
    return app


def verifier(secret: str, clock: Clock) -> SignatureVerifier:
    """Slack's own check of a signature, by our clock."""
    return SignatureVerifier(secret, clock=_Time(clock))


class _Time(SlackClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


class _Signed(AsyncRequestVerification):
    """Bolt's check, by our clock."""

    def __init__(self, secret: str, clock: Clock) -> None:
        super().__init__(secret, base_logger=silent())
        self._verifier = verifier(secret, clock)


class _Events(AsyncMiddleware):
    """Takes every event here, before Bolt looks for a listener: they all go one way, and Bolt gathers
    thirty arguments for each function it calls. What nobody knows is acknowledged, or Slack would send it
    again and count it as ours to answer for."""

    def __init__(self, take: Callable[[Body], Awaitable[None]]) -> None:
        self._take = take

    async def async_process(self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Next) -> BoltResponse:  # noqa: A002 - Bolt's name
        kind = req.body.get("type")
        if kind in _INTERACTIONS or "command" in req.body:
            return await next()
        if kind == "event_callback":
            await self._take(req.body)
        else:
            log.warning("Slack sent what we do not know: %s", re.sub(r"\W", "?", str(kind))[:40])
        return BoltResponse(status=200)


class _Listening:
    def __init__(
        self, inbound: Inbound, words: Words, locale: str, leaving: Callable[[Gone], Awaitable[None]]
    ) -> None:
        self._inbound = inbound
        self._words = words
        self._locale = locale
        self._leaving = leaving

    def register(self, app: AsyncApp) -> None:
        app.middleware(_Events(self.event))
        app.action(_ANYTHING)(self.action)
        app.view_submission(_ANYTHING)(self.submission)
        app.view_closed(_ANYTHING)(self.closed)
        app.shortcut(_ANYTHING)(self.shortcut)
        app.command(_ANYTHING)(self.command)
        app.error(self.failed)

    async def event(self, body: Body) -> None:
        match events.heard(body):
            case Heard() as heard:
                await self._inbound.take(heard)
            case HomeOpened() as opened:
                await self._inbound.look_home(opened)
            case Gone() as gone:
                await self._leaving(gone)

    async def action(self, body: Body, ack: AsyncAck) -> None:
        await self._take(interactions.pressed(body))
        await ack()

    async def shortcut(self, body: Body, ack: AsyncAck) -> None:
        await self._take(interactions.asked_about(body))
        await ack()

    async def submission(self, body: Body, ack: AsyncAck) -> None:
        """A form that could not be taken stays open, with what was filled in."""
        heard = interactions.sent(body)
        try:
            if heard is not None:
                await self._inbound.take(heard)
        except _AWAY as err:
            field = interactions.first_field(body)
            if not field:
                raise
            log.warning("a form was not taken: %s", err)
            await ack(
                response_action="errors", errors={field: self._words.say(self._locale, "slack.try_again")}
            )
            return
        await ack()

    async def closed(self, ack: AsyncAck) -> None:
        await ack()

    async def command(self, body: Body, ack: AsyncAck) -> None:
        heard = interactions.commanded(body)
        if heard is None:
            await ack()
            return
        try:
            person = await self._inbound.take(heard)
        except _AWAY as err:
            log.warning("a command was not taken: %s", err)
            await ack(self._words.say(self._locale, "slack.try_again"))
            return
        if person is None or await self._inbound.is_dm(person, heard.channel):
            await ack()
        else:
            await ack(self._words.say(person.claim.locale or self._locale, "slack.in_private"))

    async def _take(self, heard: Heard | None) -> None:
        if heard is None:
            return
        try:
            await self._inbound.take(heard)
        except _AWAY:
            self._inbound.sorry(heard)
            raise

    async def failed(self, error: Exception) -> BoltResponse:
        """Nothing was taken, so nothing is acknowledged. Class and code only: texts may quote somebody."""
        if isinstance(error, _AWAY):
            log.warning("not taken: %s", error)
            return BoltResponse(status=503)
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "?"
        log.error("not taken: %s at %s", type(error).__name__, where)
        return BoltResponse(status=503)
