"""Who signs for Teams, and who gives the bot its tokens: one small server in a thread of its own,
because the SDK fetches keys with blocking requests and would otherwise wait for itself.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

ISSUER = "https://api.botframework.com"
SCOPE = "https://api.botframework.com/.default"
GRAPH_SCOPE = "https://graph.microsoft.com/.default"


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """The same key for the same name: making one costs a quarter of a second."""
    return rsa.generate_private_key(65537, 2048)


@dataclass
class Published:
    """One key as the metadata shows it."""

    kid: str
    endorsements: tuple[str, ...] = ("msteams",)

    def jwk(self) -> dict[str, Any]:
        numbers = rsa_key(self.kid).public_key().public_numbers()
        n = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        return {
            "kty": "RSA", "use": "sig", "kid": self.kid, "x5t": self.kid, "e": "AQAB",
            "n": base64.urlsafe_b64encode(n).rstrip(b"=").decode(),
            "endorsements": list(self.endorsements),
        }  # fmt: skip


@dataclass
class Authority:
    """*fetches* counts how often each path was asked for; *given* are the tokens handed out;
    *away* makes every answer a 503; *asked* is the form of each token request."""

    app_id: str
    tenant: str
    keys: list[Published] = field(default_factory=lambda: [Published("first")])
    fetches: dict[str, int] = field(default_factory=dict)
    given: set[str] = field(default_factory=set, repr=False)
    asked: list[dict[str, str]] = field(default_factory=list, repr=False)
    away: bool = False
    graph_roles: tuple[str, ...] | None = None  # what the bot was granted in Graph, where asked for at all
    secret: str = ""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def metadata(self) -> str:
        return f"{self.url}/v1/.well-known/openidconfiguration"

    def rotate(self, kid: str = "second", *endorsements: str) -> None:
        """From now on only this key is published."""
        self.keys = [Published(kid, endorsements or ("msteams",))]

    def token(
        self,
        service_url: str,
        *,
        kid: str = "",
        key: str = "",
        alg: str = "RS256",
        claims: dict[str, Any] | None = None,
    ) -> str:
        """What Teams puts into the Authorization header. *key* signs with another key than *kid* says;
        *claims* replaces some, None in it leaves one out."""
        now = int(time.time())
        kid = kid or self.keys[0].kid
        body: dict[str, Any] = {
            "iss": ISSUER, "aud": self.app_id, "serviceurl": service_url, "nbf": now - 60, "exp": now + 3600,
        }  # fmt: skip
        body = {name: value for name, value in (body | (claims or {})).items() if value is not None}
        signer: Any = "" if alg == "none" else "s" * 32 if alg.startswith("HS") else rsa_key(key or kid)
        return jwt.encode(body, signer, alg, headers={"kid": kid, "x5t": kid})

    # --- answers ---------------------------------------------------------------------------------

    def answer(self, method: str, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.fetches[path] = self.fetches.get(path, 0) + 1
        if self.away:
            return 503, {"error": "away"}
        if path == "/v1/.well-known/openidconfiguration":
            return 200, {
                "issuer": ISSUER, "jwks_uri": f"{self.url}/v1/.well-known/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }  # fmt: skip
        if path == "/v1/.well-known/keys":
            return 200, {"keys": [key.jwk() for key in self.keys]}
        if path.endswith("/.well-known/openid-configuration"):
            base = f"{self.url}/{self.tenant}"
            return 200, {
                "issuer": f"{base}/v2.0", "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize", "jwks_uri": f"{base}/keys",
                "tenant_region_scope": "EU",
            }  # fmt: skip
        if path.endswith("/oauth2/v2.0/token") and method == "POST":
            return self._give(path, form)
        return 404, {"error": "not here"}

    def _give(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append(form)
        proven = form.get("client_secret") == self.secret if self.secret else bool(
            form.get("client_secret") or form.get("client_assertion")
        )  # fmt: skip
        if not path.startswith(f"/{self.tenant}/"):
            return 400, {"error": "invalid_tenant", "error_description": "AADSTS90002"}
        if form.get("client_id") != self.app_id or not proven:
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215"}
        if form.get("scope") == GRAPH_SCOPE and self.graph_roles is not None:
            claims = {"tid": self.tenant, "roles": list(self.graph_roles)}
            token = jwt.encode(claims, "s" * 32, "HS256")
            return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token}
        if form.get("grant_type") != "client_credentials" or form.get("scope") != SCOPE:
            return 400, {"error": "invalid_scope", "error_description": "AADSTS70011"}
        token = f"outbound-{len(self.given)}-{self.port}"
        self.given.add(token)
        return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token}


@contextmanager
def running(app_id: str, tenant: str, *, secret: str = "") -> Iterator[Authority]:
    """A fresh authority on a free port."""
    made = Authority(app_id, tenant, secret=secret)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send("GET", {})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self._send("POST", {name: values[0] for name, values in parse_qs(text).items()})

        def _send(self, method: str, form: dict[str, str]) -> None:
            status, body = made.answer(method, self.path.split("?")[0], form)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.port = server.server_address[1]
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
