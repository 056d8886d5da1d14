"""`keyturn check` for ticket systems: lets us in, refuses us, is away."""

from __future__ import annotations

from bot.commands.check_entra import Line
from bot.commands.check_tickets import lines
from tests.fakes.clock import FakeClock
from tests.fakes.tickets import JIRA_TOKEN, NOW_PASSWORD, FakeJira, FakeServiceNow, serving
from tests.settings.test_settings import ENV, ROOT, example


async def found(now: FakeServiceNow, jira: FakeJira, **env: str) -> list[Line]:
    from bot.settings import read

    secrets = {"NOW": NOW_PASSWORD, "JIRA": JIRA_TOKEN, "HOOK": "whsec_" + "QUJD" * 10} | env
    tickets = {
        "servicenow": {"url": now.url, "user": "keyturn", "password": "${env:NOW}", "create": "yes"},
        "jira": {"url": jira.url, "user": "keyturn@example.test", "token": "${env:JIRA}"},
    }
    hooks = [{"url": "http://127.0.0.1:9/hook", "secret": "${env:HOOK}"}]
    text = example(tickets=tickets, webhooks=hooks)
    settings = read(text, name="app.yaml", folder=ROOT, env=ENV | secrets)
    return [line async for line in lines(settings, FakeClock())]


async def test_systems_that_let_us_in_are_green_and_nothing_is_written() -> None:
    """A proof leaves no trace in anybody's tickets, and calls no webhook."""
    now, jira = FakeServiceNow(), FakeJira()
    async with serving(now, jira):
        said = await found(now, jira)
    assert [line.level for line in said] == ["green", "green", "green"]
    assert {method for method, _ in now.calls + jira.calls} == {"GET"}


async def test_a_wrong_credential_is_red_with_its_remedy_and_not_shown() -> None:
    """The operator learns which to renew."""
    now, jira = FakeServiceNow(), FakeJira()
    async with serving(now, jira):
        said = await found(now, jira, NOW="canary-wrong", JIRA="canary-wrong")
    assert [line.level for line in said[:2]] == ["red", "red"]
    assert all("Renew" in line.todo for line in said[:2])
    assert "canary" not in str(said)


async def test_a_system_that_is_away_is_amber() -> None:
    """It may be back in a minute."""
    now, jira = FakeServiceNow(), FakeJira()
    async with serving(now, jira):
        now.faults, jira.faults = [503], [502]
        said = await found(now, jira)
    assert [line.level for line in said[:2]] == ["amber", "amber"]
