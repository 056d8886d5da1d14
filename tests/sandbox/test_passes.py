"""Temporary Access Passes by Microsoft's rules: the one thing the product must never get wrong."""

from __future__ import annotations

import re

import pytest

from tests.fakes.sandbox import Sandbox
from tests.sandbox.conftest import Graph

CREATED = {
    "@odata.context",
    "@odata.type",
    "id",
    "temporaryAccessPass",
    "createdDateTime",
    "startDateTime",
    "lifetimeInMinutes",
    "isUsableOnce",
    "isUsable",
    "methodUsabilityReason",
}


async def test_a_pass_is_shown_once_and_never_again(graph: Graph) -> None:
    """Create answers with the value; every later read says null."""
    made = await graph.act("agent", "POST", graph.passes("employee"), {"isUsableOnce": True})
    assert made.status_code == 201
    body = made.json()
    assert set(body) == CREATED
    assert body["@odata.type"] == "#microsoft.graph.temporaryAccessPassAuthenticationMethod"
    assert len(body["temporaryAccessPass"]) == 8
    assert re.search(r"[^A-Za-z0-9]", body["temporaryAccessPass"]), "passes may hold symbols"
    assert (body["lifetimeInMinutes"], body["isUsable"], body["methodUsabilityReason"]) == (
        60,
        True,
        "EnabledByPolicy",
    )
    listed = (await graph.read(graph.passes("employee"))).json()["value"]
    assert [(one["id"], one["temporaryAccessPass"]) for one in listed] == [(body["id"], None)]
    one = (await graph.read(f"{graph.passes('employee')}/{body['id']}")).json()
    assert one["temporaryAccessPass"] is None
    every = (await graph.read(f"{graph.user('employee')}/authentication/methods")).json()["value"]
    assert [m["temporaryAccessPass"] for m in every if "temporaryAccessPass" in m["@odata.type"]] == [None]


async def test_a_second_create_replaces_the_first(sandbox: Sandbox, graph: Graph) -> None:
    """No conflict: the pass already handed out silently dies."""
    first = (await graph.act("agent", "POST", graph.passes("employee"), {})).json()
    second = (await graph.act("agent2", "POST", graph.passes("employee"), {})).json()
    listed = (await graph.read(graph.passes("employee"))).json()["value"]
    assert [one["id"] for one in listed] == [second["id"]]
    assert not sandbox.state.methods.use("employee", first["temporaryAccessPass"])
    assert sandbox.state.methods.use("employee", second["temporaryAccessPass"])


async def test_a_pass_ages_and_is_used_up(sandbox: Sandbox, graph: Graph) -> None:
    """The usability reason tells why a pass does not work."""

    async def reason() -> str:
        return str((await graph.read(graph.passes("employee"))).json()["value"][0]["methodUsabilityReason"])

    start = "2026-11-22T10:00:00Z"
    body = {"startDateTime": start, "isUsableOnce": True}
    value = (await graph.act("agent", "POST", graph.passes("employee"), body)).json()["temporaryAccessPass"]
    assert await reason() == "NotYetValid"
    sandbox.clock.go(minutes=61)
    assert await reason() == "EnabledByPolicy"
    assert sandbox.state.methods.use("employee", value)
    assert await reason() == "OneTimeUsed"
    sandbox.clock.go(hours=1)
    assert await reason() == "Expired"
    sandbox.state.switches.set("pass_enabled", False)
    assert await reason() == "DisabledByPolicy"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"lifetimeInMinutes": 15},
            "Invalid LifetimeInMinutes specified. The valid range between 60 and 480.",
        ),
        (
            {"lifetimeInMinutes": 481},
            "Invalid LifetimeInMinutes specified. The valid range between 60 and 480.",
        ),
        ({"lifetimeInMinutes": "60"}, "Invalid LifetimeInMinutes"),
        ({"startDateTime": "tomorrow"}, "Invalid StartDateTime"),
        ({"colour": "red"}, "The property 'colour' does not exist"),
    ],
)
async def test_a_pass_outside_the_policy_is_refused(
    graph: Graph, body: dict[str, object], message: str
) -> None:
    """The method service answers everything with badRequest and a sentence."""
    answer = await graph.act("agent", "POST", graph.passes("employee"), body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "badRequest"
    assert error["message"].startswith(message)


async def test_the_policy_can_force_one_time_passes_and_leave_people_out(
    sandbox: Sandbox, graph: Graph
) -> None:
    """Reading the policy first is the only way to know."""
    sandbox.state.switches.set("pass_once", True)
    assert (
        await graph.act("agent", "POST", graph.passes("employee"), {"isUsableOnce": False})
    ).status_code == 400
    assert (await graph.act("agent", "POST", graph.passes("employee"), {})).json()["isUsableOnce"] is True
    sandbox.state.switches.set("pass_exclude", "bikes")
    answer = await graph.act("agent", "POST", graph.passes("employee"), {})
    assert "Converged UserCredentialPolicy" in answer.json()["error"]["message"]
    assert (await graph.act("agent", "POST", graph.passes("deputy"), {})).status_code == 201
    path = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass"
    policy = (await graph.read(path)).json()
    assert policy["isUsableOnce"] is True
    assert (policy["minimumLifetimeInMinutes"], policy["maximumLifetimeInMinutes"]) == (60, 480)
    assert [target["targetType"] for target in policy["excludeTargets"]] == ["group"]
    assert policy["includeTargets"][0]["id"] == "all_users"


async def test_an_external_guest_never_gets_a_pass(graph: Graph) -> None:
    """They sign in at home."""
    answer = await graph.act("agent", "POST", graph.passes("guest"), {})
    message = "Temporary Access Pass cannot be added to an external guest user."
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)


