"""Sign-ins: one-time, bound to browser, person and digest. Each refusal has its test."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.audit import Tag
from bot.core.model import Reason
from bot.core.records import TABLES, AuditRow, Signing, UsedSignIn
from bot.errors import Refused, TransientError
from bot.ports.sign_in import Finished, Landing, Purpose, Redeemed, Redirect, SignInAsk
from bot.ports.store import Store
from bot.service.keys import Keys, hashed
from bot.service.purposes import contexts_by_purpose
from bot.service.sign_ins import SignInService, Ways
from tests.fakes.authority import FLOW, RAW, TOKEN, FakeAuthority
from tests.fakes.clock import FakeClock, FakeEntropy

SIGNATURES = [
    Purpose.APPROVE,
    Purpose.CHECK,
    Purpose.VOUCH,
    Purpose.ENROL,
    Purpose.WITHDRAW,
    Purpose.WORKING_METHOD,
]
CONTEXTS = {"approve": "c1", "enrol": "c2", "sign_in": "c3"}


class Desk:
    """The service with a scripted authority, and what its handlers were given."""

    def __init__(self, store: Store, clock: FakeClock, entropy: FakeEntropy) -> None:
        self.store, self.clock = store, clock
        self.authority = FakeAuthority(clock)
        self.keys = Keys(b"k" * 32, b"p" * 32)
        self.done: list[Finished] = []
        self.landing = Landing("/r/canary-handle")
        self.error: BaseException | None = None
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()
        self.service = SignInService(
            store=store,
            clock=clock,
            entropy=entropy,
            keys=self.keys,
            authority=self.authority,
            contexts=contexts_by_purpose(**CONTEXTS),
            callback="https://keyturn.example/auth/callback",
            ways=Ways(
                handlers=dict.fromkeys(Purpose, self.handle),
                back={purpose: lambda signing: f"/back/{signing.subject_ref}" for purpose in Purpose},
            ),
        )

    async def handle(self, finished: Finished) -> Landing:
        self.done.append(finished)
        self.entered.set()
        if self.gate:
            await self.gate.wait()
        if self.error:
            raise self.error
        return self.landing

    async def begin(self, purpose: Purpose = Purpose.APPROVE, **more: Any) -> Redirect:
        ask = {"browser_hash": "browser-1", "subject_ref": "request-1", "digest": "d" * 64}
        return await self.service.begin(SignInAsk(purpose, **(ask | more)))

    def form(self, n: int = -1) -> dict[str, str]:
        return {"state": self.authority.asked[n]["state"], "code": "canary-code"}

    async def finish(self, redirect: Redirect, form: dict[str, str] | None = None, **cookies: str) -> Landing:
        jar = {redirect.cookie_name: redirect.cookie_value} | cookies
        return await self.service.finish(form or self.form(), jar)

    async def through(self, purpose: Purpose = Purpose.APPROVE, **more: Any) -> Landing:
        return await self.finish(await self.begin(purpose, **more))

    async def row(self, n: int = 0) -> Signing:
        rows = await self.store.read(lambda work: work.find(Signing, order="id"))
        return rows[n]

    async def tags(self) -> list[tuple[str, str]]:
        rows = await self.store.read(lambda work: work.find(AuditRow, order="id"))
        return [(row.tag, str(row.body.get("reason", ""))) for row in rows]

    async def audited(self, reason: Reason) -> bool:
        return (Tag.SIGN_IN_REFUSED.value, reason.value) in await self.tags()


@pytest.fixture
def desk(store: Store, clock: FakeClock, entropy: FakeEntropy) -> Desk:
    return Desk(store, clock, entropy)


# --- the good way -------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", list(Purpose))
async def test_a_sign_in_reaches_its_handler_once(desk: Desk, purpose: Purpose) -> None:
    """With who signed in and the row it was asked with; an act token only where acts follow."""
    assert await desk.through(purpose) == desk.landing
    (finished,) = desk.done
    assert finished.who.oid == "oid-agent"
    assert finished.signing.subject_ref == "request-1"
    assert (finished.token is not None) == (purpose in (Purpose.APPROVE, Purpose.WITHDRAW, Purpose.STOP))
    assert (await desk.row()).status == "done"


@pytest.mark.parametrize("purpose", SIGNATURES)
async def test_a_signature_asks_for_a_fresh_sign_in_in_its_context(desk: Desk, purpose: Purpose) -> None:
    """Neither is left to the authority's defaults."""
    await desk.begin(purpose)
    (asked,) = desk.authority.asked
    assert asked["fresh"]
    assert asked["context"] in CONTEXTS.values()


