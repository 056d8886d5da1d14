"""The review: what is read, what one POST does, and what a desk session can never do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.facts import LivePass, Roles
from bot.core.model import Reason
from bot.core.records import Attempt, AuditRow, Case, Check, Evidence, Handover, Request, Review
from bot.errors import Refused
from bot.ports.reviews import Signable
from bot.ports.store import Store
from bot.service.review_views import prefilled
from tests.core.deciding import AGENT, CHECKER, ELIGIBLE, SECOND, SUBJECT, UNREADABLE, admin, person
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    made = World(store, clock, entropy)
    await made.case()
    await made.ask()
    return made


async def why_not(world: World, oid: str = AGENT) -> tuple[str, ...]:
    made = await world.draft(oid)
    assert isinstance(made, tuple)
    assert world.sign_ins.asks == [] or world.sign_ins.asks[-1].expected_oid != oid
    rows = [r for r in await world.all(AuditRow) if r.tag == "agent:draft:refused"]
    assert list(made) in [r.body["reasons"] for r in rows]
    return made


async def test_the_page_shows_facts_of_now(world: World) -> None:
    """Subject, rank, evidence with its giver, plan with minutes, pass pre-flight, nothing missing."""
    view = await world.reviews.view(world.handle, world.session())
    assert view.subject is not None
    assert (view.subject.upn, view.subject.rank) == (f"{SUBJECT}@x.example", "standard")
    assert [(p.kind, p.by, p.intact) for p in view.evidence] == [
        ("saved_code", "", True),
        ("live_check", CHECKER, True),
    ]
    assert view.request is not None
    assert [(a.kind, a.minutes) for a in view.request.acts] == [("issue_pass", 15), ("remove_method", 0)]
    assert (view.faults, view.pass_policy, view.live_pass, view.present) == ((), "", None, True)
    assert view.page is not None
    assert view.page.usual == ("DE",)


async def test_an_agent_sees_beforehand_why_they_cannot_approve(world: World) -> None:
    """The same decision, asked without signing."""
    view = await world.reviews.view(world.handle, world.session(CHECKER))
    assert view.faults == (Reason.WAS_CHECKER.value,)


async def test_a_changed_row_is_shown_as_such(world: World) -> None:
    """And nobody can draft on it."""
    await world.change(Evidence, "e0", at=world.clock.now())
    view = await world.reviews.view(world.handle, world.session())
    assert {p.kind: p.intact for p in view.evidence} == {"saved_code": False, "live_check": True}
    assert Reason.EVIDENCE_CHANGED.value in view.faults


async def test_what_the_server_sees_is_hidden_until_the_agent_wrote_down_what_was_told(world: World) -> None:
    """Nobody is led during a live check."""
    check = Check("k", "case", "attempt", "live_check", "call_back", world.clock.now(), "asked", "h")
    await world.rows.transact(lambda work: work.add(check))
    view = await world.reviews.view(world.handle, world.session())
    assert view.page is None
    assert view.page_hidden
    await world.change(Check, "k", told={"device": "x", "place": "y", "by": AGENT})
    assert (await world.reviews.view(world.handle, world.session())).page is not None


async def test_who_is_no_agent_sees_and_does_nothing(world: World) -> None:
    """Every call asks for membership; an unknown handle is told to agents only."""
    world.tenant.accounts["x"] = admin("x", group=ELIGIBLE)
    outsider = world.session("x")
    told = {"why": "new_device", "note": ""}
    for call in (
        world.reviews.view(world.handle, outsider),
        world.reviews.photo(world.handle, outsider),
        world.reviews.deny(world.handle, outsider, why="not_needed", note=""),
        world.reviews.suspicious(world.handle, outsider, note=""),
        world.reviews.ask_more(world.handle, outsider),
        world.reviews.draft(world.handle, outsider, "b", replaces="", **told),
    ):
        with pytest.raises(Refused) as caught:
            await call
        assert caught.value.reason is Reason.NOT_AN_AGENT
    with pytest.raises(Refused) as caught:
        await world.reviews.view("nothing", world.session())
    assert caught.value.reason is Reason.UNKNOWN_CASE


async def test_membership_is_asked_again_after_two_minutes(world: World) -> None:
    """A session of this morning is no membership of now."""
    await world.reviews.view(world.handle, world.session())
    world.tenant.accounts[AGENT] = replace(world.tenant.accounts[AGENT], groups=frozenset({ELIGIBLE}))
    world.clock.go(minutes=2)
    with pytest.raises(Refused):
        await world.reviews.view(world.handle, world.session())


# --- saying no ------------------------------------------------------------------------------------


async def test_deny_is_one_post_and_ends_it(world: World) -> None:
    """The flow hears `denied`; a second no finds nothing to deny."""
    await world.reviews.deny(world.handle, world.session(), why="not_convinced", note="")
    assert world.turns.outcomes == ["denied"]
    [row] = await world.all(Review)
    assert (row.decision, world.keys.row_mac_fits(row)) == ("deny", True)
    with pytest.raises(Refused) as caught:
        await world.reviews.deny(world.handle, world.session(SECOND), why="not_convinced", note="")
    assert caught.value.reason is Reason.REQUEST_ENDED


async def test_reasons_are_a_closed_list_and_other_asks_for_words(world: World) -> None:
    """No free text instead of a reason."""
    for why, note in (("because", "x"), ("other", " "), ("new_device", "")):
        with pytest.raises(Refused) as caught:
            await world.reviews.deny(world.handle, world.session(), why=why, note=note)
        assert caught.value.reason is Reason.BAD_FORM
    await world.reviews.deny(world.handle, world.session(), why="other", note="He hung up.")
    assert world.turns.outcomes == ["denied"]


@pytest.mark.parametrize(
    ("flow", "state", "why"),
    [
        ("new_phone", {"flow": "new_phone"}, "new_device"),
        ("phone_not_with_me", {"flow": "phone_not_with_me"}, "device_away"),
        ("lost_phone", {"flow": "recover", "calls": [["lost_phone", "recover", {}, {}]]}, "lost_device"),
        ("on_behalf", {"flow": "phone_not_with_me", "calls": [["on_behalf", "at", {}, {}]]}, "device_away"),
        ("first_day", {"flow": "recover", "calls": [["first_day", "recover", {}, {}]]}, "new_starter"),
        ("of_our_own", {"flow": "of_our_own"}, "new_device"),
        ("locked_out", {}, "locked_out"),
    ],
)  # fmt: skip
async def test_the_reason_is_filled_in_from_what_the_case_is_about(
    world: World, flow: str, state: dict[str, object], why: str
) -> None:
    """Of flows that call each other the innermost that means something; an agent may pick another."""
    case = await world.store.read(lambda work: work.find(Case))
    assert prefilled(replace(case[0], flow=flow, state=state)) == why


async def test_suspicious_freezes_this_case_only(world: World) -> None:
    """Evidence and hand-over of the attempt are void, security is paged, the next case is untouched."""
    await world.approve()
    other = replace((await world.all(Case))[0], id="other", number="1", handle_hash="x")
    await world.rows.transact(lambda work: work.add(other))
    await world.reviews.suspicious(world.handle, world.session(SECOND), note="two voices")
    assert {c.id: c.status for c in await world.all(Case)} == {"case": "frozen", "other": "open"}
    assert [h.status for h in await world.all(Handover)] == ["destroyed"]
    assert [h.sealed for h in await world.all(Handover)] == [""]
    assert all(e.voided_at for e in await world.all(Evidence))
    assert len(await world.jobs("alert")) == 1
    with pytest.raises(Refused):
        await world.draft()


async def test_suspicious_ends_an_open_request(world: World) -> None:
    """A signature that was on its way finds it frozen."""
    await world.draft()
    finished = world.finished()
    await world.reviews.suspicious(world.handle, world.session(SECOND), note="")
    await world.acts.signed(finished)
    await world.acts.close()
    assert Reason.CASE_FROZEN in (await world.outcome(finished)).reasons
    assert world.tenant.calls == []
    assert world.turns.outcomes[0] == "refused"


async def test_asking_for_more_says_so_once_and_leaves_it_open(world: World) -> None:
    """One message to the person's chat."""
    await world.reviews.ask_more(world.handle, world.session())
    with pytest.raises(Refused):
        await world.reviews.ask_more(world.handle, world.session(SECOND))
    assert [j.key for j in await world.jobs("say") if j.key.startswith("ask_more/")] != []
    assert [r.status for r in await world.all(Request)] == ["open"]


