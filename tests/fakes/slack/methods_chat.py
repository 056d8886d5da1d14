"""chat.* and conversations.*"""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.slack.blocks import problems
from tests.fakes.slack.web_api import Call, Refused, method
from tests.fakes.slack.workspace import BOT_ID, BOT_USER, Conversation, Posted, home_of

_READ = {"im": "im:read", "channel": "channels:read", "group": "groups:read"}
_HISTORY = {"im": "im:history", "channel": "channels:history", "group": "groups:history"}
_LOUD = re.compile(r"<(!(?:channel|here|everyone|subteam\^\w+)|@[UW]\w+)(?:\|[^>]*)?>")


def _conversation(call: Call, name: str = "channel", *, direct: bool = False) -> Conversation:
    """The conversation named; *direct*: a person's id opens the conversation with them."""
    ident = str(call.need(name, "channel_not_found"))
    found = call.world.conversations.get(ident)
    if found is None and direct and (person := call.world.people.get(ident)) is not None:
        if person.is_bot:
            raise Refused("cannot_dm_bot")
        if not home_of(person, call.grant) and not _shares_a_channel(call, person.id):
            raise Refused("channel_not_found")
        found = call.world.dm(person.id, call.grant.team_id or person.team_id)
    if found is None or (found.kind != "channel" and BOT_USER not in found.members):
        raise Refused("channel_not_found")
    return found


def _shares_a_channel(call: Call, user: str) -> bool:
    return any(
        one.ext_shared and {user, BOT_USER} <= one.members for one in call.world.conversations.values()
    )


def _writable(call: Call, found: Conversation) -> None:
    if found.archived:
        raise Refused("is_archived")
    outside = found.kind == "channel" and BOT_USER not in found.members
    if outside and "chat:write.public" not in call.grant.scopes:
        raise Refused("not_in_channel")
    if found.kind == "im":
        other = next(iter(found.members - {BOT_USER}), "")
        if call.world.people[other].deleted:
            raise Refused("user_disabled")


def _content(call: Call, *, updating: bool = False) -> tuple[str, list[dict[str, Any]]]:
    text, blocks = call.args.get("text") or "", call.args.get("blocks")
    if not isinstance(text, str):
        raise Refused("invalid_arguments")
    if not text and not blocks:
        raise Refused("no_text")
    if len(text) > (4000 if updating else 40_000):
        raise Refused("msg_too_long")
    if blocks is not None:
        wrong = problems(blocks)
        if wrong:
            if len(wrong) == 1 and "characters in all" in wrong[0]:
                raise Refused("msg_blocks_too_long")
            raise Refused(
                "invalid_blocks", response_metadata={"messages": [f"[ERROR] {one}" for one in wrong]}
            )
        if not text:
            call.slack.warnings.append("missing_text_in_message")
    if call.args.get("attachments"):
        raise Refused("invalid_attachments")  # legacy; this product has no use for them
    if call.args.get("link_names"):
        call.slack.warnings.append("link_names")
    return text, call.world.named(blocks or [])


def _metadata(call: Call) -> dict[str, Any] | None:
    given = call.args.get("metadata")
    if given is None:
        return None
    if not isinstance(given, dict) or {"event_type", "event_payload"} - given.keys():
        raise Refused("invalid_metadata_format")
    if not isinstance(given["event_payload"], dict):
        raise Refused("invalid_metadata_schema")
    return given


@method("chat.postMessage", "chat:write")
def post_message(call: Call) -> dict[str, Any]:
    found = _conversation(call, direct=True)
    _writable(call, found)
    text, blocks = _content(call)
    thread = str(call.args.get("thread_ts") or "")
    if thread and found.find(thread) is None:
        raise Refused("thread_not_found")
    unfurl = call.args.get("unfurl_links") not in (False, "false", "0")
    made = Posted(
        call.world.ts(), found.id, BOT_USER, text, blocks, BOT_ID, _metadata(call), thread, unfurl=unfurl
    )
    found.messages.append(made)
    _loud(call, made)
    return {"channel": found.id, "ts": made.ts, "message": made.json(metadata=True)}


@method("chat.update", "chat:write")
def update(call: Call) -> dict[str, Any]:
    found = call.world.conversations.get(str(call.need("channel", "channel_not_found")))
    if found is None:
        raise Refused("channel_not_found")  # a person's id does not do here
    message = found.find(str(call.need("ts", "message_not_found")))
    if message is None or message.only_for:
        raise Refused("message_not_found")
    if message.bot_id != BOT_ID:
        raise Refused("cant_update_message")
    _writable(call, found)
    text, blocks = _content(call, updating=True)
    message.earlier.append((message.text, message.blocks))
    message.text, message.blocks = text, blocks
    if "metadata" in call.args:
        message.metadata = _metadata(call)
    _loud(call, message)
    return {"channel": found.id, "ts": message.ts, "text": text, "message": message.json(metadata=True)}


