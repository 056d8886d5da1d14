"""Who gets in at `/api/messages`: the token, the envelope, the tenant. Everything over HTTP, with real
signatures; nothing that is refused leaves a trace but a line in the log.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from bot.adapters.teams import door
from bot.core.records import Case, ChatAddress, EventRow
from tests.fakes.teams.authority import ISSUER, Authority, rsa_key
from tests.fakes.teams.house import TeamsHouse

OTHER = "99999999-9999-4999-8999-999999999999"
EMULATOR = "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/"


async def nothing_kept(teams: TeamsHouse) -> bool:
    """No event, no case, no address to write to, nothing sent."""
    await teams.settle()
    rows = [await teams.rows(kind) for kind in (EventRow, Case, ChatAddress)]
    return rows == [[], [], []] and teams.connector.posted == []


# --- the token --------------------------------------------------------------------------------------


async def test_a_message_that_teams_signed_is_taken(teams: TeamsHouse) -> None:
    """And answered: into the chat it came from."""
    user = teams.user()
    assert (await user.write("I got a new phone")).status == 200
    await teams.settle()
    assert "New phone" in user.last().text
    assert len(await teams.events()) == 1


async def test_without_a_token_nobody_gets_in(teams: TeamsHouse) -> None:
    """Whoever finds the port could otherwise be anybody."""
    user = teams.user()
    assert (await user.post(user.message("hello"), token="")).status == 401
    assert await nothing_kept(teams)


CLAIMS: dict[str, dict[str, Any]] = {
    "for another bot": {"aud": OTHER},
    "for no bot": {"aud": None},
    "expired": {"exp": int(time.time()) - 3600},
    "from somebody else": {"iss": "https://sts.windows.net/elsewhere/"},
    "from nobody": {"iss": None},
    "for another service": {"serviceurl": "https://smba.trafficmanager.net/emea/"},
    "for no service": {"serviceurl": None},
    "not yet": {"nbf": int(time.time()) + 3600},
}


async def test_a_token_is_for_us_from_teams_and_now(teams: TeamsHouse) -> None:
    """Each claim counts by itself; the rest of the token is good."""
    user = teams.user()
    for why, claims in CLAIMS.items():
        token = teams.authority.token(teams.connector.service_url, claims=claims)
        assert (await user.post(user.message("hello"), token=token)).status == 401, why
    assert await nothing_kept(teams)


async def test_a_token_that_teams_did_not_sign_is_refused(teams: TeamsHouse) -> None:
    """Another key under a known name, no signature, a shared secret, an unpublished key."""
    user, url = teams.user(), teams.connector.service_url
    for token in (
        teams.authority.token(url, key="forger"),
        teams.authority.token(url, alg="none"),
        teams.authority.token(url, alg="HS256"),
        teams.authority.token(url, kid="nobodys"),
    ):
        assert (await user.post(user.message("hello"), token=token)).status == 401
    assert await nothing_kept(teams)


GARBAGE = ("Bearer", "Bearer ", "Bearer a.b.c", "Basic Ym90OmJvdA==", "Bearer x y", "nonsense", "Bearer é")


async def test_garbage_in_the_header_is_refused_as_such(teams: TeamsHouse) -> None:
    """401, and not an error of ours."""
    user = teams.user()
    for header in GARBAGE:
        told = await user.post(user.message("hello"), token="", headers={"Authorization": header})
        assert told.status == 401, header
    assert await nothing_kept(teams)


async def test_tokens_of_the_emulator_are_refused_without_asking_anybody(teams: TeamsHouse) -> None:
    """The SDK would take one made by the bot's own registration, and fetch keys from elsewhere."""
    now = int(time.time())
    claims = {
        "iss": EMULATOR, "aud": teams.authority.app_id, "appid": teams.authority.app_id, "ver": "1.0",
        "serviceurl": teams.connector.service_url, "nbf": now - 5, "exp": now + 600,
    }  # fmt: skip
    token = jwt.encode(claims, rsa_key("first"), "RS256", headers={"kid": "first"})
    user = teams.user()
    assert (await user.post(user.message("hello"), token=token)).status == 401
    assert await nothing_kept(teams)


def fetched(authority: Authority) -> int:
    return authority.fetches.get("/v1/.well-known/keys", 0)


async def test_keys_are_fetched_once_and_again_after_a_rotation(teams: TeamsHouse) -> None:
    """A new key is good at once; the one taken back is not any more."""
    user, authority = teams.user(), teams.authority
    for _ in range(3):
        assert (await user.write("hello")).status == 200
    assert fetched(authority) == 1
    old = authority.token(teams.connector.service_url)
    teams.clock.go(minutes=1)
    authority.rotate("second")
    assert (await user.write("hello")).status == 200
    assert fetched(authority) == 2
    assert (await user.post(user.message("hello"), token=old)).status == 401


