"""Looks: what a flow may learn of the world, and from when on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.flow import FlowState
from bot.core.records import Case, Job, Shift
from bot.core.tables import LOOKS
from bot.errors import TransientError
from bot.sandbox.self_service import change
from bot.service.looks import Looks
from tests.fakes.product import Whole

PERSONAL = ("person", "methods", "rank", "sign_ins", "account_state")


async def opened(whole: Whole, person: str = "employee", **changed: Any) -> Case:
    await whole.press("start:new_phone", person)
    case = replace(await whole.case(person), **changed)
    await whole.store.transact(lambda work: work.put(case))
    return case


def looks(whole: Whole) -> Looks:
    found = whole.product.outbox._handlers["look"].__self__  # type: ignore[attr-defined]
    assert isinstance(found, Looks)
    return found


async def answer(whole: Whole, case: Case, what: str) -> tuple[str, dict[str, Any]]:
    outcome, fields = await looks(whole)._answer(what, case)
    return outcome, dict(fields)


def proven(whole: Whole) -> dict[str, Any]:
    return {"proven_at": whole.clock.now()}


@pytest.mark.parametrize("what", PERSONAL)
async def test_nothing_personal_is_read_before_one_evidence(whole: Whole, what: str) -> None:
    """A stolen chat account must not be able to explore somebody's account: the answer is `unknown`, and
    Graph was not even asked."""
    case = await opened(whole)
    before = whole.ledger()
    assert await answer(whole, case, what) == ("unknown", {})
    assert whole.ledger() == before


@pytest.mark.parametrize("what", PERSONAL)
@pytest.mark.parametrize("by", ["evidence", "link"])
async def test_with_one_evidence_or_an_own_link_it_is_read(whole: Whole, what: str, by: str) -> None:
    known = proven(whole) if by == "evidence" else {"identified_by": "linked"}
    case = await opened(whole, **known)
    before = len(whole.ledger())
    outcome, fields = await answer(whole, case, what)
    assert outcome not in ("unknown", "error")
    assert set(fields) <= set(LOOKS[what].fields)
    assert len(whole.ledger()) > before


async def test_a_case_without_a_subject_is_unknown_even_when_proven(whole: Whole) -> None:
    case = await opened(whole, subject_oid="", **proven(whole))
    assert await answer(whole, case, "methods") == ("unknown", {})


@pytest.mark.parametrize(
    ("person", "changes", "what", "outcome"),
    [
        ("employee", {}, "methods", "ok"),
        ("new_starter", {}, "methods", "none"),
        ("employee", {}, "rank", "standard"),
        ("executive", {}, "rank", "sensitive"),
        ("global_admin", {}, "rank", "privileged"),
        ("eligible_admin", {}, "rank", "privileged"),
        ("break_glass", {}, "rank", "excluded"),
        ("new_starter", {}, "rank", "new_account"),
        ("employee", {}, "account_state", "ok"),
        ("new_starter", {}, "account_state", "no_method"),
        ("disabled", {}, "account_state", "disabled"),
        ("employee", {"risk": "high"}, "account_state", "risk_blocked"),
        ("employee", {"sign_in_error": 50053}, "account_state", "locked"),
        ("employee", {"synced": True}, "account_state", "synced"),
        ("hello_user", {"synced": True, "sign_in_error": 50053}, "account_state", "locked"),
        ("new_starter", {"synced": True}, "account_state", "no_method"),
        (
            "employee",
            {"synced": True, "risk": "medium", "sign_in_error": 50053},
            "account_state",
            "risk_blocked",
        ),
        ("employee", {"enabled": False, "risk": "high"}, "account_state", "disabled"),
    ],
)
async def test_what_is_read_is_what_the_tenant_says(
    whole: Whole, person: str, changes: dict[str, Any], what: str, outcome: str
) -> None:
    """Every person of the sandbox, as Graph tells of them."""
    if changes:
        change(whole.sandbox.state, whole._who(person), changes)
    case = await opened(whole, person, **proven(whole))
    assert (await answer(whole, case, what))[0] == outcome


async def test_a_tenant_without_logs_or_risk_is_told_what_can_be_known(whole: Whole) -> None:
    """What is not licensed holds nobody up."""
    case = await opened(whole, **proven(whole))
    switches = whole.sandbox.state.switches
    for licence in ("P1", "free"):
        switches.set("licence", licence)
        assert await answer(whole, case, "account_state") == ("ok", {})


async def test_whoever_is_outside_the_pass_policy_hears_it_before_anything_is_promised(whole: Whole) -> None:
    """Once it is known who it is; before, only what holds for everybody."""
    whole.sandbox.state.switches.set("pass_exclude", "berlin")
    case = await opened(whole)
    assert (await answer(whole, case, "pass_policy"))[0] == "ok"
    known = await opened(whole, "hello_user", **proven(whole))
    assert await answer(whole, known, "pass_policy") == ("out_of_scope", {})


async def test_a_day_pass_is_offered_as_long_as_the_tenant_allows_and_not_where_passes_work_once(
    whole: Whole,
) -> None:
    """`day` is its minutes, or 0."""
    case = await opened(whole)
    assert (await answer(whole, case, "pass_policy"))[1]["day"] == 480
    whole.sandbox.state.switches.set("pass_maximum", 43200)
    assert (await answer(whole, case, "pass_policy"))[1]["day"] == 600
    whole.sandbox.state.switches.set("pass_once", True)
    assert (await answer(whole, case, "pass_policy"))[1]["day"] == 0


async def test_the_pass_policy_is_nobodys_secret(whole: Whole) -> None:
    """It is asked before anything is promised."""
    case = await opened(whole)
    outcome, fields = await answer(whole, case, "pass_policy")
    assert outcome == "ok"
    assert isinstance(fields["minutes"], int)


async def test_today_needs_no_graph(whole: Whole) -> None:
    case = await opened(whole)
    assert await answer(whole, case, "today") == ("ok", {"date": "2026-11-22", "weekday": 7})
    assert whole.ledger() == []


async def test_an_unreadable_graph_is_an_error_and_the_flow_goes_on(whole: Whole) -> None:
    """The author has drawn where to; nobody waits for ever."""
    case = await opened(whole, **proven(whole), version=9, step="on_account",
                        state=FlowState("new_phone", "on_account", 9).to_json())  # fmt: skip
    at = whole.clock.now()
    body = {"step": "on_account", "version": 9, "what": "methods"}
    look = looks(whole)
    look._directory = Away()  # type: ignore[assignment]
    await look.handle(Job("e/0", "look", "look", body, case.id, at, at))
    (row,) = await whole.events(kind="Answered")
    assert row.body["outcome"] == "error"
    assert (await whole.case()).step == "to_person"


class Away:
    def __getattr__(self, name: str) -> Any:
        async def away(*_: Any, **__: Any) -> Any:
            raise TransientError("away")

        return away


async def test_a_look_delivered_twice_is_answered_once(whole: Whole) -> None:
    await opened(whole)
    await whole.press(await whole.button(":gone"))
    (job,) = await whole.jobs("look")
    await looks(whole).handle(job)
    assert len(await whole.events(kind="Answered")) == 1


@pytest.mark.parametrize(
    ("agents", "hours", "outcome"),
    [(0, False, "closed"), (1, False, "ok"), (0, True, "ok"), (2, True, "ok")],
)
async def test_the_desk_is_on_duty_by_shift_or_by_hours(
    whole: Whole, agents: int, hours: bool, outcome: str
) -> None:
    """Somebody on shift, or the service hours of the settings; an ended shift counts for nothing."""
    look = looks(whole)
    look._open_now = lambda at: hours
    at = whole.clock.now()

    def fn(work: Any) -> None:
        work.save(Shift("gone", "Gone", at, at, at + timedelta(hours=1)))
        for n in range(agents):
            work.save(Shift(f"agent{n}", "Agent", at, at))

    await whole.store.transact(fn)
    case = await opened(whole)
    assert await answer(whole, case, "duty") == (outcome, {"agents": agents})