@pytest.mark.parametrize(
    ("actor", "target", "status"),
    [
        ("agent", "employee", 201),
        ("agent", "agent", 403),  # nobody acts on themselves
        ("agent", "agent2", 201),  # another Authentication Administrator
        ("agent", "global_admin", 403),  # an administrator
        ("agent", "break_glass", 403),
        ("agent", "eligible_admin", 201),  # Entra itself looks at active roles only
        ("manager", "employee", 403),  # no role at all
        ("officer", "employee", 403),
        ("global_admin", "agent", 201),
        ("global_admin", "global_admin", 403),
    ],
)
async def test_roles_decide_who_may_make_a_pass_for_whom(
    graph: Graph, actor: str, target: str, status: int
) -> None:
    """Delegated calls stand under Entra's role tiers, whatever scopes the token holds."""
    answer = await graph.act(actor, "POST", graph.passes(target), {})
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"]["code"] == "accessDenied"


@pytest.mark.parametrize(
    "change",
    [
        {"groups": ["all_staff", "tier0"]},
        {"owns": ["tier0"]},
        {"restricted": True},
        {"roles": ["Helpdesk Administrator"]},
    ],
)
async def test_a_guarded_account_is_out_of_an_authentication_administrators_reach(
    graph: Graph, change: dict[str, object]
) -> None:
    """Role-assignable groups, restricted units and other roles, from the second they are given."""
    assert (await graph.http.post("/sandbox/people/employee/change", json=change)).status_code == 200
    assert (await graph.act("agent", "POST", graph.passes("employee"), {})).status_code == 403


async def test_a_role_scoped_to_a_unit_reaches_only_its_members(sandbox: Sandbox, graph: Graph) -> None:
    """Authentication Administrators can be kept to an administrative unit."""
    unit = (await graph.read("/directory/administrativeUnits")).json()["value"][0]
    assert unit["displayName"] == "Berlin"
    role = f"Authentication Administrator@/administrativeUnits/{unit['id']}"
    await graph.http.post("/sandbox/people/agent/change", json={"roles": [role]})
    assert (await graph.act("agent", "POST", graph.passes("employee"), {})).status_code == 201
    assert (await graph.act("agent", "POST", graph.passes("deputy"), {})).status_code == 403
    await graph.http.post("/sandbox/people/agent/change", json={"roles": []})
    assert (await graph.act("agent", "POST", graph.passes("employee"), {})).status_code == 403


async def test_a_pass_is_deleted_once(sandbox: Sandbox, graph: Graph) -> None:
    """204 without a body, then 404."""
    made = (await graph.act("agent", "POST", graph.passes("employee"), {})).json()
    gone = await graph.act("agent", "DELETE", f"{graph.passes('employee')}/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await graph.act("agent", "DELETE", f"{graph.passes('employee')}/{made['id']}")).status_code == 404
    assert (await graph.read(graph.passes("employee"))).json()["value"] == []
    assert not sandbox.state.methods.use("employee", made["temporaryAccessPass"])


async def test_entras_log_names_the_human_who_made_the_pass(graph: Graph) -> None:
    """Reconciliation reads it; app-only calls would name only an application."""
    await graph.act("agent", "POST", graph.passes("employee"), {})
    where = f"targetResources/any(t:t/id eq '{graph.sandbox.oid('employee')}')"
    audits = (await graph.read("/auditLogs/directoryAudits", **{"$filter": where})).json()["value"]
    assert [one["activityDisplayName"] for one in audits] == ["Admin registered security info"]
    assert audits[0]["resultReason"] == "Admin registered temporary access pass method for user"
    assert audits[0]["initiatedBy"]["user"]["displayName"] == "Jonas Lindqvist"
    other = f"targetResources/any(t:t/id eq '{graph.sandbox.oid('deputy')}')"
    assert (await graph.read("/auditLogs/directoryAudits", **{"$filter": other})).json()["value"] == []
