"""`keyturn check` and Slack: each thing that can be wrong has its line, against a strict Slack."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.slack.manifest import SCOPES, Wish, manifest
from bot.commands.check import findings
from bot.commands.check_entra import Line
from bot.commands.check_slack import CONFIG_TOKEN, lines, scopes
from bot.commands.manifest import Words
from bot.references import Secret
from bot.setting_channels import Slack
from tests.fakes.sandbox import Sandbox, sandbox
from tests.fakes.slack.house import AGENTS, SlackHouse, house, slack_house
from tests.fakes.slack.workspace import FOREIGN
from tests.fakes.stores import Stores, quick_folder

__all__ = ["sandbox", "slack_house"]


@pytest.fixture
def there(slack_house: SlackHouse) -> SlackHouse:
    """Set up as docs/slack.md says: the app from the manifest, a private channel with the bot in it."""
    settings = slack_house.product.settings
    slack_house.slack.set_up(manifest(Wish("http", settings.public_url), Words()))
    slack_house.slack.world.conversations[AGENTS].kind = "group"
    return slack_house


async def found(at: SlackHouse, *, env: dict[str, str] | None = None, **changes: Any) -> dict[str, Line]:
    settings = at.product.settings
    assert settings.slack is not None
    changed = settings.model_copy(update={"slack": settings.slack.model_copy(update=changes)})
    said = [line async for line in lines(changed, env or {}, at.sandbox.clock)]
    assert all(line.todo or line.level == "green" for line in said)
    shown = str(said)
    for secret in (at.slack.bot_token, at.slack.app_token, at.slack.signing_secret, at.slack.config_token):
        assert secret not in shown
    return {line.what: line for line in said}


def wrong(said: dict[str, Line]) -> dict[str, str]:
    return {what: line.level for what, line in said.items() if line.level != "green"}


async def test_a_good_set_up_is_green(there: SlackHouse) -> None:
    """Token, home, scopes, app, channel and endpoint, each asked live; nothing is changed at Slack."""
    said = await found(there, env={CONFIG_TOKEN: there.slack.config_token})
    assert wrong(said) == {}
    assert set(said) == {
        "slack token", "slack scopes", "slack app", "slack agents' channel", "slack endpoint",
    }  # fmt: skip
    assert "as the manifest describes" in said["slack app"].said
    assert {call.method for call in there.slack.calls()} == {
        "auth.test", "bots.info", "conversations.info", "apps.manifest.export",
    }  # fmt: skip


async def test_the_command_asks_slack_where_it_is_switched_on(there: SlackHouse) -> None:
    """Beside the authority and Graph, also when those are not well."""
    settings = there.product.settings
    said = {line.what for line in await findings(settings, {})}
    assert {"authority", "pass policy", "slack token", "slack agents' channel"} <= said
    away = settings.entra.model_copy(update={"authority": "http://localhost:9"})
    said = {line.what for line in await findings(settings.model_copy(update={"entra": away}), {})}
    assert "slack token" in said
    assert "pass policy" not in said


async def test_a_token_that_slack_does_not_take_is_red(there: SlackHouse) -> None:
    """And nothing else is asked with it."""
    there.slack.revoke()
    said = await found(there)
    assert said["slack token"].level == "red"
    assert "token_revoked" in said["slack token"].said
    assert "slack scopes" not in said


async def test_a_token_of_another_workspace_is_red(there: SlackHouse) -> None:
    """Its people would be taken for ours."""
    token = there.slack.grant("xoxb-elsewhere", FOREIGN).token
    said = await found(there, bot_token=Secret(token.encode()))
    assert wrong(said) == {"slack token": "red"}
    assert FOREIGN in said["slack token"].said


async def test_a_slack_that_cannot_be_reached_is_red(there: SlackHouse) -> None:
    """With where to look."""
    said = await found(there, base_url="http://127.0.0.1:9/api")
    assert "firewall" in said["slack token"].todo


def test_scopes_are_compared_both_ways() -> None:
    """Too few breaks something; too many is what a stolen token opens."""
    assert [line.level for line in scopes(frozenset(SCOPES))] == ["green"]
    (line,) = scopes(frozenset(SCOPES) - {"im:history"})
    assert (line.level, "im:history" in line.said) == ("red", True)
    (line,) = scopes(frozenset(SCOPES) | {"files:read"})
    assert (line.level, "files:read" in line.said) == ("amber", True)


async def test_scopes_are_those_of_the_living_token(there: SlackHouse) -> None:
    """Not those that the app asks for: it may have been changed without installing it again."""
    for grant in there.slack.world.grants.values():
        if grant.kind == "bot":
            grant.scopes = frozenset(SCOPES) - {"users:read.email"} | {"files:read"}
    said = await found(there)
    assert said["slack scopes"].level in {"red", "amber"}


async def test_an_app_that_was_changed_is_red_and_says_where(there: SlackHouse) -> None:
    """An event that nobody sends is a question that nobody answers."""
    there.slack.app.manifest["settings"]["event_subscriptions"]["bot_events"].remove("message.im")
    said = await found(there, env={CONFIG_TOKEN: there.slack.config_token})
    assert wrong(said) == {"slack app": "red"}
    assert "message.im" in said["slack app"].said


async def test_a_config_token_that_is_over_is_amber(there: SlackHouse) -> None:
    """It lives twelve hours; the product does not need it."""
    assert wrong(await found(there, env={CONFIG_TOKEN: "xoxe.xoxp-old"})) == {"slack app": "amber"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"members": set()}, "not in"),
        ({"archived": True}, "archived"),
        ({"ext_shared": True}, "another company"),
        ({"kind": "channel"}, "not a private channel"),
    ],
)
async def test_an_agents_channel_that_will_not_do_is_red(
    there: SlackHouse, changes: dict[str, Any], says: str
) -> None:
    """Its cards say who needs help and why: the bot in it, nobody else's company, not open to all."""
    room = there.slack.world.conversations[AGENTS]
    for name, value in changes.items():
        assert hasattr(room, name), name
        setattr(room, name, value)
    line = (await found(there))["slack agents' channel"]
    assert line.level == "red"
    assert says in line.said or says == "not in"


