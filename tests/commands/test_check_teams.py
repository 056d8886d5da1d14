"""`keyturn check` and Teams: each thing that can be wrong has its line, against Microsoft's fakes."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from bot.commands.check_entra import Line
from bot.commands.check_teams import PATH, lines
from bot.references import Secret
from bot.setting_values import Credential
from tests.fakes.sandbox import sandbox
from tests.fakes.teams.house import SECRET, TeamsHouse, teams

__all__ = ["sandbox", "teams"]


async def found(at: TeamsHouse, *, public_url: str = "", **changes: Any) -> dict[str, Line]:
    settings = at.product.settings
    assert settings.teams is not None
    update: dict[str, Any] = {"teams": settings.teams.model_copy(update=changes)}
    if public_url:
        update["public_url"] = public_url
    said = [line async for line in lines(settings.model_copy(update=update))]
    assert all(line.todo or line.level == "green" for line in said)
    assert SECRET not in str(said)
    return {line.what: line for line in said}


def wrong(said: dict[str, Line]) -> dict[str, str]:
    return {what: line.level for what, line in said.items() if line.level != "green"}


async def test_a_good_set_up_is_green(teams: TeamsHouse) -> None:
    """Registration, credential, keys and endpoint, each asked live; nobody is written to."""
    said = await found(teams)
    assert wrong(said) == {}
    assert [what.removeprefix("teams ") for what in said] == [
        "registration", "credential", "permissions", "keys", "endpoint",
    ]  # fmt: skip


async def test_a_wrong_credential_is_red_and_not_shown(teams: TeamsHouse) -> None:
    """With the settings to compare."""
    teams.authority.secret = SECRET
    wrong_one = Credential("secret", Secret(b"canary-wrong"))
    said = await found(teams, credential=wrong_one)
    assert wrong(said) == {"teams credential": "red"}
    assert "canary" not in str(said)
    assert "teams.credential" in said["teams credential"].todo


async def test_a_bot_that_shares_a_registration_is_red(teams: TeamsHouse) -> None:
    """Its tokens would hold what that registration may do."""
    reader = teams.product.settings.entra.apps.reader.client_id
    said = await found(teams, app_id=reader)
    assert said["teams registration"].level == "red"
    assert "entra.apps.reader" in said["teams registration"].said


async def test_a_bot_with_permissions_in_graph_is_red(teams: TeamsHouse) -> None:
    """It never asks Graph anything, so a permission is only for whoever steals its credential."""
    teams.authority.graph_roles = ()
    assert wrong(await found(teams)) == {}
    teams.authority.graph_roles = ("User.Read.All",)
    said = await found(teams)
    assert wrong(said) == {"teams permissions": "red"}
    assert "User.Read.All" in said["teams permissions"].said


async def test_an_authority_that_is_away_is_red(teams: TeamsHouse) -> None:
    """Two lines, since both the token and the keys come from it."""
    teams.authority.away = True
    assert wrong(await found(teams)) == {"teams credential": "red", "teams keys": "red"}


async def test_keys_of_another_cloud_are_red(teams: TeamsHouse) -> None:
    """Its callers would be refused one by one."""
    said = await found(teams, service="https://api.botframework.us")
    assert "not of teams.service" in said["teams keys"].said


async def test_keys_that_are_not_for_teams_are_red(teams: TeamsHouse) -> None:
    """A key signs for the channels it is endorsed for."""
    teams.authority.rotate("other", "directline")
    assert wrong(await found(teams)) == {"teams keys": "red"}


async def test_a_product_that_does_not_run_is_amber(teams: TeamsHouse) -> None:
    """From here it cannot be told from a network that is closed."""
    said = await found(teams, public_url="http://127.0.0.1:9")
    assert wrong(said) == {"teams endpoint": "amber"}


@pytest.mark.parametrize(("status", "says"), [(200, "from anybody"), (202, "from anybody"), (404, "404")])
async def test_an_endpoint_that_lets_anybody_in_is_red(teams: TeamsHouse, status: int, says: str) -> None:
    """Without a token it must say 401, whatever answers there."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post(PATH, answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        said = await found(teams, public_url=f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()
    assert wrong(said) == {"teams endpoint": "red"}
    assert says in said["teams endpoint"].said


async def test_an_identity_that_azure_does_not_know_is_red(
    teams: TeamsHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As everywhere that is not the host it was given to."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/token")
    monkeypatch.setenv("IDENTITY_HEADER", "x")
    said = await found(teams, credential="managed_identity")
    assert wrong(said) == {"teams credential": "red"}
    assert "Azure host" in said["teams credential"].todo
