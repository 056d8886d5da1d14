"""The groups `slack` and `teams`: off, on, and every complaint about what does not go together."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import Problem, SettingsError
from bot.settings import Settings, read
from tests.settings.test_settings import ENV, ROOT, everything, example

TOKENS = {
    "SLACK_BOT_TOKEN": "xoxb-canary",
    "SLACK_APP_TOKEN": "xapp-canary",
    "SLACK_SIGNING_SECRET": "canary-signing",
    "SLACK_CLIENT_SECRET": "canary-client",
    "KEYTURN_TEAMS_CREDENTIAL": "canary-teams",
    "KEYTURN_SMTP_PASSWORD": "canary-smtp",
    "KEYTURN_WEBHOOK_SECRET": "whsec_Y2FuYXJ5LWhvb2stc2VjcmV0LTAxMjM0NTY3ODk=",
    "KEYTURN_SERVICENOW_PASSWORD": "canary-now",
    "KEYTURN_SERVICENOW_SECRET": "canary-oauth",
    "KEYTURN_JIRA_TOKEN": "canary-jira",
}
SLACK = {"bot_token": "${env:SLACK_BOT_TOKEN}", "app_token": "${env:SLACK_APP_TOKEN}", "team_id": "T1"}
TEAMS = {
    "app_id": "00000000-0000-0000-0000-000000000004",
    "tenant_id": "00000000-0000-0000-0000-000000000000",
    "credential": "${env:KEYTURN_TEAMS_CREDENTIAL}",
}


def settings(*, dev_no_auth: bool = False, env: dict[str, str] | None = None, **changes: Any) -> Settings:
    return read(
        example(**changes),
        name="app.yaml",
        folder=ROOT,
        env=ENV | TOKENS | (env or {}),
        dev_no_auth=dev_no_auth,
    )


def problems(*, dev_no_auth: bool = False, **changes: Any) -> dict[str, Problem]:
    with pytest.raises(SettingsError) as caught:
        settings(dev_no_auth=dev_no_auth, **changes)
    return {problem.where.partition(" ")[2]: problem for problem in caught.value.problems}


def without(group: dict[str, str], *names: str, **changes: str) -> dict[str, str]:
    return {name: value for name, value in group.items() if name not in names} | changes


def test_absent_groups_are_off() -> None:
    """Who uses neither platform writes nothing about it."""
    found = settings()
    assert found.slack is None
    assert found.teams is None


def test_the_commented_lines_of_the_example_are_right_but_for_two_choices() -> None:
    """Taking the comments away gives everything, but for Slack's two kinds of tokens and ServiceNow's two
    logins."""
    with pytest.raises(SettingsError) as caught:
        read(everything(), name="app.yaml", folder=ROOT, env=ENV | TOKENS)
    places = [problem.where.partition(" ")[2] for problem in caught.value.problems]
    assert places == ["slack.client_id", "tickets.servicenow"]
    oauth = "    client_id: 0123456789abcdef0123456789abcdef\n"
    text = everything().replace("  client_secret", "  # client_secret").replace(oauth, "")
    found = read(text, name="app.yaml", folder=ROOT, env=ENV | TOKENS)
    assert found.slack is not None
    assert found.slack.team_id == "T0000000000"
    assert found.teams is not None
    assert found.teams.scope == "https://api.botframework.com/.default"
    assert found.tickets.servicenow is not None
    assert found.webhooks[0].url.endswith("/hooks/keyturn")


def test_no_token_shows_in_a_repr() -> None:
    """Whoever logs the settings logs no token."""
    shown = repr(settings(slack=SLACK, teams=TEAMS))
    assert "canary" not in shown


@pytest.mark.parametrize(
    ("slack", "at", "says"),
    [
        (without(SLACK, "app_token"), "slack.app_token", "mode “socket”"),
        (SLACK | {"mode": "http"}, "slack.signing_secret", "mode “http”"),
        (without(SLACK, "bot_token"), "slack.bot_token", "is missing"),
        (without(SLACK, "team_id"), "slack.team_id", "at home"),
        (without(SLACK, "bot_token", client_id="1.2"), "slack.client_secret", "belong together"),
        (
            SLACK | {"client_id": "1.2", "client_secret": "${env:SLACK_CLIENT_SECRET}"},
            "slack.bot_token",
            "exclude each other",
        ),
        (SLACK | {"bot_token": "${env:SLACK_APP_TOKEN}"}, "slack.bot_token", "starts with xoxb-"),
        (SLACK | {"app_token": "${env:SLACK_BOT_TOKEN}"}, "slack.app_token", "starts with xapp-"),
        (SLACK | {"team_id": "acme"}, "slack.team_id", "id of a workspace"),
        (SLACK | {"enterprise_id": "T1"}, "slack.enterprise_id", "id of an organisation"),
        (SLACK | {"agent_channel": "#help"}, "slack.agent_channel", "id of a channel"),
        (SLACK | {"base_url": "http://slack.example/api"}, "slack.base_url", "http is for this machine"),
        (SLACK | {"mode": "sockets"}, "slack.mode", "must be 'socket' or 'http'"),
        (SLACK | {"bot_tokn": "x"}, "slack.bot_tokn", "is not a setting"),
    ],
)
def test_slack_complaints_name_the_setting_and_the_remedy(slack: dict[str, str], at: str, says: str) -> None:
    """One complaint, at the place where it is mended."""
    found = problems(slack=slack)
    assert list(found) == [at]
    assert says in found[at].message + found[at].remedy
    assert found[at].remedy
    assert found[at].line > 1


@pytest.mark.parametrize("name", ["bot_token", "app_token", "signing_secret", "client_secret"])
def test_a_literal_slack_secret_is_refused_and_not_repeated(name: str) -> None:
    """A token in the file is a token in every backup of it."""
    group = SLACK | ({"client_id": "1.2"} if name == "client_secret" else {})
    group = without(group, "bot_token") if name == "client_secret" else group
    found = problems(slack=group | {name: "xoxb-canary-literal"})
    assert list(found) == [f"slack.{name}"]
    assert "must not stand" in found[f"slack.{name}"].message
    assert "canary" not in str(found)


def test_a_rotating_token_is_refused() -> None:
    """It would stop working in the first night."""
    with pytest.raises(SettingsError) as caught:
        settings(slack=SLACK, env={"SLACK_BOT_TOKEN": "xoxe.xoxb-1-canary"})
    assert "12 hours" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_an_organisation_needs_no_workspace() -> None:
    """Its id is enough; the workspace is then only where the agents' channel is."""
    found = settings(slack=without(SLACK, "team_id", enterprise_id="E1")).slack
    assert found is not None
    assert (found.enterprise_id, found.team_id) == ("E1", "")


