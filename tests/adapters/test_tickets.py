"""ServiceNow, Jira and webhooks over HTTP: what is asked, what is understood, what is never shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from bot.adapters.tickets.jira import JiraTickets
from bot.adapters.tickets.servicenow import ServiceNowTickets
from bot.adapters.tickets.webhook import WebhookReceiver
from bot.errors import PermanentError, TransientError
from bot.references import Resolved
from bot.setting_tickets import Jira, ServiceNow, Webhook
from tests.fakes.clock import FakeClock
from tests.fakes.tickets import (
    HOOK_SECRET,
    JIRA_TOKEN,
    JIRA_USER,
    NOW_CLIENT,
    NOW_PASSWORD,
    NOW_SECRET,
    NOW_USER,
    FakeJira,
    FakeReceiver,
    FakeServiceNow,
    serving,
)

LINK = "https://keyturn.example/desk/case/471100"


def secret(text: str) -> Any:
    return Resolved(text.encode())


@dataclass
class Around:
    now: FakeServiceNow
    jira: FakeJira
    hook: FakeReceiver
    clock: FakeClock

    def servicenow(self, **more: Any) -> ServiceNowTickets:
        base: dict[str, Any] = {"url": self.now.url, "create": True}
        base |= {"user": NOW_USER, "password": secret(NOW_PASSWORD)}
        return ServiceNowTickets(ServiceNow(**(base | more)), self.clock)

    def atlassian(self, **more: Any) -> JiraTickets:
        base = {"url": self.jira.url, "user": JIRA_USER, "token": secret(JIRA_TOKEN), "project": "HELP"}
        return JiraTickets(Jira(**(base | {"create": True, "done": "Done"} | more)))

    def receiver(self, **more: Any) -> WebhookReceiver:
        base = {"url": f"{self.hook.url}/hook", "secret": secret(HOOK_SECRET)}
        return WebhookReceiver(Webhook(**(base | more)), self.clock)


@pytest_asyncio.fixture
async def around() -> AsyncIterator[Around]:
    clock = FakeClock()
    fakes = FakeServiceNow(), FakeJira(), FakeReceiver(now=clock.now())
    async with serving(*fakes):
        yield Around(*fakes, clock)


Make = Callable[[Around], Any]
SYSTEMS: list[Any] = [
    pytest.param(Around.servicenow, id="servicenow"),
    pytest.param(Around.atlassian, id="jira"),
]


@pytest.mark.parametrize("make", SYSTEMS)
async def test_a_ticket_is_made_once_for_a_case_however_often_it_is_asked(around: Around, make: Make) -> None:
    """A crash after the POST makes no second ticket."""
    system = make(around)
    first = await system.create("Sign-in help", "Somebody asks.\nWork in Keyturn.", LINK, key="keyturn-c1")
    again = await system.create("Sign-in help", "Somebody asks.\nWork in Keyturn.", LINK, key="keyturn-c1")
    other = await system.create("Sign-in help", "Somebody asks.", LINK, key="keyturn-c2")
    assert first == again
    assert first.number != other.number
    assert len(around.now.rows) + len(around.jira.issues) == 2
    assert await system.find(first.number) == first.sys_id
    await system.aclose()


@pytest.mark.parametrize("make", SYSTEMS)
async def test_a_ticket_that_does_not_exist_is_not_found(around: Around, make: Make) -> None:
    """Nor is what would be a query of its own."""
    system = make(around)
    for number in ("INC9999999", "HELP-999", "INC1^ORnumber=INC1", "../../x", 'HELP-1" OR key != "'):
        assert await system.find(number) is None
    await system.aclose()


async def test_servicenow_gets_work_notes_and_is_resolved(around: Around) -> None:
    """Agents read the note; who called does not."""
    sys_id = around.now.incident("INC0012345")
    system = around.servicenow()
    assert await system.find("inc0012345") == sys_id
    await system.note(sys_id, "Decided: done.", LINK, key="k1")
    await system.close(sys_id, "Closed: resolved.")
    assert around.now.notes[sys_id] == [f"Decided: done.\n{LINK}"]
    assert around.now.rows[sys_id]["state"] == "6"
    await system.aclose()


async def test_servicenow_by_oauth_takes_one_token_and_another_when_it_is_refused(around: Around) -> None:
    """A token that was revoked early costs one call."""
    sys_id = around.now.incident("INC0012345")
    oauth = {"client_id": NOW_CLIENT, "client_secret": secret(NOW_SECRET), "user": "", "password": None}
    system = around.servicenow(**oauth)
    for n in range(3):
        await system.note(sys_id, f"Note {n}", LINK, key=f"k{n}")
    assert around.now.granted == 1
    around.now.tokens.clear()
    await system.note(sys_id, "Note 3", LINK, key="k3")
    around.clock.go(minutes=40)
    await system.note(sys_id, "Note 4", LINK, key="k4")
    assert (around.now.granted, len(around.now.notes[sys_id])) == (3, 5)
    await system.aclose()


async def test_jira_says_a_thing_once_and_only_to_agents(around: Around) -> None:
    """A repeat of the same key adds no comment; every comment is internal; the link is one."""
    ident = around.jira.issue()
    system = around.atlassian()
    for key in ("k1", "k1", "k2"):
        await system.note(ident, "Decided: done.", LINK, key=key)
    comments = around.jira.issues[ident]["comments"]
    assert len(comments) == 2
    internal = {"key": "sd.public.comment", "value": {"internal": True}}
    assert all(internal in one["properties"] for one in comments)
    assert list(around.jira.issues[ident]["links"]) == [LINK]
    await system.close(ident, "Closed.")
    assert around.jira.issues[ident]["status"] == "Done"
    await system.aclose()


async def test_jira_stays_open_where_no_transition_is_named(around: Around) -> None:
    """Nobody's workflow is guessed."""
    ident = around.jira.issue()
    for done in ("", "Vanish"):
        system = around.atlassian(done=done)
        await system.close(ident, "Closed.")
        await system.aclose()
    assert around.jira.issues[ident]["status"] == "Open"


