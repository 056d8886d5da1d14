"""Objections: who has a notice's code stops that case, at once, and nothing else."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.core import objection_code
from bot.core.audit import Tag
from bot.core.facts import Person
from bot.core.model import Reason, Visitor
from bot.core.records import (
    Address,
    Attempt,
    AuditRow,
    Case,
    ChatLink,
    Evidence,
    Handover,
    Job,
    NoticeCode,
    Objection,
    RememberedBrowser,
    Request,
    SavedCode,
    Takeback,
    Withdrawal,
)
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.store import Store, UnitOfWork
from bot.service.addresses import AddressBook
from bot.service.alerts import Alerts, Pager
from bot.service.contacts import ContactBook
from bot.service.enrolment_stops import stoppers, ways
from bot.service.issued_codes import IssuedBook
from bot.service.link_changes import LinkChanges
from bot.service.my_addresses import MyAddresses
from bot.service.my_browsers import MyBrowsers
from bot.service.my_contacts import MyContacts
from bot.service.notice_codes import LIVES, NoticeCodes
from bot.service.notices import Notices, notice_job
from bot.service.objections import WRONG_NETWORK, WRONG_NUMBER, ObjectionService
from bot.service.remembered import signed
from bot.service.word_files import WordFiles
from bot.service.words import Desk, WordService
from tests.core.deciding import CHECKER, SUBJECT
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.web.house import ROOT

VISITOR = Visitor("203.0.113.0/24", "DE", "Firefox")
ELSEWHERE = Visitor("198.51.100.0/24", "FR", "Safari")
CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}\b")
WORDS = WordService(WordFiles.of_folder(ROOT / "templates"), desk=Desk("+49 30 1", "Mon"), links={})


class Post:
    """A post office that keeps letters by key, and may refuse an address."""

    def __init__(self) -> None:
        self.letters: dict[str, tuple[str, str, str]] = {}
        self.fails: dict[str, Exception] = {}

    async def send(self, to: str, subject: str, text: str, *, key: str, locale: str = "") -> None:
        if to in self.fails:
            raise self.fails[to]
        self.letters.setdefault(key, (to, subject, text))

    def code(self, to: str = "", what: str = "") -> tuple[str, str]:
        """Number and code of the newest letter to *to* whose key holds *what*."""
        for key, (reader, _, text) in reversed(self.letters.items()):
            if to in reader and what in key and (found := CODE.search(text)):
                number = re.search(r"umber: (\d+)\n", text)
                assert number is not None
                return number[1], found[0]
        raise AssertionError("no letter with a code")


@dataclass
class Yard:
    """A decided world with a post office and a stop page."""

    world: World
    post: Post
    notices: Notices
    alerts: Alerts
    objections: ObjectionService
    links: LinkChanges

    async def deliver(self) -> None:
        """Carry out the waiting notices and alerts, as the outbox would."""
        for kind, handle in (("notice", self.notices.handle), ("alert", self.alerts.handle)):
            for job in await self.world.jobs(kind):
                if job.status == "waiting":
                    await handle(job)
                    await self.world.change(Job, job.key, status="done")

    async def tell(self, *jobs: Job) -> None:
        await self.world.rows.transact(lambda work: work.enqueue(jobs))
        await self.deliver()

    async def object(self, number: str, code: str, visitor: Visitor = VISITOR) -> str:
        return (await self.objections.object(number, code, visitor)).result

    async def refused(self, number: str, code: str, visitor: Visitor = VISITOR) -> Reason:
        with pytest.raises(Refused) as caught:
            await self.objections.object(number, code, visitor)
        return caught.value.reason

    async def whats(self) -> list[str]:
        return [str(j.body["what"]) for j in await self.world.jobs("alert")]

    async def status(self) -> str:
        return (await self.world.all(Case))[0].status


@pytest.fixture
async def yard(store: Store, clock: FakeClock, entropy: FakeEntropy) -> Yard:
    world, post = World(store, clock, entropy), Post()
    person = world.tenant.accounts[SUBJECT].person
    assert isinstance(person, Person)
    world.tenant.accounts[SUBJECT] = replace(
        world.tenant.accounts[SUBJECT],
        person=replace(person, mail="amara@keyturn.example", other_mails=("amara@private.example",)),
    )
    await world.case()
    codes = NoticeCodes(store, clock, entropy, world.keys)
    links = LinkChanges(world.keys, entropy, world.stops)
    notices = Notices(
        store, world.tenant, WORDS, post, clock, entropy, codes, host="keyturn.example", phone="+49 30 1"
    )
    return Yard(
        world, post, notices, Alerts(store, clock, entropy),
        ObjectionService(store, clock, entropy, codes, world.stops, stoppers(world.keys, links)), links,
    )  # fmt: skip


async def started(yard: Yard) -> tuple[str, str]:
    """The first evidence was told of; number and code from the private mailbox."""
    case = (await yard.world.all(Case))[0]
    await yard.tell(notice_job("started/case", "help_started", oid=SUBJECT, at=case.opened_at, case=case))
    return yard.post.code("private")


# --- the code ---------------------------------------------------------------------------------------


async def test_every_address_gets_a_code_of_its_own_and_a_repeat_the_same(yard: Yard) -> None:
    """So that a letter that came twice does not hold two truths."""
    number, code = await started(yard)
    other = yard.post.code("keyturn")
    assert number == other[0] == "471123"
    assert code != other[1]
    before = dict(yard.post.letters)
    yard.post.letters.clear()
    (job,) = await yard.world.jobs("notice")
    await yard.notices.handle(job)
    assert yard.post.letters == before


async def test_a_code_that_one_mailbox_put_off_comes_later_and_is_the_same(yard: Yard) -> None:
    """What the first letter said still holds when the second is tried again."""
    yard.post.fails["amara@private.example"] = TransientError("later")
    with pytest.raises(TransientError):
        await started(yard)
    (row,) = [r for r in await yard.world.all(NoticeCode) if "private" not in r.id][:1]
    yard.post.fails.clear()
    (job,) = await yard.world.jobs("notice")
    await yard.notices.handle(job)
    number, code = yard.post.code("private")
    assert row.number == number
    assert await yard.object(number, code) == "frozen"


async def test_the_code_is_in_the_letter_and_nowhere_else(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    """Canary: not in rows, audit or log, neither after sending nor after use."""
    with caplog.at_level(logging.DEBUG):
        number, code = await started(yard)
        wrong = await yard.refused(number, "ABCD-EFGH-JKMN")
        await yard.object(number, code)
        await yard.deliver()
    kept = await yard.world.everything() + caplog.text
    assert wrong is Reason.WRONG_CODE
    for form in (code, code.replace("-", ""), code.lower()):
        assert form not in kept


async def test_a_row_that_somebody_wrote_or_changed_has_no_code(yard: Yard) -> None:
    """Who writes the database can neither make a code nor point one at another case."""
    number, code = await started(yard)
    rows = await yard.world.all(NoticeCode)
    for row in rows:
        await yard.world.change(NoticeCode, row.id, case_id="other", stops="codes:x")
    assert await yard.refused(number, code) is Reason.WRONG_CODE
    assert await yard.status() == "open"


async def test_codes_are_read_as_people_type_them(yard: Yard) -> None:
    """Without dashes, in small letters, with O for 0 and I for 1."""
    number, code = await started(yard)
    typed = code.replace("-", " ").lower().replace("0", "o").replace("1", "l")
    assert await yard.object(f" {number[:3]} {number[3:]} ", typed) == "frozen"


def test_a_single_wrong_sign_is_no_code_at_all() -> None:
    """The check sign finds it before a try is spent on it."""
    code = objection_code.code_of(bytes(range(1, 9)))
    assert objection_code.plain(objection_code.grouped(code)) == code
    assert len(objection_code.grouped(code)) == 14
    for place, sign in enumerate(code):
        for other in objection_code.ALPHABET:
            if other != sign:
                assert not objection_code.plain(code[:place] + other + code[place + 1 :])


# --- what it does -----------------------------------------------------------------------------------


async def test_an_objection_freezes_the_case_in_its_own_transaction(yard: Yard) -> None:
    """No timer, no queue: when the page answers, the request is over, what passed is void, and the next
    approval finds nothing to sign."""
    await yard.world.ask()
    number, code = await started(yard)
    assert await yard.object(number, code) == "frozen"
    assert await yard.status() == "frozen"
    assert {r.void_reason for r in await yard.world.all(Evidence)} == {"objection"}
    assert [a.status for a in await yard.world.all(Attempt)] == ["frozen"]
    assert [r.status for r in await yard.world.all(Request)] == ["ended"]
    with pytest.raises(Refused):
        await yard.world.draft()
    (row,) = await yard.world.all(Objection)
    assert (row.result, row.subject_oid) == ("frozen", SUBJECT)


async def test_a_pass_on_its_way_is_gone_from_the_page_and_to_be_taken_back(yard: Yard) -> None:
    """The ciphertext is destroyed, and agents have it on the desk and on the stop page."""
    await yard.world.ask()
    await yard.world.approve()
    number, code = await started(yard)
    await yard.object(number, code)
    (handover,) = await yard.world.all(Handover)
    assert (handover.status, handover.sealed) == ("destroyed", "")
    assert [w.why for w in await yard.world.all(Withdrawal)] == ["objection"]
    assert [(t.case_id, t.status) for t in await yard.world.all(Takeback)] == [("case", "open")]


async def test_a_pass_being_made_meanwhile_is_taken_back_by_its_own_approval(yard: Yard) -> None:
    """The objection comes between intent and result: nothing is sealed, the pass is deleted."""
    await yard.world.ask()
    number, code = await started(yard)
    await yard.world.draft()
    real = yard.world.tenant.issue_pass

    async def slow(*args: Any, **kwargs: Any) -> Any:
        made = await real(*args, **kwargs)
        await yard.object(number, code)
        return made

    yard.world.tenant.issue_pass = slow  # type: ignore[method-assign]
    await yard.world.sign()
    assert await yard.world.all(Handover) == []
    assert yard.world.tenant.passes == {}


async def test_the_persons_next_case_and_other_enrolments_are_untouched(yard: Yard) -> None:
    """Whoever objects wrongly costs one case, no more."""
    number, code = await started(yard)
    case = (await yard.world.all(Case))[0]
    await yard.world.change(Case, "case", status="ended")
    saved = SavedCode("s1", "set", SUBJECT, "v", case.opened_at, case.opened_at, "good", None, "")
    later = replace(case, id="next", number="555001", handle_hash="h2", status="open")

    def more(work: UnitOfWork) -> None:
        work.add(later)
        work.add(saved)

    await yard.world.rows.transact(more)
    await yard.object(number, code)
    found = {c.id: c.status for c in await yard.world.all(Case)}
    assert found == {"case": "ended", "next": "open"}
    assert [s.status for s in await yard.world.all(SavedCode)] == ["good"]


async def seen_at_the_counter(yard: Yard) -> None:
    (row,) = [r for r in await yard.world.all(Evidence) if r.kind == "live_check"]
    row = replace(row, how={"how": "counter"}, by_oid=CHECKER)
    await yard.world.change(Evidence, row.id, how=row.how, mac=yard.world.keys.row_mac(row))


async def test_a_case_seen_at_the_counter_goes_on_and_security_looks(yard: Yard) -> None:
    """A thief of the mailbox must not be able to stop somebody who stands before us."""
    await seen_at_the_counter(yard)
    number, code = await started(yard)
    assert await yard.object(number, code) == "counter"
    assert await yard.status() == "open"
    assert "counter_case" in await yard.whats()
    assert [r.voided_at for r in await yard.world.all(Evidence)] == [None, None]


async def test_a_counter_check_that_was_written_into_the_store_spares_nothing(yard: Yard) -> None:
    """Only evidence whose MAC fits is believed."""
    (row,) = [r for r in await yard.world.all(Evidence) if r.kind == "live_check"]
    await yard.world.change(Evidence, row.id, how={"how": "counter"})
    number, code = await started(yard)
    assert await yard.object(number, code) == "frozen"


async def test_security_hears_of_it_and_a_second_one_in_a_day_rings_the_person_on_call(yard: Yard) -> None:
    """The same code twice is one objection; another notice's is the second."""
    number, code = await started(yard)
    await yard.object(number, code)
    await yard.object(number, code)
    assert await yard.whats() == ["objection"]
    other, second = yard.post.code("keyturn")
    await yard.object(other, second)
    assert sorted(await yard.whats()) == ["objection", "objection", "on_call"]
    assert len(await yard.world.all(Objection)) == 2


