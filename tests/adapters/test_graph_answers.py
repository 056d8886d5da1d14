"""Answers that Graph is not documented to give, from a server that says whatever a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from aiohttp import web

from bot.adapters.entra.http import AuthorityHttp, MsalHttp
from bot.adapters.graph import reading
from bot.adapters.graph.acting import GraphActing
from bot.adapters.graph.asking import Asking
from bot.adapters.graph.budget import Budget
from bot.adapters.graph.client import GraphHttp
from bot.adapters.graph.directory import GraphDirectory
from bot.core.facts import Unreadable
from bot.core.model import Oid
from bot.errors import PermanentError
from bot.ports.acting import ActsRefused, ActsUnknown, ActToken
from bot.ports.store import Store
from tests.fakes.clock import FakeClock
from tests.fakes.entra import Naps

OID = Oid("52d67dcf-202e-5718-b58b-21084c90c3f8")
OTHER = "00000000-0000-0000-0000-000000000001"
TOKEN = ActToken("canary-token")


class Odd:
    """Graph as a test wants it: path ending → answer; everything that came is kept."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[web.Request], web.Response]] = {}
        self.came: list[tuple[str, str]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.came.append((request.method, request.path))
        for ending, give in self.answers.items():
            if request.path.endswith(ending):
                return give(request)
        return web.json_response({"value": []})

    def says(self, ending: str, status: int = 200, body: Any = None, **headers: str) -> None:
        self.answers[ending] = lambda _: (
            web.Response(status=status, headers=headers)
            if body is None
            else web.json_response(body, status=status, headers=headers)
        )


class Token:
    async def token(self) -> str:
        return "canary-token"

    async def renew(self) -> None: ...


@pytest.fixture
async def odd() -> AsyncIterator[Odd]:
    server = Odd()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1.0"
    yield server
    await runner.cleanup()


@pytest.fixture
async def http(odd: Odd) -> AsyncIterator[GraphHttp]:
    made = GraphHttp(odd.url, timeout=2)
    yield made
    await made.close()


@pytest.fixture
def acting(http: GraphHttp, store: Store, clock: FakeClock) -> GraphActing:
    return GraphActing(http, Budget(store, clock, sleep=Naps()))


@pytest.fixture
def directory(http: GraphHttp, store: Store, clock: FakeClock) -> GraphDirectory:
    return GraphDirectory(Asking(http, Token(), sleep=Naps()), Budget(store, clock, sleep=Naps()), clock)


# --- acting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (201, None),
        (204, None),
        (201, {}),
        (201, {"id": "1", "temporaryAccessPass": None}),
        (201, {"id": "1", "temporaryAccessPass": ""}),
        (201, {"temporaryAccessPass": "canary-pass"}),
        (201, ["canary-pass"]),
        (301, None),
        (302, None),
        (307, None),
        (408, {"error": {"code": "timeout"}}),
        (500, {"error": {"code": "x"}}),
    ],
)
async def test_whatever_is_no_pass_is_unknown_and_asked_for_once(
    odd: Odd, acting: GraphActing, status: int, body: Any
) -> None:
    """An empty answer to a create is no success; a redirect is not followed, least of all with a token."""
    odd.says("temporaryAccessPassMethods", status, body, Location="/v1.0/elsewhere")
    with pytest.raises(ActsUnknown) as caught:
        await acting.issue_pass(TOKEN, OID, minutes=60, once=True)
    assert len(odd.came) == 1
    assert "canary" not in str(caught.value)


async def test_a_code_of_graphs_is_cut_to_a_plain_word(odd: Odd, acting: GraphActing) -> None:
    """It goes into rows and logs."""
    odd.says("temporaryAccessPassMethods", 400, {"error": {"code": "bad\r\n<b>Request</b>" * 20}})
    with pytest.raises(ActsRefused) as caught:
        await acting.issue_pass(TOKEN, OID, minutes=60, once=True)
    assert caught.value.code.isalnum()
    assert len(caught.value.code) <= 60


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": [{"isUsable": True}]}])
async def test_a_list_of_passes_that_is_none_is_unknown(odd: Odd, acting: GraphActing, body: Any) -> None:
    """Unreadable must not pass for "there is none"."""
    odd.says("temporaryAccessPassMethods", 200, body)
    with pytest.raises(ActsUnknown):
        await acting.list_passes(TOKEN, OID)


# --- reading ------------------------------------------------------------------------------------


async def test_roles_of_somebody_else_are_no_answer(odd: Odd, directory: GraphDirectory) -> None:
    """A filter that was ignored would otherwise answer about everybody, or nobody."""
    role = {"principalId": OTHER, "roleDefinitionId": "r", "directoryScopeId": "/"}
    odd.says("roleAssignments", 200, {"value": [role]})
    assert isinstance((await directory.facts(OID, groups=())).roles.active, Unreadable)


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": {}}, {"error": {}}])
async def test_an_answer_without_its_list_is_unreadable(
    odd: Odd, directory: GraphDirectory, body: Any
) -> None:
    """Not empty."""
    odd.says("roleAssignments", 200, body)
    assert isinstance((await directory.facts(OID, groups=())).roles.active, Unreadable)


