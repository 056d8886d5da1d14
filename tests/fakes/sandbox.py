"""A real sandbox on a free loopback port, for tests that want HTTP and no pretence.

Use it as a fixture: `from tests.fakes.sandbox import sandbox  # noqa: F401`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache

import pytest_asyncio

from bot.sandbox.company import TENANT
from bot.sandbox.server import running
from bot.sandbox.state import State
from bot.sandbox.tokens import graph_token, life, new_key
from tests.fakes.clock import FakeClock


@cache
def signing_key() -> bytes:
    """One RSA key for all tests: making one costs a quarter of a second."""
    return new_key()


@dataclass(slots=True)
class Sandbox:
    """The running sandbox, its clock, and short cuts past the sign-in page."""

    state: State
    clock: FakeClock

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.state.port}"

    @property
    def graph(self) -> str:
        return f"{self.url}/v1.0"

    @property
    def authority(self) -> str:
        return self.state.authority

    @property
    def tenant(self) -> str:
        return TENANT

    def client_id(self, app: str) -> str:
        return self.state.app_named(app).client_id

    def secret(self, app: str) -> str:
        return self.state.app_named(app).secret

    def oid(self, person: str) -> str:
        who = self.state.directory.get(person)
        assert who is not None
        return who.oid

    def reader_token(self, *roles: str) -> str:
        """An application token of the reader; *roles* replaces what it is consented."""
        from bot.sandbox.tokens import APP_ROLES

        app = self.state.app_named("reader")
        claims = graph_token(
            app,
            self.state.issuer,
            life(self.clock.now()),
            roles=list(roles or APP_ROLES["reader"]),
            sub=app.client_id,
        )
        return self.state.keys.sign(claims)

    def act_token(self, person: str, *scopes: str) -> str:
        """A delegated token of the act registration in *person*'s name."""
        from bot.sandbox.tokens import CONSENTED

        app = self.state.app_named("act")
        scope = " ".join(scopes or CONSENTED["act"])
        claims = graph_token(app, self.state.issuer, life(self.clock.now()), scp=scope, oid=self.oid(person))
        return self.state.keys.sign(claims)


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A fresh tenant in the test's own loop, at nine o'clock, clock standing still."""
    clock = FakeClock()
    async with running(None, clock=clock, signing_key=signing_key()) as state:
        yield Sandbox(state, clock)