@pytest.mark.parametrize(
    ("teams", "at", "says"),
    [
        (without(TEAMS, "app_id"), "teams.app_id", "pose as anybody"),
        (TEAMS | {"app_id": ""}, "teams.app_id", "pose as anybody"),
        (without(TEAMS, "credential"), "teams.credential", "is missing"),
        (without(TEAMS, "tenant_id"), "teams.tenant_id", "is missing"),
        (
            TEAMS | {"tenant_id": "00000000-0000-0000-0000-000000000009"},
            "teams.tenant_id",
            "one installation serves one tenant",
        ),
        (TEAMS | {"credential": "canary-literal"}, "teams.credential", "must not stand"),
        (TEAMS | {"agent_channel": "General"}, "teams.agent_channel", "19:"),
        (TEAMS | {"agent_channel": "19:x@thread.tacv2;messageid=1"}, "teams.agent_channel", "19:"),
        (TEAMS | {"authority": "https://login.example/x"}, "teams.authority", "no path"),
        (TEAMS | {"metadata": "http://keys.example/x"}, "teams.metadata", "http is for this machine"),
    ],
)
def test_teams_complaints_name_the_setting_and_the_remedy(teams: dict[str, str], at: str, says: str) -> None:
    """One complaint, at the place where it is mended; no value repeated."""
    found = problems(teams=teams)
    assert list(found) == [at]
    assert says in found[at].message + found[at].remedy
    assert "canary-literal" not in str(found)


def test_a_managed_identity_needs_no_secret() -> None:
    """The word says it; it is no literal secret."""
    found = settings(teams=TEAMS | {"credential": "managed_identity"}).teams
    assert found is not None
    assert found.credential == "managed_identity"


def test_complaints_about_channels_come_with_all_others() -> None:
    """An operator mends the file in one round."""
    found = problems(public_url="http://keyturn.example", slack={}, teams={})
    assert set(found) == {
        "public_url",
        "slack.app_token",
        "slack.bot_token",
        "slack.team_id",
        "teams.app_id",
        "teams.tenant_id",
        "teams.credential",
    }


def test_a_reference_that_leads_nowhere_is_not_also_missing() -> None:
    """Said once, as what it is."""
    found = problems(slack=SLACK | {"app_token": "${env:GONE}"})
    assert "GONE is not set" in found["slack.app_token"].message


HERE: dict[str, Any] = {"public_url": "http://127.0.0.1:8300"}


def test_nobody_is_authenticated_only_on_this_machine_and_by_the_flag() -> None:
    """For a local test client; the settings alone can never say it."""
    open_door = {"tenant_id": TEAMS["tenant_id"]}
    found = settings(dev_no_auth=True, teams=open_door, **HERE).teams
    assert found is not None
    assert not found.authenticates
    assert set(problems(teams=open_door, **HERE)) == {"teams.app_id", "teams.credential"}
    for changes, at in (
        (HERE | {"listen": "0.0.0.0:8300"}, "listen"),
        (HERE | {"listen": "[::]:8300"}, "listen"),
        ({}, "public_url"),
        ({"public_url": "https://127.0.0.1:8300"}, "public_url"),
        ({"public_url": "http://localhost:8300", "listen": "10.0.0.1:8300"}, "listen"),
    ):
        assert set(problems(dev_no_auth=True, teams=open_door, **changes)) == {at}, changes
    assert set(problems(dev_no_auth=True, teams=TEAMS, **HERE)) == {"teams.app_id"}
    assert set(problems(dev_no_auth=True, **HERE)) == {"teams"}
