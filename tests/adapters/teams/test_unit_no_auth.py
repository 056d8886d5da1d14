"""Without authentication: for a test client on this machine, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.records import EventRow
from tests.fakes.sandbox import Sandbox
from tests.fakes.stores import Stores
from tests.fakes.teams.house import house


async def test_on_this_machine_nobody_needs_a_token(sandbox: Sandbox, stores: Stores, tmp_path: Path) -> None:
    """What the Agents Playground needs: it sends none."""
    async with house(sandbox, tmp_path, app_id="", template=stores.template) as teams:
        user = teams.user()
        assert (await user.write("I got a new phone")).status == 200
        assert len(await teams.rows(EventRow)) == 1


@pytest.mark.parametrize(
    "elsewhere",
    ["https://smba.trafficmanager.net/emea/", "http://169.254.169.254/", "http://127.0.0.1.evil.example/"],
)
async def test_without_a_token_answers_stay_on_this_machine(
    sandbox: Sandbox, stores: Stores, tmp_path: Path, elsewhere: str
) -> None:
    """Nobody vouches for the address, so it would send our words, or our requests, anywhere."""
    async with house(sandbox, tmp_path, app_id="", template=stores.template) as teams:
        user = teams.user()
        sent = user.message("I got a new phone", serviceUrl=elsewhere)
        assert (await user.post(sent)).status == 403
        assert await teams.rows(EventRow) == []