async def test_after_a_day_an_objection_is_a_first_one_again(yard: Yard) -> None:
    number, code = await started(yard)
    await yard.object(number, code)
    yard.world.clock.go(hours=25)
    await yard.object(*yard.post.code("keyturn"))
    assert "on_call" not in await yard.whats()


async def test_a_case_that_is_over_stays_over_and_is_to_be_taken_back(yard: Yard) -> None:
    """The pass may have been used long ago: sessions are to be ended all the same."""
    number, code = await started(yard)
    await yard.world.change(Case, "case", status="ended")
    assert await yard.object(number, code) == "frozen"
    assert await yard.status() == "ended"
    assert [t.why for t in await yard.world.all(Takeback)] == ["objection"]


# --- wrong ones -------------------------------------------------------------------------------------


async def test_wrong_unknown_and_expired_are_told_apart_by_nobody(yard: Yard) -> None:
    """One answer, and nothing changes."""
    number, code = await started(yard)
    other = objection_code.code_of(b"another!")
    assert await yard.refused(number, other) is Reason.WRONG_CODE
    assert await yard.refused("999999", code) is Reason.WRONG_CODE
    assert await yard.refused("", code) is Reason.WRONG_CODE
    assert await yard.refused(number, "") is Reason.WRONG_CODE
    assert await yard.refused(number, code[:-1]) is Reason.WRONG_CODE
    yard.world.clock.go(seconds=LIVES.total_seconds())
    assert await yard.refused(number, code) is Reason.WRONG_CODE
    assert await yard.status() == "open"
    refused = await yard.world.all(AuditRow, tag=Tag.OBJECTION_REFUSED.value)
    assert len(refused) == 6