async def test_the_wire_nonce_is_the_hash_of_digest_and_salt(desk: Desk) -> None:
    """So the authority's signature, kept with the row, attests the very draft."""
    redirect = await desk.begin()
    row = await desk.row()
    wire = hashlib.sha256((row.digest + row.salt).encode()).hexdigest()
    assert f"nonce={wire}" in redirect.url
    assert len(row.salt) >= 40


async def test_digest_and_salt_are_audited_before_the_browser_leaves(desk: Desk) -> None:
    """Nobody can find a digest for a signature afterwards."""
    await desk.begin(expected_oid="OID-Agent", payload={"case_id": "case-1"})
    (entry,) = await desk.store.read(lambda work: work.find(AuditRow))
    row = await desk.row()
    assert entry.tag == Tag.SIGN_IN_ASKED.value
    assert (entry.body["digest"], entry.body["salt"]) == (row.digest, row.salt)
    assert (entry.case_id, entry.subject) == ("case-1", "oid-agent")


async def test_no_row_is_left_when_the_authority_is_away(desk: Desk) -> None:
    """The page says so; nothing waits for a sign-in that nobody can make."""

    async def away(**_: Any) -> tuple[str, str]:
        raise TransientError("away")

    desk.authority.begin = away  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        await desk.begin()
    assert await desk.store.read(lambda work: work.count(Signing)) == 0


@pytest.mark.parametrize("purpose", list(Purpose))
async def test_the_raw_token_is_kept_for_approvals_checks_and_helpers_only_and_sealed(
    desk: Desk, purpose: Purpose
) -> None:
    """It is evidence there and needless elsewhere."""
    await desk.through(purpose)
    sealed = (await desk.row()).sealed_token
    if purpose in (Purpose.APPROVE, Purpose.CHECK, Purpose.HELP):
        assert RAW not in sealed
        assert desk.keys.unseal("id_token", sealed).decode() == RAW
    else:
        assert sealed == ""


async def test_the_cookie_lives_ten_minutes_and_tells_nothing(desk: Desk) -> None:
    """The authority's flow travels sealed, in a cookie of its own name."""
    redirect = await desk.begin()
    assert redirect.cookie_name == f"__Host-tx-{redirect.signing_id}"
    assert redirect.max_age == 600
    assert FLOW not in redirect.cookie_value
    assert redirect.cookie_value not in repr(redirect)


# --- refusals -----------------------------------------------------------------------------------


async def test_an_unknown_state_is_refused(desk: Desk) -> None:
    """A callback nobody asked for changes nothing."""
    for form in ({}, {"state": ""}, {"state": "made-up", "code": "x"}):
        landing = await desk.service.finish(form, {})
        assert landing == Landing("/help", refused=Reason.UNKNOWN_STATE)
    assert desk.authority.redeemed == []


async def test_a_state_is_consumed_before_anything_else(desk: Desk) -> None:
    """Also when what follows fails: a second try with the same state finds it used."""
    desk.authority.error = TransientError("away")
    redirect = await desk.begin()
    assert (await desk.finish(redirect)).refused == Reason.UNAVAILABLE
    desk.authority.error = None
    assert (await desk.finish(redirect)).refused == Reason.UNAVAILABLE
    assert len(desk.authority.redeemed) == 1
    assert desk.done == []


