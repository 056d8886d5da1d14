"""What pages read through: the tightest budget is spent once, and nothing that guards is remembered."""

from __future__ import annotations

import pytest

from bot.adapters.graph.client import GraphHttp
from bot.adapters.graph.directory import GraphDirectory
from bot.adapters.graph.recent import FRESH, RecentDirectory
from bot.core.facts import Unreadable
from bot.core.model import Oid
from bot.ports.store import Store
from tests.contracts.graphs import calls, fault
from tests.fakes.clock import FakeClock
from tests.fakes.entra import directory_of
from tests.fakes.sandbox import Sandbox

METHODS = "/authentication/methods"


@pytest.fixture
def directory(sandbox: Sandbox, graph: GraphHttp, store: Store) -> GraphDirectory:
    return directory_of(sandbox, graph, store)


async def test_methods_are_asked_for_once_and_again_when_they_are_old(
    directory: GraphDirectory, sandbox: Sandbox
) -> None:
    """A review page, its draft and a live check within seconds cost one request of the five."""
    clock = FakeClock()
    recent, oid = RecentDirectory(directory, clock), Oid(sandbox.oid("employee"))
    first = await recent.facts(oid, groups=())
    second = await recent.facts(oid, groups=())
    assert await recent.methods(oid) == first.methods == second.methods
    assert second.live_pass == first.live_pass
    assert len(calls(sandbox, METHODS)) == 1
    clock.go(seconds=FRESH.total_seconds())
    await recent.facts(oid, groups=())
    assert len(calls(sandbox, METHODS)) == 2


async def test_person_roles_groups_and_risk_are_never_remembered(
    directory: GraphDirectory, sandbox: Sandbox
) -> None:
    """Who became privileged or was disabled a second ago is seen on the page at once."""
    recent, oid = RecentDirectory(directory, FakeClock()), Oid(sandbox.oid("employee"))
    await recent.facts(oid, groups=())
    before = len(calls(sandbox, "/roleManagement/")), len(calls(sandbox, "/riskyUsers/"))
    await recent.facts(oid, groups=())
    assert (len(calls(sandbox, "/roleManagement/")), len(calls(sandbox, "/riskyUsers/"))) == (
        2 * before[0],
        2 * before[1],
    )


async def test_what_could_not_be_read_is_asked_again(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """A failure is not kept, and unread methods do not pass for read ones."""
    recent, oid = RecentDirectory(directory, FakeClock()), Oid(sandbox.oid("employee"))
    unread = await recent.facts(oid, groups=(), methods=False)
    assert isinstance(unread.methods, Unreadable)
    fault(sandbox, f"GET *{METHODS}", "html502", times=99)
    assert isinstance((await recent.facts(oid, groups=())).methods, Unreadable)
    sandbox.state.faults.clear()
    assert not isinstance((await recent.facts(oid, groups=())).methods, Unreadable)
