"""Finding a message whose sending broke off: by the digest of its key, which it carries as metadata.

Everybody in the workspace can read metadata and any app can write it, so it is a digest, and only a
message of our own bot is taken for ours.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.adapters.slack.sending import Calls
from bot.adapters.slack.wire import PROMPT, Ref
from bot.core.model import Place
from bot.errors import PermanentError
from bot.ports.posts import Posted

log = logging.getLogger(__name__)

_EARLIER = timedelta(minutes=5)
"""How far Slack's clock may be behind ours."""
_PAGE, _PAGES = 200, 5


def is_channel(place: Place) -> bool:
    """A channel, not a person: those are U… or W…."""
    return place.address.startswith(("C", "G"))


def digest(key: str) -> str:
    """What a message carries of its key."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


class Looking:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def found(self, channel: str, begun: Posted, thread: Ref | None, team: str) -> Ref | None:
        """The message of *begun*, if it arrived after all, in *channel* or the thread there."""
        bot = await self._calls.bot(begun.place.tenant, team)
        sought = digest(begun.key)
        try:
            where = await self._conversation(begun.place, channel, team)
            cursor = ""
            for _ in range(_PAGES):
                page = await self._page(begun.place.tenant, where, begun.at, thread, cursor, team)
                for one in page.get("messages") or ():
                    if one.get("bot_id") == bot.bot_id and _key_of(one) == sought:
                        return Ref(where, str(one["ts"]))
                cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
                if not cursor:
                    break
        except PermanentError as err:
            if err.reason != "missing_scope" or not is_channel(begun.place):
                raise
            # Agents who see a card twice are better off than agents who see none.
            log.warning("cannot look for a card in the agents' channel; it may be there twice")
        return None

    async def _conversation(self, place: Place, channel: str, team: str) -> str:
        """A person's id is no conversation; reading needs ours with them."""
        if is_channel(place) or channel != place.address:
            return channel
        answer = await self._calls.make(
            place.tenant,
            "conversations.open",
            lambda slack: slack.conversations_open(users=place.address),
            team=team,
        )
        return str(answer["channel"]["id"])

    async def _page(
        self, tenant: str, channel: str, since: datetime | None, thread: Ref | None, cursor: str, team: str
    ) -> Mapping[str, Any]:
        what: dict[str, Any] = {"channel": channel, "limit": _PAGE, "include_all_metadata": True}
        if since is not None:
            what["oldest"] = f"{(since - _EARLIER).timestamp():.6f}"
        if cursor:
            what["cursor"] = cursor
        if thread is not None:
            return await self._calls.make(
                tenant,
                "conversations.replies",
                lambda slack: slack.conversations_replies(ts=thread.ts, **what),
                team=team,
            )
        return await self._calls.make(
            tenant, "conversations.history", lambda slack: slack.conversations_history(**what), team=team
        )


def _key_of(message: Mapping[str, Any]) -> str:
    metadata = message.get("metadata")
    if not isinstance(metadata, Mapping) or metadata.get("event_type") != PROMPT:
        return ""
    payload = metadata.get("event_payload")
    return str(payload.get("key") or "") if isinstance(payload, Mapping) else ""
