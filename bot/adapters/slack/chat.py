"""Slack as a place to speak: implements `ports.chat.Chat`.

Slack keeps the messages and takes no key that would make posting safe to repeat. So `Posts` notes a
message before it is sent, and the message carries a digest of its key as metadata. Where a note has no
reference, the sending broke off: the conversation is read for that digest before anything is sent
again. Links are resolved here and nowhere earlier; the handles in them are not kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.adapters.slack.blocks import fallback, rendered
from bot.adapters.slack.fitting import messages
from bot.adapters.slack.limits import Block
from bot.adapters.slack.newest import Newest
from bot.adapters.slack.sending import Calls, NotTakenError, Sleep
from bot.adapters.slack.wire import PROMPT, Ref
from bot.core.elements import Link
from bot.core.message import Message
from bot.core.model import Place
from bot.errors import PermanentError
from bot.ports.chat_pages import Links
from bot.ports.clock import Clock
from bot.ports.posts import Posted, Posts

log = logging.getLogger(__name__)

_CHANNELS = ("C", "G")
_NOBODY = frozenset({"cannot_dm_bot", "is_inactive", "user_disabled", "user_not_found", "users_not_found"})
"""Said of a person who cannot be written to any more."""
_EARLIER = timedelta(minutes=5)
"""How far Slack's clock may be behind ours."""
_PAGE, _PAGES = 200, 5


