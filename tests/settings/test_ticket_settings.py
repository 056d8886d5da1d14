"""What `webhooks` and `tickets` may say."""

from __future__ import annotations

import base64
from typing import Any

from bot.errors import Problem, SettingsError
from bot.settings import Settings, read
from tests.settings.test_settings import ENV, ROOT, example

SECRET = base64.b64encode(b"canary-hook-secret-0123456789").decode()
SECRETS = {
    "KEYTURN_WEBHOOK_SECRET": f"whsec_{SECRET}",
    "KEYTURN_SERVICENOW_PASSWORD": "canary-now",
    "KEYTURN_JIRA_TOKEN": "canary-jira",
}
HOOK = {"url": "https://hooks.example/k", "secret": "${env:KEYTURN_WEBHOOK_SECRET}"}
NOW = {"url": "https://x.service-now.com", "user": "k", "password": "${env:KEYTURN_SERVICENOW_PASSWORD}"}
JIRA = {"url": "https://x.atlassian.net", "user": "k@x.example", "token": "${env:KEYTURN_JIRA_TOKEN}"}


def settings(**groups: Any) -> Settings:
    return read(example(**groups), name="app.yaml", folder=ROOT, env={**ENV, **SECRETS})


def problems(**groups: Any) -> tuple[Problem, ...]:
    try:
        settings(**groups)
    except SettingsError as err:
        return err.problems
    return ()


def test_everything_is_off_unless_it_is_set() -> None:
    """Nobody outside hears of a case by default."""
    found = settings()
    assert found.webhooks == ()
    assert (found.tickets.servicenow, found.tickets.jira) == (None, None)


def test_a_webhook_hears_everything_unless_it_says_less() -> None:
    """The short form is enough."""
    hook, less = settings(webhooks=[HOOK, {**HOOK, "events": ["closed"]}]).webhooks
    assert [one.value for one in hook.events] == ["opened", "decided", "closed"]
    assert [one.value for one in less.events] == ["closed"]
    assert hook.secret.reveal() == SECRET


def test_no_complaint_and_no_repr_shows_a_secret() -> None:
    """A wrong secret is complained about without being shown."""
    found = read(
        example(webhooks=[HOOK], tickets={"servicenow": NOW, "jira": JIRA}),
        name="app.yaml", folder=ROOT, env={**ENV, **SECRETS},
    )  # fmt: skip
    short = {**SECRETS, "KEYTURN_WEBHOOK_SECRET": "whsec_Y2FuYXJ5"}
    try:
        read(example(webhooks=[HOOK]), name="app.yaml", folder=ROOT, env={**ENV, **short})
        complaint = ""
    except SettingsError as err:
        complaint = str(err)
    assert "signing secret" in complaint
    assert "Y2FuYXJ5" not in complaint
    assert "canary" not in repr(found)


def test_servicenow_needs_exactly_one_way_to_sign_in() -> None:
    """Half a login, two logins and none are each refused."""
    oauth = {"client_id": "c", "client_secret": "${env:KEYTURN_SERVICENOW_PASSWORD}"}
    bare = {"url": NOW["url"]}
    assert not problems(tickets={"servicenow": NOW})
    assert not problems(tickets={"servicenow": {**bare, **oauth}})
    for wrong in ({**NOW, **oauth}, bare, {**bare, "user": "k"}, {**NOW, "client_id": "c"}):
        assert "one way to sign in" in problems(tickets={"servicenow": wrong})[0].message


def test_one_case_never_gets_two_tickets() -> None:
    """Only one system may create."""
    both = {
        "servicenow": {**NOW, "create": "yes"},
        "jira": {**JIRA, "create": "yes", "project": "HELP"},
    }
    assert "two tickets" in problems(tickets=both)[0].message
    assert "is missing" in problems(tickets={"jira": {**JIRA, "create": "yes"}})[0].message
