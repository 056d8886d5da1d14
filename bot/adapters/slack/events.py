"""Slack's events in our words. Total: what means nothing to us is None, and acknowledged all the same.

Only what somebody newly says is heard. An edit, a deletion, a reaction or a pin changes nothing that was
said, and what any bot says (ours included) is never an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.adapters.slack.heard import Gone, Heard, HomeOpened, Where
from bot.adapters.slack.tokens import said

Body = Mapping[str, Any]

_SPOKEN = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""Subtypes of `message` in which somebody says something new."""
_RECORDED = frozenset({"slack_audio", "slack_video"})


def heard(body: Body) -> Heard | HomeOpened | Gone | None:
    """What *body*, an `event_callback`, tells."""
    event = body.get("event")
    if not isinstance(event, Mapping) or not _key(body, event):
        return None
    match event.get("type"):
        case "message":
            return _message(body, event)
        case "app_mention":
            return _mention(body, event)
        case "app_home_opened":
            return _home(body, event)
        case "app_uninstalled":
            return Gone(_key(body, event), "slack_uninstalled", *workspace(body), _seconds(body))
        case "tokens_revoked":
            tokens = event.get("tokens")
            revoked = isinstance(tokens, Mapping) and bool(tokens.get("bot"))
            key = _key(body, event)
            return Gone(key, "slack_token_revoked", *workspace(body), _seconds(body)) if revoked else None
        case _:
            return None


def workspace(body: Body) -> tuple[str, str]:
    """(team, enterprise) of the installation that heard it. In a channel shared with another company
    the envelope's own team may be theirs; what authorised the delivery is ours."""
    given = body.get("authorizations")
    first = given[0] if isinstance(given, list) and given and isinstance(given[0], Mapping) else body
    return _text(first, "team_id"), _text(first, "enterprise_id")


def _message(body: Body, event: Body) -> Heard | None:
    user = _text(event, "user")
    spoken = str(event.get("subtype") or "") in _SPOKEN
    if event.get("channel_type") != "im" or not spoken or not user or _by_a_bot(event):
        return None
    text = said(_text(event, "text"))
    team, enterprise = workspace(body)
    return Heard(
        user, _key(body, event), Where.DIRECT, team, enterprise,
        channel=_text(event, "channel"),
        text=text,
        unheard="" if text else _unheard(event),
        choice="" if text or _unheard(event) else "menu",
    )  # fmt: skip


def _mention(body: Body, event: Body) -> Heard | None:
    user = _text(event, "user")
    if not user or _by_a_bot(event) or event.get("edited"):
        return None
    team, enterprise = workspace(body)
    text = said(_text(event, "text"))
    shared = body.get("is_ext_shared_channel") is not False
    return Heard(
        user, _key(body, event), Where.MENTION, team, enterprise,
        channel=_text(event, "channel"),
        text="" if shared else text,
        unheard="shared" if shared else "" if text else _unheard(event),
        choice="" if shared or text or _unheard(event) else "menu",
    )  # fmt: skip


def _home(body: Body, event: Body) -> HomeOpened | None:
    user = _text(event, "user")
    if not user or event.get("tab") != "home":
        return None
    view = event.get("view")
    seen = _text(view, "hash") if isinstance(view, Mapping) else ""
    return HomeOpened(user, _key(body, event), *workspace(body), seen)


def _unheard(event: Body) -> str:
    """What came instead of words. It is never fetched."""
    files = event.get("files")
    if not isinstance(files, list) or not files:
        return ""
    kinds = {str(one.get("subtype") or "") for one in files if isinstance(one, Mapping)}
    return "voice" if kinds & _RECORDED else "file"


def _by_a_bot(event: Body) -> bool:
    return bool(event.get("bot_id")) or bool(event.get("bot_profile"))


def _key(body: Body, event: Body) -> str:
    """The event's own name, the same in every delivery; a message has another one besides. What has
    neither cannot be told from its like, and is not heard."""
    if ident := _text(body, "event_id"):
        return f"slack:event:{ident}"
    channel, ts = _text(event, "channel"), _text(event, "ts")
    return f"slack:message:{workspace(body)[0]}:{channel}:{ts}" if channel and ts else ""


def _seconds(body: Body) -> int:
    """When it happened, or 0."""
    at = body.get("event_time")
    return at if isinstance(at, int) and 0 < at < 1 << 33 else 0


def _text(found: Body, name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
