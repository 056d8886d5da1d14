"""Starting with Slack on: whose token it is, and what an unusable one costs."""

from __future__ import annotations

import logging

import pytest

from bot.errors import UnusableError
from tests.fakes.sandbox import Sandbox
from tests.fakes.slack.house import house, slack_settings
from tests.fakes.slack.server import FakeSlack
from tests.fakes.stores import Stores, quick_folder


async def started(sandbox: Sandbox, stores: Stores, change: str) -> None:
    """Start the channel after *change* of Slack's side."""

    def group(slack: FakeSlack) -> str:
        if change == "elsewhere":
            return slack_settings(slack).replace("team_id: T0HOME", "team_id: T0OTHER")
        slack.revoke(error=change)
        return slack_settings(slack)

    with quick_folder() as folder:
        async with house(sandbox, folder, template=stores.template, group=group) as made:
            (channel,) = made.product.chatting.channels
            assert channel.start is not None
            await channel.start()


async def test_a_token_of_another_workspace_is_refused_at_the_start(sandbox: Sandbox, stores: Stores) -> None:
    """Its people would be taken for ours."""
    with pytest.raises(UnusableError, match=r"slack\.bot_token.*another workspace"):
        await started(sandbox, stores, "elsewhere")


async def test_a_dead_token_keeps_nobody_from_the_pages(
    sandbox: Sandbox, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    """A replica that restarts after the app was removed still lets people in by the front door."""
    caplog.set_level(logging.ERROR)
    await started(sandbox, stores, "account_inactive")
    assert "nobody can be answered in Slack" in caplog.text


async def test_slacks_variables_of_the_environment_change_nothing(
    sandbox: Sandbox, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bolt reads tokens, secrets and a whole installation flow from the environment; settings are ours."""
    for name in ("BOT_TOKEN", "APP_TOKEN", "SIGNING_SECRET", "CLIENT_ID", "CLIENT_SECRET", "SCOPES"):
        monkeypatch.setenv(f"SLACK_{name}", "xoxb-of-somebody-else")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with quick_folder() as folder:
        async with house(sandbox, folder, template=stores.template) as made:
            ada = made.user()
            assert (await ada.writes("new phone")).status == 200
            await made.settle()
            assert "New phone" in ada.read()[-1]
