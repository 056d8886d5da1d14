"""docs/slack.md, done step by step against a strict Slack: what it says to type is what is typed here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
import yaml

from bot.adapters.slack.manifest import SCOPES
from bot.cli import main
from bot.commands.check_slack import CONFIG_TOKEN, lines
from bot.commands.demo import add_settings
from bot.errors import UnusableError
from tests.docs.guides import Guide
from tests.fakes.sandbox import Sandbox, sandbox
from tests.fakes.slack.house import AGENTS, SlackHouse, house
from tests.fakes.slack.server import FakeSlack
from tests.fakes.slack.workspace import BOT_USER, HOME
from tests.fakes.stores import Stores, quick_folder

__all__ = ["sandbox"]
GUIDE = Guide("slack.md")
PLAIN = ["manifest", "slack"]
assert ["keyturn", *PLAIN] in GUIDE.commands


def group(name: str, *more: str) -> Callable[[FakeSlack], str]:
    """That file of the guide, with the fake's addresses and its tokens in files."""

    def written(slack: FakeSlack) -> str:
        text = GUIDE.files[name].replace("T0123456789", HOME).replace("1234567890.1234567890", "0.client")
        for variable, file in (
            ("SLACK_BOT_TOKEN", "slack.bot_token"),
            ("SLACK_APP_TOKEN", "slack.app_token"),
            ("SLACK_SIGNING_SECRET", "slack.signing_secret"),
            ("SLACK_CLIENT_SECRET", "slack.client_secret"),
        ):
            text = text.replace(f"${{env:{variable}}}", f"'${{file:{file}}}'")
        return "".join([text, f"  base_url: {slack.base_url}\n", *(f"  {line}\n" for line in more)])

    return written


def pasted(slack: FakeSlack, text: str) -> None:
    """What is pasted into Slack's form makes the app what it says."""
    slack.set_up(yaml.safe_load(text))


async def check(at: SlackHouse) -> dict[str, str]:
    env = {CONFIG_TOKEN: at.slack.config_token}
    return {
        line.what: line.said
        async for line in lines(at.product.settings, env, at.sandbox.clock)
        if line.level != "green"
    }


async def test_from_nothing_to_the_first_message(
    sandbox: Sandbox, stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps 1 to 7, then 8 and 9, in Socket Mode: with the printed manifest's scopes and no others."""
    assert main(PLAIN) == 0  # 1
    manifest = capsys.readouterr().out
    with quick_folder() as folder:
        async with house(
            sandbox,
            folder,
            mode="socket",
            template=stores.template,
            group=group("slack.yaml"),  # 3, 4, 5
        ) as at:  # 6
            pasted(at.slack, manifest)  # 1, 2: the fake's tokens now hold what the manifest asks for
            ada = at.user()
            assert (await ada.writes("I got a new phone")).ok  # 7
            await at.settle()
            assert "New phone" in ada.read()[-1]
            assert {call.outcome for call in at.slack.calls()} <= {"ok"}
            assert await check(at) == {}


async def test_the_agents_channel_is_asked_for_until_it_is_right(
    sandbox: Sandbox, stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps 8 and 9: the check says what is missing, and is content once it is done."""
    main(PLAIN)
    manifest = capsys.readouterr().out
    with quick_folder() as folder:
        wanted = group("slack.yaml", f"agent_channel: {AGENTS}")
        async with house(sandbox, folder, mode="socket", template=stores.template, group=wanted) as at:
            pasted(at.slack, manifest)
            room = at.slack.world.conversations[AGENTS]
            room.members.discard(BOT_USER)
            assert list(await check(at)) == ["slack agents' channel"]  # public
            room.kind = "group"
            assert list(await check(at)) == ["slack agents' channel"]  # the bot is not in it
            at.slack.invite(AGENTS)
            assert await check(at) == {}
    assert GUIDE.keyturn("check") == ["check"]


async def test_http_in_place_of_a_socket(
    sandbox: Sandbox, stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    """The manifest with the address, and the group with the signing secret."""
    words = GUIDE.keyturn("manifest", "slack", "--mode", "http")
    with quick_folder() as folder:
        async with house(sandbox, folder, template=stores.template, group=group("http.yaml")) as at:
            assert main(words) == 0
            text = capsys.readouterr().out.replace("https://keyturn.example", at.product.settings.public_url)
            pasted(at.slack, text)
            ada = at.user()
            assert (await ada.writes("I got a new phone")).ok
            await at.settle()
            assert "New phone" in ada.read()[-1]
            assert await check(at) == {}


async def test_installing_by_link(
    sandbox: Sandbox, stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    """The group without a bot token starts, and the link leads to Slack with our address to come back to."""
    words = GUIDE.keyturn("manifest", "slack", "--installs")
    assert main(words) == 0
    redirects = yaml.safe_load(capsys.readouterr().out)["oauth_config"]["redirect_urls"]
    assert redirects == ["https://keyturn.example/slack/oauth_redirect"]
    with quick_folder() as folder:
        (folder / "slack.client_secret").write_text("fake-client-secret")
        async with (
            house(
                sandbox, folder, mode="socket", template=stores.template, group=group("installs.yaml")
            ) as at,
            aiohttp.ClientSession(trust_env=False) as http,
        ):
            link = f"{at.product.settings.public_url}/slack/install"
            async with http.get(link, allow_redirects=False) as answer:
                assert answer.status == 302
                assert answer.headers["Location"].startswith(f"{at.slack.origin}/oauth/v2/authorize?")


def test_the_demo_takes_the_group_of_the_guide(tmp_path: Path) -> None:
    """`--add` puts it below the demo's own settings; a file that is not there is said so."""
    settings, more = tmp_path / "app.yaml", tmp_path / "slack.yaml"
    settings.write_text("desk: {phone: '1'}\n")
    more.write_text(GUIDE.files["slack.yaml"])
    add_settings(settings, more)
    tree = yaml.safe_load(settings.read_text())
    assert tree["slack"]["mode"] == "socket"
    assert tree["desk"] == {"phone": "1"}
    assert GUIDE.keyturn("demo") == ["demo", "--add", "slack.yaml"]
    with pytest.raises(UnusableError):
        add_settings(settings, tmp_path / "none.yaml")


def test_every_scope_is_explained_and_no_other() -> None:
    """The table is the manifest's, word for word."""
    for scope, why in SCOPES.items():
        assert f"| `{scope}` | {why.replace('/keyturn', '`/keyturn`')} |" in GUIDE.text
    assert GUIDE.text.count("\n| `") >= len(SCOPES)


def test_the_steps_are_numbered_without_a_gap() -> None:
    """Nothing was left out in between."""
    assert list(GUIDE.steps) == list(range(1, 11))
