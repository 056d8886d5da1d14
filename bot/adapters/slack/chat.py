"""Slack as a place to speak: implements `ports.chat.Chat`.

Slack keeps the messages and takes no key that would make posting safe to repeat. So `Posts` notes a
message before it is sent, and the message carries a digest of its key as metadata. Where a note has no
reference, the sending broke off: the conversation is read for that digest (`looking`) before anything is
sent again. Links are resolved here and nowhere earlier; the handles in them are not kept.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from bot.adapters.slack.blocks import fallback, rendered
from bot.adapters.slack.fitting import messages
from bot.adapters.slack.limits import Block
from bot.adapters.slack.looking import Looking, digest, is_channel
from bot.adapters.slack.newest import Newest
from bot.adapters.slack.sending import Calls, NotTakenError, Sleep
from bot.adapters.slack.wire import PROMPT, Ref
from bot.core.elements import Link
from bot.core.message import Message
from bot.core.model import Place
from bot.errors import PermanentError
from bot.ports.chat_pages import Links
from bot.ports.clock import Clock
from bot.ports.posts import Posts

log = logging.getLogger(__name__)

_NOBODY = frozenset({"cannot_dm_bot", "is_inactive", "user_disabled", "user_not_found", "users_not_found"})
"""Said of a person who cannot be written to any more."""
_DELETED = frozenset({"message_not_found", "thread_not_found"})


@dataclass(frozen=True, slots=True)
class _Way:
    """How *to* is written to: *channel* as Slack is told it; in an organisation, the workspace in
    which we talk, if known; the message beneath which to write."""

    to: Place
    channel: str
    team: str = ""
    thread: Ref | None = None


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
        self._looking = Looking(calls)
        self._changes = Newest(clock, sleep=sleep)

    def address(self, link: Link) -> str:
        """Where a link leads now; empty when what it refers to is gone."""
        if link.url:
            return link.url
        path = self._links.path(link.reference)
        return f"{self._public_url}{path}" if path else ""

    # --- ports.chat.Chat

    async def post(self, to: Place, message: Message, *, key: str, case_id: str = "") -> str:
        return await self._say(await self._way(to), message, key, case_id)

    async def reply(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        """Beneath a message that somebody deleted, nothing is said."""
        way = await self._way(to, Ref.of(ref))
        try:
            await self._say(way, message, key, "")
        except PermanentError as err:
            if err.reason not in _DELETED:
                raise
            log.info("nothing to reply to any more: %s", ref)

    async def update(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        """Replaces the message as a whole; a message that Slack took in several parts keeps the first
        ones, which hold nothing to press. One that somebody deleted stays deleted."""

        async def send() -> None:
            posted = await self._posts.by_ref(to, ref)
            if posted is not None and posted.message == message:
                return
            try:
                await self._change(to, Ref.of(ref), message)
            except PermanentError as err:
                if err.reason not in _DELETED:
                    raise
                log.info("nothing to change any more: %s", ref)
            if posted is not None:
                await self._posts.changed(posted.key, message)

        await self._changes.send(f"{to.key} {ref}", send)

    async def _change(self, to: Place, at: Ref, message: Message) -> None:
        blocks = messages(rendered(message, self.address))[-1]
        await self._calls.make(
            to.tenant,
            "chat.update",
            lambda slack: slack.chat_update(
                channel=at.channel, ts=at.ts, text=fallback(message), blocks=blocks
            ),
            team=(await self._way(to, at)).team,
        )

    # --- posting once

    async def _way(self, to: Place, thread: Ref | None = None) -> _Way:
        """A person's own id opens our conversation with them; once known, we say which it is."""
        known = await self._posts.address(to)
        body = known.body if known else {}
        if thread is None and known is not None and known.closed and not is_channel(to):
            raise PermanentError(f"this person cannot be written to: {known.closed}", reason=known.closed)
        channel = to.address if is_channel(to) else str(body.get("channel") or to.address)
        return _Way(to, thread.channel if thread else channel, str(body.get("team") or ""), thread)

    async def _say(self, way: _Way, message: Message, key: str, case_id: str) -> str:
        self._calls.ready(way.to.tenant, "chat.postMessage", team=way.team, place=way.to.key)
        *before, last = messages(rendered(message, self.address))
        for number, blocks in enumerate(before):
            await self._once(way, message, blocks, f"{key}#{number}", case_id)
        return await self._once(way, message, last, key, case_id)

    async def _once(self, way: _Way, message: Message, blocks: list[Block], key: str, case_id: str) -> str:
        begun = await self._posts.begin(key, way.to, message, case_id=case_id)
        if begun is not None and begun.ref:
            return begun.ref
        ref = await self._looking.found(way.channel, begun, way.thread, way.team) if begun else None
        if ref is None:
            try:
                ref = await self._send(way, message, blocks, key)
            except PermanentError as err:
                anew = _Way(way.to, way.to.address, way.team)
                if err.reason != "channel_not_found" or way.thread or way == anew:
                    raise
                # The conversation we knew is gone, as after the app was installed anew: open another.
                return await self._once(anew, message, blocks, key, case_id)
            if begun is not None:
                await self._posts.changed(key, message)
        await self._posts.arrived(key, str(ref))
        if not is_channel(way.to) and way.channel != ref.channel:
            known = await self._posts.address(way.to)
            await self._posts.learn(way.to, {**(known.body if known else {}), "channel": ref.channel})
        return str(ref)

    async def _send(self, way: _Way, message: Message, blocks: list[Block], key: str) -> Ref:
        try:
            answer = await self._calls.make(
                way.to.tenant,
                "chat.postMessage",
                lambda slack: slack.chat_postMessage(
                    channel=way.channel,
                    text=fallback(message),
                    blocks=blocks,
                    mrkdwn=False,
                    unfurl_links=False,
                    unfurl_media=False,
                    metadata={"event_type": PROMPT, "event_payload": {"key": digest(key)}},
                    thread_ts=way.thread.ts if way.thread else None,
                ),
                team=way.team,
                place=way.to.key,
            )
        except PermanentError as err:
            await self._posts.refused(key)
            if err.reason in _NOBODY and not is_channel(way.to):
                await self._posts.close(way.to, err.reason)
            raise
        except NotTakenError:
            await self._posts.refused(key)
            raise
        return Ref(str(answer["channel"]), str(answer["ts"]))
