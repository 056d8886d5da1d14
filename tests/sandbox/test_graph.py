"""Graph's answers have Microsoft's shape: names, defaults, codes, paging, permissions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

from bot.sandbox.people import CAST
from tests.fakes.sandbox import Sandbox
from tests.sandbox.conftest import Graph

DEFAULT_USER = {
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
}


def assert_error(answer: httpx.Response, status: int, code: str) -> None:
    """Every refusal has Graph's envelope and repeats its ids in headers."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "innerError"}
    assert error["code"] == code
    assert answer.headers["request-id"] == error["innerError"]["request-id"]
    assert answer.headers["client-request-id"] == error["innerError"]["client-request-id"]
    datetime.fromisoformat(error["innerError"]["date"])


async def test_a_user_has_the_default_properties_until_others_are_selected(graph: Graph) -> None:
    """What is not selected is not there: the product must ask for accountEnabled and userType."""
    plain = (await graph.read(graph.user("employee"))).json()
    assert set(plain) - {"@odata.context"} == DEFAULT_USER
    wanted = (
        "id,accountEnabled,userType,employeeId,employeeHireDate,isManagementRestricted,onPremisesSyncEnabled"
    )
    some = (await graph.read(graph.user("employee"), **{"$select": wanted})).json()
    assert set(some) - {"@odata.context"} == set(wanted.split(","))
    assert_error(await graph.read(graph.user("employee"), **{"$select": "shoeSize"}), 400, "BadRequest")


async def test_the_manager_comes_expanded_or_alone(graph: Graph) -> None:
    """Both ways of asking, and 404 for who has none."""
    query = {"$select": "id", "$expand": "manager($select=id,displayName)"}
    expanded = (await graph.read(graph.user("employee"), **query)).json()
    assert expanded["manager"]["displayName"] == "María Fernández"
    assert expanded["manager"]["@odata.type"] == "#microsoft.graph.user"
    alone = (await graph.read(f"{graph.user('employee')}/manager")).json()
    assert alone["id"] == graph.sandbox.oid("manager")
    assert_error(await graph.read(f"{graph.user('executive')}/manager"), 404, "Request_ResourceNotFound")


async def test_people_are_found_by_id_name_or_filter(graph: Graph) -> None:
    """A guest's # is encoded; quotes in a filter are doubled; nobody matching is an empty list."""
    upn = "guest_partner.example#EXT#@keyturn.example"
    assert (await graph.read("/users/" + upn.replace("#", "%23"))).json()["displayName"] == "Nikhil Bose"
    for where in (
        "mail eq 'employee@keyturn.example'",
        "userPrincipalName eq 'employee@keyturn.example' or mail eq 'nobody@keyturn.example'",
        "proxyAddresses/any(p:p eq 'smtp:employee@keyturn.example')",
        "employeeId eq '1001' and accountEnabled eq true",
    ):
        found = (await graph.read("/users", **{"$filter": where, "$select": "id"})).json()["value"]
        assert [one["id"] for one in found] == [graph.sandbox.oid("employee")], where
    shared = (await graph.read("/users", **{"$filter": "employeeId eq '1107'"})).json()["value"]
    assert len(shared) == 2, "agent2 and agent2_admin are one human"
    assert (await graph.read("/users", **{"$filter": "mail eq 'o''neil@keyturn.example'"})).json()[
        "value"
    ] == []
    assert_error(await graph.read("/users", **{"$filter": "mail = 'x'"}), 400, "BadRequest")
    assert_error(
        await graph.read("/users/00000000-0000-0000-0000-000000000000"), 404, "Request_ResourceNotFound"
    )


async def test_memberships_are_transitive_and_paged(graph: Graph) -> None:
    """A helper in a nested group belongs to the agents; the next link leads on, the page is short."""
    path: str | None = f"{graph.user('agent')}/transitiveMemberOf"
    seen: list[dict[str, Any]] = []
    pages = 0
    while path:
        page = (await graph.read(path.removeprefix(graph.sandbox.graph))).json()
        seen += page["value"]
        path = page.get("@odata.nextLink")
        pages += 1
        assert path is None or path.startswith(graph.sandbox.graph)
    assert pages > 1
    names = {thing["displayName"] for thing in seen}
    assert {"Keyturn agents", "Service desk Berlin", "Authentication Administrator", "Berlin"} <= names
    assert len(seen) == len({thing["id"] for thing in seen})
    cast = await graph.read(f"{graph.user('agent')}/transitiveMemberOf/graph.directoryRole")
    assert [thing["displayName"] for thing in cast.json()["value"]] == ["Authentication Administrator"]


