"""The Bot Framework SDK, its CloudAdapter and its bugs: who imports it, imports it here.

What it does for us: checks who signed a request, runs a turn, and speaks the Connector's REST. What it
gets wrong is cured here and in `connector` and `keys`; facts in docs/adr. It never sees the body of an
activity: the envelope is enough for it, and its models lose parts of the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import jwt
from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter
from botbuilder.schema import (
    Activity,
    Attachment,
    ChannelAccount,
    ConversationAccount,
    ConversationParameters,
    ConversationReference,
)
from botframework.connector.auth import (
    AuthenticateRequestResult,
    BotFrameworkAuthentication,
    ClaimsIdentity,
    ConnectorFactory,
    VerifyOptions,
)
from botframework.connector.auth.jwt_token_extractor import JwtTokenExtractor
from msrest.exceptions import ClientException, DeserializationError
from msrest.serialization import Model

from bot.adapters.teams.config import TeamsConfig
from bot.adapters.teams.connector import Clients, Http, SendFailedError
from bot.adapters.teams.inbound import Envelope
from bot.adapters.teams.keys import ChannelKeys, UnknownKeyError
from bot.errors import TransientError
from bot.ports.clock import Clock
from bot.ports.directory import AppTokens

log = logging.getLogger(__name__)

CARD = "application/vnd.microsoft.card.adaptive"
LEEWAY = 5 * 60
"""Seconds by which clocks may differ, as Microsoft has it."""
CLIENT = CloudAdapter.BOT_CONNECTOR_CLIENT_KEY


class NotAuthenticError(Exception):
    """Nobody of Teams signed this; the text is the class of what was wrong."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the HTTP request is answered with."""

    status: int
    body: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """A conversation, as a verified activity described it."""

    service_url: str
    conversation: str
    bot: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send: a *card* or *text*, never both, since Teams would make two of them."""

    summary: str
    text: str = ""
    card: dict[str, Any] | None = None


class Sdk:
    def __init__(self, config: TeamsConfig, tokens: AppTokens | None, clock: Clock) -> None:
        self._config = config
        self._http = Http()
        self._clients = Clients(self._http, tokens)
        self._authentication = _Authentication(
            config, self._clients, ChannelKeys(config.metadata, self._http.read, clock)
        )
        self._adapter = CloudAdapter(self._authentication)

    async def verified(self, one: Envelope, header: str) -> Any:
        """Whose request this is, for `turn`. Raises NotAuthenticError, or TransientError when the keys
        to compare with cannot be read."""
        try:
            return await self._authentication.authenticate_request(_activity(one), header)
        except TransientError:
            raise
        except (UnknownKeyError, PermissionError, jwt.PyJWTError, ValueError, KeyError, TypeError) as err:
            raise NotAuthenticError(type(err).__name__) from None
        except Exception as err:  # noqa: BLE001 - the SDK raises bare Exception for what is not endorsed
            raise NotAuthenticError(type(err).__name__) from None

    async def turn(self, who: Any, one: Envelope, bot: Callable[[], Awaitable[Answer]]) -> Answer:
        """Run *bot* in a turn of the adapter; what it answers is the answer to the request."""
        said: list[Answer] = []

        async def logic(context: TurnContext) -> None:
            answer = await bot()
            said.append(answer)
            if one.type == "invoke":
                value = InvokeResponse(status=answer.status, body=answer.body)
                # Not `context.send_activity`, which copies the whole card deeply first.
                said_so = Activity(type="invokeResponse", value=value)
                await self._adapter.send_activities(context, [said_so])

        response = await self._adapter.process_activity(who, _activity(one), logic)
        return Answer(int(response.status), response.body) if response is not None else said[0]

    # --- out -------------------------------------------------------------------------------------

    async def send(self, where: Where, what: Outgoing) -> str:
        """The new message's id. Raises SendFailedError."""
        sent = await self._talk(
            where, lambda ask: ask.send_to_conversation(where.conversation, _message(where, what))
        )
        return str(sent.id or "") if sent is not None else ""

    async def update(self, where: Where, ref: str, what: Outgoing) -> None:
        """Raises SendFailedError."""
        message = _message(where, what)
        message.id = ref
        await self._talk(where, lambda ask: ask.update_activity(where.conversation, ref, message))

    async def converse(self, where: Where) -> str:
        """The id of the 1:1 conversation with *where*'s user; asking again gives the same one.
        Raises SendFailedError."""
        tenant = {"tenant": {"id": self._config.tenant_id}}  # the SDK writes tenantId under a wrong key
        asked = ConversationParameters(
            is_group=False,
            bot=ChannelAccount(id=where.bot),
            members=[ChannelAccount(id=where.user)],
            channel_data=tenant,
        )
        found: list[str] = []

        async def logic(context: TurnContext) -> None:
            found.append(str(context.activity.conversation.id))

        await _saying(
            self._adapter.create_conversation(self._config.app_id, logic, asked, "msteams", where.service_url)
        )
        return found[0]

    async def close(self) -> None:
        await self._http.close()

    async def _talk(self, where: Where, how: Callable[[Any], Awaitable[Any]]) -> Any:
        """A proactive turn. Not `context.send_activity`: it would reply to an id made up by the SDK."""
        got: list[Any] = []

        async def logic(context: TurnContext) -> None:
            got.append(await how(context.turn_state[CLIENT].conversations))

        reference = ConversationReference(
            channel_id="msteams",
            service_url=where.service_url,
            conversation=ConversationAccount(id=where.conversation),
            bot=ChannelAccount(id=where.bot),
            user=ChannelAccount(id=where.user),
        )
        await _saying(self._adapter.continue_conversation(reference, logic, bot_app_id=self._config.app_id))
        return got[0]


