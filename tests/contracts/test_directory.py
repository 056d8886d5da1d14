"""The port `Directory`, through real msgraph-sdk against the sandbox's Graph. It fails closed."""

from __future__ import annotations

import pytest

from bot.adapters.graph.budget import Budget, Share
from bot.adapters.graph.client import GraphHttp
from bot.adapters.graph.directory import GraphDirectory
from bot.core.facts import AccountFacts, PassPolicy, Unreadable
from bot.core.model import Oid
from bot.errors import PermanentError, TransientError
from bot.ports.store import Store
from bot.sandbox.tokens import APP_ROLES
from tests.contracts.graphs import calls, fault
from tests.fakes.entra import Naps, Reader, directory_of
from tests.fakes.sandbox import Sandbox

EXCHANGE = "29232cdf-9323-42fd-ade2-1d097af3e4de"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"


@pytest.fixture
def directory(sandbox: Sandbox, graph: GraphHttp, store: Store) -> GraphDirectory:
    return directory_of(sandbox, graph, store)


def oid(sandbox: Sandbox, person: str) -> Oid:
    return Oid(sandbox.oid(person))


def group(sandbox: Sandbox, key: str) -> str:
    return next(one.id for who in sandbox.state.directory.all() for one in who.groups() if one.key == key)


async def facts(directory: GraphDirectory, sandbox: Sandbox, person: str) -> AccountFacts:
    return await directory.facts(oid(sandbox, person), groups=(group(sandbox, "agents"),))


# --- people -------------------------------------------------------------------------------------