async def test_a_replayed_callback_lands_on_the_outcome_already_there(desk: Desk) -> None:
    """Back and reload show what happened; nothing happens twice, and no session is given again."""
    desk.landing = Landing("/desk", session="canary-session", session_kind="desk")
    redirect = await desk.begin(Purpose.DESK)
    assert (await desk.finish(redirect)).session == "canary-session"
    again = await desk.finish(redirect)
    assert again == Landing("/desk")
    assert len(desk.done) == len(desk.authority.redeemed) == 1
    assert (Tag.SIGN_IN_REPEATED.value, Reason.USED_STATE.value) in await desk.tags()


async def test_parallel_callbacks_are_one(desk: Desk) -> None:
    """Two tabs post the same form: one is handled, the other told so."""
    desk.gate = asyncio.Event()
    redirect = await desk.begin()
    first = asyncio.create_task(desk.finish(redirect))
    await desk.entered.wait()
    assert (await desk.finish(redirect)).refused == Reason.USED_STATE
    desk.gate.set()
    assert await first == desk.landing
    assert len(desk.done) == 1


async def test_a_state_is_consumed_before_the_code_is_redeemed(desk: Desk) -> None:
    """A second callback that comes while the first is still at the authority is not a second one."""
    redirect = await desk.begin()
    redeem, others = desk.authority.redeem, iter([True])
    second: list[Landing] = []

    async def redeem_slowly(**asked: Any) -> Redeemed:
        if next(others, False):
            second.append(await desk.finish(redirect))
        return await redeem(**asked)

    desk.authority.redeem = redeem_slowly  # type: ignore[method-assign]
    assert await desk.finish(redirect) == desk.landing
    assert second[0].refused == Reason.USED_STATE
    assert len(desk.done) == 1


async def test_a_state_lives_five_minutes(desk: Desk) -> None:
    """A sign-in page left open over lunch signs nothing."""
    redirect = await desk.begin()
    desk.clock.go(minutes=5)
    assert (await desk.finish(redirect)).refused == Reason.STALE_SIGN_IN
    assert desk.authority.redeemed == []
    assert await desk.audited(Reason.STALE_SIGN_IN)


@pytest.mark.parametrize("how", ["none", "garbage", "of another sign-in", "of another browser"])
async def test_another_browser_gets_and_learns_nothing(desk: Desk, how: str) -> None:
    """A victim who is sent an attacker's sign-in finishes nothing for them, and is told."""
    other = await desk.begin(browser_hash="browser-2")
    stolen = json.loads(desk.keys.unseal("transaction", other.cookie_value))
    redirect = await desk.begin()
    values = {
        "none": "",
        "garbage": "garbage",
        "of another sign-in": other.cookie_value,
        "of another browser": desk.keys.seal(
            "transaction", json.dumps(stolen | {"id": redirect.signing_id}).encode()
        ),
    }
    landing = await desk.service.finish(desk.form(), {redirect.cookie_name: values[how]})
    assert landing == Landing("/help", refused=Reason.OTHER_BROWSER)
    assert desk.authority.redeemed == []
    assert await desk.audited(Reason.OTHER_BROWSER)
    assert (await desk.finish(redirect)).refused == Reason.OTHER_BROWSER  # the state is gone for all


async def test_an_outcome_is_shown_to_the_browser_that_made_it_only(desk: Desk) -> None:
    """Its path may hold a page's handle."""
    redirect = await desk.begin()
    await desk.finish(redirect)
    assert (await desk.service.finish(desk.form(), {})).path == "/help"


