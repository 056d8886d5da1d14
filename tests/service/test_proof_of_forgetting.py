"""What the case page asks before somebody is signed out everywhere: one proof, and no ticking."""

from __future__ import annotations

import pytest

from bot.core.model import ActKind, ProofKind
from bot.core.records import Proving
from bot.ports.case_page import Stage
from bot.ports.store import Store
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.proving import GOOD, SUBJECT, VISITOR, World

FORGET = (ActKind.FORGET_DEVICES,)


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    return World(store, clock, entropy)


async def test_one_saved_code_is_enough_and_nothing_is_ticked(world: World) -> None:
    """No method is touched, so nobody is asked which ones are gone."""
    await world.case(acts=FORGET)
    page = await world.page()
    await world.pages.saved_code(page.handle, page.browser, GOOD)
    assert world.turns.outcomes == ["ok"]
    assert (await world.row(Proving, "case-1")).answered == "ok"


async def test_a_fresh_sign_in_is_proof_enough_for_it(world: World) -> None:
    """Windows Hello abroad, the phone stolen: whoever can still sign in wants exactly this."""
    await world.case(acts=FORGET)
    page = await world.page()
    await world.pages.sign_in(page.handle, page.browser, "cookie")
    await world.signed(SUBJECT)
    assert [row.kind for row in await world.evidence()] == [ProofKind.SIGN_IN]
    assert world.turns.outcomes == ["ok"]


async def test_the_same_sign_in_never_leads_to_a_pass(world: World) -> None:
    """With a pass in the plan it means a working method, whatever else is asked for."""
    await world.case(acts=(*FORGET, ActKind.ISSUE_PASS))
    page = await world.page()
    await world.pages.sign_in(page.handle, page.browser, "cookie")
    await world.signed(SUBJECT)
    assert world.turns.outcomes == ["working_method"]
    assert await world.evidence() == []


async def test_a_pass_without_removals_still_asks_what_is_not_at_hand(world: World) -> None:
    """A call-back to the phone that is not there proves nothing: that must be known."""
    await world.case(acts=(ActKind.ISSUE_PASS,))
    page = await world.page()
    await world.pages.saved_code(page.handle, page.browser, GOOD)
    assert world.turns.outcomes == []
    view = await world.pages.view(page.handle, page.browser, VISITOR)
    assert view.stage is Stage.PROVE
    assert view.asks == ("issue_pass",)