async def test_a_channel_that_does_not_exist_is_red_and_none_is_green(there: SlackHouse) -> None:
    """An id that was copied from elsewhere; or the desk alone."""
    line = (await found(there, agent_channel="C0NOWHERE"))["slack agents' channel"]
    assert (line.level, "/invite" in line.todo) == ("red", True)
    assert (await found(there, agent_channel=""))["slack agents' channel"].level == "green"


async def test_another_signing_secret_is_found_out(there: SlackHouse) -> None:
    """The running product is asked as Slack asks it when the address is saved."""
    said = await found(there, signing_secret=Secret(b"0" * 32))
    assert wrong(said) == {"slack endpoint": "red"}
    assert "another signing secret" in said["slack endpoint"].said


async def test_what_does_not_look_like_a_signing_secret_is_amber(there: SlackHouse) -> None:
    """Most often it is the client secret, which stands beside it."""
    said = await found(there, signing_secret=Secret(b"canary-other"))
    assert said["slack signing secret"].level == "amber"
    assert "canary" not in str(said)


async def test_a_product_that_does_not_run_is_amber(there: SlackHouse) -> None:
    """From here it cannot be told from a network that is closed."""
    settings = there.product.settings
    assert settings.slack is not None
    elsewhere = settings.model_copy(update={"public_url": "http://127.0.0.1:9"})
    said = {line.what: line async for line in lines(elsewhere, {}, there.sandbox.clock)}
    assert said["slack endpoint"].level == "amber"


async def test_the_socket_is_opened_and_closed(sandbox: Sandbox, stores: Stores) -> None:
    """In mode “socket” a connection is opened with the app-level token, up to Slack's hello."""
    with quick_folder() as folder:
        async with house(sandbox, folder, mode="socket", template=stores.template) as at:
            at.slack.set_up(manifest(Wish("socket"), Words()))
            at.slack.world.conversations[AGENTS].kind = "group"
            said = await found(at, env={CONFIG_TOKEN: at.slack.config_token})
            assert wrong(said) == {}
            assert "A connection opens" in said["slack socket"].said
            said = await found(at, app_token=Secret(b"xapp-other"))
            assert wrong(said) == {"slack socket": "red"}
            at.slack.app.socket_mode = False
            said = await found(at)
            assert "socket_mode_not_enabled" in said["slack socket"].said


async def test_an_app_that_nobody_installed_is_red(there: SlackHouse) -> None:
    """With the link that installs it."""
    installs: dict[str, Any] = {"bot_token": None, "client_id": "0.client", "client_secret": Secret(b"x")}
    said = await found(there, **installs)
    assert "/slack/install" in said["slack token"].todo
    assert said["slack endpoint"].level == "green"


def test_the_settings_have_no_place_for_a_config_token() -> None:
    """It can change every app of its owner, so it is given for one check and kept nowhere."""
    assert "config_token" not in Slack.model_fields
