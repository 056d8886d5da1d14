"""Browser sessions: what ends them, and what is kept of them."""

from __future__ import annotations

from datetime import timedelta

from bot.core.model import Oid
from bot.core.records import AuditRow, Session
from bot.ports.sign_in import SignedIn
from bot.ports.store import Store
from bot.service.sessions import SessionService
from tests.fakes.clock import FakeClock, FakeEntropy


def who(clock: FakeClock) -> SignedIn:
    return SignedIn(
        Oid("oid-agent"), "Jonas", "agent@keyturn.example", clock.now(), frozenset(), "raw-id-token"
    )


async def test_a_session_is_known_by_its_cookie_and_kept_as_a_hash(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """Who reads the database cannot sit down at the desk."""
    sessions = SessionService(store, clock, entropy)
    value = await sessions.open("desk", who(clock), {"upn": "agent@keyturn.example"})
    found = await sessions.current("desk", value)
    assert found is not None
    assert (found.oid, found.name) == ("oid-agent", "Jonas")
    rows = await store.read(lambda work: work.find(Session))
    assert value not in repr(rows)
    assert "raw-id-token" not in repr(rows)
    assert await sessions.current("desk", value + "x") is None


async def test_a_session_of_one_kind_is_none_of_another(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """Whoever opened their own page is not thereby at the desk."""
    sessions = SessionService(store, clock, entropy)
    value = await sessions.open("me", who(clock), {})
    assert await sessions.current("desk", value) is None
    assert await sessions.current("me", value) is not None


async def test_a_desk_falls_idle_after_a_quarter_of_an_hour(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """Use keeps it; a page that polls by itself does not."""
    sessions = SessionService(store, clock, entropy)
    value = await sessions.open("desk", who(clock), {})
    clock.go(minutes=14)
    assert await sessions.current("desk", value) is not None
    for _ in range(15):
        clock.go(minutes=1)
        await sessions.current("desk", value, touch=False)
    assert await sessions.current("desk", value) is None


async def test_a_desk_lasts_eight_hours_at_most(store: Store, clock: FakeClock, entropy: FakeEntropy) -> None:
    """However busy."""
    sessions = SessionService(store, clock, entropy)
    value = await sessions.open("desk", who(clock), {})
    began = clock.now()
    while clock.now() - began < timedelta(hours=8) - timedelta(minutes=10):
        clock.go(minutes=10)
        assert await sessions.current("desk", value) is not None
    clock.go(minutes=10)
    assert await sessions.current("desk", value) is None


async def test_closing_ends_it_once_and_for_all(store: Store, clock: FakeClock, entropy: FakeEntropy) -> None:
    """Also elsewhere, when everything of a person is closed; both are audited."""
    sessions = SessionService(store, clock, entropy)
    one, two = [await sessions.open("desk", who(clock), {}) for _ in range(2)]
    await sessions.close("me", one)  # another kind: nothing happens
    assert await sessions.current("desk", one) is not None
    await sessions.close("desk", one)
    assert await sessions.current("desk", one) is None
    await sessions.close_all("oid-agent")
    assert await sessions.current("desk", two) is None
    tags = [row.tag for row in await store.read(lambda work: work.find(AuditRow, order="id"))]
    assert sorted(tags) == ["person:session:ended"] * 2 + ["person:session:opened"] * 2