async def test_group_checks_are_transitive_and_take_twenty(graph: Graph) -> None:
    """The best question for "is this agent in an approved group"."""
    from bot.sandbox.company import GROUPS

    path = f"{graph.user('agent')}/checkMemberGroups"
    headers = {"Authorization": f"Bearer {graph.sandbox.reader_token()}"}
    asked = [GROUPS["agents"].id, GROUPS["security"].id]
    answer = await graph.http.post(f"/v1.0{path}", json={"groupIds": asked}, headers=headers)
    assert answer.json()["value"] == [GROUPS["agents"].id]
    many = await graph.http.post(f"/v1.0{path}", json={"groupIds": asked * 11}, headers=headers)
    assert_error(many, 400, "Request_BadRequest")


async def test_methods_are_listed_with_type_and_date_and_typed(graph: Graph) -> None:
    """The list of all methods carries every date; typed lists keep to their published properties."""
    every = (await graph.read(f"{graph.user('employee')}/authentication/methods")).json()["value"]
    kinds = {one["@odata.type"] for one in every}
    assert kinds == {
        "#microsoft.graph.passwordAuthenticationMethod",
        "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
        "#microsoft.graph.phoneAuthenticationMethod",
    }
    assert all(datetime.fromisoformat(one["createdDateTime"]) for one in every)
    phones = (await graph.read(f"{graph.user('employee')}/authentication/phoneMethods")).json()["value"]
    assert [set(one) for one in phones] == [
        {"@odata.type", "id", "phoneNumber", "phoneType", "smsSignInState"}
    ]
    hello = await graph.read(f"{graph.user('hello_user')}/authentication/windowsHelloForBusinessMethods")
    assert hello.json()["value"][0]["displayName"] == "LAPTOP-HP-0102"
    assert (await graph.read(f"{graph.user('new_starter')}/authentication/fido2Methods")).json()[
        "value"
    ] == []


async def test_a_type_that_nobody_knows_is_listed_like_any_other(graph: Graph) -> None:
    """Microsoft adds types; the product must show "other method" and not fall over."""
    await graph.http.post("/sandbox/people/employee/change", json={"planted": "unknown"})
    every = (await graph.read(f"{graph.user('employee')}/authentication/methods")).json()["value"]
    assert every[-1]["@odata.type"] == "#microsoft.graph.somethingNewAuthenticationMethod"


async def test_the_default_method_goes_last(sandbox: Sandbox, graph: Graph) -> None:
    """Graph refuses to delete the default while another second factor exists."""
    base = f"{graph.user('employee')}/authentication"
    app = (await graph.read(f"{base}/microsoftAuthenticatorMethods")).json()["value"][0]["id"]
    phone = (await graph.read(f"{base}/phoneMethods")).json()["value"][0]["id"]
    refused = await graph.act("agent", "DELETE", f"{base}/microsoftAuthenticatorMethods/{app}")
    assert_error(refused, 400, "badRequest")
    assert "default authentication method" in refused.json()["error"]["message"]
    assert (await graph.act("agent", "DELETE", f"{base}/phoneMethods/{phone}")).status_code == 204
    assert (
        await graph.act("agent", "DELETE", f"{base}/microsoftAuthenticatorMethods/{app}")
    ).status_code == 204
    assert_error(await graph.act("agent", "DELETE", f"{base}/phoneMethods/{phone}"), 404, "resourceNotFound")
    assert_error(await graph.act("agent", "DELETE", f"{base}/methods/{app}"), 403, "accessDenied")


