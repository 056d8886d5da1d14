"""Chat accounts: who is served, what is believed of them, and what never is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core.audit import Tag
from bot.core.facts import Person
from bot.core.model import Oid, Place
from bot.core.records import AuditRow, ChatAccount, ChatLink, EventRow, Job
from bot.errors import TransientError
from bot.ports.identity import Account, Standing
from bot.ports.store import Store
from bot.service.identity import DOUBTED, FRESH, IdentityService
from bot.service.keys import Keys
from tests.fakes.clock import FakeClock, FakeEntropy

AMARA = "0a0a0a0a-0000-4000-8000-000000000001"
OTHER = "0a0a0a0a-0000-4000-8000-000000000002"
MAIL = "amara@keyturn.example"
HOME = Place("slack", "T1", "U1")


class Folks:
    """A directory of a few people; unreachable on demand."""

    def __init__(self, **people: Person) -> None:
        self.people = {one.oid: one for one in people.values()}
        self.away = False
        self.asked: list[str] = []

    async def person(self, oid: Oid) -> Person | None:
        self._reach(oid)
        return self.people.get(oid)

    async def find(self, address: str) -> Person | None:
        self._reach(address)
        return next((one for one in self.people.values() if one.mail == address), None)

    def _reach(self, what: str) -> None:
        self.asked.append(what)
        if self.away:
            raise TransientError("graph is away")


def somebody(oid: str, mail: str = "", **changes: Any) -> Person:
    made = Person(
        Oid(oid), mail, "Amara Okafor", mail, "", "", "", "en", True, False, False, False, False, None,
        "", "",
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def folks() -> Folks:
    return Folks(amara=somebody(AMARA, MAIL))


@pytest.fixture
def keys() -> Keys:
    return Keys(b"k" * 32, b"p" * 32)


@pytest.fixture
def identity(
    store: Store, folks: Folks, keys: Keys, clock: FakeClock, entropy: FakeEntropy
) -> IdentityService:
    return IdentityService(store, folks, keys, clock, entropy, locales=("en", "de"))  # type: ignore[arg-type]


def account(**changes: Any) -> Account:
    return replace(Account("slack", "T1", "U1", Standing.MEMBER, "de-AT", MAIL), **changes)


async def link(store: Store, keys: Keys, clock: FakeClock, to: str = AMARA, /, **changes: Any) -> ChatLink:
    made = ChatLink("slack:T1:U1", "slack", "T1", "U1", to, clock.now(), "")
    made = replace(replace(made, mac=keys.row_mac(made)), **changes)
    await store.transact(lambda work: work.save(made))
    return made


async def rows(store: Store, row: type[Any], /, **where: Any) -> list[Any]:
    return await store.read(lambda work: work.find(row, **where))


# --- what is believed -------------------------------------------------------------------------------


async def test_nobody_knows_an_account_that_was_never_met(identity: IdentityService) -> None:
    """The platform is asked first; nobody is served on a guess."""
    assert await identity.claim("slack", "T1", "U1") is None


async def test_a_confirmed_address_is_a_hint_and_not_a_link(identity: IdentityService) -> None:
    """It says who somebody is likely to be; addresses can be changed by people who are not."""
    claim = await identity.met(account())
    assert (claim.standing, claim.oid, claim.linked, claim.locale) == (Standing.MEMBER, AMARA, False, "de")
    assert await identity.claim("slack", "T1", "U1") == claim


async def test_an_address_that_was_not_confirmed_says_nothing(
    identity: IdentityService, folks: Folks
) -> None:
    claim = await identity.met(account(mail=""))
    assert (claim.oid, folks.asked) == ("", [])


async def test_an_address_is_looked_up_once_and_the_first_stays(
    identity: IdentityService, folks: Folks, clock: FakeClock
) -> None:
    """Who changes their address to a colleague's later on is still taken for themselves."""
    folks.people[Oid(OTHER)] = somebody(OTHER, "boss@keyturn.example")
    await identity.met(account())
    clock.go(hours=2)
    claim = await identity.met(account(mail="boss@keyturn.example"))
    assert claim.oid == AMARA
    assert folks.asked == [MAIL]


async def test_the_address_is_not_kept(identity: IdentityService, store: Store) -> None:
    await identity.met(account())
    (row,) = await rows(store, ChatAccount)
    assert MAIL not in str(row)


async def test_a_directory_that_is_away_only_means_no_hint(identity: IdentityService, folks: Folks) -> None:
    """A locked-out person is the normal case; help does not wait for a guess of ours."""
    folks.away = True
    claim = await identity.met(account())
    assert (claim.standing, claim.oid) == (Standing.MEMBER, "")


async def test_standing_is_asked_again_after_an_hour(identity: IdentityService, clock: FakeClock) -> None:
    """Somebody deactivated meanwhile is not served for long."""
    await identity.met(account())
    clock.go(seconds=FRESH.total_seconds() - 1)
    assert await identity.claim("slack", "T1", "U1") is not None
    clock.go(seconds=1)
    assert await identity.claim("slack", "T1", "U1") is None


# --- links ------------------------------------------------------------------------------------------


async def test_a_link_counts_before_any_hint(
    identity: IdentityService, store: Store, keys: Keys, clock: FakeClock
) -> None:
    await identity.met(account())
    await link(store, keys, clock, OTHER)
    claim = await identity.claim("slack", "T1", "U1")
    assert claim is not None
    assert (claim.oid, claim.linked) == (OTHER, True)


