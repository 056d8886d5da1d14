"""The port `Acting`, through real msgraph-sdk against the sandbox's Graph: once, whatever happens."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import pytest

from bot.adapters.graph.acting import GraphActing
from bot.adapters.graph.client import GraphHttp, TokenProvider
from bot.core.model import Oid
from bot.ports.acting import ActsRefused, ActsUnknown, ActToken
from bot.ports.store import Store
from tests.contracts.graphs import calls, fault
from tests.fakes.entra import acting_of
from tests.fakes.sandbox import Sandbox

PASSES = "POST */temporaryAccessPassMethods"


class Desk:
    """An agent with a token, and the person to act on."""

    def __init__(self, sandbox: Sandbox, acting: GraphActing, agent: str = "agent") -> None:
        self.acting, self.sandbox = acting, sandbox
        self.oid = Oid(sandbox.oid("employee"))
        self.token = ActToken(sandbox.act_token(agent))

    def methods(self) -> dict[str, str]:
        return {row["type"]: row["id"] for row in self.sandbox.state.methods.rows("employee")}


@pytest.fixture
def desk(sandbox: Sandbox, graph: GraphHttp, store: Store) -> Desk:
    return Desk(sandbox, acting_of(sandbox, graph, store))


async def test_a_pass_is_made_in_the_approvers_own_name(desk: Desk) -> None:
    """Entra's log names the human, and the pass is the one that was approved."""
    made = await desk.acting.issue_pass(desk.token, desk.oid, minutes=60, once=True)
    (row,) = desk.sandbox.state.journal.ledger()
    assert (row["app"], row["actor"]) == ("act", "agent")
    live = await desk.acting.list_passes(desk.token, desk.oid)
    assert live is not None
    assert (live.id, live.lifetime_minutes) == (made.id, 60)


async def test_a_pass_shows_in_no_repr_and_no_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The value leaves this adapter in one field of one object."""
    caplog.set_level(logging.DEBUG)
    made = await desk.acting.issue_pass(desk.token, desk.oid, minutes=60, once=True)
    assert made.value not in repr(made)
    assert made.value not in caplog.text
    assert desk.token.reveal() not in caplog.text


async def test_a_pass_can_be_withdrawn_and_withdrawn_again(desk: Desk) -> None:
    """Gone is as good as withdrawn."""
    made = await desk.acting.issue_pass(desk.token, desk.oid, minutes=60, once=True)
    await desk.acting.withdraw_pass(desk.token, desk.oid, made.id)
    desk.sandbox.clock.go(seconds=10)
    await desk.acting.withdraw_pass(desk.token, desk.oid, made.id)
    assert await desk.acting.list_passes(desk.token, desk.oid) is None


async def test_methods_are_removed_by_their_typed_address(desk: Desk) -> None:
    """Graph's general delete does not work; what is gone already counts as removed."""
    before = desk.methods()
    for kind in ("phone", "microsoftAuthenticator"):  # the default one last
        await desk.acting.remove_method(desk.token, desk.oid, method_type=kind, method_id=before[kind])
    assert desk.methods() == {}
    await desk.acting.remove_method(desk.token, desk.oid, method_type="phone", method_id=before["phone"])


async def test_a_method_graph_cannot_remove_is_refused_without_a_call(desk: Desk) -> None:
    """The types come from the directory, and new ones appear."""
    with pytest.raises(ActsRefused, match="unsupported_method"):
        await desk.acting.remove_method(desk.token, desk.oid, method_type="hardwareOath", method_id="x")
    assert calls(desk.sandbox) == []


async def test_devices_are_forgotten_by_revoking_sessions(desk: Desk) -> None:
    """One call, whose status may be any of the good ones."""
    await desk.acting.forget_devices(desk.token, desk.oid)
    assert [path.rsplit("/", 1)[-1] for _, path in calls(desk.sandbox)] == ["revokeSignInSessions"]


@pytest.mark.parametrize(
    ("agent", "subject", "status"),
    [("officer", "employee", 403), ("agent", "global_admin", 403), ("agent", "guest", 400)],
)
async def test_a_clear_no_is_refused(
    sandbox: Sandbox, graph: GraphHttp, store: Store, agent: str, subject: str, status: int
) -> None:
    """Entra's own limits on the approver's role hold, and nothing was changed."""
    acting = acting_of(sandbox, graph, store)
    with pytest.raises(ActsRefused) as caught:
        await acting.issue_pass(
            ActToken(sandbox.act_token(agent)), Oid(sandbox.oid(subject)), minutes=60, once=True
        )
    assert caught.value.status == status
    assert sandbox.state.methods.current(subject) is None


