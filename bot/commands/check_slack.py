"""The probes of `keyturn check` for Slack: token, home, scopes, the living app, the agents' channel, and
the way by which Slack reaches us.

Each answers lines, never an exception.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

from bot.adapters.slack.manifest import INSTALL_PATH, SCOPES, Wish, differences, manifest
from bot.commands.check_entra import Line
from bot.errors import PermanentError, TransientError, UnusableError

if TYPE_CHECKING:
    from bot.adapters.slack.config import Home
    from bot.adapters.slack.probing import SlackProbe, Told
    from bot.adapters.slack.workspaces import Clients
    from bot.ports.clock import Clock
    from bot.setting_channels import Slack
    from bot.settings import Settings

CONFIG_TOKEN = "KEYTURN_SLACK_CONFIG_TOKEN"  # noqa: S105 - the name of a variable
"""Environment variable with an app configuration token, for comparing the whole app. It lives twelve hours
and can change every app of its owner, so it is never a setting."""


async def lines(settings: Settings, env: Mapping[str, str], clock: Clock) -> AsyncIterator[Line]:
    """All that can be found out about Slack, in the order in which one would mend it."""
    from bot.adapters.slack.config import Home
    from bot.adapters.slack.probing import SlackProbe
    from bot.adapters.slack.workspaces import Clients

    slack = settings.slack
    assert slack is not None
    clients = Clients(slack.base_url)
    home = Home(slack.team_id, slack.enterprise_id)
    try:
        probe = SlackProbe(clients)
        tokens = [slack.bot_token.reveal()] if slack.bot_token else None
        if tokens is None:
            tokens = await _installed(settings, clients, home, clock)
            if not tokens:
                todo = f"Open {settings.public_url}{INSTALL_PATH} as somebody who may install apps in Slack."
                yield Line("red", "slack token", "Nobody has installed the app yet.", todo)
        for token in tokens:
            async for line in _token(probe, settings, slack, home, token, env):
                yield line
        async for line in _way_in(probe, settings, slack, clock):
            yield line
    finally:
        await clients.close()


async def _installed(settings: Settings, clients: Clients, home: Home, clock: Clock) -> list[str]:
    """The tokens that were kept when the app was installed by link."""
    from bot.adapters.slack.installations import Installations
    from bot.adapters.store.opening import open_store
    from bot.service.keys import Keys

    keys = Keys(settings.secrets.server_key.reveal_bytes(), settings.secrets.pepper.reveal_bytes())
    try:
        store = open_store(settings.store.url, existing=True)
    except UnusableError:
        return []  # said already by the line about the store
    try:
        kept = Installations(store, keys, clock, clients, home)
        return [held.token for row in await kept.rows() if (held := kept.opened(row))]
    finally:
        await store.close()


async def _token(
    probe: SlackProbe, settings: Settings, slack: Slack, home: Home, token: str, env: Mapping[str, str]
) -> AsyncIterator[Line]:
    try:
        told = await probe.token(token)
    except PermanentError as err:
        todo = "Copy the bot token anew (“OAuth & Permissions” of the app), or install the app again."
        yield Line("red", "slack token", f"Slack does not take it: {err.reason}.", todo)
        return
    except TransientError as err:
        todo = "Compare slack.base_url; look at the firewall."
        yield Line("red", "slack token", f"Slack cannot be asked: {err}.", todo)
        return
    if not home.holds(told.team_id, told.enterprise_id):
        where = " of ".join(one for one in (told.team_id, told.enterprise_id) if one)
        todo = "Install the app at home, or mend slack.team_id and slack.enterprise_id."
        yield Line("red", "slack token", f"It is of {where}, “{told.team}”, which is not home.", todo)
        return
    yield Line("green", "slack token", f"It is our bot's in “{told.team}” ({told.team_id}).")
    for line in scopes(told.scopes):
        yield line
    yield await _app(probe, settings, slack, told, env)
    yield await _agents(probe, slack, token)


def scopes(held: frozenset[str]) -> list[Line]:
    """What the token may do, against the manifest."""
    wanted = frozenset(SCOPES)
    found = []
    if missing := wanted - held:
        todo = "Put the manifest of `keyturn manifest slack` into the app, and install it again."
        found.append(Line("red", "slack scopes", f"It lacks {', '.join(sorted(missing))}.", todo))
    if extra := held - wanted:
        todo = "Remove them in the app, and install it again: a stolen token should open no more."
        found.append(
            Line("amber", "slack scopes", f"It may do more than needed: {', '.join(sorted(extra))}.", todo)
        )
    return found or [Line("green", "slack scopes", "Exactly those of the manifest.")]


async def _app(
    probe: SlackProbe, settings: Settings, slack: Slack, told: Told, env: Mapping[str, str]
) -> Line:
    what = "slack app"
    config_token = env.get(CONFIG_TOKEN, "")
    if not config_token:
        said = f"{told.app_id}. Its events and addresses are compared when {CONFIG_TOKEN} is set."
        return Line("green", what, said)
    from bot.commands.manifest import Words

    wish = Wish(slack.mode, settings.public_url, slack.installs, bool(slack.enterprise_id))
    try:
        live = await probe.manifest(config_token, told.app_id)
    except (PermanentError, TransientError) as err:
        todo = "Make a new app configuration token at api.slack.com/apps; it lives twelve hours."
        return Line("amber", what, f"It cannot be read: {err}.", todo)
    found = differences(manifest(wish, Words()), live)
    if not found:
        return Line("green", what, f"{told.app_id} is as the manifest describes it.")
    todo = "Paste the output of `keyturn manifest slack` under “App Manifest” of the app."
    return Line("red", what, "; ".join(found) + ".", todo)


async def _agents(probe: SlackProbe, slack: Slack, token: str) -> Line:
    what = "slack agents' channel"
    if not slack.agent_channel:
        return Line("green", what, "Not set: agents work on the desk alone.")
    invite = "Write /invite @Keyturn in that channel; compare slack.agent_channel with its details."
    try:
        room = await probe.room(token, slack.agent_channel)
    except PermanentError as err:
        if err.reason == "missing_scope":
            todo = "Use a private channel: its cards say who needs help and why."
            return Line("red", what, "It is not a private channel, or groups:read is missing.", todo)
        return Line("red", what, f"The bot does not see {slack.agent_channel}: {err.reason}.", invite)
    except TransientError as err:
        return Line("red", what, f"It cannot be asked: {err}.", "Try again in a minute.")
    if room.archived:
        return Line("red", what, f"#{room.name} is archived.", "Name another channel.")
    if room.shared:
        todo = "Use a channel of your own: its cards say who needs help and why."
        return Line("red", what, f"#{room.name} is shared with another company.", todo)
    if not room.member:
        return Line("red", what, f"The bot is not in #{room.name}.", invite)
    if not room.private:
        todo = "Use a private channel: its cards say who needs help and why."
        return Line("red", what, f"Everybody can join #{room.name}.", todo)
    return Line("green", what, f"The bot is in #{room.name}, which is private.")


async def _way_in(probe: SlackProbe, settings: Settings, slack: Slack, clock: Clock) -> AsyncIterator[Line]:
    if slack.mode == "socket":
        assert slack.app_token is not None
        yield await _socket(probe, slack.app_token.reveal())
        return
    assert slack.signing_secret is not None
    secret = slack.signing_secret.reveal()
    if not re.fullmatch(r"[0-9a-f]{32}", secret):
        todo = "Compare it with “Basic Information” of the app; it is not the client secret."
        yield Line("amber", "slack signing secret", "It does not look like one (32 hex digits).", todo)
    yield await _door(probe, settings.public_url, secret, clock)


async def _socket(probe: SlackProbe, app_token: str) -> Line:
    what = "slack socket"
    todo = "Make an app-level token with connections:write, and switch Socket Mode on, in this same app."
    try:
        app_id = await probe.connects(app_token)
    except PermanentError as err:
        return Line("red", what, f"Slack does not open a connection: {err.reason}.", todo)
    except TransientError as err:
        todo = "Let this host reach wss://*.slack.com, also through the proxy."
        return Line("red", what, f"The connection does not open: {err}.", todo)
    return Line("green", what, f"A connection opens, for {app_id}.")


async def _door(probe: SlackProbe, public_url: str, secret: str, clock: Clock) -> Line:
    """Asks the running product what Slack asks when the address is saved, signed with our secret."""
    what = "slack endpoint"
    body = json.dumps({"type": "url_verification", "token": "", "challenge": "keyturn"}).encode()
    stamp = str(int(clock.now().timestamp()))
    base = b"v0:" + stamp.encode() + b":" + body
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest(),
    }
    try:
        status, text = await probe.answers(public_url, headers, body)
    except TransientError as err:
        todo = (
            "Start keyturn serve, and look at the TLS proxy; from another network if this one cannot see it."
        )
        return Line("amber", what, f"It is not reached from here: {err}.", todo)
    if status == 200 and "keyturn" in text:
        return Line("green", what, "It answers, and knows the same signing secret.")
    if status == 401:
        todo = "Start it again with the settings as they are; compare the clocks."
        return Line("red", what, "It answers with another signing secret, or another time.", todo)
    return Line("red", what, f"It answers {status}.", "Let the TLS proxy pass /slack/events on to Keyturn.")