async def test_a_network_that_tries_too_often_is_told_so_and_a_right_code_still_works(yard: Yard) -> None:
    """A whole office is one network: nobody in it keeps the owner silent, or fills the log."""
    number, code = await started(yard)
    for _ in range(WRONG_NETWORK):
        assert await yard.refused(number, "x") is Reason.WRONG_CODE
    assert await yard.refused(number, "x") is Reason.TOO_MANY
    assert len(await yard.world.all(AuditRow, tag=Tag.OBJECTION_REFUSED.value)) == WRONG_NETWORK
    assert await yard.whats() == ["objection_guessed"]
    assert WRONG_NETWORK >= WRONG_NUMBER
    assert await yard.object(number, code) == "frozen"


async def test_other_networks_and_the_next_hour_are_told_what_is_wrong(yard: Yard) -> None:
    number, _ = await started(yard)
    for _ in range(WRONG_NETWORK):
        await yard.refused(number, "x")
    assert await yard.refused(number, "x", ELSEWHERE) is Reason.WRONG_CODE
    yard.world.clock.go(hours=1)
    assert await yard.refused(number, "x") is Reason.WRONG_CODE


# --- what was enrolled --------------------------------------------------------------------------------


async def enrol(yard: Yard, kind: str) -> tuple[str, str]:
    at, keys = yard.world.clock.now(), yard.world.keys
    if kind == "codes":
        row: Any = SavedCode("s1", "set2", SUBJECT, "v", at, at, "good", None, "")
        old = SavedCode("s0", "set1", SUBJECT, "v", at, at, "good", None, "")
        rows = [replace(one, mac=keys.row_mac(one)) for one in (row, old)]
        job = notice_job("codes/set2", "codes_made", oid=SUBJECT, at=at, stops="codes:set2")
    else:
        link = ChatLink("slack:T1:U1", "slack", "T1", "U1", SUBJECT, at, "")
        rows = [replace(link, mac=keys.row_mac(link))]
        job = notice_job("link/1/link_made", "link_made", oid=SUBJECT, at=at, stops=f"link:{link.id}",
                         account="Slack U1 (T1)")  # fmt: skip

    def fn(work: UnitOfWork) -> None:
        for one in rows:
            work.add(one)

    await yard.world.rows.transact(fn)
    await yard.tell(job)
    return yard.post.code("private")