async def test_unknown_keys_do_not_make_us_ask_again_and_again(teams: TeamsHouse) -> None:
    """Anybody can send a token that names a key; we ask for new keys twice a minute at most, and
    meanwhile those we know go on working."""
    user, authority = teams.user(), teams.authority
    assert (await user.write("hello")).status == 200
    for n in range(20):
        token = authority.token(teams.connector.service_url, kid=f"nobodys-{n}")
        assert (await user.post(user.message("x"), token=token)).status == 401
    assert fetched(authority) <= 2
    assert (await user.write("hello again")).status == 200


async def test_keys_that_cannot_be_read_are_our_trouble_not_theirs(teams: TeamsHouse) -> None:
    """Teams is asked to deliver again, and nobody gets in unchecked."""
    user = teams.user()
    teams.authority.away = True
    assert (await user.write("hello")).status in {500, 502, 503}
    assert await nothing_kept(teams)
    teams.authority.away = False
    teams.clock.go(minutes=1)
    assert (await user.write("hello")).status == 200


async def test_a_key_for_another_channel_is_no_key_for_teams(teams: TeamsHouse) -> None:
    """Teams endorses its keys; a key of another channel signs nothing here."""
    teams.authority.rotate("webchat-key", "webchat")
    user = teams.user()
    assert (await user.write("hello")).status == 401
    assert await nothing_kept(teams)


async def test_a_known_key_goes_on_while_the_metadata_is_away(teams: TeamsHouse) -> None:
    """A day later the keys are read again; while that fails, the known ones stay good."""
    user = teams.user()
    assert (await user.write("hello")).status == 200
    teams.authority.away = True
    teams.clock.go(hours=25)
    assert (await user.write("hello")).status == 200


# --- the envelope -----------------------------------------------------------------------------------


BODIES = (
    (b"{}", "text/plain", 415),
    (b"text=hello", "application/x-www-form-urlencoded", 415),
    (b"{", "application/json", 400),
    (b"[]", "application/json", 400),
    (b'"hello"', "application/json", 400),
    (b"\xff\xfe", "application/json", 400),
    (b"{}", "application/json", 400),
    (b"", "application/json", 400),
)


async def test_what_is_no_activity_is_refused_as_such(teams: TeamsHouse) -> None:
    """Never as an error of ours, with or without a good token."""
    for body, kind, status in BODIES:
        told = await teams.user().post(body, headers={"Content-Type": kind})
        assert told.status == status, body


async def test_an_activity_without_its_bones_is_refused(teams: TeamsHouse) -> None:
    """Above all one without a service URL: the SDK would not compare it with the token's."""
    user = teams.user()
    for without in ("type", "serviceUrl", "conversation"):
        activity = user.message("hello")
        del activity[without]
        assert (await user.post(activity)).status == 400, without
    assert await nothing_kept(teams)


async def test_only_teams_may_speak_for_teams(teams: TeamsHouse) -> None:
    """Another channel of the same bot has another idea of who somebody is."""
    teams.authority.rotate("first", "msteams", "webchat", "directline")
    user = teams.user()
    for channel in ("webchat", "directline", "emulator", ""):
        told = await user.post({**user.message("hello"), "channelId": channel})
        assert 400 <= told.status < 500
    assert await nothing_kept(teams)


async def test_a_get_shows_nothing(teams: TeamsHouse) -> None:
    """Somebody looks at the address in a browser."""
    async with teams.http.get(teams.endpoint) as answer:
        assert answer.status in {404, 405}


async def test_a_huge_body_is_not_read(teams: TeamsHouse) -> None:
    """Teams sends no messages of megabytes."""
    told = await teams.user().post({**teams.user().message("x"), "padding": "x" * 900_000})
    assert told.status in {400, 413}
    assert await nothing_kept(teams)


async def test_whoever_sends_too_slowly_is_not_waited_for(
    teams: TeamsHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this, anybody could keep as many connections and half bodies as they like."""
    monkeypatch.setattr(door, "PATIENCE", 0.05)
    where = urlsplit(teams.endpoint)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    head = f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
    async with asyncio.timeout(5):
        assert b" 408 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_refusal_says_nothing_of_the_token(
    teams: TeamsHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the answer nor in the log."""
    user = teams.user()
    token = teams.authority.token(teams.connector.service_url, claims={"aud": OTHER})
    told = await user.post(user.message("my secret text"), token=token)
    assert token.split(".")[1] not in caplog.text + str(told.body)
    assert "my secret text" not in caplog.text
    assert ISSUER not in str(told.body)
