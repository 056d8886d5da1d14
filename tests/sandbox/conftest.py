"""A fresh sandbox and a client for it, and one whole sign-in in a few lines."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.fakes.sandbox import Sandbox, sandbox

__all__ = ["sandbox"]

VERIFIER = "a" * 64
CALLBACK = "http://127.0.0.1:8300/auth/callback"


@pytest_asyncio.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False, timeout=10) as client:
        yield client


@dataclass
class Graph:
    """Graph in somebody's name."""

    http: httpx.AsyncClient
    sandbox: Sandbox

    async def read(self, path: str, *roles: str, **params: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.sandbox.reader_token(*roles)}"}
        return await self.http.get(f"/v1.0{path}", headers=headers, params=params or None)

    async def act(
        self, person: str, verb: str, path: str, body: Any = None, scopes: tuple[str, ...] = ()
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.sandbox.act_token(person, *scopes)}"}
        return await self.http.request(verb, f"/v1.0{path}", headers=headers, json=body)

    def user(self, person: str) -> str:
        return f"/users/{self.sandbox.oid(person)}"

    def passes(self, person: str) -> str:
        return f"{self.user(person)}/authentication/temporaryAccessPassMethods"

    async def ledger(self) -> list[dict[str, Any]]:
        return list((await self.http.get("/sandbox/ledger")).json())


@pytest.fixture
def graph(http: httpx.AsyncClient, sandbox: Sandbox) -> Graph:
    return Graph(http, sandbox)


@dataclass
class SignIn:
    """One visit to the authority; *fields* are what the callback would receive."""

    response: httpx.Response
    fields: dict[str, str] = field(default_factory=dict)


Visit = Callable[..., Any]


def asking(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """The parameters of an authorization request."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {
        "client_id": sandbox.client_id("identity"),
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "response_mode": "form_post",
        "scope": "openid profile",
        "state": "some-state",
        "nonce": "some-nonce",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "prompt": "login",
        **more,
    }


def hidden_fields(html: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    return {name: unescape(value) for name, value in found}


@pytest.fixture
def visit(http: httpx.AsyncClient, sandbox: Sandbox) -> Visit:
    """Sign in as a person: `await visit("agent", method="passkey", claims=…)`."""

    async def go(person: str, *, method: str = "", value: str = "", **params: str) -> SignIn:
        form = {**asking(sandbox, **params), "person": person, "method": method, "pass": value}
        url = f"{sandbox.authority}/oauth2/v2.0/authorize"
        response = await http.post(url, data={k: v for k, v in form.items() if v})
        done = response.status_code == 200 and 'id="answer"' in response.text
        return SignIn(response, hidden_fields(response.text) if done else {})

    return go


@pytest.fixture
def redeem(http: httpx.AsyncClient, sandbox: Sandbox) -> Visit:
    """Exchange a code at the token endpoint."""

    async def go(code: str, app: str = "identity", **more: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": sandbox.client_id(app),
            "client_secret": sandbox.secret(app),
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **more,
        }
        return await http.post(f"{sandbox.authority}/oauth2/v2.0/token", data=form)

    return go
