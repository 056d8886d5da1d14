"""The port `Authority`, through real MSAL against the sandbox's authority over HTTP."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from bot.adapters.entra.authority import EntraAuthority, Registration
from bot.core.model import Reason
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.sign_in import Redeemed
from bot.references import Secret
from bot.setting_values import Credential
from tests.fakes.clock import FakeClock
from tests.fakes.entra import CALLBACK, authority_of, signed_in, tokens_of
from tests.fakes.sandbox import Sandbox

DIGEST = "9f" * 32


@pytest.fixture
def authority(sandbox: Sandbox) -> Iterator[EntraAuthority]:
    with closing(authority_of(sandbox)) as made:
        yield made


async def begin(authority: EntraAuthority, app: str = "identity", **changes: Any) -> tuple[str, str]:
    ask: dict[str, Any] = {
        "nonce": DIGEST + "salt",
        "state": "state-1",
        "context": "c1",
        "login_hint": "",
        "redirect_uri": CALLBACK,
        "fresh": True,
    }
    return await authority.begin(app=app, **(ask | changes))


async def through(
    authority: EntraAuthority,
    app: str = "identity",
    person: str = "agent",
    method: str = "passkey",
    **changes: Any,
) -> Redeemed:
    url, flow = await begin(authority, app, **changes)
    return await authority.redeem(app=app, flow=flow, form=await signed_in(url, person, method))


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def test_the_browser_is_sent_to_ask_for_exactly_what_was_wanted(authority: EntraAuthority) -> None:
    """Fresh, with PKCE, answered by a POST, for one context, and nothing that lasts."""
    url, _ = await begin(authority, login_hint="agent@keyturn.example")
    sent = asked(url)
    assert sent["response_mode"] == "form_post"
    assert sent["code_challenge_method"] == "S256"
    assert (sent["prompt"], sent["max_age"]) == ("login", "0")
    assert sent["login_hint"] == "agent@keyturn.example"
    assert '"value": "c1"' in sent["claims"]
    assert "offline_access" not in sent["scope"]
    assert "CP1" not in url


async def test_the_browser_goes_to_the_loopback_authority_not_to_the_name_msal_knows(
    authority: EntraAuthority,
    sandbox: Sandbox,
) -> None:
    """The https name is for MSAL alone."""
    url, _ = await begin(authority)
    assert url.startswith(sandbox.authority + "/")


async def test_the_wire_nonce_is_the_hash_of_ours(authority: EntraAuthority) -> None:
    """The authority's signature must attest the digest, so MSAL's own nonce must not be on the wire."""
    url, _ = await begin(authority)
    assert asked(url)["nonce"] == hashlib.sha256(f"{DIGEST}salt".encode()).hexdigest()
    done = await through(authority)
    claims = jwt.decode(done.who.raw_id_token, options={"verify_signature": False})
    assert claims["nonce"] == hashlib.sha256(f"{DIGEST}salt".encode()).hexdigest()


async def test_a_sign_in_tells_who_when_and_in_which_context(
    authority: EntraAuthority,
    sandbox: Sandbox,
) -> None:
    """Everything the checks of a signature need, from validated claims."""
    who = (await through(authority)).who
    assert who.oid == sandbox.oid("agent")
    assert who.contexts == frozenset({"c1"})
    assert who.auth_time == sandbox.clock.now()


async def test_a_weaker_sign_in_comes_without_the_context(authority: EntraAuthority) -> None:
    """The context is the authority's word, never assumed because it was asked for."""
    assert (await through(authority, method="authenticator")).who.contexts == frozenset()


async def test_only_the_act_registration_brings_a_token(authority: EntraAuthority) -> None:
    """A token that nobody needs is dropped unread."""
    assert (await through(authority, "identity")).token is None
    token = (await through(authority, "act")).token
    assert token is not None
    assert "TAP.ReadWrite.All" in jwt.decode(token.reveal(), options={"verify_signature": False})["scp"]


async def test_no_token_stays_behind(authority: EntraAuthority, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in MSAL's cache nor in a log, at whatever level."""
    caplog.set_level(logging.DEBUG)
    done = await through(authority, "act")
    assert done.token is not None
    value, raw = done.token.reveal(), done.who.raw_id_token
    caches = [app.token_cache for app in authority._apps.values()]
    assert caches
    assert not any(
        list(cache.search(kind)) for cache in caches for kind in ("AccessToken", "IdToken", "RefreshToken")
    )
    assert value not in repr(done)
    assert raw not in repr(done)
    assert value not in caplog.text
    assert raw not in caplog.text


async def test_a_code_is_redeemed_once(authority: EntraAuthority) -> None:
    """A callback that is stolen and sent again leads nowhere."""
    url, flow = await begin(authority)
    form = await signed_in(url, "agent", "passkey")
    await authority.redeem(app="identity", flow=flow, form=form)
    with pytest.raises(Refused) as caught:
        await authority.redeem(app="identity", flow=flow, form=form)
    assert caught.value.reason is Reason.BAD_TOKEN


async def test_a_code_of_another_sign_in_is_refused(authority: EntraAuthority) -> None:
    """PKCE and nonce bind a code to the flow that asked for it."""
    _, mine = await begin(authority)
    theirs, _ = await begin(authority, nonce="other" * 9)
    with pytest.raises(Refused):
        await authority.redeem(app="identity", flow=mine, form=await signed_in(theirs, "agent", "passkey"))


async def test_another_state_is_refused(authority: EntraAuthority) -> None:
    """MSAL's own check still stands behind ours."""
    url, flow = await begin(authority)
    form = await signed_in(url, "agent", "passkey") | {"state": "other"}
    with pytest.raises(Refused):
        await authority.redeem(app="identity", flow=flow, form=form)


async def test_who_cancels_is_not_signed_in(authority: EntraAuthority) -> None:
    """A word for it of its own, since nothing is wrong."""
    url, flow = await begin(authority)
    form = await signed_in(url, "agent", cancel=True)
    with pytest.raises(Refused) as caught:
        await authority.redeem(app="identity", flow=flow, form=form)
    assert caught.value.reason is Reason.NOT_SIGNED_IN


async def test_a_wrong_credential_is_the_operators_trouble(sandbox: Sandbox) -> None:
    """Not the person's; and the text holds no secret."""
    with (
        closing(authority_of(sandbox, secrets={"identity": "canary-wrong-secret"})) as authority,
        pytest.raises(TransientError) as caught,
    ):
        await through(authority)
    assert "canary" not in str(caught.value)


async def test_an_authority_that_is_away_is_said_to_be_away() -> None:
    """Nobody is refused because a host is down."""
    registration = Registration("client", Credential("secret", Secret(b"s")))
    away = EntraAuthority(
        authority="http://127.0.0.1:9",
        tenant_id="t",
        registrations={"identity": registration},
        clock=FakeClock(),
    )
    with closing(away), pytest.raises(TransientError):
        await begin(away)


async def test_the_readers_token_comes_from_the_authority(sandbox: Sandbox) -> None:
    """Real client credentials, asked for once while the token lives."""
    with closing(tokens_of(sandbox)) as tokens:
        first = await tokens.token()
        assert await tokens.token() == first
        await tokens.renew()
        assert await tokens.token()
    with closing(tokens_of(sandbox, secret="canary-wrong")) as wrong, pytest.raises(PermanentError) as caught:
        await wrong.token()
    assert caught.value.reason == "invalid_client"
    assert "canary" not in str(caught.value)