async def test_a_person_is_found_by_either_address(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """By user principal name or mail, whatever the case of the letters, and no further."""
    for address in ("employee@keyturn.example", " EMPLOYEE@keyturn.example "):
        found = await directory.find(address)
        assert found is not None
        assert found.oid == sandbox.oid("employee")
    assert await directory.find("nobody@keyturn.example") is None


@pytest.mark.parametrize("address", ["", "employee", "x'y@keyturn.example", "a@b' or 'a' eq 'a", "a b@c"])
async def test_what_is_no_address_is_not_asked_for(
    directory: GraphDirectory, sandbox: Sandbox, address: str
) -> None:
    """A quotation mark in a filter is an injection."""
    assert await directory.find(address) is None
    assert calls(sandbox) == []


async def test_an_address_of_two_people_is_nobodys(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """One of the two would be the wrong one."""
    who = sandbox.state.directory.get("manager")
    assert who is not None
    who.user["mail"] = "employee@keyturn.example"
    sandbox.state.directory.save(who)
    assert await directory.find("employee@keyturn.example") is None


async def test_a_manager_and_a_photo_are_read(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """Or said to be absent."""
    above = await directory.manager(oid(sandbox, "employee"))
    assert above is not None
    assert above.oid == sandbox.oid("manager")
    assert await directory.manager(oid(sandbox, "break_glass")) is None
    photo = await directory.photo(oid(sandbox, "employee"))
    assert photo is not None
    assert photo[0] == "image/png"
    assert await directory.photo(oid(sandbox, "guest")) is None


async def test_an_account_that_does_not_exist_is_none(directory: GraphDirectory) -> None:
    """Not an error: accounts are deleted."""
    assert await directory.person(Oid("00000000-0000-0000-0000-000000000000")) is None


async def test_a_guest_from_outside_is_seen_as_such(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """No pass is ever made for one."""
    who = await directory.person(oid(sandbox, "guest"))
    assert who is not None
    assert who.external


# --- facts --------------------------------------------------------------------------------------


async def test_an_ordinary_person_is_read_whole(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """Nothing unreadable, no role, no group of ours, their methods without the password."""
    found = await facts(directory, sandbox, "employee")
    assert (found.roles.active, found.roles.eligible, found.roles.role_groups) == ((), (), ())
    assert found.groups == frozenset()
    assert not isinstance(found.methods, Unreadable)
    assert {m.type for m in found.methods} == {"phone", "microsoftAuthenticator"}
    assert found.live_pass is None
    assert found.read_at == sandbox.clock.now()


async def test_membership_counts_through_groups_in_groups(
    directory: GraphDirectory, sandbox: Sandbox
) -> None:
    """Jonas is an agent because his desk is."""
    assert (await facts(directory, sandbox, "agent")).groups == frozenset({group(sandbox, "agents")})


@pytest.mark.parametrize(("person", "roles"), [("global_admin", {GLOBAL}), ("break_glass", {GLOBAL})])
async def test_roles_are_found_directly_and_through_groups(
    directory: GraphDirectory, sandbox: Sandbox, person: str, roles: set[str]
) -> None:
    """Either way they make an account privileged."""
    found = (await facts(directory, sandbox, person)).roles
    assert not isinstance(found.active, Unreadable)
    assert {role.template_id for role in found.active} == roles


async def test_a_role_through_a_group_alone_is_found(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """The direct assignment is only one way."""
    who = sandbox.state.directory.get("global_admin")
    assert who is not None
    who.doc["roles"] = []
    sandbox.state.directory.save(who)
    found = (await facts(directory, sandbox, "global_admin")).roles
    assert not isinstance(found.active, Unreadable)
    assert {role.template_id for role in found.active} == {GLOBAL}


async def test_an_owner_of_a_role_assignable_group_is_seen(
    directory: GraphDirectory, sandbox: Sandbox
) -> None:
    """Who owns such a group can join it."""
    who = sandbox.state.directory.get("employee")
    assert who is not None
    who.doc["owns"] = ["tier0"]
    sandbox.state.directory.save(who)
    assert (await facts(directory, sandbox, "employee")).roles.role_groups == (group(sandbox, "tier0"),)


async def test_eligible_roles_are_read(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """A role that can be activated is a role."""
    found = (await facts(directory, sandbox, "eligible_admin")).roles
    assert not isinstance(found.eligible, Unreadable)
    assert [(role.template_id, role.eligible) for role in found.eligible] == [(EXCHANGE, True)]


async def test_a_missing_licence_is_told_from_a_missing_role(
    directory: GraphDirectory, sandbox: Sandbox
) -> None:
    """Only a written setting may take it for "nobody is eligible"."""
    sandbox.state.switches.set("licence", "P1")
    found = await facts(directory, sandbox, "eligible_admin")
    assert found.roles.eligible == Unreadable("unlicensed")
    assert found.roles.active == ()
    assert found.risk == Unreadable("unlicensed")


async def test_risk_is_read(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """Unknown to Identity Protection is no risk; any level is passed on."""
    who = sandbox.state.directory.get("employee")
    assert who is not None
    who.doc["risk"] = "high"
    sandbox.state.directory.save(who)
    found = await facts(directory, sandbox, "employee")
    assert not isinstance(found.risk, Unreadable)
    assert found.risk.level == "high"


@pytest.mark.parametrize(
    ("lost", "parts"),
    [
        ("User.Read.All", {"person"}),
        ("RoleManagement.Read.Directory", {"active"}),
        ("RoleEligibilitySchedule.Read.Directory", {"eligible"}),
        ("UserAuthenticationMethod.Read.All", {"methods", "live_pass"}),
        ("IdentityRiskyUser.Read.All", {"risk"}),
    ],
)
async def test_a_part_that_may_not_be_read_is_unreadable(
    sandbox: Sandbox, graph: GraphHttp, store: Store, lost: str, parts: set[str]
) -> None:
    """Never empty, never "no", and never an exception."""
    roles = [role for role in APP_ROLES["reader"] if role != lost]
    directory = directory_of(sandbox, graph, store, reader=Reader(sandbox, *roles))
    assert unreadable(await facts(directory, sandbox, "employee")) >= parts


@pytest.mark.parametrize(
    ("match", "parts"),
    [
        ("GET */users/????????-????-????-????-????????????", {"person"}),
        ("GET */transitiveMemberOf/*group", {"active", "eligible", "role_groups"}),
        ("GET */ownedObjects/*", {"active", "eligible", "role_groups"}),
        ("GET */roleAssignments", {"active"}),
        ("GET */roleEligibilityScheduleInstances", {"eligible"}),
        ("POST */checkMemberGroups", {"groups"}),
        ("GET */transitiveMemberOf/*administrativeUnit", {"units"}),
        ("GET */authentication/methods", {"methods", "live_pass"}),
        ("GET */riskyUsers/*", {"risk"}),
    ],
)
async def test_a_part_that_fails_for_good_is_unreadable(
    directory: GraphDirectory, sandbox: Sandbox, match: str, parts: set[str]
) -> None:
    """One broken list must not look like an empty one."""
    fault(sandbox, match, "html502", times=99)
    assert unreadable(await facts(directory, sandbox, "employee")) == parts


def unreadable(found: AccountFacts) -> set[str]:
    parts = {
        "person": found.person,
        "active": found.roles.active,
        "eligible": found.roles.eligible,
        "role_groups": found.roles.role_groups,
        "groups": found.groups,
        "units": found.units,
        "methods": found.methods,
        "live_pass": found.live_pass,
        "risk": found.risk,
    }
    return {name for name, part in parts.items() if isinstance(part, Unreadable)}


async def test_a_page_that_is_missing_makes_the_whole_list_unreadable(
    directory: GraphDirectory, sandbox: Sandbox
) -> None:
    """A role-assignable group may stand on the page that did not come."""
    sandbox.state.switches.set("page_size", 1)
    fault(sandbox, "GET */transitiveMemberOf/*group", "html502", call=2, times=99)
    found = await facts(directory, sandbox, "global_admin")
    assert isinstance(found.roles.active, Unreadable)


async def test_all_pages_are_read(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """The group that matters stands on the last."""
    sandbox.state.switches.set("page_size", 1)
    found = (await facts(directory, sandbox, "global_admin")).roles
    assert found.role_groups == (group(sandbox, "tier0"),)


async def test_methods_can_be_left_unread(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """An approver's methods are nobody's question, and cost the tightest budget."""
    found = await directory.facts(oid(sandbox, "agent"), groups=(), methods=False)
    assert isinstance(found.methods, Unreadable)
    assert calls(sandbox, "/authentication/") == []


# --- methods and passes -------------------------------------------------------------------------


async def test_a_live_pass_is_seen_alone_and_among_the_methods(
    directory: GraphDirectory, sandbox: Sandbox
) -> None:
    """With the methods it costs one request, not two."""
    made, _ = sandbox.state.methods.issue(
        "employee", starts_at=sandbox.clock.now(), minutes=60, once=True, length=8
    )
    alone = await directory.live_pass(oid(sandbox, "employee"))
    assert alone is not None
    assert (alone.id, alone.usable, alone.lifetime_minutes) == (made.id, True, 60)
    assert (await facts(directory, sandbox, "employee")).live_pass == alone
    assert len(calls(sandbox, "/authentication/")) == 2


async def test_an_expired_pass_does_not_live(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """Graph lists it all the same."""
    sandbox.state.methods.issue("employee", starts_at=sandbox.clock.now(), minutes=60, once=True, length=8)
    sandbox.clock.go(hours=2)
    assert await directory.live_pass(oid(sandbox, "employee")) is None


async def test_a_method_nobody_knows_is_shown_as_it_is(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """Microsoft adds types; a list must not break over one."""
    sandbox.state.methods.add("employee", "quantumKey", {"displayName": "From the future"})
    kinds = {(m.type, m.label) for m in await directory.methods(oid(sandbox, "employee"))}
    assert ("quantumKey", "From the future") in kinds


async def test_the_pass_policy_is_read_or_unreadable(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """It decides what may be promised."""
    found = await directory.pass_policy()
    assert found == PassPolicy(True, 60, 480, 60, False, ("all_users",), ())
    fault(sandbox, "GET */authenticationMethodConfigurations/*", "html502", times=99)
    assert isinstance(await directory.pass_policy(), Unreadable)


async def test_sign_ins_come_newest_first_or_unlicensed(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """They are for display; decisions never use them."""
    sandbox.state.journal.signed_in("employee", "Mail", "password", error=50053, country="DE")
    found = await directory.sign_ins(oid(sandbox, "employee"))
    assert not isinstance(found, Unreadable)
    assert (found[0]["error"], found[0]["country"], found[0]["app"]) == (50053, "DE", "Mail")
    sandbox.state.switches.set("licence", "free")
    assert await directory.sign_ins(oid(sandbox, "employee")) == Unreadable("unlicensed")


# --- trying again -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["throttle", "unavailable", "html502", "drop", "claims"])
async def test_a_read_is_tried_again(sandbox: Sandbox, graph: GraphHttp, store: Store, kind: str) -> None:
    """Reading twice does no harm."""
    naps = Naps()
    directory = directory_of(sandbox, graph, store, naps=naps)
    fault(sandbox, "GET */users/*", kind, times=1, retry_after=3)
    assert await directory.person(oid(sandbox, "employee")) is not None
    if kind in ("throttle", "unavailable"):
        assert naps.asked == [3]


async def test_trying_again_ends(directory: GraphDirectory, sandbox: Sandbox) -> None:
    """With an error that says it may pass, and how long to wait."""
    fault(sandbox, "GET */users/*", "throttle", times=99, retry_after=7)
    with pytest.raises(TransientError) as caught:
        await directory.person(oid(sandbox, "employee"))
    assert caught.value.retry_after == 7
    assert len(calls(sandbox)) == 4


async def test_a_token_that_is_no_longer_taken_is_renewed_once(
    sandbox: Sandbox, graph: GraphHttp, store: Store
) -> None:
    """And not for ever."""

    class Stale(Reader):
        async def token(self) -> str:
            return "stale"

    reader = Stale(sandbox)
    with pytest.raises(PermanentError) as caught:
        await directory_of(sandbox, graph, store, reader=reader).person(oid(sandbox, "employee"))
    assert caught.value.status == 401
    assert reader.renewed == 1
    assert len(calls(sandbox)) == 2


async def test_a_question_has_a_deadline(sandbox: Sandbox, graph: GraphHttp, store: Store) -> None:
    """A page must not hang because Graph does."""
    from bot.adapters.graph.asking import Asking

    directory = GraphDirectory(
        Asking(graph, Reader(sandbox), deadline=0.2), Budget(store, sandbox.clock), sandbox.clock
    )
    fault(sandbox, "GET */riskyUsers/*", "slow", seconds=0.4)
    found = await facts(directory, sandbox, "employee")
    assert found.risk == Unreadable("late")


# --- the budget ---------------------------------------------------------------------------------


async def test_six_questions_about_methods_need_two_windows(
    sandbox: Sandbox, graph: GraphHttp, store: Store
) -> None:
    """The tenant allows five in ten seconds; a decision waits for the next ten."""

    class Turning(Naps):
        async def __call__(self, seconds: float) -> None:
            await super().__call__(seconds)
            sandbox.clock.go(seconds=seconds)

    naps = Turning()
    directory = directory_of(sandbox, graph, store, naps=naps)
    for _ in range(6):
        await directory.methods(oid(sandbox, "employee"))
    assert naps.asked == [10.0]


async def test_watching_gets_two_of_the_five_and_does_not_wait(sandbox: Sandbox, store: Store) -> None:
    """A decision made meanwhile finds three left."""
    watch = Budget(store, sandbox.clock, Share.WATCH)
    await watch.take()
    await watch.take()
    with pytest.raises(TransientError) as caught:
        await watch.take()
    assert caught.value.retry_after
    decide = Budget(store, sandbox.clock, sleep=Naps(), windows=0)
    for _ in range(3):
        await decide.take()
    with pytest.raises(TransientError):
        await decide.take()


async def test_replicas_share_one_budget(sandbox: Sandbox, store: Store) -> None:
    """Counted in the store, not in a process."""
    replicas = [Budget(store, sandbox.clock, sleep=Naps(), windows=0) for _ in range(6)]
    for one in replicas[:5]:
        await one.take()
    with pytest.raises(TransientError):
        await replicas[5].take()
