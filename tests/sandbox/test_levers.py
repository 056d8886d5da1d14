"""Faults, ledger, self-service, mailbox, paper and start over: what demos and kill tests lean on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from bot.sandbox.server import running
from tests.fakes.clock import FakeClock
from tests.fakes.sandbox import Sandbox, signing_key
from tests.sandbox.conftest import Graph, Visit

CREATE = "POST */temporaryAccessPassMethods"


async def fault(http: httpx.AsyncClient, kind: str, **more: object) -> None:
    answer = await http.post("/sandbox/faults", json={"match": CREATE, "kind": kind, **more})
    assert answer.status_code == 200, answer.text


async def until_held(http: httpx.AsyncClient) -> None:
    """Each look is a round trip of its own: no waiting by the clock."""
    while not any(one["holding"] for one in (await http.get("/sandbox/faults")).json()):
        pass


def stored_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("sandbox.sqlite3*"))


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


async def made(graph: Graph) -> int:
    return sum(row["method"] == "POST" and row["status"] == 201 for row in await graph.ledger())


# --- faults -------------------------------------------------------------------------------------


async def test_the_nth_call_is_held_until_the_faults_are_cleared(graph: Graph) -> None:
    """While held, nothing was made and the ledger shows who is waiting."""
    await fault(graph.http, "hold", call=2)
    await graph.act("agent", "POST", graph.passes("employee"), {})
    held = asyncio.create_task(graph.act("agent", "POST", graph.passes("deputy"), {}))
    await until_held(graph.http)
    row = (await graph.ledger())[-1]
    assert (row["status"], row["actor"], row["app"], row["fault"]) == (0, "agent", "act", "hold")
    assert await made(graph) == 1
    assert (await graph.http.delete("/sandbox/faults")).json() == {"released": 1}
    assert (await held).status_code == 201
    assert await made(graph) == 2


async def test_a_call_held_after_its_change_has_made_it(graph: Graph) -> None:
    """The other half of a crash: Graph did it, nobody heard."""
    await fault(graph.http, "hold", when="after")
    held = asyncio.create_task(graph.act("agent", "POST", graph.passes("employee"), {}))
    await until_held(graph.http)
    assert await made(graph) == 1
    await graph.http.delete("/sandbox/faults")
    assert (await held).status_code == 201


async def test_a_time_out_after_success_has_made_the_pass(graph: Graph) -> None:
    """The caller sees 504, the ledger tells the truth, the next call is healthy."""
    await fault(graph.http, "timeout_after")
    lost = await graph.act("agent", "POST", graph.passes("employee"), {})
    assert lost.status_code == 504
    assert await made(graph) == 1
    assert len((await graph.read(graph.passes("employee"))).json()["value"]) == 1
    assert (await graph.act("agent", "POST", graph.passes("employee"), {})).status_code == 201


async def test_a_dropped_connection_has_made_the_pass(graph: Graph) -> None:
    """No answer at all."""
    await fault(graph.http, "drop")
    with pytest.raises(httpx.TransportError):
        await graph.act("agent", "POST", graph.passes("employee"), {})
    assert await made(graph) == 1


@pytest.mark.parametrize(
    ("kind", "status", "kind_of_body"),
    [
        ("html502", 502, "text/html"),
        ("throttle", 429, "application/json"),
        ("unavailable", 503, "application/json"),
        ("claims", 401, "application/json"),
    ],
)
async def test_a_refusing_fault_changes_nothing(
    graph: Graph, kind: str, status: int, kind_of_body: str
) -> None:
    """For as many calls as asked, no pass is made."""
    await fault(graph.http, kind, times=2)
    for _ in range(2):
        answer = await graph.act("agent", "POST", graph.passes("employee"), {})
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith(kind_of_body)
    assert await made(graph) == 0
    assert (await graph.act("agent", "POST", graph.passes("employee"), {})).status_code == 201


async def test_throttling_can_leave_out_retry_after_and_claims_carry_a_challenge(graph: Graph) -> None:
    """Both shapes are met in the wild."""
    await fault(graph.http, "throttle", retry_after=7)
    assert (await graph.act("agent", "POST", graph.passes("employee"), {})).headers["retry-after"] == "7"
    await fault(graph.http, "throttle", retry_after=None)
    assert "retry-after" not in (await graph.act("agent", "POST", graph.passes("employee"), {})).headers
    await fault(graph.http, "claims")
    challenge = (await graph.act("agent", "POST", graph.passes("employee"), {})).headers["www-authenticate"]
    assert 'error="insufficient_claims"' in challenge


async def test_a_lagging_pass_is_neither_listed_nor_usable_yet(sandbox: Sandbox, graph: Graph) -> None:
    """Very young passes can fail."""
    await fault(graph.http, "lag", seconds=30)
    value = (await graph.act("agent", "POST", graph.passes("employee"), {})).json()["temporaryAccessPass"]
    assert (await graph.read(graph.passes("employee"))).json()["value"] == []
    assert not sandbox.state.methods.use("employee", value)
    sandbox.clock.go(seconds=31)
    assert len((await graph.read(graph.passes("employee"))).json()["value"]) == 1
    assert sandbox.state.methods.use("employee", value)


@pytest.mark.parametrize(
    "body", [{"kind": "explode"}, {"kind": "hold", "colour": 1}, {"kind": "hold", "call": "x"}]
)
async def test_a_fault_that_makes_no_sense_is_refused(
    http: httpx.AsyncClient, body: dict[str, object]
) -> None:
    """With a sentence, and without taking effect."""
    answer = await http.post("/sandbox/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert (await http.get("/sandbox/faults")).json() == []


# --- the ledger ---------------------------------------------------------------------------------


async def test_the_ledger_tells_every_call_and_no_secret(graph: Graph) -> None:
    """Number, time, method, path, status, registration, person; paths without query."""
    answer = await graph.act("agent", "POST", graph.passes("employee"), {"isUsableOnce": True})
    await graph.read("/users", **{"$filter": "mail eq 'employee@keyturn.example'"})
    rows = await graph.ledger()
    assert [set(row) for row in rows] == [
        {"n", "at", "method", "path", "status", "app", "actor", "fault"}
    ] * 2
    assert [(row["n"], row["method"], row["status"], row["app"], row["actor"]) for row in rows] == [
        (1, "POST", 201, "act", "agent"),
        (2, "GET", 200, "reader", ""),
    ]
    assert rows[0]["path"] == f"/v1.0{graph.passes('employee')}"
    assert answer.json()["temporaryAccessPass"] not in str(rows)
    assert "mail" not in rows[1]["path"]
    assert [row["n"] for row in (await graph.http.get("/sandbox/ledger?after=1")).json()] == [2]


async def test_ledger_methods_and_secrets_outlive_the_process(tmp_path: Path) -> None:
    """A restart finds the tenant as it was; nobody is seeded twice."""
    clock = FakeClock()
    async with running(tmp_path, clock=clock, signing_key=signing_key()) as state:
        one = Sandbox(state, clock)
        async with httpx.AsyncClient(base_url=one.url, trust_env=False) as http:
            graph = Graph(http, one)
            value = (await graph.act("agent", "POST", graph.passes("employee"), {})).json()[
                "temporaryAccessPass"
            ]
            codes = {"codes": ["CODE-IN-THE-DRAWER"], "printed_at": "2026-10-23T09:00:00Z"}
            await http.put("/sandbox/people/employee/codes", json=codes)
            await http.post(
                "/sandbox/mail", json={"to": "employee", "subject": "s", "text": "OBJECTION-CODE"}
            )
            secret, token = one.secret("act"), one.reader_token()
    async with running(tmp_path, clock=clock) as state:
        again = Sandbox(state, clock)
        assert again.secret("act") == secret
        assert len(state.journal.ledger()) == 1
        assert state.journal.sheet("employee") == codes
        assert state.journal.mail("employee")[0]["text"] == "OBJECTION-CODE"
        assert state.keys.verify(token, "https://graph.microsoft.com", one.state.issuer)["appid"]
        stored = stored_bytes(tmp_path)
        for needle in (value, "CODE-IN-THE-DRAWER", "OBJECTION-CODE", secret):
            assert needle.encode() not in stored, "a hit in the data folder must be the product's own"
        assert state.methods.use("employee", value)
    assert mode(tmp_path / "secrets" / "act") == 0o600


# --- as the person ------------------------------------------------------------------------------


async def test_registering_takes_the_pass_or_a_method_in_hand(sandbox: Sandbox, graph: Graph) -> None:
    """A password is not enough, a broken phone is not in hand, a one-time pass has its ten minutes."""
    path = "/sandbox/people/employee/methods"
    for attempt in ({}, {"with": "password"}, {"with": "authenticator"}, {"pass": "wrong"}):
        answer = await graph.http.post(path, json={"type": "passkey", **attempt})
        assert answer.status_code == 403, attempt
    body = {"isUsableOnce": True}
    value = (await graph.act("agent", "POST", graph.passes("employee"), body)).json()["temporaryAccessPass"]
    assert (
        await graph.http.post(path, json={"type": "passkey", "name": "Pixel 9", "pass": value})
    ).status_code == 200
    person = (await graph.http.get("/sandbox/people/employee")).json()
    assert person["pass"]["state"] == "used"
    assert person["methods"][-1]["label"] == "Pixel 9"
    assert person["log"][0]["reason"] == "User registered Passkey (device-bound)"
    assert value not in str(person)
    sandbox.clock.go(minutes=5)
    again = {"type": "authenticator", "pass": value}
    assert (await graph.http.post(path, json=again)).status_code == 200
    sandbox.clock.go(minutes=6)
    assert (await graph.http.post(path, json=again)).status_code == 403
    assert (
        await graph.http.post(path, json={"type": "phone", "name": "+49 1", "with": "passkey"})
    ).status_code == 200


async def test_a_registered_method_signs_in(graph: Graph, visit: Visit) -> None:
    """The end of the journey: signed in again, phishing-resistant."""
    value = (await graph.act("agent", "POST", graph.passes("employee"), {})).json()["temporaryAccessPass"]
    await graph.http.post("/sandbox/people/employee/methods", json={"type": "passkey", "pass": value})
    assert "code" in (await visit("employee", method="passkey")).fields


async def test_losing_and_finding_a_thing_keeps_its_registration(graph: Graph, visit: Visit) -> None:
    """Graph lists it either way; only the person knows."""
    (hello,) = [
        m for m in (await graph.http.get("/sandbox/people/hello_user")).json()["methods"] if m["in_hand"]
    ]  # fmt: skip
    where = f"/sandbox/people/hello_user/methods/{hello['id']}/hand"
    await graph.http.post(where, json={"in_hand": False})
    assert (await visit("hello_user", method="hello")).response.status_code == 403
    listed = await graph.read(f"{graph.user('hello_user')}/authentication/windowsHelloForBusinessMethods")
    assert len(listed.json()["value"]) == 1
    await graph.http.post(where, json={"in_hand": True})
    assert "code" in (await visit("hello_user", method="hello")).fields


async def test_a_letter_is_delivered_once_to_any_address(http: httpx.AsyncClient) -> None:
    """The same key twice is one letter; an unknown address bounces."""
    letter = {"to": "amara.okafor@private.example", "subject": "Was it you?", "text": "…", "key": "k1"}
    for _ in range(2):
        assert (await http.post("/sandbox/mail", json=letter)).status_code == 200
    mail = (await http.get("/sandbox/people/employee")).json()["mail"]
    assert [(one["to"], one["subject"]) for one in mail] == [("amara.okafor@private.example", "Was it you?")]
    assert (await http.post("/sandbox/mail", json={**letter, "to": "nobody@x"})).status_code == 404


async def test_start_over_resets_a_person_and_spares_the_ledger(graph: Graph) -> None:
    """Methods, pass, roles, sessions and mail go back; what was called stays called."""
    await graph.act("agent", "POST", graph.passes("employee"), {})
    await graph.http.post(
        "/sandbox/people/employee/change", json={"enabled": False, "planted": "authenticator"}
    )
    await graph.http.post("/sandbox/start-over", json={"person": "employee"})
    person = (await graph.http.get("/sandbox/people/employee")).json()
    assert (person["pass"]["state"], person["enabled"], len(person["methods"])) == ("none", True, 2)
    assert len(await graph.ledger()) == 1
    await graph.http.post("/sandbox/switches", json={"licence": "free"})
    await graph.http.post("/sandbox/start-over", json={})
    assert (await graph.http.get("/sandbox/switches")).json()["licence"] == "P2"


async def test_the_cast_is_as_the_story_says(http: httpx.AsyncClient) -> None:
    """Everybody is there; who can sign in with what decides the journey."""
    people = {one["id"]: one for one in (await http.get("/sandbox/people")).json()}
    assert list(people) == [
        "employee",
        "hello_user",
        "manager",
        "deputy",
        "agent",
        "agent2",
        "agent2_admin",
        "author",
        "officer",
        "executive",
        "global_admin",
        "eligible_admin",
        "guest",
        "disabled",
        "break_glass",
        "new_starter",
        "floor_worker",
        "shift_leader",
        "reception",
    ]
    assert people["employee"]["signs_in_with"] == ["password"]
    assert people["new_starter"]["signs_in_with"] == ["password"]
    assert people["hello_user"]["signs_in_with"] == ["hello", "password"]
    assert people["disabled"]["signs_in_with"] == []
    for one in ("manager", "deputy", "agent", "agent2", "agent2_admin", "officer"):
        assert people[one]["signs_in_with"][0] == "passkey"


# --- pages and manners --------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["employee", "guest", "new_starter"])
async def test_the_tenant_page_shows_a_person(http: httpx.AsyncClient, person: str) -> None:
    """Also inside a frame of this machine, and never with a script of its own inline."""
    page = await http.get(f"/sandbox/tenant?person={person}")
    assert page.status_code == 200
    assert "Start over" in page.text
    assert "<script>" not in page.text
    assert " style=" not in page.text
    assert "frame-ancestors 'self' http://127.0.0.1:*" in page.headers["content-security-policy"]


async def test_forms_go_back_to_the_page_and_say_what_was_wrong(http: httpx.AsyncClient) -> None:
    """No script needed."""
    good = await http.post("/sandbox/faults", data={"kind": "throttle", "match": CREATE, "shown": "employee"})
    assert (good.status_code, good.headers["location"]) == (303, "/sandbox/tenant?person=employee")
    bad = await http.post("/sandbox/people/employee/methods", data={"type": "passkey", "pass": "nope"})
    assert bad.status_code == 403
    assert "not a valid Temporary Access Pass" in bad.text


async def test_text_from_people_is_shown_as_text(http: httpx.AsyncClient) -> None:
    """A letter cannot bring markup into the page."""
    await http.post(
        "/sandbox/mail", json={"to": "employee", "subject": "<b>hi</b>", "text": "<script>1</script>"}
    )
    page = (await http.get("/sandbox/tenant?person=employee")).text
    assert "&lt;script&gt;1" in page
    assert "<b>hi</b>" not in page


async def test_other_names_and_other_sites_are_turned_away(http: httpx.AsyncClient) -> None:
    """No website reaches a lever, not by rebinding its name, not by a form."""
    assert (await http.get("/sandbox/people", headers={"Host": "evil.example"})).status_code == 421
    form = {"kind": "hold"}
    cross = await http.post("/sandbox/faults", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"licence": "gold"},
        {"pass_minimum": 5},
        {"nothing": 1},
        {"pass_include": "nobody"},
        {"page_size": "x"},
    ],
)
async def test_a_switch_refuses_what_does_not_fit(http: httpx.AsyncClient, body: dict[str, object]) -> None:
    """The tenant never gets into a state Microsoft's could not be in."""
    assert (await http.post("/sandbox/switches", json=body)).status_code == 400


async def test_the_token_endpoint_can_be_held_too(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    """A kill there is part of the journey; it is no Graph call and not in the ledger."""
    await http.post("/sandbox/faults", json={"match": "POST */token", "kind": "unavailable"})
    answer = await http.post(
        f"{sandbox.authority}/oauth2/v2.0/token", data={"grant_type": "client_credentials"}
    )
    assert answer.status_code == 503
    assert (await http.get("/sandbox/ledger")).json() == []
