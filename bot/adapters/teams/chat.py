"""Implements `ports.chat.Chat` for Teams: the right conversation, nothing twice that can be helped, and
what went wrong in the house's own words.

    403 MessageWritesBlocked   the person blocked or removed us: the place is closed until they are back
    404 of a 1:1 conversation  opened again once
    429                        later, as long as Teams says, else longer each time
    5xx, nothing at all        later; the message may be there already and can then show twice, because
                               Teams has no way to ask. Changing a message is safe to repeat
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from bot.adapters.teams.budget import SendBudget
from bot.adapters.teams.cards import Cards
from bot.adapters.teams.config import CHANNEL, TeamsConfig
from bot.adapters.teams.connector import SendFailedError
from bot.adapters.teams.inbound import Envelope
from bot.adapters.teams.sdk import Outgoing, Sdk, Where
from bot.core.message import Message
from bot.core.model import Place
from bot.errors import PermanentError, TransientError
from bot.ports.posts import Posted, Posts

log = logging.getLogger(__name__)

BLOCKED = "blocked"
UNCERTAIN = 15.0
"""Seconds to wait after a send whose outcome is not known."""
_CLOSING = frozenset(
    {"MessageWritesBlocked", "BotNotInConversationRoster", "ConversationBlockedByUser", "BotDisabledByAdmin"}
)
_PURPOSE = "teams/address"
_GONE = frozenset({"ConversationNotFound", "BotNotInConversationRoster"})


class Macs(Protocol):
    """Marks what we wrote ourselves."""

    def mac(self, purpose: str, *parts: str) -> str: ...

    def mac_fits(self, mac: str, purpose: str, *parts: str) -> bool: ...


Viewers = Callable[[Place], Awaitable[Sequence[str]]]
"""Whose clients ask for a view of their own of a card in this place: the people's ids in Teams."""


async def nobody(_: Place) -> Sequence[str]:
    return ()