class SlackChat:
    """*public_url* is where our pages are."""

    def __init__(
        self,
        calls: Calls,
        posts: Posts,
        links: Links,
        clock: Clock,
        *,
        public_url: str,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._calls = calls
        self._posts = posts
        self._links = links
        self._public_url = public_url.rstrip("/")
        self._changes = Newest(clock, sleep=sleep)

    def address(self, link: Link) -> str:
        """Where a link leads now; empty when what it refers to is gone."""
        if link.url:
            return link.url
        path = self._links.path(link.reference)
        return f"{self._public_url}{path}" if path else ""

    # --- ports.chat.Chat

    async def post(self, to: Place, message: Message, *, key: str, case_id: str = "") -> str:
        return await self._say(to, message, key, case_id)

    async def reply(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        await self._say(to, message, key, "", thread=Ref.of(ref))

    async def update(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        """Replaces the message as a whole; a message that Slack took in several parts keeps the first
        ones, which hold nothing to press."""

        async def send() -> None:
            posted = await self._posts.by_ref(to, ref)
            if posted is not None and posted.message == message:
                return
            at = Ref.of(ref)
            blocks = messages(rendered(message, self.address))[-1]
            await self._calls.make(
                to.tenant,
                "chat.update",
                lambda slack: slack.chat_update(
                    channel=at.channel, ts=at.ts, text=fallback(message), blocks=blocks
                ),
            )
            if posted is not None:
                await self._posts.changed(posted.key, message)

        await self._changes.send(f"{to.key} {ref}", send)

    # --- posting once

    async def _say(
        self, to: Place, message: Message, key: str, case_id: str, thread: Ref | None = None
    ) -> str:
        *before, last = messages(rendered(message, self.address))
        for number, blocks in enumerate(before):
            await self._once(to, message, blocks, f"{key}#{number}", case_id, thread)
        return await self._once(to, message, last, key, case_id, thread)

    async def _once(
        self, to: Place, message: Message, blocks: list[Block], key: str, case_id: str, thread: Ref | None
    ) -> str:
        channel = thread.channel if thread else await self._channel(to)
        begun = await self._posts.begin(key, to, message, case_id=case_id)
        if begun is not None and begun.ref:
            return begun.ref
        ref = await self._found(to, channel, begun, thread) if begun is not None else None
        if ref is None:
            ref = await self._send(to, channel, message, blocks, key, thread)
            if begun is not None:
                await self._posts.changed(key, message)
        await self._posts.arrived(key, str(ref))
        if not to.address.startswith(_CHANNELS) and channel != ref.channel:
            known = await self._posts.address(to)
            await self._posts.learn(to, {**(known.body if known else {}), "channel": ref.channel})
        return str(ref)

    async def _channel(self, to: Place) -> str:
        """What Slack is told to post to: a person's own id opens our conversation with them."""
        if to.address.startswith(_CHANNELS):
            return to.address
        known = await self._posts.address(to)
        if known is not None and known.closed:
            raise PermanentError(f"this person cannot be written to: {known.closed}", reason=known.closed)
        return str(known.body.get("channel") or to.address) if known else to.address

    async def _send(
        self, to: Place, channel: str, message: Message, blocks: list[Block], key: str, thread: Ref | None
    ) -> Ref:
        try:
            answer = await self._calls.make(
                to.tenant,
                "chat.postMessage",
                lambda slack: slack.chat_postMessage(
                    channel=channel,
                    text=fallback(message),
                    blocks=blocks,
                    mrkdwn=False,
                    unfurl_links=False,
                    unfurl_media=False,
                    metadata={"event_type": PROMPT, "event_payload": {"key": digest(key)}},
                    thread_ts=thread.ts if thread else None,
                ),
                place=to.key,
            )
        except PermanentError as err:
            await self._posts.refused(key)
            if err.reason in _NOBODY and not to.address.startswith(_CHANNELS):
                await self._posts.close(to, err.reason)
            raise
        except NotTakenError:
            await self._posts.refused(key)
            raise
        return Ref(str(answer["channel"]), str(answer["ts"]))

    # --- looking for what broke off

    async def _found(self, to: Place, channel: str, begun: Posted, thread: Ref | None) -> Ref | None:
        """The message of *begun*, if it arrived after all."""
        bot = await self._calls.bot(to.tenant)
        sought = digest(begun.key)
        try:
            where = await self._conversation(to, channel)
            cursor = ""
            for _ in range(_PAGES):
                page = await self._page(to, where, begun.at, thread, cursor)
                for one in page.get("messages") or ():
                    if one.get("bot_id") == bot.bot_id and _key_of(one) == sought:
                        return Ref(where, str(one["ts"]))
                cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
                if not cursor:
                    break
        except PermanentError as err:
            if err.reason != "missing_scope" or not to.address.startswith(_CHANNELS):
                raise
            # Agents who see a card twice are better off than agents who see none.
            log.warning("cannot look for a card in the agents' channel; it may be there twice")
        return None

    async def _conversation(self, to: Place, channel: str) -> str:
        if channel != to.address or to.address.startswith(_CHANNELS):
            return channel
        answer = await self._calls.make(
            to.tenant, "conversations.open", lambda slack: slack.conversations_open(users=to.address)
        )
        return str(answer["channel"]["id"])

    async def _page(
        self, to: Place, channel: str, since: datetime | None, thread: Ref | None, cursor: str
    ) -> Mapping[str, Any]:
        what: dict[str, Any] = {"channel": channel, "limit": _PAGE, "include_all_metadata": True}
        if since is not None:
            what["oldest"] = f"{(since - _EARLIER).timestamp():.6f}"
        if cursor:
            what["cursor"] = cursor
        if thread is not None:
            return await self._calls.make(
                to.tenant,
                "conversations.replies",
                lambda slack: slack.conversations_replies(ts=thread.ts, **what),
            )
        return await self._calls.make(
            to.tenant, "conversations.history", lambda slack: slack.conversations_history(**what)
        )


def digest(key: str) -> str:
    """What a message carries of its key, where everybody in the workspace can read it."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _key_of(message: Mapping[str, Any]) -> str:
    metadata = message.get("metadata")
    if not isinstance(metadata, Mapping) or metadata.get("event_type") != PROMPT:
        return ""
    payload = metadata.get("event_payload")
    return str(payload.get("key") or "") if isinstance(payload, Mapping) else ""