async def test_an_alternate_phone_goes_before_the_mobile(sandbox: Sandbox, graph: Graph) -> None:
    """Microsoft's order."""
    alternate = {"phoneNumber": "+49 301", "phoneType": "alternateMobile", "smsSignInState": "notConfigured"}
    sandbox.state.methods.add("employee", "phone", alternate)
    base = f"{graph.user('employee')}/authentication/phoneMethods"
    mobile = "3179e48a-750b-4051-897c-87b9720928f7"
    assert_error(await graph.act("agent", "DELETE", f"{base}/{mobile}"), 400, "badRequest")
    assert (
        await graph.act("agent", "DELETE", f"{base}/b6332ec1-7057-4abe-9331-3d72feddfe41")
    ).status_code == 204
    assert (await graph.act("agent", "DELETE", f"{base}/{mobile}")).status_code == 204


async def test_roles_active_and_eligible_are_read_apart(sandbox: Sandbox, graph: Graph) -> None:
    """Privilege is direct, through groups, or merely eligible; the last needs a licence to be read."""
    assignments, eligible = (
        "/roleManagement/directory/roleAssignments",
        "/roleManagement/directory/roleEligibilityScheduleInstances",
    )
    query = {"$filter": f"principalId eq '{sandbox.oid('agent')}'", "$expand": "roleDefinition"}
    (one,) = (await graph.read(assignments, **query)).json()["value"]
    assert one["directoryScopeId"] == "/"
    assert one["roleDefinition"]["templateId"] == "c4e39bd9-1100-46d3-8c65-fb160da0071f"
    query["$filter"] = f"principalId eq '{sandbox.oid('eligible_admin')}'"
    assert (await graph.read(assignments, **query)).json()["value"] == []
    (may,) = (await graph.read(eligible, **query)).json()["value"]
    assert may["roleDefinition"]["displayName"] == "Exchange Administrator"
    for switch, value in (("licence", "P1"), ("pim", False)):
        sandbox.state.switches.set("licence", "P2")
        sandbox.state.switches.set(switch, value)
        assert_error(await graph.read(eligible, **query), 400, "AadPremiumLicenseRequired")


async def test_licences_close_logs_and_risk(sandbox: Sandbox, graph: Graph) -> None:
    """Not licensed is a 403 of its own, and not the same as "no risk"."""
    risk = f"/identityProtection/riskyUsers/{sandbox.oid('employee')}"
    assert (await graph.read(risk)).status_code == 404
    await graph.http.post("/sandbox/people/employee/change", json={"risk": "high"})
    assert (await graph.read(risk)).json()["riskLevel"] == "high"
    unlicensed = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    sandbox.state.switches.set("licence", "P1")
    assert_error(await graph.read(risk), 403, unlicensed)
    report = f"/reports/authenticationMethods/userRegistrationDetails/{sandbox.oid('manager')}"
    assert (await graph.read("/auditLogs/signIns")).status_code == 200
    assert "passKeyDeviceBound" in (await graph.read(report)).json()["methodsRegistered"]
    sandbox.state.switches.set("licence", "free")
    for path in ("/auditLogs/signIns", report):
        assert_error(await graph.read(path), 403, unlicensed)


async def test_sign_ins_are_newest_first_and_filtered(sandbox: Sandbox, graph: Graph) -> None:
    """A locked account shows as 50053."""
    await graph.http.post("/sandbox/people/employee/change", json={"sign_in_error": 50053})
    sandbox.clock.go(minutes=1)
    await graph.http.post("/sandbox/people/deputy/change", json={"sign_in_error": 50126})
    everyone = (await graph.read("/auditLogs/signIns")).json()["value"]
    assert [one["status"]["errorCode"] for one in everyone[:3]] == [50126, 50053, 0]
    where = {"$filter": f"userId eq '{sandbox.oid('employee')}'", "$top": "5"}
    mine = (await graph.read("/auditLogs/signIns", **where)).json()["value"]
    assert [one["status"]["errorCode"] for one in mine] == [50053, 0, 0]
    assert {one["location"]["countryOrRegion"] for one in mine} == {"DE"}


