"""Who is served in Slack: members of our own home, by id, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.slack.config import Home
from bot.adapters.slack.people import account_of, standing_of
from bot.ports.identity import Standing

TEAM, OTHER, ORG = "T0HOME", "T0OTHER", "E0HOME"
HOME = Home(TEAM)
GRID = Home("", ORG)


def member(**more: Any) -> dict[str, Any]:
    """What `users.info` says of a colleague, changed by *more*; None takes a field away."""
    told = {
        "id": "U0ADA",
        "team_id": TEAM,
        "deleted": False,
        "is_bot": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_email_confirmed": True,
        "locale": "de-DE",
        "profile": {"email": "Ada@Contoso.test"},
    } | more
    return {name: value for name, value in told.items() if value is not None}


def in_org(org: str, *teams: str) -> dict[str, Any]:
    return {"id": "U0ADA", "enterprise_id": org, "teams": list(teams)}


@pytest.mark.parametrize(
    ("told", "standing"),
    [
        (member(), Standing.MEMBER),
        (member(team_id=OTHER), Standing.EXTERNAL),
        (member(team_id=OTHER, is_stranger=False), Standing.EXTERNAL),
        (member(is_stranger=True), Standing.EXTERNAL),
        (member(team_id=None), Standing.EXTERNAL),
        (member(team_id=OTHER, is_restricted=True), Standing.EXTERNAL),
        (member(team_id=OTHER, deleted=True), Standing.EXTERNAL),
        (member(is_restricted=True), Standing.GUEST),
        (member(is_ultra_restricted=True, is_restricted=True), Standing.GUEST),
        (member(is_restricted=None), Standing.UNKNOWN),
        (member(is_ultra_restricted="no"), Standing.UNKNOWN),
        (member(is_bot=True), Standing.BOT),
        (member(is_workflow_bot=True), Standing.BOT),
        (member(is_bot=None), Standing.UNKNOWN),
        (member(deleted=True), Standing.GONE),
        (member(deleted=None), Standing.UNKNOWN),
        (member(id="U0EVE"), Standing.UNKNOWN),
        (member(enterprise_user=in_org("E0OTHER", OTHER), team_id=OTHER), Standing.EXTERNAL),
        (member(enterprise_user=in_org("E0ANY", OTHER, TEAM), team_id=OTHER), Standing.MEMBER),
        ({}, Standing.UNKNOWN),
    ],
)
def test_only_members_of_the_home_workspace_are_members(told: dict[str, Any], standing: Standing) -> None:
    """T02, T03: the workspace is compared by id, and what is not said is not assumed."""
    assert standing_of(told, "U0ADA", HOME) is standing


@pytest.mark.parametrize(
    ("told", "standing"),
    [
        (member(team_id=OTHER, enterprise_user=in_org(ORG, OTHER)), Standing.MEMBER),
        (member(team_id=ORG, enterprise_user=in_org(ORG, OTHER)), Standing.MEMBER),
        (member(team_id=OTHER, enterprise_user=in_org("E0OTHER", OTHER)), Standing.EXTERNAL),
        (member(team_id=TEAM), Standing.EXTERNAL),
        (member(team_id=OTHER, enterprise_user=in_org(ORG, OTHER), is_restricted=True), Standing.GUEST),
    ],
)
def test_in_an_organisation_its_own_id_decides(told: dict[str, Any], standing: Standing) -> None:
    """A colleague of another workspace of ours is at home; whoever merely has a workspace is not."""
    assert standing_of(told, "U0ADA", GRID) is standing


def test_slackbot_is_a_bot_whatever_is_said_of_it() -> None:
    """Slack does not mark its own bot as one."""
    assert standing_of(member(id="USLACKBOT"), "USLACKBOT", HOME) is Standing.BOT


@pytest.mark.parametrize(
    ("told", "mail"),
    [
        (member(), "ada@contoso.test"),
        (member(is_email_confirmed=False), ""),
        (member(is_email_confirmed=None), ""),
        (member(is_restricted=True), ""),
        (member(team_id=OTHER), ""),
        (member(profile="?"), ""),
    ],
)
def test_an_address_counts_only_if_it_is_confirmed_and_a_members(told: dict[str, Any], mail: str) -> None:
    """T09 of the facts: an address that anybody can give themselves leads to nobody's account."""
    assert account_of(told, "U0ADA", HOME).mail == mail


def test_an_account_does_not_show_its_address() -> None:
    """Addresses stay out of logs and errors."""
    assert "contoso" not in repr(account_of(member(), "U0ADA", HOME))
