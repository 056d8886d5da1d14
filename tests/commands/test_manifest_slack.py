"""`keyturn manifest slack`: what is asked of Slack, no more, and within Slack's limits."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from bot.adapters.slack.manifest import EVENTS, SCOPES, Wish, differences, manifest
from bot.adapters.slack.wire import COMMAND, SHORTCUT
from bot.cli import main
from bot.commands.manifest import Words

URL = "https://keyturn.example"


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    assert main(["manifest", "slack", *words]) == 0
    return capsys.readouterr()


def made(**wish: Any) -> dict[str, Any]:
    return manifest(Wish(**wish), Words())


def test_yaml_and_json_say_the_same_and_every_scope_has_its_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Who approves the app reads why, where the scope stands."""
    text, _ = printed(capsys)
    data, aside = printed(capsys, "--format", "json")
    assert yaml.safe_load(text) == json.loads(data) == made()
    for scope, why in SCOPES.items():
        assert f"- {scope}  # {why}\n" in text
        assert why in aside
    for event in EVENTS:
        assert re.search(rf"- {event}  # \S", text)


def test_the_bot_may_not_read_channels_files_or_administer() -> None:
    """The least that works; a new scope is a decision, made here too."""
    assert set(SCOPES) == {
        "app_mentions:read",
        "chat:write",
        "commands",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "users:read",
        "users:read.email",
    }
    assert "user" not in made()["oauth_config"]["scopes"]


def test_socket_mode_names_no_address_and_http_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    """In Socket Mode nothing of ours is called; in HTTP mode everything comes to one door."""
    assert "https://" not in printed(capsys)[0]
    tree = yaml.safe_load(printed(capsys, "--mode", "http", "--url", f"{URL}/")[0])
    door = f"{URL}/slack/events"
    assert tree["settings"]["event_subscriptions"]["request_url"] == door
    assert tree["settings"]["interactivity"]["request_url"] == door
    assert tree["features"]["slash_commands"][0]["url"] == door
    assert not tree["settings"]["socket_mode_enabled"]
    assert "redirect_urls" not in tree["oauth_config"]
    tree = yaml.safe_load(printed(capsys, "--installs", "--organisation", "--url", URL)[0])
    assert tree["oauth_config"]["redirect_urls"] == [f"{URL}/slack/oauth_redirect"]
    assert tree["settings"]["org_deploy_enabled"]


@pytest.mark.parametrize(
    "words", [["--mode", "http"], ["--installs"], ["--url", "http://keyturn.example"], ["--url", f"{URL}/x"]]
)
def test_an_address_that_slack_cannot_call_is_unusable(words: list[str]) -> None:
    """Said here, and not by Slack's form."""
    assert main(["manifest", "slack", *words]) == 2


def test_names_are_within_the_limits_of_slack() -> None:
    """Slack's form refuses the whole manifest for one name that is too long."""
    tree = made(mode="http", url="https://" + "a" * 200 + ".example", installs=True)
    shown, features = tree["display_information"], tree["features"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9a-f]{6}", shown["background_color"])
    assert len(features["bot_user"]["display_name"]) <= 80
    (command,) = features["slash_commands"]
    assert command["command"].startswith("/")
    assert len(command["command"]) <= 32
    (shortcut,) = features["shortcuts"]
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150
    assert (shortcut["callback_id"], command["command"]) == (SHORTCUT, COMMAND)


def test_tokens_do_not_rotate() -> None:
    """Slack lets nobody switch rotation off again, and a token in the settings cannot follow it."""
    assert made()["settings"]["token_rotation_enabled"] is False


def test_an_app_as_we_described_it_has_no_differences() -> None:
    """Also when its owner changed how it looks, and Slack added what it adds."""
    live = made(mode="http", url=URL)
    live["display_information"] = {"name": "Helpdesk"}
    live["settings"]["is_hosted"] = False
    live["features"]["slash_commands"].append({"command": "/other", "description": "x"})
    del live["settings"]["token_rotation_enabled"]
    assert differences(made(mode="http", url=URL), live) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m["oauth_config"]["scopes"]["bot"].remove("im:history"), "lacks im:history"),
        (lambda m: m["oauth_config"]["scopes"]["bot"].append("files:read"), "needless files:read"),
        (lambda m: m["oauth_config"]["scopes"].update(user=["chat:write"]), "user has needless chat:write"),
        (
            lambda m: m["settings"]["event_subscriptions"]["bot_events"].remove("message.im"),
            "lacks message.im",
        ),
        (
            lambda m: m["settings"].update(socket_mode_enabled=True),
            "socket_mode_enabled is on, should be off",
        ),
        (lambda m: m["settings"].update(token_rotation_enabled=True), "token_rotation_enabled is on"),
        (lambda m: m["settings"]["interactivity"].clear(), "interactivity.is_enabled is not set"),
        (lambda m: m["features"]["slash_commands"].clear(), "lacks /keyturn"),
        (lambda m: m["features"]["slash_commands"][0].update(url="https://old.example"), "calls https://old"),
        (lambda m: m["features"]["shortcuts"].clear(), f"lacks {SHORTCUT}"),
        (lambda m: m["features"].pop("app_home"), "home_tab_enabled is not set, should be on"),
        (lambda m: m["oauth_config"]["redirect_urls"].clear(), "redirect_urls lacks"),
    ],
)
def test_each_difference_of_the_living_app_is_named(change: Any, says: str) -> None:
    """What behaves otherwise is found, whatever part of the app it is in."""
    live = made(mode="http", url=URL, installs=True)
    change(live)
    found = differences(made(mode="http", url=URL, installs=True), live)
    assert any(says in one for one in found), found