async def test_a_lifetime_outside_the_policy_is_refused(desk: Desk) -> None:
    """The code is Graph's, the text is not repeated."""
    with pytest.raises(ActsRefused) as caught:
        await desk.acting.issue_pass(desk.token, desk.oid, minutes=5, once=True)
    assert (caught.value.status, caught.value.code) == (400, "badRequest")


@pytest.mark.parametrize(
    ("kind", "more", "error"),
    [
        ("timeout_after", {}, ActsUnknown),
        ("drop", {}, ActsUnknown),
        ("slow", {"seconds": 1.2}, ActsUnknown),
        ("html502", {}, ActsUnknown),
        ("unavailable", {}, ActsUnknown),
        ("throttle", {}, ActsRefused),
        ("claims", {}, ActsRefused),
    ],
)
async def test_whatever_comes_back_graph_was_asked_once(
    desk: Desk, kind: str, more: dict[str, object], error: type[Exception]
) -> None:
    """The SDK retries POST, follows redirects and answers a claims challenge by sending again: a
    pass made twice is the first one lost. Fails when any of the three comes back."""
    fault(desk.sandbox, PASSES, kind, times=9, **more)
    with pytest.raises(error):
        await desk.acting.issue_pass(desk.token, desk.oid, minutes=60, once=True)
    assert len(calls(desk.sandbox, method="POST")) == 1


@pytest.mark.parametrize("kind", ["timeout_after", "html502", "claims", "throttle"])
async def test_no_other_act_is_repeated_either(desk: Desk, kind: str) -> None:
    """Removing, revoking, withdrawing and listing: one request each."""
    fault(desk.sandbox, "* */users/*", kind, times=99)
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: desk.acting.remove_method(desk.token, desk.oid, method_type="phone", method_id="x"),
        lambda: desk.acting.forget_devices(desk.token, desk.oid),
        lambda: desk.acting.list_passes(desk.token, desk.oid),
        lambda: desk.acting.withdraw_pass(desk.token, desk.oid, "x"),
    ]
    for n, act in enumerate(acts, 1):
        with pytest.raises((ActsRefused, ActsUnknown)):
            await act()
        assert len(calls(desk.sandbox)) == n


async def test_a_graph_that_cannot_be_reached_changed_nothing(desk: Desk, store: Store) -> None:
    """No connection, no request: a clear no, so that nobody has to reconcile."""
    away = GraphHttp("http://127.0.0.1:9/v1.0", timeout=1)
    acting = acting_of(desk.sandbox, away, store)
    with pytest.raises(ActsRefused, match="unreachable"):
        await acting.issue_pass(desk.token, desk.oid, minutes=60, once=True)
    await away.close()


async def test_a_spent_budget_is_refused_before_anything_is_sent(desk: Desk) -> None:
    """Graph's answer would be 429; ours costs no request."""
    for _ in range(5):
        await desk.acting.list_passes(desk.token, desk.oid)
    with pytest.raises(ActsRefused, match="budget"):
        await desk.acting.list_passes(desk.token, desk.oid)
    assert len(calls(desk.sandbox)) == 5


@pytest.mark.parametrize(
    "uri",
    [
        "https://graph.microsoft.com.evil.example/v1.0/users",
        "https://evil.example/v1.0/users",
        "http://graph.microsoft.com/v1.0/users",
        "https://graph.microsoft.com:8443/v1.0/users",
        "https://graph.microsoft.com@evil.example/v1.0/users",
    ],
)
async def test_a_token_goes_to_graph_alone(uri: str) -> None:
    """Kiota would send it to whatever host an address names."""

    async def give(challenged: bool) -> str:
        return "canary-token"

    provider = TokenProvider("https://graph.microsoft.com/v1.0", give)
    assert (
        await provider.get_authorization_token("https://graph.microsoft.com/v1.0/users/x") == "canary-token"
    )
    with pytest.raises(PermissionError):
        await provider.get_authorization_token(uri)