async def test_a_newer_draft_supersedes_an_older_one(desk: Desk) -> None:
    """Two tabs of one review: only the newest can be signed."""
    older = await desk.begin()
    newer = await desk.begin()
    assert (await desk.finish(older, desk.form(0))).refused == Reason.SUPERSEDED
    assert desk.authority.redeemed == []
    assert await desk.finish(newer, desk.form(1)) == desk.landing


@pytest.mark.parametrize(
    "other", [{"browser_hash": "browser-2"}, {"subject_ref": "request-2"}, {"purpose": Purpose.CHECK}]
)
async def test_another_draft_supersedes_nothing(desk: Desk, other: dict[str, Any]) -> None:
    """Each browser, purpose and request has its own."""
    mine = await desk.begin()
    await desk.begin(**other)
    assert await desk.finish(mine, desk.form(0)) == desk.landing


async def test_another_account_signs_nothing(desk: Desk) -> None:
    """Nothing happens, it is audited with who it was, and that person's sign-in is not used up."""
    desk.authority.oid = "oid-other"
    landing = await desk.through(expected_oid="oid-agent")
    assert landing == Landing("/back/request-1", refused=Reason.OTHER_ACCOUNT)
    assert desk.done == []
    rows = await desk.store.read(lambda work: work.find(AuditRow, tag=Tag.SIGN_IN_REFUSED.value))
    assert [row.actor for row in rows] == ["oid-other"]
    assert await desk.store.read(lambda work: work.count(UsedSignIn)) == 0
    assert (await desk.row()).sealed_token == ""


@pytest.mark.parametrize("purpose", SIGNATURES)
async def test_a_sign_in_without_the_context_is_too_weak(desk: Desk, purpose: Purpose) -> None:
    """Asked for is not given: the token must say so."""
    desk.authority.contexts = frozenset({"c9"})
    assert (await desk.through(purpose)).refused == Reason.WEAK_SIGN_IN
    assert desk.done == []
    assert await desk.audited(Reason.WEAK_SIGN_IN)


async def test_a_desk_needs_its_context_and_my_page_none(desk: Desk) -> None:
    """Who lost every strong method must still reach their own page."""
    desk.authority.contexts = frozenset()
    assert (await desk.through(Purpose.DESK)).refused == Reason.WEAK_SIGN_IN
    assert (await desk.through(Purpose.ME)).refused == ""


@pytest.mark.parametrize("purpose", SIGNATURES)
async def test_a_sign_in_from_before_is_stale(desk: Desk, purpose: Purpose) -> None:
    """`prompt=login` can be stripped on the way; `auth_time` cannot."""
    desk.authority.auth_time = desk.clock.now() - timedelta(seconds=6)
    assert (await desk.through(purpose)).refused == Reason.STALE_SIGN_IN
    assert desk.done == []
    desk.authority.auth_time = desk.clock.now() - timedelta(seconds=5)
    assert (await desk.through(purpose)).refused == ""


async def test_a_session_may_come_from_an_older_sign_in(desk: Desk) -> None:
    """It can read and deny, never sign."""
    desk.authority.auth_time = desk.clock.now() - timedelta(hours=1)
    assert (await desk.through(Purpose.DESK)).refused == ""


@pytest.mark.parametrize("purpose", SIGNATURES)
async def test_one_sign_in_is_one_signature(desk: Desk, purpose: Purpose) -> None:
    """The same `auth_time` never signs a second thing, whatever the second is."""
    await desk.through(Purpose.CHECK, subject_ref="first")
    assert (await desk.through(purpose, subject_ref="second")).refused == Reason.USED_SIGN_IN
    assert len(desk.done) == 1
    assert await desk.audited(Reason.USED_SIGN_IN)
    desk.clock.go(seconds=1)
    assert (await desk.through(purpose, subject_ref="third")).refused == ""


async def test_two_signatures_with_one_sign_in_at_once_are_one(desk: Desk) -> None:
    """The race for the row has one winner."""
    one, two = await desk.begin(subject_ref="one"), await desk.begin(subject_ref="two")
    landings = await asyncio.gather(desk.finish(one, desk.form(0)), desk.finish(two, desk.form(1)))
    assert sorted(landing.refused for landing in landings) == ["", Reason.USED_SIGN_IN]