@pytest.mark.parametrize("changed", [{"oid": OTHER}, {"mac": "x" * 43}, {"user": "U2"}, {"tenant": "T2"}])
async def test_a_link_that_was_changed_in_the_database_links_nobody(
    identity: IdentityService, store: Store, keys: Keys, clock: FakeClock, changed: dict[str, str]
) -> None:
    """It falls back to the hint, and security hears of it once."""
    await link(store, keys, clock, **changed)
    for _ in range(2):
        claim = await identity.met(account())
        assert (claim.oid, claim.linked) == (AMARA, False)
    (alert,) = await rows(store, Job, kind="alert")
    assert alert.body["what"] == "link_planted"


async def test_a_link_moved_to_another_account_links_nobody(
    identity: IdentityService, store: Store, keys: Keys, clock: FakeClock
) -> None:
    """A whole good row under another key is no good row."""
    good = await link(store, keys, clock, OTHER)
    await store.transact(lambda work: work.remove(ChatLink, good.id))
    await store.transact(lambda work: work.save(replace(good, id="slack:T1:U9")))
    claim = await identity.met(account(user="U9"))
    assert not claim.linked


# --- accounts named by their object id ----------------------------------------------------------------


def of_teams(oid: str = AMARA, **changes: Any) -> Account:
    return Account("teams", "tenant", oid, Standing.MEMBER, "en", "", **({"oid": oid} | changes))


async def test_an_account_named_by_its_object_id_counts_as_linked(identity: IdentityService) -> None:
    claim = await identity.met(of_teams())
    assert (claim.standing, claim.oid, claim.linked) == (Standing.MEMBER, AMARA, True)
    assert await identity.claim("teams", "tenant", AMARA) == claim


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({"guest": True}, Standing.GUEST),
        ({"external": True}, Standing.GUEST),
        ({"enabled": False}, Standing.GONE),
    ],
)
async def test_the_directory_says_whether_an_object_id_is_one_of_ours(
    identity: IdentityService, folks: Folks, changes: dict[str, bool], standing: Standing
) -> None:
    """Guests have an object id in our tenant, and pass every check of the tenant."""
    folks.people[Oid(AMARA)] = somebody(AMARA, MAIL, **changes)
    assert (await identity.met(of_teams())).standing is standing


async def test_an_object_id_that_the_directory_does_not_know_is_of_elsewhere(
    identity: IdentityService,
) -> None:
    assert (await identity.met(of_teams(OTHER))).standing is Standing.EXTERNAL


async def test_an_unreachable_directory_means_no_and_is_asked_again_soon(
    identity: IdentityService, folks: Folks, clock: FakeClock
) -> None:
    """Unknown is no; but an outage of a minute must not cost a person an hour."""
    folks.away = True
    assert (await identity.met(of_teams())).standing is Standing.UNKNOWN
    clock.go(seconds=DOUBTED.total_seconds())
    assert await identity.claim("teams", "tenant", AMARA) is None


async def test_an_object_id_in_the_row_links_nobody_else(
    identity: IdentityService, store: Store, clock: FakeClock
) -> None:
    """Rows of accounts carry no seal, so none of them may say more than a hint."""
    row = ChatAccount("slack:T1:U1", "slack", "T1", "U1", "member", OTHER, "en", clock.now())
    await store.transact(lambda work: work.save(row))
    claim = await identity.claim("slack", "T1", "U1")
    assert claim is not None
    assert not claim.linked


# --- turning away -----------------------------------------------------------------------------------


@pytest.mark.parametrize("standing", [Standing.GUEST, Standing.EXTERNAL])
async def test_who_is_not_a_colleague_hears_it_once_a_day(
    identity: IdentityService, store: Store, clock: FakeClock, standing: Standing
) -> None:
    stranger = account(standing=standing, locale="de")
    for n in range(3):
        await identity.turn_away(HOME, stranger, dedupe_key=f"e{n}")
    (job,) = await rows(store, Job, kind="say")
    assert (job.body["effect"]["key"], job.body["locale"]) == ("colleagues_only", "de")
    clock.go(days=1)
    await identity.turn_away(HOME, stranger, dedupe_key="e9")
    assert len(await rows(store, Job, kind="say")) == 2


@pytest.mark.parametrize("standing", [Standing.BOT, Standing.GONE])
async def test_nothing_is_said_to_bots_and_to_accounts_that_are_gone(
    identity: IdentityService, store: Store, standing: Standing
) -> None:
    """Two bots would talk for ever. It is in the audit log all the same."""
    await identity.turn_away(HOME, account(standing=standing), dedupe_key="e1")
    assert await rows(store, Job) == []
    (row,) = await rows(store, AuditRow)
    assert (row.tag, row.body["standing"]) == (Tag.ACCOUNT_REFUSED.value, standing.value)


async def test_a_doubt_is_not_called_a_stranger(identity: IdentityService, store: Store) -> None:
    """A colleague met while the directory is away is asked to come back, not sent away for good."""
    await identity.turn_away(HOME, account(standing=Standing.UNKNOWN), dedupe_key="e1")
    (job,) = await rows(store, Job, kind="say")
    assert job.body["effect"]["key"] == "who_unknown"


async def test_the_same_delivery_is_refused_and_noted_once(identity: IdentityService, store: Store) -> None:
    for _ in range(3):
        await identity.turn_away(HOME, account(standing=Standing.GUEST), dedupe_key="e1")
    assert len(await rows(store, AuditRow)) == len(await rows(store, EventRow)) == 1


async def test_an_account_that_keeps_trying_does_not_fill_the_log(
    identity: IdentityService, store: Store
) -> None:
    for n in range(40):
        await identity.turn_away(HOME, account(standing=Standing.GUEST), dedupe_key=f"e{n}")
    assert len(await rows(store, AuditRow)) == 20
