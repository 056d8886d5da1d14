"""The history of an account: from a case, for agents, and noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Tag, audit_row
from bot.core.records import AuditRow, Evidence, Execution, Intent, Objection, Request
from bot.ports.store import UnitOfWork
from tests.web.browsing import Browser
from tests.web.house import House, a_case
from tests.web.test_desk import sign_in
from tests.web.test_desk_holding import ACTS


@pytest.fixture
async def past(served: House) -> House:
    """A house with a past."""
    await fill(served)
    return served


async def fill(made: House) -> None:
    """Today's case, one of last week that was approved and objected to, an old one, a stranger's."""
    await made.card("c1")
    at = made.clock.now()
    week = at - timedelta(days=7)
    before = replace(
        a_case("c2", week), status="frozen", outcome="", ended_at=None, number="200000", flow="new_phone"
    )
    old = replace(a_case("c3", at - timedelta(days=31)), status="ended", number="300000")
    other = replace(a_case("c4", week, subject="oid-other"), status="ended", number="400000")
    proof = Evidence("e1", "c2", "a", "oid-employee", "live_check", week, "oid-agent2", "t", {}, "")

    def fn(work: UnitOfWork) -> None:
        for case in (before, old, other):
            work.add(case)
        work.add(replace(proof, how={"how": "call_back"}))
        work.add(replace(proof, id="e2", kind="saved_code", voided_at=week))
        work.add(
            Request(
                "r", "c2", "a", "oid-employee", "x", 1, ACTS, "standard", "p", [], "t", 1, week, week,
                "ended", "done",
            )
        )  # fmt: skip
        work.add(Execution("x", "r", "c2", "oid-employee", "oid-agent", "closed", week, week, "done"))
        work.add(Intent("i", "x", 0, ACTS[0], week, "done", week))
        work.add(Objection("o", "c2", "oid-employee", week, "n", "frozen"))
        work.audit(audit_row("1", week, Tag.CHECK_SIGNED, case_id="c2", actor="oid-agent2"))
        work.audit(audit_row("2", week, Tag.EXECUTION_OPENED, case_id="c2", actor="oid-agent"))

    await made.store.transact(fn)


async def test_an_agent_reads_what_happened_to_an_account(past: House) -> None:
    """Thirty days, newest first: proofs and whether they count, acts and results, who helped, objections;
    and that somebody looked is on record."""
    async with Browser(past.url) as browser:
        await sign_in(past, browser)
        page = (await browser.get("/desk/history?case=c1")).text
        assert page.index("004712") < page.index("200000")
        assert "300000" not in page
        assert "400000" not in page
        for said in (
            "live check (call-back)", "counts no more", "issue a one-time pass: done", "objection",
            "Name of oid-agent2, Name of oid-agent", "this case", "stopped",
        ):  # fmt: skip
            assert said in page, said
        (row,) = await past.store.read(lambda work: work.find(AuditRow, tag=Tag.HISTORY_READ.value))
        assert (row.actor, row.case_id, row.subject) == ("oid-agent", "c1", "oid-employee")
        plain = await browser.ask("GET", "/desk/history?case=c1", headers={"Accept": "application/json"})
        assert b'"acts": [{"kind": "issue_pass", "result": "done"}]' in plain.body


@pytest.mark.parametrize("case", ["", "c9", "c2", "oid-employee", "Name of oid-employee"])
async def test_there_is_no_asking_by_name(past: House, case: str) -> None:
    """Only from a case that agents have, or had, before them."""
    async with Browser(past.url) as browser:
        await sign_in(past, browser)
        assert (await browser.get(f"/desk/history?case={case}")).status == 404
        assert await past.store.read(lambda work: work.count(AuditRow, tag=Tag.HISTORY_READ.value)) == 0


async def test_history_is_for_agents(past: House) -> None:
    """Not without a session, and not for somebody who left the group since."""
    async with Browser(past.url) as browser:
        door = await browser.get("/desk/history?case=c1")
        assert "200000" not in door.text
        assert 'name="back" value="/desk/history?case=c1"' in door.text
        await sign_in(past, browser)
        past.members.members.discard("oid-agent")
        past.clock.go(minutes=6)
        assert (await browser.get("/desk/history?case=c1")).status == 403


async def test_a_case_without_an_account_shows_itself_only(past: House) -> None:
    """Nobody knows yet whose it is."""
    await past.card("c5", subject="")
    async with Browser(past.url) as browser:
        await sign_in(past, browser)
        page = (await browser.get("/desk/history?case=c5")).text
        assert "It is not known yet whose account it is" in page
        assert "200000" not in page