# --- the draft ------------------------------------------------------------------------------------


async def test_a_draft_shows_what_will_be_signed_and_expects_this_agent(world: World) -> None:
    """The digest on the page is the one the sign-in attests."""
    made = await world.draft(note="spoke to her")
    assert isinstance(made, Signable)
    [ask] = world.sign_ins.asks
    assert (ask.digest, ask.expected_oid, ask.purpose) == (made.digest, AGENT, "approve")
    assert made.upn == f"{SUBJECT}@x.example"
    assert [a.minutes for a in made.acts] == [15, 0]
    assert "sealed" not in repr(made)


async def test_a_desk_session_alone_never_changes_anything(world: World) -> None:
    """Reading, drafting, denying: no call to Graph that writes, ever."""
    await world.reviews.view(world.handle, world.session())
    await world.draft()
    await world.reviews.deny(world.handle, world.session(), why="not_needed", note="")
    assert world.tenant.calls == []


async def test_nobody_drafts_for_themselves(world: World) -> None:
    """An agent who opened a case for their own account."""
    world.tenant.accounts[SUBJECT] = admin(SUBJECT)
    assert Reason.SELF.value in await why_not(world, SUBJECT)


async def test_the_same_human_through_a_second_account_is_refused(world: World) -> None:
    """An employee number joins them."""
    world.tenant.accounts[SECOND] = admin(SECOND, person=person(SECOND, employee_id=f"no-{SUBJECT}"))
    assert await why_not(world, SECOND) == (Reason.SAME_HUMAN,)


