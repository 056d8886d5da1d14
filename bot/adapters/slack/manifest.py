"""What our app asks of Slack, and why: the manifest that `keyturn manifest slack` writes and that
`keyturn check` compares with the living app.

The form is Slack's manifest schema, major version 2. The app-level token of Socket Mode and its scope
`connections:write` are no part of a manifest; they are made by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.adapters.slack.wire import COMMAND, SHORTCUT

EVENTS_PATH = "/slack/events"
INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"

SCOPES: Mapping[str, str] = {
    "app_mentions:read": "a mention in a channel is answered: I wrote you privately",
    "chat:write": "write, and change its own messages",
    "commands": f"{COMMAND} and the shortcut on a message",
    "groups:history": "find a card in the agents' channel whose sending broke off, not to post it twice",
    "groups:read": "see that it is in the agents' channel, and that no other company is",
    "im:history": "read what is written to it in its own direct messages",
    "im:write": "open a direct message with somebody who asked elsewhere",
    "users:read": "tell members from guests, bots and people of other companies; their language",
    "users:read.email": "a confirmed address is a hint at the account in Entra, never a proof",
}
"""The bot's scopes, each with its reason. It has none for reading public channels, none for files, none for
administration, and no user scopes at all."""

EVENTS: Mapping[str, str] = {
    "app_home_opened": "the Home tab is drawn when it is looked at",
    "app_mention": "see app_mentions:read",
    "app_uninstalled": "its tokens are forgotten",
    "message.im": "see im:history",
    "tokens_revoked": "its tokens are forgotten",
}

Mode = Literal["socket", "http"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator chooses. *url* is the public address: needed for mode “http” and for *installs*
    (by link); *organisation* offers the app to all workspaces of an Enterprise Grid."""

    mode: Mode = "socket"
    url: str = ""
    installs: bool = False
    organisation: bool = False


def manifest(wish: Wish, say: Callable[..., str]) -> dict[str, Any]:
    """The app as Slack wants it described; *say* finds the words of `system/manifest`."""
    events_url = f"{wish.url}{EVENTS_PATH}"
    calls = wish.mode == "http"
    command: dict[str, Any] = {
        "command": COMMAND,
        "description": say("command_about"),
        "usage_hint": say("command_hint"),
        "should_escape": True,  # names arrive as ids
    }
    events: dict[str, Any] = {"bot_events": list(EVENTS)}
    interactivity: dict[str, Any] = {"is_enabled": True}
    if calls:
        command["url"] = events_url
        events = {"request_url": events_url} | events
        interactivity["request_url"] = events_url
    oauth: dict[str, Any] = {"scopes": {"bot": list(SCOPES)}}
    if wish.installs:
        oauth = {"redirect_urls": [f"{wish.url}{REDIRECT_PATH}"]} | oauth
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": say("name"),
            "description": say("short"),
            "long_description": " ".join(say("long").split()),
            "background_color": "#1d3557",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": say("name"), "always_online": True},
            "shortcuts": [
                {
                    "name": say("shortcut"),
                    "type": "message",
                    "callback_id": SHORTCUT,
                    "description": say("shortcut_about"),
                }
            ],
            "slash_commands": [command],
        },
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": wish.organisation,
            "socket_mode_enabled": not calls,
            "token_rotation_enabled": False,
        },
    }


_OURS = (
    ("settings", "socket_mode_enabled"),
    ("settings", "token_rotation_enabled"),
    ("settings", "event_subscriptions", "request_url"),
    ("settings", "interactivity", "is_enabled"),
    ("settings", "interactivity", "request_url"),
    ("features", "app_home", "home_tab_enabled"),
    ("features", "app_home", "messages_tab_enabled"),
    ("features", "app_home", "messages_tab_read_only_enabled"),
)
_SETS = (
    ("oauth_config", "scopes", "bot"),
    ("oauth_config", "scopes", "user"),
    ("settings", "event_subscriptions", "bot_events"),
    ("settings", "event_subscriptions", "user_events"),
)


def differences(ours: Mapping[str, Any], live: Mapping[str, Any]) -> list[str]:
    """Where the living app behaves otherwise than *ours*. Names, colours and descriptions are the
    operator's to change; an absent switch is one that is off."""
    found: list[str] = []
    for path in _OURS:
        wanted, is_ = _at(ours, path), _at(live, path)
        if (wanted or None) != (is_ or None):
            found.append(f"{'.'.join(path)} is {_shown(is_)}, should be {_shown(wanted)}")
    for path in _SETS:
        wanted_set, live_set = set(_at(ours, path) or ()), set(_at(live, path) or ())
        name = ".".join(path)
        if missing := wanted_set - live_set:
            found.append(f"{name} lacks {', '.join(sorted(missing))}")
        if extra := live_set - wanted_set:
            found.append(f"{name} has needless {', '.join(sorted(extra))}")
    for name, key in (("slash_commands", "command"), ("shortcuts", "callback_id")):
        for one in ours["features"][name]:
            same = [x for x in _at(live, ("features", name)) or () if x.get(key) == one[key]]
            if not same:
                found.append(f"features.{name} lacks {one[key]}")
            elif (same[0].get("url") or None) != one.get("url"):
                found.append(f"features.{name}: {one[key]} calls {_shown(same[0].get('url'))}")
    missing_urls = set(_at(ours, ("oauth_config", "redirect_urls")) or ()) - set(
        _at(live, ("oauth_config", "redirect_urls")) or ()
    )
    found += [f"oauth_config.redirect_urls lacks {url}" for url in sorted(missing_urls)]
    return found


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        tree = tree.get(part) if isinstance(tree, Mapping) else None
    return tree


def _shown(value: Any) -> str:
    return {True: "on", False: "off", None: "not set"}.get(value, str(value))