async def test_a_group_whose_kind_cannot_be_seen_makes_roles_unreadable(
    odd: Odd, directory: GraphDirectory
) -> None:
    """Graph shows type and id alone of what the reader may not read; null is not "no" there."""
    limited = {"id": OTHER, "displayName": None, "isAssignableToRole": None}
    odd.says("graph.group", 200, {"value": [limited]})
    assert isinstance((await directory.facts(OID, groups=())).roles.role_groups, Unreadable)


@pytest.mark.parametrize("link", ["https://evil.example/v1.0/next", "http://127.0.0.1:1/v1.0/next"])
async def test_a_next_page_elsewhere_is_not_followed(odd: Odd, directory: GraphDirectory, link: str) -> None:
    """The token would go with it."""
    odd.says("roleAssignments", 200, {"value": [], "@odata.nextLink": link})
    assert isinstance((await directory.facts(OID, groups=())).roles.active, Unreadable)


async def test_pages_that_never_end_do(odd: Odd, directory: GraphDirectory) -> None:
    """A loop of links is unreadable, and costs a bounded number of requests."""
    odd.says("roleAssignments", 200, {"value": [], "@odata.nextLink": f"{odd.url}/roleAssignments"})
    assert isinstance((await directory.facts(OID, groups=())).roles.active, Unreadable)
    assert len(odd.came) < 100


@pytest.mark.parametrize("status", [301, 302])
async def test_a_redirect_of_a_read_is_not_followed(odd: Odd, directory: GraphDirectory, status: int) -> None:
    """It is an answer we do not understand."""
    odd.says(OID, status, None, Location=f"{odd.url}/elsewhere")
    with pytest.raises(PermanentError):
        await directory.person(OID)
    assert len(odd.came) == 1


GOOD = {
    "id": OID,
    "userPrincipalName": "a@b.example",
    "accountEnabled": True,
    "isManagementRestricted": None,
    "userType": "Member",
}


@pytest.mark.parametrize("lost", ["id", "userPrincipalName", "accountEnabled", "isManagementRestricted"])
def test_an_account_that_came_without_a_field_we_decide_by_is_unreadable(lost: str) -> None:
    """Absent is not false."""
    reading.person(GOOD)
    with pytest.raises(PermanentError):
        reading.person({name: value for name, value in GOOD.items() if name != lost})


@pytest.mark.parametrize(
    "more",
    [
        {"creationType": "Invitation"},
        {"externalUserState": "PendingAcceptance"},
        {"userPrincipalName": "a_b.example#EXT#@c.example"},
        {"userPrincipalName": "a_b.example#ext#@c.example"},
    ],
)
def test_any_sign_of_a_guest_from_outside_counts(more: dict[str, Any]) -> None:
    """Also on an account that says it is a member."""
    assert reading.person(GOOD | more).external


def test_a_restricted_account_is_seen() -> None:
    """Only its administrative unit's own administrators may act on it."""
    assert reading.person(GOOD | {"isManagementRestricted": True}).management_restricted


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-06-02T16:21:09.7651731Z", 9.765173),
        ("2026-06-02T16:21:09.7Z", 9.7),
        ("2026-06-02T16:21:09Z", 9),
        ("2026-06-02T18:21:09+02:00", 9),
    ],
)
def test_graphs_times_are_read_in_utc(text: str, seconds: float) -> None:
    """With one digit of a second or seven."""
    found = reading.moment(text)
    assert found is not None
    assert (found.hour, found.second + found.microsecond / 1e6) == (16, pytest.approx(seconds))


@pytest.mark.parametrize("text", ["", None, "yesterday", 3, "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_none(text: object) -> None:
    """A method without a date is young by our own sighting."""
    assert reading.moment(text) is None


@pytest.mark.parametrize(
    ("body", "lives"),
    [
        ({"isUsable": True, "methodUsabilityReason": "EnabledByPolicy"}, True),
        ({"isUsable": False, "methodUsabilityReason": "NotYetValid"}, True),
        ({"isUsable": False, "methodUsabilityReason": "SomethingNew"}, True),
        ({"methodUsabilityReason": "Expired", "isUsable": False}, False),
        ({"methodUsabilityReason": "OneTimeUsed", "isUsable": False}, False),
        ({}, True),
    ],
)
def test_a_pass_lives_unless_graph_says_it_is_over(body: dict[str, Any], lives: bool) -> None:
    """Doubt counts as a pass that is there."""
    assert (reading.live_pass([{"id": "1"} | body]) is not None) == lives


# --- the authority's client ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["https://login.microsoftonline.com/x", "http://localhost:8301.evil.example/x", "http://localhost:9/x"],
)
def test_nothing_but_the_authority_is_reached(url: str) -> None:
    """A discovery document could name any address."""
    http = AuthorityHttp("http://localhost:8301")
    for ask in (http.get, http.post):
        with pytest.raises(httpx.UnsupportedProtocol):
            ask(url)
    http.close()


def test_msals_name_is_only_for_msal() -> None:
    """On https there is nothing to disguise; on loopback the name leads to the address and nowhere else."""
    for address, name in (
        ("http://localhost:8301", "https://login.microsoftonline.com"),
        ("https://login.microsoftonline.us", "https://login.microsoftonline.us"),
    ):
        http = AuthorityHttp(address)
        shown = MsalHttp(http)
        assert shown.name == name
        assert shown.real(f"{name}/t/authorize?x=1") == f"{address}/t/authorize?x=1"
        assert shown.real("https://elsewhere.example/") == "https://elsewhere.example/"
        http.close()