async def _saying(call: Awaitable[None]) -> None:
    try:
        await call
    except (ClientException, DeserializationError) as err:
        # Something answered, in a form the SDK cannot read: the message may well be there.
        raise SendFailedError(0, type(err).__name__) from None


class _Authentication(BotFrameworkAuthentication):  # type: ignore[misc]
    """The channel's own way in and no other: the SDK would also take tokens of its emulator and of other
    bots, and fetch their keys from elsewhere, blocking, because an unsigned token says so."""

    def __init__(self, config: TeamsConfig, clients: Clients, keys: ChannelKeys) -> None:
        self._config = config
        self._connectors = _Connectors(clients)
        rules = VerifyOptions(
            issuer=[config.service], audience=None, clock_tolerance=LEEWAY, ignore_expiration=False
        )
        self._tokens = JwtTokenExtractor(rules, config.metadata, ["RS256"])
        self._tokens.open_id_metadata = keys  # in place of its own cache

    async def authenticate_request(self, activity: Activity, auth_header: str) -> AuthenticateRequestResult:
        result = AuthenticateRequestResult()
        if self._config.no_auth:
            result.claims_identity = ClaimsIdentity({}, True, "anonymous")
        else:
            result.claims_identity = await self._signed(activity, auth_header)
        result.audience = self.get_originating_audience()
        result.connector_factory = self._connectors
        return result

    async def _signed(self, activity: Activity, header: str) -> ClaimsIdentity:
        """Signature, endorsement, issuer and times are the SDK's; for whom, and for which address, ours."""
        identity = await self._tokens.get_identity_from_auth_header(header, activity.channel_id, [])
        if identity is None:
            raise PermissionError("no token of Teams")
        claims = identity.claims
        if claims.get("iss") != self._config.service or claims.get("aud") != self._config.app_id:
            raise PermissionError("for another bot")
        if claims.get("serviceurl") != activity.service_url:
            raise PermissionError("for another address")
        if not isinstance(claims.get("exp"), int):
            raise PermissionError("for ever")  # the SDK looks at the end of a token only if it has one
        return identity

    def create_connector_factory(self, claims_identity: ClaimsIdentity) -> ConnectorFactory:
        return self._connectors

    async def create_user_token_client(self, claims_identity: ClaimsIdentity) -> None:
        """We use no tokens of people; the SDK would make a client for them in every turn."""

    def get_originating_audience(self) -> str:
        return str(self._config.service)

    async def authenticate_streaming_request(self, auth_header: str, channel_id_header: str) -> Any:
        raise PermissionError("no streaming")

    async def authenticate_channel_request(self, auth_header: str) -> ClaimsIdentity:
        raise PermissionError("no skills")

    def create_bot_framework_client(self) -> Any:
        """For calling other bots, which we never do."""
        raise PermissionError("no skills")


class _Connectors(ConnectorFactory):  # type: ignore[misc]
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def create(self, service_url: str, audience: str) -> Any:
        return self._clients.of(service_url)


class _Drawn(Model):  # type: ignore[misc]
    """A card as it is: the SDK would copy it piece by piece, which costs more than all the rest."""

    _attribute_map: ClassVar[dict[str, Any]] = {"additional_properties": {"key": "", "type": "{object}"}}

    def __init__(self, card: dict[str, Any]) -> None:
        super().__init__(additional_properties=card)


def _activity(one: Envelope) -> Activity:
    """The envelope without its letter."""
    return Activity(
        type=one.type,
        id=one.id,
        channel_id=one.channel_id,
        service_url=one.service_url,
        from_property=ChannelAccount(id=one.user, aad_object_id=one.oid),
        recipient=ChannelAccount(id=one.bot),
        conversation=ConversationAccount(id=one.thread, conversation_type=one.kind),
    )


def _message(where: Where, what: Outgoing) -> Activity:
    card = Attachment(content_type=CARD, content=_Drawn(what.card)) if what.card is not None else None
    return Activity(
        type="message",
        channel_id="msteams",
        service_url=where.service_url,
        from_property=ChannelAccount(id=where.bot),
        recipient=ChannelAccount(id=where.user) if where.user else None,
        conversation=ConversationAccount(id=where.conversation),
        summary=what.summary,
        text=what.text or None,
        text_format="plain" if what.text else None,
        attachments=[card] if card else None,
    )
