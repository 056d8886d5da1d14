"""Signing keys, app registrations, and the tokens they lead to (RS256, checked on every call)."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.sandbox.company import TENANT, ident
from bot.sandbox.directory import Clock
from bot.sandbox.storage import Storage, stamp

GRAPH = "https://graph.microsoft.com"
TOKEN_LIFE = timedelta(minutes=60)

# Entra puts every consented scope into a delegated token, whatever subset was asked for.
CONSENTED = {
    "identity": ("openid", "profile"),
    "act": (
        "openid",
        "profile",
        "User.RevokeSessions.All",
        "UserAuthMethod-Email.ReadWrite.All",
        "UserAuthMethod-External.ReadWrite.All",
        "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All",
        "UserAuthMethod-Passkey.ReadWrite.All",
        "UserAuthMethod-Phone.ReadWrite.All",
        "UserAuthMethod-PlatformCred.ReadWrite.All",
        "UserAuthMethod-SoftwareOATH.ReadWrite.All",
        "UserAuthMethod-TAP.ReadWrite.All",
        "UserAuthMethod-WindowsHello.ReadWrite.All",
    ),
    "reader": (),
}
APP_ROLES = {
    "identity": (),
    "act": (),
    "reader": (
        "AdministrativeUnit.Read.All",
        "AuditLog.Read.All",
        "AuthenticationContext.Read.All",
        "GroupMember.Read.All",
        "IdentityRiskyUser.Read.All",
        "Policy.Read.AuthenticationMethod",
        "RoleEligibilitySchedule.Read.Directory",
        "RoleManagement.Read.Directory",
        "User.Read.All",
        "UserAuthenticationMethod.Read.All",
    ),
}


@dataclass(frozen=True, slots=True)
class App:
    """One app registration."""

    name: str
    client_id: str
    secret: str = field(repr=False)


def registrations(secrets: dict[str, str]) -> dict[str, App]:
    """The three registrations by client id."""
    apps = (App(name, ident(f"app/{name}"), secrets[name]) for name in CONSENTED)
    return {app.client_id: app for app in apps}


class Keys:
    """The authority's signing keys: the newest signs, all still published verify."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._loaded: dict[str, rsa.RSAPrivateKey] = {}
        for row in storage.all("SELECT * FROM signing_keys ORDER BY made_at"):
            pem = storage.unseal(row["sealed"]).encode()
            self._load(row["kid"], pem)

    def _load(self, kid: str, pem: bytes) -> None:
        key = serialization.load_pem_private_key(pem, password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._loaded[kid] = key

    def rotate(self, pem: bytes | None = None, *, keep: bool = True) -> str:
        """Add a signing key and return its kid; without *keep* the older ones are withdrawn."""
        pem = pem or new_key()
        if not keep:
            self._loaded.clear()
            self._storage.run("DELETE FROM signing_keys")
        kid = hashlib.sha256(pem).hexdigest()[:20]
        self._load(kid, pem)
        self._storage.run(
            "INSERT OR REPLACE INTO signing_keys VALUES (?, ?, ?)",
            kid,
            self._storage.seal(pem.decode()),
            stamp(self._clock.now()),
        )
        return kid

    def ready(self) -> bool:
        return bool(self._loaded)

    def jwks(self, issuer: str) -> dict[str, Any]:
        keys = []
        for kid, key in self._loaded.items():
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            keys.append({**public, "kid": kid, "use": "sig", "alg": "RS256", "issuer": issuer})
        return {"keys": keys}

    def sign(self, claims: dict[str, Any]) -> str:
        kid, key = list(self._loaded.items())[-1]
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})

    def verify(self, token: str, audience: str, issuer: str) -> dict[str, Any]:
        """The claims. Raises jwt.PyJWTError."""
        kid = jwt.get_unverified_header(token).get("kid", "")
        if kid not in self._loaded:
            raise jwt.InvalidKeyError("unknown kid")
        claims: dict[str, Any] = jwt.decode(
            token,
            self._loaded[kid].public_key(),
            algorithms=["RS256"],
            audience=audience,
            issuer=issuer,
            # Time is the sandbox's own clock, which a test holds still.
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        now = self._clock.now().timestamp()
        if not claims["nbf"] - 300 <= now < claims["exp"]:
            raise jwt.ExpiredSignatureError("expired")
        return claims


def new_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def life(now: datetime, until: datetime | None = None) -> dict[str, int]:
    """`iat`, `nbf`, `exp`: one hour, or less where a pass ends sooner."""
    ends = min(now + TOKEN_LIFE, until) if until else now + TOKEN_LIFE
    return {"iat": int(now.timestamp()), "nbf": int(now.timestamp()), "exp": int(ends.timestamp())}


def graph_token(app: App, issuer: str, times: dict[str, int], **claims: Any) -> dict[str, Any]:
    """Claims of an access token for Graph."""
    return {
        "aud": GRAPH,
        "iss": issuer,
        "tid": TENANT,
        "appid": app.client_id,
        "app_displayname": f"Keyturn {app.name}",
        "ver": "1.0",
        **times,
        **claims,
    }