async def test_another_persons_sign_in_is_their_own(desk: Desk) -> None:
    """Two people may sign in within the same second."""
    await desk.through(subject_ref="one")
    desk.authority.oid = "oid-agent-2"
    assert (await desk.through(subject_ref="two")).refused == ""


async def test_a_bad_token_is_refused_with_its_reason(desk: Desk) -> None:
    """The authority adapter judges it; the landing tells."""
    desk.authority.error = Refused(Reason.BAD_TOKEN)
    assert (await desk.through()).refused == Reason.BAD_TOKEN
    assert await desk.audited(Reason.BAD_TOKEN)


async def test_a_handlers_refusal_is_the_landings(desk: Desk) -> None:
    """And its own refusal inside a landing is kept for a replay."""
    desk.error = Refused(Reason.SAME_HUMAN)
    redirect = await desk.begin()
    assert await desk.finish(redirect) == Landing("/back/request-1", refused=Reason.SAME_HUMAN)
    assert (await desk.finish(redirect)).refused == Reason.SAME_HUMAN
    desk.error, desk.landing = None, Landing("/r/x", refused=Reason.LIVE_PASS)
    desk.clock.go(seconds=1)
    redirect = await desk.begin()
    assert await desk.finish(redirect) == await desk.finish(redirect) == desk.landing


async def test_an_unexpected_error_leaks_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Its text may hold claims: the browser gets a reason, the log a place."""
    desk.error = RuntimeError("canary-claims")
    landing = await desk.through()
    assert landing == Landing("/back/request-1", refused=Reason.UNAVAILABLE)
    assert "canary" not in caplog.text
    assert "RuntimeError at handle" in caplog.text


async def test_a_closed_tab_does_not_stop_what_was_signed(desk: Desk) -> None:
    """The act after an approval goes on to its end."""
    desk.gate = asyncio.Event()
    task = asyncio.create_task(desk.finish(await desk.begin()))
    await desk.entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    desk.gate.set()
    await desk.service.close()
    assert (await desk.row()).status == "done"


async def test_cookies_do_not_pile_up(desk: Desk) -> None:
    """A header has room for few; the oldest goes first, and three stay for other tabs."""
    redirect = await desk.begin()
    old = {f"__Host-tx-00{n}": "x" for n in range(3)}
    assert (await desk.finish(redirect, **old)).drop_cookie == "__Host-tx-000"
    assert (await desk.through()).drop_cookie == ""


# --- what is kept -------------------------------------------------------------------------------


async def test_no_secret_is_kept_in_clear(desk: Desk, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Neither state, code, token, flow, cookie nor handle stands in any row or log line."""
    caplog.set_level(logging.DEBUG)
    desk.landing = Landing("/r/canary-handle", session="canary-session", session_kind="desk")
    redirect = await desk.begin()
    state = desk.form()["state"]
    await desk.finish(redirect)
    assert repr(desk.done).count("canary") == 0
    rows = await store.read(lambda work: [work.find(kind) for kind in TABLES])
    kept = "".join(str(getattr(row, f.name)) for table in rows for row in table for f in fields(row))
    for secret in ("canary", RAW, TOKEN, FLOW, state, redirect.cookie_value):
        assert secret not in kept
        assert secret not in caplog.text
    assert hashed(state) in kept


async def test_a_row_that_was_swapped_for_another_is_not_this_browsers(desk: Desk) -> None:
    """The cookie names both the row and the browser."""
    redirect = await desk.begin()
    row = await desk.row()
    await desk.store.transact(lambda work: work.put(replace(row, browser_hash="browser-2")))
    assert (await desk.finish(redirect)).refused == Reason.OTHER_BROWSER
