"""Vouchers: who may give their word, when it counts, and what their sign-in attests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.audit import Tag
from bot.core.facts import Method
from bot.core.humans import Humans
from bot.core.model import Oid, ProofKind, Reason, VouchHow
from bot.core.records import Attempt, AuditRow, Case, Check, Evidence, Execution, Fact, Job, Session, Signing
from bot.errors import Refused, TransientError
from bot.ports.sign_in import Finished, Purpose, SignedIn
from bot.ports.store import Store
from bot.service.keys import hashed
from bot.service.sessions import SessionService
from bot.service.sightings import INSTALLED
from bot.service.vouchers import MOST_ASKED, VoucherService
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.proving import LONG_AGO, MANAGER, SUBJECT, PageOf, World, person

DEPUTY, STRANGER = "oid-deputy", "oid-stranger"
IN_PERSON = VouchHow.IN_PERSON.value


class Vouching(World):
    """The world of proving, with the real service of vouchers in it."""

    def __init__(self, store: Store, clock: FakeClock, entropy: FakeEntropy) -> None:
        super().__init__(store, clock, entropy)
        for oid in (DEPUTY, STRANGER):
            self.directory.people[oid] = person(oid)
        old = clock.now() - LONG_AGO
        self.directory.owned[MANAGER] = (Method("m-app", "microsoftAuthenticator", "iPhone", old),)
        self.service = VoucherService(
            store, clock, entropy, self.keys, self.directory, self.sign_ins,
            SessionService(store, clock, entropy), self.stops, self.humans,
            deputies={MANAGER: (DEPUTY, SUBJECT)},
        )  # fmt: skip
        self.entry._vouchers = self.service
        self.provings._vouchers = self.service

    async def proven_page(self) -> PageOf:
        """A claimed page with a first evidence, so that the manager may be asked."""
        await self.case()
        page = await self.page()
        await self.live_check_passed(page)
        await self.installed(days_ago=100)
        return page

    async def installed(self, days_ago: int) -> None:
        """Move the installation, and with it what counts as baseline from here on."""
        fact = Fact(INSTALLED, {}, self.clock.now() - timedelta(days=days_ago))
        await self.store.transact(lambda work: work.save(fact))

    async def live_check_passed(self, page: PageOf) -> None:
        await self.on_duty()
        await page.digits(await self.live_check(page))
        await page.beat()

    async def asked(self) -> tuple[PageOf, Check]:
        page = await self.proven_page()
        await self.pages.ask_manager(page.handle, page.browser)
        (check,) = await self.rows(Check, kind="manager")
        return page, check

    def address(self, check: Check) -> str:
        return self.keys.handle("voucher", check.id)

    def session(self, oid: str = MANAGER) -> Session:
        at = self.clock.now()
        return Session("id", "voucher", oid, oid, at, at, at, {})

    async def begin(self, check: Check, oid: str = MANAGER, how: str = IN_PERSON) -> None:
        await self.service.sign(
            self.address(check), self.session(oid), how=how, browser_hash="manager-browser"
        )

    async def come_back(self, oid: str = MANAGER) -> None:
        ask, at = self.sign_ins.asks[-1], self.clock.now()
        signing = Signing(
            f"signing-{len(self.sign_ins.asks)}", ask.purpose.value, ask.subject_ref, "", ask.browser_hash,
            ask.expected_oid, ask.digest, "salt", dict(ask.payload), at, at, "consumed", oid, at,
        )  # fmt: skip
        who = SignedIn(Oid(oid), oid, oid, at, frozenset({"c3"}), "raw")
        await self.service.signed(Finished(signing, who, None))

    async def vouch(self, check: Check, oid: str = MANAGER, how: str = IN_PERSON) -> str:
        """Begin, sign, and read the digits."""
        await self.begin(check, oid, how)
        await self.come_back(oid)
        view = await self.service.view(self.address(check), self.session(oid))
        assert view.digits is not None
        return view.digits.digits

    async def tags(self) -> list[str]:
        return [row.tag for row in await self.rows(AuditRow)]


@pytest.fixture
def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> Vouching:
    return Vouching(store, clock, entropy)


async def refused(action: Any) -> Reason:
    with pytest.raises(Refused) as caught:
        await action
    return caught.value.reason


# --- asking -----------------------------------------------------------------------------------------


async def test_manager_and_deputy_hear_of_it_without_a_link(world: Vouching) -> None:
    """The mail says what to write to the bot; whoever asks never gets a mail of their own asking."""
    _, check = await world.asked()
    jobs = [job for job in await world.rows(Job, kind="notice") if job.body["what"] == "vouch_asked"]
    assert sorted(job.body["oid"] for job in jobs) == sorted([MANAGER, DEPUTY])
    assert world.address(check) not in str(jobs)
    assert check.handle_hash == hashed(world.address(check))


async def test_nobody_is_written_to_before_the_first_evidence(world: Vouching) -> None:
    """A stranger at a claimed page cannot have mail sent in somebody's name."""
    await world.case()
    page = await world.page()
    assert await refused(world.pages.ask_manager(page.handle, page.browser)) is Reason.PROOF_CLOSED
    assert await world.rows(Check) == []
    assert await world.rows(Job, kind="notice") == []