async def test_revoking_moves_the_date_and_ends_sessions(sandbox: Sandbox, graph: Graph) -> None:
    """True, a new signInSessionsValidFromDateTime, an entry in the log; and it can be repeated."""
    path = f"{graph.user('employee')}/revokeSignInSessions"
    answer = await graph.act("agent", "POST", path)
    assert answer.json() == {"@odata.context": answer.json()["@odata.context"], "value": True}
    select = {"$select": "signInSessionsValidFromDateTime"}
    user = (await graph.read(graph.user("employee"), **select)).json()
    assert datetime.fromisoformat(user["signInSessionsValidFromDateTime"]) == sandbox.clock.now()
    person = (await graph.http.get("/sandbox/people/employee")).json()
    assert not any(session["open"] for session in person["sessions"])
    assert_error(await graph.act("manager", "POST", path), 403, "Authorization_RequestDenied")
    assert_error(await graph.act("agent", "POST", f"{graph.user('global_admin')}/revokeSignInSessions"), 403,
                 "Authorization_RequestDenied")  # fmt: skip


async def test_photos_are_drawn_and_differ(graph: Graph) -> None:
    """A PNG for who has one, 404 for who has none, no two alike."""
    seen = set()
    for someone in CAST:
        answer = await graph.read(f"{graph.user(someone.id)}/photo/$value")
        if not someone.photo:
            assert_error(answer, 404, "ImageNotFound")
            continue
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")
        seen.add(answer.content)
    assert len(seen) == sum(someone.photo for someone in CAST)


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("", "User.Read.All"),
        ("/authentication/methods", "UserAuthenticationMethod.Read.All"),
        ("/authentication/temporaryAccessPassMethods", "UserAuthMethod-TAP.Read.All"),
        ("/transitiveMemberOf", "GroupMember.Read.All"),
    ],
)
async def test_a_token_opens_only_what_it_names(graph: Graph, path: str, role: str) -> None:
    """Application roles are checked on every call."""
    where = graph.user("employee") + path
    assert (await graph.read(where, role)).status_code == 200
    assert (await graph.read(where, "Something.Else")).status_code == 403


async def test_delegated_scopes_do_not_open_what_applications_may_read(
    sandbox: Sandbox, graph: Graph
) -> None:
    """The act registration cannot list all methods; the reader can change nothing."""
    path = f"{graph.user('employee')}/authentication/methods"
    assert_error(await graph.act("agent", "GET", path), 403, "accessDenied")
    headers = {"Authorization": f"Bearer {sandbox.reader_token()}"}
    made = await graph.http.post(f"/v1.0{graph.passes('employee')}", json={}, headers=headers)
    assert_error(made, 403, "accessDenied")
    narrow = await graph.act(
        "agent", "POST", graph.passes("employee"), {}, scopes=("User.RevokeSessions.All",)
    )
    assert_error(narrow, 403, "accessDenied")


async def test_a_bad_token_is_refused_and_in_the_ledger(sandbox: Sandbox, graph: Graph) -> None:
    """No token, a foreign one, an expired one, one of a disabled person."""

    async def call(token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await graph.http.get(f"/v1.0{graph.user('employee')}", headers=headers)

    old, agents = sandbox.reader_token(), sandbox.act_token("agent", "User.Read.All")
    for token in ("", "rubbish", old[:-4] + "AAAA", sandbox.state.keys.sign({"aud": "somebody"})):
        assert_error(await call(token), 401, "InvalidAuthenticationToken")
    sandbox.clock.go(minutes=61)
    assert_error(await call(old), 401, "InvalidAuthenticationToken")
    await graph.http.post("/sandbox/people/agent/change", json={"enabled": False})
    assert_error(await call(agents), 401, "InvalidAuthenticationToken")
    assert [row["status"] for row in await graph.ledger()] == [401] * 6


async def test_what_graph_does_not_have_is_a_404(graph: Graph) -> None:
    """Misspelt paths and beta show in the ledger, too."""
    assert_error(await graph.read("/users/x/shoes"), 404, "BadRequest")
    headers = {"Authorization": f"Bearer {graph.sandbox.reader_token()}"}
    assert_error(await graph.http.get("/beta/users", headers=headers), 404, "BadRequest")
    assert len(await graph.ledger()) == 2


async def test_the_callers_own_request_id_is_repeated(graph: Graph) -> None:
    """It ties our log to Microsoft's."""
    headers = {"Authorization": f"Bearer {graph.sandbox.reader_token()}", "client-request-id": "mine"}
    answer = await graph.http.get(f"/v1.0{graph.user('employee')}", headers=headers)
    assert answer.headers["client-request-id"] == "mine"