async def test_a_webhook_is_signed_by_both_secrets_while_one_goes(around: Around) -> None:
    """The receiver may know either."""
    receiver = around.receiver(
        secret=secret("whsec_" + "QUJD" * 10), previous=secret(HOOK_SECRET), events=["closed"]
    )
    assert receiver.wants("closed")
    assert not receiver.wants("opened")
    await receiver.send("e1/told/hook", '{"type":"case.closed","text":"ä"}')
    assert around.hook.taken == {"e1/told/hook": {"type": "case.closed", "text": "ä"}}
    await receiver.aclose()


async def test_a_webhook_signed_with_another_secret_is_refused_for_good(around: Around) -> None:
    """The fake does check: without this the tests above prove nothing."""
    receiver = around.receiver(secret=secret("whsec_" + "QUJD" * 10))
    with pytest.raises(PermanentError) as caught:
        await receiver.send("e1", "{}")
    assert caught.value.status == 401
    await receiver.aclose()


async def test_no_redirect_is_followed(around: Around) -> None:
    """A receiver cannot send our signature elsewhere."""
    around.hook.faults = [(307, {"Location": f"{around.now.url}/elsewhere"})]
    receiver = around.receiver()
    with pytest.raises(PermanentError):
        await receiver.send("e1", "{}")
    assert around.now.calls == []
    await receiver.aclose()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (500, TransientError), (503, TransientError), (429, TransientError), (400, PermanentError),
        (401, PermanentError), (410, PermanentError),
    ],
)  # fmt: skip
async def test_what_may_pass_is_tried_again_and_the_rest_is_given_up(
    around: Around, fault: int, kind: type[Exception]
) -> None:
    """And no exception holds an answer, an address or a secret."""
    for fake in (around.now, around.jira, around.hook):
        fake.faults = [fault, fault]
    ident = around.jira.issue()
    now, jira, hook = around.servicenow(), around.atlassian(), around.receiver()
    calls: list[Callable[[], Any]] = [
        lambda: now.note("0" * 32, "x", LINK, key="k"),
        lambda: jira.note(ident, "x", LINK, key="k"),
        lambda: hook.send("k", "{}"),
    ]
    for call in calls:
        with pytest.raises(kind) as caught:
            await call()
        said = f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r}"
        assert "canary" not in said
        assert "127.0.0.1" not in said
    for one in (now, jira, hook):
        await one.aclose()


async def test_the_wait_a_platform_asks_for_is_kept(around: Around) -> None:
    """And a senseless one is not."""
    receiver = around.receiver()
    for said, wanted in (("30", 30.0), ("999999999", 3600.0), ("soon", None)):
        around.hook.faults = [(429, {"Retry-After": said})]
        with pytest.raises(TransientError) as caught:
            await receiver.send("e1", "{}")
        assert caught.value.retry_after == wanted
    await receiver.aclose()


async def test_a_system_that_is_away_is_asked_again_later(around: Around) -> None:
    """Nothing listening is no reason to lose a note."""
    system = around.servicenow(url="http://127.0.0.1:9")
    with pytest.raises(TransientError):
        await system.find("INC0000001")
    await system.aclose()