async def test_an_objection_to_new_codes_revokes_that_set_alone(yard: Yard) -> None:
    """The notice has a number of its own; the older set counts on."""
    number, code = await enrol(yard, "codes")
    assert len(number) == 7
    assert await yard.object(number, code) == "stopped"
    rows = {s.set_id: s for s in await yard.world.all(SavedCode)}
    assert (rows["set2"].status, rows["set1"].status) == ("revoked", "good")
    assert yard.world.keys.row_mac_fits(rows["set2"])
    assert await yard.whats() == ["enrolment_objection"]
    assert await yard.status() == "open"


async def test_an_objection_to_a_link_takes_it_away(yard: Yard) -> None:
    number, code = await enrol(yard, "link")
    assert await yard.object(number, code) == "stopped"
    assert await yard.world.all(ChatLink) == []


async def test_what_is_gone_already_is_told_and_no_more(yard: Yard) -> None:
    number, code = await enrol(yard, "link")
    await yard.world.rows.transact(lambda work: work.remove(ChatLink, "slack:T1:U1"))
    assert await yard.object(number, code) == "told"


async def test_both_addresses_are_told_the_same_number_of_an_enrolment(yard: Yard) -> None:
    number, _ = await enrol(yard, "codes")
    assert yard.post.code("keyturn")[0] == number