class TeamsChat:
    def __init__(
        self,
        config: TeamsConfig,
        sdk: Sdk,
        cards: Cards,
        posts: Posts,
        budget: SendBudget,
        macs: Macs,
        viewers: Viewers = nobody,
    ) -> None:
        self._config = config
        self._sdk = sdk
        self._cards = cards
        self._posts = posts
        self._budget = budget
        self._macs = macs
        self._viewers = viewers
        self._agents_known = not config.agents

    # --- ports.chat.Chat -------------------------------------------------------------------------

    async def post(self, to: Place, message: Message, *, key: str, case_id: str = "") -> str:
        return await self._post(to, message, key=key, case_id=case_id)

    async def reply(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        """In a channel's thread; a 1:1 chat has none, and it simply follows there."""
        await self._post(to, message, key=key, thread="" if self._personal(to) else ref)

    async def update(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        posted = await self._posts.by_ref(to, ref)
        await self._change(to, ref, message, posted.key if posted else key)
        if posted is not None:
            await self._posts.changed(posted.key, message)

    async def change(self, posted: Posted, message: Message) -> None:
        """`update` of a message that is at hand."""
        await self._change(posted.place, posted.ref, message, posted.key)
        await self._posts.changed(posted.key, message)

    async def _change(self, to: Place, ref: str, message: Message, key: str) -> None:
        where = await self._where(to)
        self._budget.spend(where.conversation)
        what = await self._drawn(to, message, key)
        try:
            await self._sdk.update(where, ref, what)
        except SendFailedError as err:
            if err.status != 404:
                raise await self._translated(to, err) from None
            # Deleted, or a conversation that is no more: nothing to change.
            log.info("a message to change is not there any more (%s)", err)

    # --- conversations ---------------------------------------------------------------------------

    async def learn(self, one: Envelope) -> None:
        """Keep how to write to whoever sent this. Only for a verified activity: an address from
        elsewhere would make us post to it."""
        known: dict[str, Any] = {"service_url": one.service_url, "bot": one.bot}
        if not self._agents_known:
            await self._learn_agents(known)
        if one.personal:
            body = {**known, "conversation": one.conversation, "user": one.user}
            await self._keep(self._config.place(one.oid), body)
            return
        await self._keep(Place(CHANNEL, self._config.tenant_id, one.conversation), known)
        place = self._config.place(one.oid)
        address = await self._posts.address(place)
        if address is None or not address.body.get("conversation"):
            await self._keep(place, {**known, "user": one.user})

    async def _keep(self, place: Place, body: dict[str, Any]) -> None:
        """With a mark of ours: whoever can write to the store could otherwise have the bot's token sent
        to an address of theirs."""
        await self._posts.learn(place, {**body, "mac": self._macs.mac(_PURPOSE, *_marked(place, body))})

    async def _learn_agents(self, known: Mapping[str, Any]) -> None:
        """The agents' channel may never say a word to us; it is where our tenant is."""
        place = Place(CHANNEL, self._config.tenant_id, self._config.agents)
        if await self._posts.address(place) is None:
            await self._keep(place, dict(known))
        self._agents_known = True

    async def back_in_team(self, one: Envelope) -> None:
        """The app was put into a team. If the agents' channel was closed to us, it may be in that team; Teams
        names another channel here, and nobody may ever write to us in the agents' own."""
        place = Place(CHANNEL, self._config.tenant_id, self._config.agents)
        address = await self._posts.address(place) if self._config.agents else None
        if address is not None and address.closed:
            await self._keep(place, {"service_url": one.service_url, "bot": one.bot})

    async def reach(self, place: Place) -> bool:
        """Whether we can write to somebody privately; opens the conversation where there is none."""
        try:
            await self._where(place)
        except PermanentError:
            return False
        return True

    async def aside(self, one: Envelope, text: str, *, key: str) -> None:
        """A line in the thread of a channel where somebody spoke to us."""
        place = Place(CHANNEL, self._config.tenant_id, one.conversation)
        where = Where(one.service_url, one.thread, one.bot)
        message = Message.line(text)
        await self._once(place, message, key, where, Outgoing(message.fallback, text=text))

    # --- sending ---------------------------------------------------------------------------------

    async def _post(
        self, to: Place, message: Message, *, key: str, case_id: str = "", thread: str = ""
    ) -> str:
        where = await self._where(to)
        if thread:
            where = replace(where, conversation=f"{where.conversation};messageid={thread}")
        what = await self._drawn(to, message, key)
        return await self._once(to, message, key, where, what, case_id)

    async def _once(
        self, to: Place, message: Message, key: str, where: Where, what: Outgoing, case_id: str = ""
    ) -> str:
        earlier = await self._posts.begin(key, to, message, case_id=case_id)
        if earlier is not None and earlier.ref:
            return earlier.ref
        self._budget.spend(where.conversation.partition(";")[0])
        try:
            ref = await self._sent(to, where, what)
        except SendFailedError as err:
            raise await self._translated(to, err) from None
        await self._posts.arrived(key, ref)
        return ref

    async def _sent(self, to: Place, where: Where, what: Outgoing) -> str:
        try:
            return await self._sdk.send(where, what)
        except SendFailedError as err:
            if err.code not in _GONE or not self._personal(to) or not where.user:
                raise
        return await self._sdk.send(await self._opened(to, where), what)

    async def _drawn(self, to: Place, message: Message, key: str) -> Outgoing:
        refresh = () if self._personal(to) else await self._viewers(to)
        return self._cards.outgoing(message, key=key, refresh=refresh)

    async def _where(self, to: Place) -> Where:
        """Raises PermanentError where we must not, or cannot, write."""
        address = await self._posts.address(to)
        if address is not None and address.closed:
            raise PermanentError("Teams does not let us write there", reason=address.closed)
        body: Mapping[str, Any] = address.body if address else {}
        if body and not self._macs.mac_fits(str(body.get("mac", "")), _PURPOSE, *_marked(to, body)):
            log.error("the address of %s was changed outside", to.key)
            raise PermanentError("an address that we did not write", reason="foreign_address")
        if self._personal(to):
            if not body.get("user"):
                raise PermanentError("somebody who never wrote to us in Teams", reason="unknown_address")
            where = Where(
                str(body["service_url"]),
                str(body.get("conversation", "")),
                str(body["bot"]),
                str(body["user"]),
            )
            if where.conversation:
                return where
            try:
                return await self._opened(to, where)
            except SendFailedError as err:
                raise await self._translated(to, err) from None
        if not body:
            raise PermanentError("nobody ever wrote to us in Teams", reason="unknown_address")
        return Where(str(body["service_url"]), to.address, str(body["bot"]))

    async def _opened(self, to: Place, where: Where) -> Where:
        """The 1:1 conversation with somebody, made if need be. Raises SendFailedError."""
        self._budget.spend(f"new:{where.user}")
        found = replace(where, conversation=await self._sdk.converse(where))
        await self._keep(
            to,
            {
                "service_url": found.service_url,
                "bot": found.bot,
                "conversation": found.conversation,
                "user": found.user,
            },
        )
        return found

    async def _translated(self, to: Place, err: SendFailedError) -> Exception:
        if err.status == 403:
            if err.code in _CLOSING:
                await self._posts.close(to, BLOCKED)
            return PermanentError("Teams does not let us write there", status=403, reason=err.code or BLOCKED)
        if err.status == 429 or err.status == 412 or (not err.arrived and err.status == 0):
            return TransientError(f"Teams wants us to wait ({err})", retry_after=err.retry_after)
        if err.arrived:
            return TransientError(
                f"it is not known whether Teams took it ({err})", retry_after=err.retry_after or UNCERTAIN
            )
        return PermanentError("Teams refuses the message", status=err.status, reason=err.code)

    def _personal(self, place: Place) -> bool:
        return not place.address.startswith("19:")


def _marked(place: Place, body: Mapping[str, Any]) -> list[str]:
    return [place.key, *(str(body.get(name, "")) for name in ("service_url", "bot", "conversation", "user"))]