@method("chat.delete", "chat:write")
def delete(call: Call) -> dict[str, Any]:
    found = _conversation(call)
    message = found.find(str(call.need("ts", "message_not_found")))
    if message is None:
        raise Refused("message_not_found")
    if message.bot_id != BOT_ID:
        raise Refused("cant_delete_message")
    message.deleted = True
    return {"channel": found.id, "ts": message.ts}


@method("chat.postEphemeral", "chat:write")
def post_ephemeral(call: Call) -> dict[str, Any]:
    found = _conversation(call)
    user = str(call.need("user"))
    _writable(call, found)
    if BOT_USER not in found.members:
        raise Refused("not_in_channel")
    if user not in found.members:
        raise Refused("user_not_in_channel")
    text, blocks = _content(call)
    made = Posted(call.world.ts(), found.id, BOT_USER, text, blocks, BOT_ID, only_for=user)
    if call.world.people[user].active:  # else it is lost, and nobody is told
        found.messages.append(made)
    return {"message_ts": made.ts}


def _loud(call: Call, message: Posted) -> None:
    """Keep whom a message would have called: broadcasts and mentions."""
    found = _LOUD.findall(message.text) if not message.blocks else []
    for text in _marked(message.blocks):
        found += _LOUD.findall(text)
    if found:
        call.world.pages[message.ts] = found


def _marked(value: Any) -> list[str]:
    """Every text that Slack reads for mentions."""
    if isinstance(value, list):
        return [text for one in value for text in _marked(one)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "mrkdwn":
        return [value["text"]]
    if value.get("type") in {"broadcast", "user", "usergroup"}:
        return [f"<!{value['range']}>" if "range" in value else f"<@{value.get('user_id', 'U')}>"]
    return [text for one in value.values() for text in _marked(one)]


@method("conversations.open", "im:write")
def open_conversation(call: Call) -> dict[str, Any]:
    person = call.world.people.get(str(call.need("users", "users_list_not_supplied")))
    if person is None:
        raise Refused("user_not_found")
    if person.deleted:
        raise Refused("user_disabled")
    if person.is_bot:
        raise Refused("cannot_dm_bot")
    found = call.world.dm(person.id, call.grant.team_id or person.team_id)
    return {"channel": {"id": found.id}, "no_op": False, "already_open": bool(found.messages)}


@method("conversations.info")
def info(call: Call) -> dict[str, Any]:
    found = _conversation(call)
    call.scoped(_READ[found.kind])
    return {"channel": found.json()}


@method("conversations.members")
def members(call: Call) -> dict[str, Any]:
    found = _conversation(call)
    call.scoped(_READ[found.kind])
    return {"members": sorted(found.members), "response_metadata": {"next_cursor": ""}}


@method("conversations.history")
def history(call: Call) -> dict[str, Any]:
    found = _conversation(call)
    call.scoped(_HISTORY[found.kind])
    if BOT_USER not in found.members:
        raise Refused("not_in_channel")
    return _page(call, [m for m in found.messages if not m.thread_ts or m.thread_ts == m.ts])


@method("conversations.replies")
def replies(call: Call) -> dict[str, Any]:
    found = _conversation(call)
    call.scoped(_HISTORY[found.kind])
    ts = str(call.need("ts", "thread_not_found"))
    if found.find(ts) is None:
        raise Refused("thread_not_found")
    return _page(call, [m for m in found.messages if ts in (m.ts, m.thread_ts)], oldest_first=True)


def _page(call: Call, messages: list[Posted], *, oldest_first: bool = False) -> dict[str, Any]:
    args = call.args
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or 1e12)
    limit, start = min(int(args.get("limit") or 100), 999), int(args.get("cursor") or 0)
    inclusive = args.get("inclusive") in (True, "true", "1", 1)
    wanted = [
        m for m in messages
        if not m.deleted and not m.only_for
        and (oldest < float(m.ts) < latest or (inclusive and float(m.ts) in (oldest, latest)))
    ]  # fmt: skip
    if not oldest_first:
        wanted.reverse()
    metadata = args.get("include_all_metadata") in (True, "true", "1", 1)
    page = [m.json(metadata=metadata) for m in wanted[start : start + limit]]
    more = len(wanted) > start + limit
    cursor = str(start + limit) if more else ""
    return {"messages": page, "has_more": more, "response_metadata": {"next_cursor": cursor}}