async def test_a_notice_about_a_case_to_somebody_else_carries_no_code(yard: Yard) -> None:
    """A manager who knows of nothing has a page of their own, with a sign-in."""
    case = (await yard.world.all(Case))[0]
    told = notice_job("vouch/1", "vouch_asked", oid=CHECKER, at=case.opened_at, case=case)
    await yard.tell(told)
    assert all(not CODE.search(text) for _, _, text in yard.post.letters.values())
    assert await yard.world.all(NoticeCode) == []


@pytest.fixture
def enrolled(yard: Yard, store: Store, clock: FakeClock, entropy: FakeEntropy) -> AddressBook:
    """What people add on their own page, known to notices and objections."""
    keys, book = yard.world.keys, AddressBook(store, yard.world.keys, clock)
    addresses = MyAddresses(
        store, clock, entropy, yard.world.tenant, book, IssuedBook(keys, entropy), yard.world.stops
    )
    contacts = MyContacts(
        store, clock, entropy, yard.world.tenant, ContactBook(store, keys, clock), yard.world.law.humans,
        yard.world.stops,
    )  # fmt: skip
    yard.objections._stoppers = ways(addresses, MyBrowsers(store, clock, entropy, keys), contacts)
    yard.notices._enrolled = book.told
    return book


async def test_an_objection_to_an_address_takes_it_and_its_proofs_away(
    yard: Yard, enrolled: AddressBook
) -> None:
    """The notice reaches the new address as well; whoever objects from the old one is heard."""
    at, sealed = yard.world.clock.now(), enrolled.seal(SUBJECT, "thief@private.example")
    row = Address("a1", SUBJECT, "m", sealed, "good", True, at, at, None, 0, "")
    (proof, _) = await yard.world.all(Evidence)
    await yard.world.change(Evidence, proof.id, kind="issued_code", how={"address": "a1"})
    await yard.world.rows.transact(lambda work: enrolled.put(work, row))
    await yard.tell(
        notice_job("address/a1", "address_added", oid=SUBJECT, at=at, stops="address:a1", mask="t…f@p…")
    )
    assert len(yard.post.letters) == 3
    assert await yard.object(*yard.post.code("amara@private")) == "stopped"
    assert [a.status for a in await yard.world.all(Address)] == ["removed"]
    voided = [e for e in await yard.world.all(Evidence) if e.voided_at]
    assert [e.id for e in voided] == [proof.id]
    assert await yard.status() == "open"


