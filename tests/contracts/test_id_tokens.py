"""ID tokens, claim by claim: the authority's own key signs, one claim is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.adapters.entra.http import AuthorityHttp
from bot.adapters.entra.tokens import IdTokens
from bot.core.model import Reason
from bot.errors import Refused, TransientError
from bot.ports.sign_in import SignedIn
from tests.fakes.entra import origin
from tests.fakes.sandbox import Sandbox

Sign = Callable[[dict[str, Any]], str]


@pytest.fixture
async def judge(sandbox: Sandbox) -> AsyncIterator[Callable[..., Any]]:
    """Validate a token that the authority really signed, with claims changed."""
    http = AuthorityHttp(origin(sandbox))
    tokens = IdTokens(http, sandbox.tenant, sandbox.clock)
    now = int(sandbox.clock.now().timestamp())
    good = {
        "iss": sandbox.state.issuer,
        "aud": "client",
        "tid": sandbox.tenant,
        "oid": "OID-1",
        "nonce": "wire",
        "iat": now,
        "nbf": now - 300,
        "exp": now + 3600,
        "auth_time": now,
        "acrs": ["c1"],
    }

    async def run(*, fresh: bool = True, sign: Sign = sandbox.state.keys.sign, **changes: Any) -> SignedIn:
        claims = {name: value for name, value in (good | changes).items() if value is not None}
        return await asyncio.to_thread(
            tokens.validate, sign(claims), client_id="client", wire_nonce="wire", fresh=fresh
        )

    with closing(http):
        yield run


async def test_a_good_token_is_read(judge: Any) -> None:
    """The object id is lower case from here on."""
    who = await judge()
    assert (who.oid, who.contexts) == ("oid-1", frozenset({"c1"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://localhost:1/other/v2.0"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["client", "another-client"]},
        {"aud": None},
        {"tid": "another-tenant"},
        {"tid": None},
        {"nonce": "another"},
        {"nonce": None},
        {"oid": None},
        {"oid": ""},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 9_999_999_999},
        {"auth_time": None},
        {"auth_time": "now"},
        {"auth_time": True},
        {"auth_time": 9_999_999_999},
    ],
    ids=str,
)
async def test_a_token_with_one_wrong_claim_is_refused(judge: Any, changes: dict[str, Any]) -> None:
    """MSAL would take most of these."""
    with pytest.raises(Refused) as caught:
        await judge(**changes)
    assert caught.value.reason is Reason.BAD_TOKEN
    assert "oid-1" not in str(caught.value).lower()


async def test_a_token_signed_by_somebody_else_is_refused(judge: Any, sandbox: Sandbox) -> None:
    """Also when it names the right key."""
    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kid = sandbox.state.keys.jwks("")["keys"][-1]["kid"]
    with pytest.raises(Refused):
        await judge(sign=lambda claims: jwt.encode(claims, forger, "RS256", headers={"kid": kid}))


@pytest.mark.parametrize(("algorithm", "key"), [("none", None), ("HS256", "k" * 32)])
async def test_a_token_under_another_algorithm_is_refused(
    judge: Any, sandbox: Sandbox, algorithm: str, key: str | None
) -> None:
    """The algorithm is ours to choose, not the token's."""
    kid = sandbox.state.keys.jwks("")["keys"][-1]["kid"]
    with pytest.raises(Refused):
        await judge(sign=lambda claims: jwt.encode(claims, key, algorithm, headers={"kid": kid}))


@pytest.mark.parametrize("raw", ["", "x", "a.b.c", "eyJhbGciOiJSUzI1NiJ9.e30."])
async def test_what_is_no_token_is_refused(judge: Any, raw: str) -> None:
    """Garbage is refused like a forgery."""
    with pytest.raises(Refused):
        await judge(sign=lambda _: raw)


async def test_a_single_context_may_come_as_a_string(judge: Any) -> None:
    """Entra's documentation shows both."""
    assert (await judge(acrs="c1")).contexts == frozenset({"c1"})
    assert (await judge(acrs=None)).contexts == frozenset()


async def test_a_sign_in_that_need_not_be_fresh_may_lack_auth_time(judge: Any) -> None:
    """It is an optional claim; the time of issue stands in."""
    assert (await judge(fresh=False, auth_time=None)).auth_time.year == 2026


async def test_new_signing_keys_are_found_but_not_asked_for_at_every_forgery(
    judge: Any,
    sandbox: Sandbox,
) -> None:
    """Keys rotate; a stream of tokens with made-up key names is no way to flood the authority."""
    await judge()
    sandbox.state.keys.rotate(keep=False)
    with pytest.raises(Refused):
        await judge()  # within a minute of the last reading
    sandbox.clock.at += timedelta(seconds=61)
    assert (await judge()).oid == "oid-1"


async def test_the_issuer_must_be_the_authoritys_own(sandbox: Sandbox) -> None:
    """A discovery document that names another issuer is not ours."""
    http = AuthorityHttp(origin(sandbox).replace("localhost", "127.0.0.1"))
    with closing(http), pytest.raises(TransientError, match="another issuer"):
        await asyncio.to_thread(IdTokens(http, sandbox.tenant, sandbox.clock).discovery)