async def test_asking_twice_is_asking_once(world: Vouching) -> None:
    page, _ = await world.asked()
    await world.pages.ask_manager(page.handle, page.browser)
    assert len(await world.rows(Check, kind="manager")) == 1


async def test_a_manager_is_not_asked_all_day(world: Vouching) -> None:
    """Each asking is a mail; ended ones count too."""
    page, check = await world.asked()
    for n in range(MOST_ASKED):
        await world.store.transact(lambda work: work.put(replace(check, status="ended")))
        for old in await world.rows(Check, kind="manager", status="asked"):
            await world.store.transact(lambda work, row=old: work.put(replace(row, status="ended")))
        if n < MOST_ASKED - 1:
            await world.pages.ask_manager(page.handle, page.browser)
    assert await refused(world.pages.ask_manager(page.handle, page.browser)) is Reason.TOO_MANY


@pytest.mark.parametrize("why", ["none", "self", "disabled", "away"])
async def test_without_a_manager_who_could_vouch_the_way_is_closed(
    world: Vouching, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await world.proven_page()

    async def manager(oid: Oid) -> Any:
        if why == "away":
            raise TransientError("away")
        if why == "none":
            return None
        found = world.directory.people[SUBJECT if why == "self" else MANAGER]
        return replace(found, enabled=why != "disabled")

    monkeypatch.setattr(world.directory, "manager", manager)
    reason = await refused(world.pages.ask_manager(page.handle, page.browser))
    assert reason is (Reason.UNAVAILABLE if why == "away" else Reason.PROOF_CLOSED)


# --- the good way -----------------------------------------------------------------------------------


@pytest.mark.parametrize("oid", [MANAGER, DEPUTY])
@pytest.mark.parametrize("how", list(VouchHow))
async def test_a_word_given_becomes_evidence_when_the_person_types_the_digits(
    world: Vouching, oid: str, how: VouchHow
) -> None:
    """Who, how and for which page are in the evidence; the manager's page says thank you."""
    page, check = await world.asked()
    digits = await world.vouch(check, oid, how.value)
    await page.digits(digits)
    (row,) = [e for e in await world.rows(Evidence) if e.kind == ProofKind.MANAGER]
    assert (row.by_oid, row.how["how"], row.subject_oid) == (oid, how.value, SUBJECT)
    view = await world.service.view(world.address(check), world.session(oid))
    assert (view.status, view.digits) == ("passed", None)


async def test_the_page_tells_who_asks_and_from_where(world: Vouching) -> None:
    _, check = await world.asked()
    view = await world.service.view(world.address(check), world.session())
    assert (view.name, view.seen.country, view.seen.present) == (SUBJECT, "DE", True)
    assert (view.status, view.barred) == ("asked", None)


async def test_digits_are_for_the_one_who_signed_and_for_a_minute(world: Vouching) -> None:
    """A deputy who looks over the shoulder of the mail sees none; nor does anybody later."""
    page, check = await world.asked()
    digits = await world.vouch(check)
    assert (await world.service.view(world.address(check), world.session(DEPUTY))).digits is None
    world.clock.go(seconds=61)
    await page.beat()
    assert (await world.service.view(world.address(check), world.session())).digits is None
    assert await refused(page.digits(digits)) is Reason.DIGITS_LATE
    assert await world.rows(Evidence, kind="manager") == []


async def test_new_digits_need_a_new_sign_in_and_end_the_old(world: Vouching) -> None:
    page, check = await world.asked()
    old = await world.vouch(check)
    new = await world.vouch(check)
    assert old != new
    assert await refused(page.digits(old)) is Reason.WRONG_CODE
    assert len([t for t in await world.tags() if t == Tag.VOUCH_SIGNED]) == 2


async def test_no_digits_are_stored_or_audited(world: Vouching) -> None:
    _, check = await world.asked()
    digits = await world.vouch(check)
    rows = [await world.rows(kind) for kind in (Check, AuditRow, Evidence, Case, Attempt)]
    assert digits not in str(rows)


# --- who may ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("oid", [STRANGER, SUBJECT + "x", ""])
async def test_nobody_else_sees_or_does_anything(world: Vouching, oid: str) -> None:
    """Neither the name of who asks, nor a way to stop their case."""
    _, check = await world.asked()
    address, session = world.address(check), world.session(oid)
    assert await refused(world.service.view(address, session)) is Reason.NOT_THE_MANAGER
    assert await refused(world.begin(check, oid)) is Reason.NOT_THE_MANAGER
    assert await refused(world.service.refuse(address, session)) is Reason.NOT_THE_MANAGER
    assert (await world.rows(Case))[0].status == "open"


async def test_a_deputy_cannot_vouch_for_themselves(world: Vouching) -> None:
    """The subject is a deputy of their own manager here: nothing comes of it."""
    _, check = await world.asked()
    await world.begin(check, SUBJECT)
    assert await refused(world.come_back(SUBJECT)) is Reason.SAME_HUMAN
    assert (
        await world.service.view(world.address(check), world.session(SUBJECT))
    ).barred is Reason.SAME_HUMAN


async def test_another_account_of_the_same_human_cannot_vouch(world: Vouching) -> None:
    _, check = await world.asked()
    world.service._bars._humans = Humans.of([[SUBJECT, MANAGER]], by_employee_id=False)
    await world.begin(check)
    assert await refused(world.come_back()) is Reason.SAME_HUMAN


async def test_somebody_who_is_no_deputy_any_more_cannot_finish(world: Vouching) -> None:
    _, check = await world.asked()
    await world.begin(check, DEPUTY)
    world.service._deputies = {}
    assert await refused(world.come_back(DEPUTY)) is Reason.NOT_THE_MANAGER


@pytest.mark.parametrize("handle", ["", "x" * 43, "../me"])
async def test_a_handle_that_fits_nothing_is_no_page(world: Vouching, handle: str) -> None:
    await world.asked()
    assert not await world.service.exists(handle)
    assert await refused(world.service.view(handle, world.session())) is Reason.UNKNOWN_CASE


async def test_a_live_check_is_no_voucher(world: Vouching) -> None:
    """Its row has a handle hash, too; the page must not open for it."""
    await world.proven_page()
    (check,) = await world.rows(Check, kind="live_check")
    handle = world.keys.handle("voucher", check.id)
    await world.store.transact(lambda work: work.put(replace(check, handle_hash=hashed(handle))))
    assert not await world.service.exists(handle)
    assert await refused(world.service.view(handle, world.session())) is Reason.UNKNOWN_CASE


# --- barred -----------------------------------------------------------------------------------------


async def barred(world: Vouching, check: Check) -> Reason | None:
    """Why the word does not count, which page and signature must agree on."""
    before = await world.row(Check, check.id)
    world.clock.go(seconds=1)
    shown = (await world.service.view(world.address(check), world.session())).barred
    await world.begin(check)
    if shown is None:
        await world.come_back()
    else:
        assert await refused(world.come_back()) is shown
        assert (await world.row(Check, check.id)).by_auth_time == before.by_auth_time
    return shown


@pytest.mark.parametrize(
    ("days", "kind", "reason"),
    [
        (13, "fido2", Reason.RECENT_RECOVERY),
        (15, "fido2", None),
        (0, "phone", Reason.RECENT_RECOVERY),
        (0, "temporaryAccessPass", None),
    ],
)
async def test_a_method_added_within_fourteen_days_bars(
    world: Vouching, days: int, kind: str, reason: Reason | None
) -> None:
    """Whoever added it may not be the manager."""
    _, check = await world.asked()
    new = Method("new", kind, "New", world.clock.now() - timedelta(days=days))
    world.directory.owned[MANAGER] += (new,)
    assert await barred(world, check) is reason


async def test_graphs_date_goes_before_the_baseline(world: Vouching) -> None:
    """Seen on the day of installation is old enough only where Graph does not know better."""
    _, check = await world.asked()
    await world.installed(days_ago=0)
    dated = Method("new", "fido2", "New", world.clock.now() - timedelta(days=1))
    world.directory.owned[MANAGER] = (Method("old", "phone", "+49", None),)
    assert await barred(world, check) is None
    world.directory.owned[MANAGER] += (dated,)
    assert await barred(world, check) is Reason.RECENT_RECOVERY


async def test_whoever_lends_the_browser_does_not_vouch_as_well(world: Vouching) -> None:
    """One human would be alone with the page and with the word that it is the right person."""
    _, check = await world.asked()
    page = await world.attempt()
    assert await barred(world, check) is None
    await world.store.transact(lambda work: work.put(replace(page, helper_oid=MANAGER)))
    assert await barred(world, check) is Reason.WAS_HELPER
    await world.store.transact(lambda work: work.put(replace(page, helper_oid="oid-gone")))
    assert await barred(world, check) is Reason.FACTS_UNREADABLE


async def test_a_method_without_a_date_is_young_from_its_first_sighting(world: Vouching) -> None:
    """And grows old: the sighting is written down."""
    _, check = await world.asked()
    world.directory.owned[MANAGER] = (Method("undated", "phone", "+49", None),)
    at = world.clock.now()
    assert (await world.service.view(world.address(check), world.session())).barred is Reason.RECENT_RECOVERY
    world.clock.go(days=14)
    subject = world.directory.people[SUBJECT]
    page = await world.attempt()
    assert await world.service._bars.reason(MANAGER, subject, page, world.clock.now()) is None
    assert world.clock.now() - at == timedelta(days=14)


@pytest.mark.parametrize(
    ("status", "proven", "reason"),
    [
        ("open", True, Reason.RECENT_RECOVERY),
        ("with_person", True, Reason.RECENT_RECOVERY),
        ("frozen", True, Reason.RECENT_RECOVERY),
        ("open", False, None),
        ("ended", True, None),
    ],
)
async def test_an_own_proven_open_case_bars(
    world: Vouching, status: str, proven: bool, reason: Reason | None
) -> None:
    """Somebody who is just getting back in vouches for nobody. A case without evidence bars nobody: any
    stranger could open one in a manager's name."""
    _, check = await world.asked()
    proven_at = world.clock.now() if proven else None
    await world.case("case-2", "555555", subject_oid=MANAGER, status=status, proven_at=proven_at)
    assert await barred(world, check) is reason


@pytest.mark.parametrize(("hours", "reason"), [(23, Reason.RECENT_RECOVERY), (25, None)])
async def test_an_own_recovery_within_a_day_bars(world: Vouching, hours: int, reason: Reason | None) -> None:
    _, check = await world.asked()
    at = world.clock.now() - timedelta(hours=hours)
    execution = Execution("x", "r", "c", MANAGER, "oid-agent", "closed", at, at, "done")
    await world.store.transact(lambda work: work.add(execution))
    assert await barred(world, check) is reason


@pytest.mark.parametrize("how", ["unreadable", "disabled", "unknown"])
async def test_facts_that_cannot_be_read_bar(
    world: Vouching, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unreadable means no."""
    _, check = await world.asked()

    async def away(oid: Oid) -> Any:
        raise TransientError("away")

    if how == "unreadable":
        monkeypatch.setattr(world.directory, "methods", away)
    elif how == "disabled":
        world.directory.people[MANAGER] = replace(world.directory.people[MANAGER], enabled=False)
    else:
        del world.directory.people[MANAGER]
    assert await barred(world, check) is Reason.FACTS_UNREADABLE


# --- what the sign-in attests -----------------------------------------------------------------------


async def test_the_sign_in_is_bound_to_the_manager_and_the_digest(world: Vouching) -> None:
    _, check = await world.asked()
    await world.begin(check)
    ask = world.sign_ins.asks[-1]
    assert (ask.purpose, ask.expected_oid, ask.browser_hash) == (Purpose.VOUCH, MANAGER, "manager-browser")
    assert len(ask.digest) == 43


@pytest.mark.parametrize("change", ["key", "how", "subject", "by"])
async def test_a_changed_digest_is_refused(world: Vouching, change: str) -> None:
    """Another page key, another way, another subject, another signer: none was signed for."""
    _, check = await world.asked()
    await world.begin(check)
    ask = world.sign_ins.asks[-1]
    signer = MANAGER
    match change:
        case "key":
            attempt = await world.attempt()
            await world.store.transact(lambda work: work.put(replace(attempt, thumbprint="other")))
        case "how":
            world.sign_ins.asks[-1] = replace(ask, payload={"how": VouchHow.VIDEO_CALL.value})
        case "subject":
            case = (await world.rows(Case))[0]
            await world.store.transact(lambda work: work.put(replace(case, subject_oid=STRANGER)))
        case _:
            signer = DEPUTY
    assert await refused(world.come_back(signer)) is Reason.EVIDENCE_CHANGED
    assert (await world.row(Check, check.id)).digits_mac == ""


@pytest.mark.parametrize("how", ["", "voice", "IN_PERSON"])
async def test_how_is_a_closed_list(world: Vouching, how: str) -> None:
    """ "I recognised the voice" is no way."""
    _, check = await world.asked()
    assert await refused(world.begin(check, how=how)) is Reason.BAD_FORM


async def test_an_absent_page_cannot_be_vouched_for(world: Vouching) -> None:
    """The digits go into that page; if nobody holds it open, nobody is being helped."""
    page, check = await world.asked()
    world.clock.go(minutes=2)
    assert await refused(world.begin(check)) is Reason.PAGE_ABSENT
    await page.beat()
    await world.begin(check)


@pytest.mark.parametrize("what", ["case", "attempt"])
async def test_nothing_is_signed_for_a_case_or_page_that_is_over(world: Vouching, what: str) -> None:
    """Neither begun nor, when it ended meanwhile, finished; the page says that it is over."""
    _, check = await world.asked()
    await world.begin(check)
    row: Any = (await world.rows(Case))[0] if what == "case" else await world.attempt()
    await world.store.transact(lambda work: work.put(replace(row, status="ended")))
    reason = Reason.CASE_ENDED if what == "case" else Reason.ATTEMPT_ENDED
    assert await refused(world.come_back()) is reason
    assert await refused(world.begin(check)) is reason
    view = await world.service.view(world.address(check), world.session())
    assert (view.status, view.digits) == ("ended", None)


# --- "I do not know of this" ------------------------------------------------------------------------


async def test_refusing_freezes_the_case_and_alerts(world: Vouching) -> None:
    """What passed in that page is void, the page is shut, and the manager is thanked."""
    page, check = await world.asked()
    await world.service.refuse(world.address(check), world.session())
    assert (await world.rows(Case))[0].status == "frozen"
    assert (await world.attempt()).status == "frozen"
    assert all(row.voided_at for row in await world.rows(Evidence))
    assert len(await world.rows(Job, kind="alert")) == 1
    assert Tag.VOUCH_REFUSED.value in await world.tags()
    view = await world.service.view(world.address(check), world.session())
    assert view.status == "failed"
    assert await refused(world.begin(check)) is Reason.ATTEMPT_ENDED
    assert await refused(world.service.refuse(world.address(check), world.session())) is Reason.ATTEMPT_ENDED
    assert await refused(page.digits("123456")) is Reason.CASE_FROZEN


async def test_refusing_after_signing_takes_the_digits_away(world: Vouching) -> None:
    page, check = await world.asked()
    digits = await world.vouch(check)
    await world.service.refuse(world.address(check), world.session())
    assert (await world.service.view(world.address(check), world.session())).digits is None
    assert await refused(page.digits(digits)) is Reason.CASE_FROZEN


async def test_refusing_for_an_ended_case_leaves_it_ended(world: Vouching) -> None:
    """Security still hears of it; the person's chat stays free for the next one."""
    _, check = await world.asked()
    case = (await world.rows(Case))[0]
    await world.store.transact(lambda work: work.put(replace(case, status="ended")))
    await world.service.refuse(world.address(check), world.session())
    assert (await world.rows(Case))[0].status == "ended"
    assert len(await world.rows(Job, kind="alert")) == 1


# --- in chat ----------------------------------------------------------------------------------------


async def test_confirming_finds_the_open_voucher_for_those_who_may(world: Vouching) -> None:
    _, check = await world.asked()
    number = (await world.rows(Case))[0].number
    assert await world.service.asked_of(MANAGER, number) == check.id
    assert await world.service.asked_of(DEPUTY, number) == check.id
    assert await world.service.asked_of(STRANGER, number) is None
    assert await world.service.asked_of("", number) is None
    assert await world.service.asked_of(MANAGER, "000000") is None
    await world.store.transact(lambda work: work.put(replace(check, status="passed")))
    assert await world.service.asked_of(MANAGER, number) is None