async def test_an_objection_to_a_browser_forgets_it_also_where_it_is_at_work(
    yard: Yard, enrolled: AddressBook
) -> None:
    """Two codes are enough in a remembered browser; from now on it is none."""
    at, (attempt,) = yard.world.clock.now(), await yard.world.all(Attempt)
    await yard.world.change(Attempt, attempt.id, remembered=True)
    row = signed(yard.world.keys, RememberedBrowser("b1", SUBJECT, attempt.thumbprint, at, "", "Firefox", at))
    await yard.world.rows.transact(lambda work: work.add(row))
    await yard.tell(
        notice_job(
            "browser/b1", "browser_remembered", oid=SUBJECT, at=at, stops="browser:b1", device="Firefox"
        )
    )
    assert await yard.object(*yard.post.code("private")) == "stopped"
    assert await yard.world.all(RememberedBrowser) == []
    assert [a.remembered for a in await yard.world.all(Attempt)] == [False]


# --- who is paged -------------------------------------------------------------------------------------


async def test_alerts_reach_security_by_mail_and_on_call_when_it_cannot_wait(
    yard: Yard, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """Outside chat, with ids only: not who it is, nor what made us notice."""
    post = Post()
    pager = Pager(post, ("soc@keyturn.example",), ("pager@keyturn.example",), "en", "keyturn.example")
    yard.alerts = Alerts(yard.world.rows, clock, entropy, WORDS, pager)
    number, code = await started(yard)
    await yard.object(number, code)
    await yard.object(*yard.post.code("keyturn"))
    await yard.deliver()
    readers = sorted(to for to, _, _ in post.letters.values())
    assert readers == ["pager@keyturn.example", *["soc@keyturn.example"] * 3]
    for _, subject, text in post.letters.values():
        assert "471123" in subject
        assert "://" not in text
        assert not CODE.search(text)
        assert "amara" not in text.lower()


async def test_an_alert_is_raised_once_whatever_a_mailbox_does(
    yard: Yard, clock: FakeClock, entropy: FakeEntropy, caplog: pytest.LogCaptureFixture
) -> None:
    """A slow mailbox brings no second line to the pager; one that refuses is a dead letter for nobody
    else."""
    post, at = Post(), clock.now()
    pager = Pager(post, ("soc@keyturn.example", "second@keyturn.example"))
    alerts = Alerts(yard.world.rows, clock, entropy, WORDS, pager)
    job = Job("a1", "alert:case", "alert", {"what": "not_me"}, "case", at, at)
    await yard.world.rows.transact(lambda work: work.enqueue([job]))
    post.fails["soc@keyturn.example"] = TransientError("later")
    with caplog.at_level(logging.WARNING, logger="keyturn.alert"):
        with pytest.raises(TransientError):
            await alerts.handle(job)
        post.fails = {"soc@keyturn.example": PermanentError("no")}
        await alerts.handle((await yard.world.jobs("alert"))[0])
    assert caplog.text.count("alert not_me") == 1
    assert [to for to, _, _ in post.letters.values()] == ["second@keyturn.example"]
    assert len(await yard.world.all(AuditRow, tag=Tag.ALERT_RAISED.value)) == 1
