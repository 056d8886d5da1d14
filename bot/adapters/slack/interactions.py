"""Slack's interactions in our words: presses, forms, the shortcut, the command. Total, as `events`.

Slack delivers each of these once and shows the person an error if we do not take it; a key all the
same, because whoever holds a signed request can send it again for five minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.adapters.slack.heard import Heard, Where
from bot.adapters.slack.tokens import said
from bot.adapters.slack.wire import FORM, SHORTCUT, Opened, Press, Ref, filled_in, press_of

Body = Mapping[str, Any]


def pressed(body: Body) -> Heard | None:
    """A `block_actions` payload. A link that was followed and a field that was filled in say nothing yet."""
    action, user = _first(body.get("actions")), _text(_part(body, "user"), "id")
    kind = press_of(_text(action, "action_id"))
    choice = _text(action, "value")
    if not user or not choice or kind not in (Press.CHOICE, Press.FORM):
        return None
    container = _part(body, "container")
    team, enterprise = _workspace(body)
    channel, ts = _text(container, "channel_id"), _text(container, "message_ts")
    where = Where.HOME if _text(container, "type") == "view" else Where.PRESS
    spot = _text(container, "view_id") if where is Where.HOME else f"{channel}:{ts}"
    key = ":".join(
        (
            "slack:press",
            _text(body, "api_app_id"),
            user,
            spot,
            _text(action, "action_id"),
            _text(action, "action_ts"),
        )
    )
    return Heard(
        user, key, where, team, enterprise,
        channel=channel,
        choice=choice,
        form=filled_in(_values(_part(body, "view") if where is Where.HOME else body)),
        ref=Ref(channel, ts) if ts and not container.get("is_ephemeral") else None,
        opens=kind is Press.FORM,
        trigger=_text(body, "trigger_id"),
        answer_url=_text(body, "response_url"),
    )  # fmt: skip


def sent(body: Body) -> Heard | None:
    """A `view_submission` of one of our forms."""
    view, user = _part(body, "view"), _text(_part(body, "user"), "id")
    opened = Opened.load(_text(view, "private_metadata"))
    if not user or opened is None or _text(view, "callback_id") != FORM:
        return None
    team, enterprise = _workspace(body)
    return Heard(
        user, f"slack:form:{_text(view, 'id')}:{_text(view, 'hash')}", Where.FORM, team, enterprise,
        choice=opened.choice,
        form=filled_in(_values(view)),
        ref=Ref.of(opened.ref) if opened.ref else None,
    )  # fmt: skip


def asked_about(body: Body) -> Heard | None:
    """The shortcut on a message: somebody wants help with what it says, whoever wrote it."""
    user, trigger = _text(_part(body, "user"), "id"), _text(body, "trigger_id")
    if not user or not trigger or _text(body, "callback_id") != SHORTCUT:
        return None
    text = said(_text(_part(body, "message"), "text"))
    team, enterprise = _workspace(body)
    return Heard(
        user, f"slack:trigger:{trigger}", Where.SHORTCUT, team, enterprise,
        channel=_text(_part(body, "channel"), "id"),
        text=text,
        choice="" if text else "menu",
        answer_url=_text(body, "response_url"),
    )  # fmt: skip


def commanded(body: Body) -> Heard | None:
    """The slash command, with what was written behind it."""
    user, trigger = _text(body, "user_id"), _text(body, "trigger_id")
    if not user or not trigger:
        return None
    text = said(_text(body, "text"))
    return Heard(
        user, f"slack:trigger:{trigger}", Where.COMMAND, _text(body, "team_id"), _text(body, "enterprise_id"),
        channel=_text(body, "channel_id"),
        text=text,
        choice="" if text else "menu",
        answer_url=_text(body, "response_url"),
    )  # fmt: skip


def first_field(body: Body) -> str:
    """block_id of the first field of a sent form: where a word about the whole form can stand."""
    return next(iter(_values(_part(body, "view"))), "")


def _workspace(body: Body) -> tuple[str, str]:
    """(team, enterprise); an installation for the whole organisation has no team here."""
    team = _part(body, "team")
    enterprise = _text(_part(body, "enterprise"), "id") or _text(team, "enterprise_id")
    return _text(team, "id"), enterprise


def _values(body: Body) -> Body:
    """`state.values`, with everything in it that has the form it should have."""
    blocks = _part(_part(body, "state"), "values")
    return {
        name: {ident: one for ident, one in block.items() if isinstance(one, Mapping)}
        for name, block in blocks.items()
        if isinstance(block, Mapping)
    }


def _first(actions: object) -> Body:
    found = actions[0] if isinstance(actions, list) and actions else None
    return found if isinstance(found, Mapping) else {}


def _part(found: Body, name: str) -> Body:
    value = found.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(found: Body, name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