async def test_an_unlinked_human_cannot_draft(world: World) -> None:
    """Nobody could tell whose second account it is."""
    world.tenant.accounts[SECOND] = admin(SECOND, person=person(SECOND, employee_id=""))
    assert await why_not(world, SECOND) == (Reason.UNLINKED_HUMAN,)


async def test_a_role_that_is_only_eligible_must_be_activated_first(world: World) -> None:
    """Said before the sign-in, so that nobody signs for nothing."""
    world.tenant.accounts[SECOND] = admin(SECOND, eligible=True)
    assert await why_not(world, SECOND) == (Reason.ROLE_INACTIVE,)
    world.tenant.accounts[SECOND] = admin(SECOND, scope="/administrativeUnits/u1")
    assert await why_not(world, SECOND) == (Reason.ROLE_NOT_COVERING,)


async def test_an_absent_page_keeps_approve_closed(world: World) -> None:
    """Sixty seconds without an answer."""
    world.clock.go(seconds=61)
    assert await why_not(world) == (Reason.PAGE_ABSENT,)
    assert [r.status for r in await world.all(Request)] == ["open"]


async def test_what_ends_a_request_ends_it_at_the_draft_already(world: World) -> None:
    """No agent signs for a disabled account."""
    subject = world.tenant.accounts[SUBJECT]
    world.tenant.accounts[SUBJECT] = replace(subject, roles=Roles(UNREADABLE, (), ()))
    assert Reason.RANK_REFUSED in await why_not(world)
    assert world.turns.outcomes == ["refused"]


async def test_a_foreign_pass_is_a_question(world: World) -> None:
    """Shown with its age; the request stays open."""
    world.tenant.passes[SUBJECT] = LivePass("foreign", world.clock.now(), True, 60)
    view = await world.reviews.view(world.handle, world.session())
    assert view.live_pass is not None
    assert await why_not(world) == (Reason.LIVE_PASS,)
    made = await world.draft(replaces="foreign")
    assert isinstance(made, Signable)
    assert made.replaces


async def test_a_frozen_attempt_cannot_be_drafted_on(world: World) -> None:
    """Whatever froze it."""
    await world.change(Attempt, "attempt", status="frozen")
    assert Reason.CASE_FROZEN in await why_not(world)


async def test_an_outcome_belongs_to_its_case(world: World) -> None:
    """A signing of another case shows nothing here."""
    await world.approve()
    with pytest.raises(Refused) as caught:
        await world.reviews.outcome(world.handle, world.session(), "signing-99")
    assert caught.value.reason is Reason.UNKNOWN_CASE
