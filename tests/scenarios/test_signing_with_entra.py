"""From a draft to a pass: the sign-in service, real MSAL, real msgraph-sdk, one sandbox over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import closing

import jwt
import pytest

from bot.adapters.graph.client import GraphHttp
from bot.core.model import Oid, Reason
from bot.core.records import Signing
from bot.ports.acting import IssuedPass
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk
from bot.ports.store import Store
from bot.service.keys import Keys
from bot.service.purposes import contexts_by_purpose
from bot.service.sign_ins import SignInService, Ways
from tests.fakes.clock import FakeEntropy
from tests.fakes.entra import CALLBACK, acting_of, authority_of, signed_in
from tests.fakes.sandbox import Sandbox, sandbox

__all__ = ["sandbox"]


class Desk:
    """A service whose approval makes a pass for Amara."""

    def __init__(self, sandbox: Sandbox, store: Store, service: SignInService, keys: Keys) -> None:
        self.sandbox, self.store, self.service, self.keys = sandbox, store, service, keys
        self.made: list[IssuedPass] = []

    async def begin(self) -> Redirect:
        ask = SignInAsk(
            Purpose.APPROVE,
            "browser",
            subject_ref="request",
            expected_oid=self.sandbox.oid("agent"),
            login_hint="agent@keyturn.example",
            digest="d" * 64,
        )
        return await self.service.begin(ask)

    async def sign(self, person: str = "agent", method: str = "passkey") -> Landing:
        redirect = await self.begin()
        form = await signed_in(redirect.url, person, method)
        return await self.service.finish(form, {redirect.cookie_name: redirect.cookie_value})


@pytest.fixture
async def desk(sandbox: Sandbox, store: Store) -> AsyncIterator[Desk]:
    keys, http = Keys(b"k" * 32, b"p" * 32), GraphHttp(sandbox.graph)
    acting = acting_of(sandbox, http, store)

    async def approve(finished: Finished) -> Landing:
        assert finished.token is not None
        desk.made.append(
            await acting.issue_pass(finished.token, Oid(sandbox.oid("employee")), minutes=60, once=True)
        )
        return Landing("/done")

    with closing(authority_of(sandbox)) as authority:
        service = SignInService(
            store=store,
            clock=sandbox.clock,
            entropy=FakeEntropy(),
            keys=keys,
            authority=authority,
            contexts=contexts_by_purpose(approve="c1", enrol="c2", sign_in="c3"),
            callback=CALLBACK,
            ways=Ways({Purpose.APPROVE: approve}, {}),
        )
        desk = Desk(sandbox, store, service, keys)
        yield desk
    await http.close()


async def test_one_sign_in_makes_one_pass_in_the_approvers_name(desk: Desk) -> None:
    """And Entra's own signature over the draft's digest stays, sealed, with the row."""
    assert await desk.sign() == Landing("/done")
    assert len(desk.made) == 1
    (call,) = desk.sandbox.state.journal.ledger()
    assert (call["app"], call["actor"]) == ("act", "agent")
    (row,) = await desk.store.read(lambda work: work.find(Signing))
    raw = desk.keys.unseal("id_token", row.sealed_token).decode()
    key = jwt.PyJWK(desk.sandbox.state.keys.jwks("")["keys"][-1])
    times = {
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
    }  # its clock stands still
    claims = jwt.decode(raw, key, ["RS256"], audience=desk.sandbox.client_id("act"), options=times)
    assert claims["nonce"] == hashlib.sha256((row.digest + row.salt).encode()).hexdigest()


async def test_another_account_makes_none(desk: Desk) -> None:
    """Although that account could have."""
    assert (await desk.sign("agent2")).refused == Reason.OTHER_ACCOUNT
    assert desk.sandbox.state.journal.ledger() == []


async def test_a_phishable_sign_in_makes_none(desk: Desk) -> None:
    """The context demands more than an app on a phone."""
    assert (await desk.sign(method="authenticator")).refused == Reason.WEAK_SIGN_IN
    assert desk.sandbox.state.journal.ledger() == []


async def test_a_callback_sent_again_makes_no_second_pass(desk: Desk) -> None:
    """Back, reload, or somebody who recorded the form."""
    redirect = await desk.begin()
    form = await signed_in(redirect.url, "agent", "passkey")
    jar = {redirect.cookie_name: redirect.cookie_value}
    assert await desk.service.finish(form, jar) == await desk.service.finish(form, jar) == Landing("/done")
    assert len(desk.made) == 1


async def test_a_code_put_into_another_sign_in_makes_none(desk: Desk) -> None:
    """Two cases, two tabs: state, PKCE and nonce keep them apart."""
    first = await desk.begin()
    code = (await signed_in(first.url, "agent", "passkey"))["code"]
    second = await desk.begin()
    form = await signed_in(second.url, "agent", "passkey") | {"code": code}
    landing = await desk.service.finish(form, {second.cookie_name: second.cookie_value})
    assert landing.refused == Reason.BAD_TOKEN
    assert desk.made == []
