"""ID tokens, validated by us: since 1.38 MSAL checks neither signature nor issuer nor audience.

The issuer must be the one in the authority's own discovery document, and that document must
belong to our tenant. Keys come from the document's `jwks_uri` and are read again when a token
names an unknown one, at most once a minute. No text raised here holds a claim.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt

from bot.adapters.entra.http import AuthorityHttp
from bot.core.model import Oid, Reason
from bot.errors import Refused, TransientError
from bot.ports.clock import Clock
from bot.ports.sign_in import SignedIn

_SKEW = timedelta(seconds=60)
_KEYS_LIVE = timedelta(hours=12)
_KEYS_AGAIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Discovery:
    """The part of the discovery document we rely on."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str
    token_endpoint: str


class IdTokens:
    """Validates ID tokens of one authority and tenant. Synchronous: call from a thread."""

    def __init__(self, http: AuthorityHttp, tenant_id: str, clock: Clock) -> None:
        self._http, self._clock, self._tenant = http, clock, tenant_id
        self._issuer = f"{http.authority}/{tenant_id}/v2.0"
        self._discovery: Discovery | None = None
        self._keys: dict[str, jwt.PyJWK] = {}
        self._keys_at: datetime | None = None
        self._lock = threading.Lock()

    def discovery(self) -> Discovery:
        """The document, read once. Raises TransientError when it cannot be read or names another
        issuer than ours."""
        if self._discovery is None:
            body = self._read(f"{self._http.authority}/{self._tenant}/v2.0/.well-known/openid-configuration")
            try:
                found = Discovery(**{name: str(body[name]) for name in Discovery.__dataclass_fields__})
            except KeyError as err:
                raise TransientError("the authority's discovery document is not complete") from err
            if found.issuer != self._issuer:
                raise TransientError("the authority's discovery document names another issuer")
            self._discovery = found
        return self._discovery

    def keys(self) -> int:
        """Read the signing keys afresh and tell how many there are."""
        with self._lock:
            self._read_keys()
            return len(self._keys)

    def validate(self, raw: str, *, client_id: str, wire_nonce: str, fresh: bool) -> SignedIn:
        """Who signed in. Raises Refused(BAD_TOKEN); *fresh* demands `auth_time`."""
        try:
            key = self._key(str(jwt.get_unverified_header(raw).get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                raw,
                key,
                algorithms=["RS256"],
                audience=client_id,
                issuer=self.discovery().issuer,
                options={
                    "require": ["iss", "aud", "exp", "nonce", "oid", "tid"],
                    "verify_exp": False,  # against our clock, below
                    "verify_nbf": False,
                    "verify_iat": False,
                    "strict_aud": True,
                },
            )
            return self._signed_in(raw, claims, wire_nonce=wire_nonce, fresh=fresh)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError) as err:
            # The cause stays out: its text may hold claims.
            raise Refused(Reason.BAD_TOKEN, detail=type(err).__name__) from None

    def _signed_in(self, raw: str, claims: Mapping[str, Any], *, wire_nonce: str, fresh: bool) -> SignedIn:
        now = self._clock.now()
        if _when(claims["exp"]) + _SKEW < now or _when(claims.get("nbf", 0)) - _SKEW > now:
            raise ValueError("time")
        if claims["tid"] != self._tenant or claims["nonce"] != wire_nonce or not claims["oid"]:
            raise ValueError("claim")
        when = claims["auth_time"] if fresh else claims.get("auth_time", claims.get("iat"))
        if _when(when) - _SKEW > now:
            raise ValueError("auth_time")
        return SignedIn(
            oid=Oid(str(claims["oid"]).lower()),
            name=str(claims.get("name", "")),
            upn=str(claims.get("preferred_username", "")),
            auth_time=_when(when),
            contexts=_contexts(claims.get("acrs")),
            raw_id_token=raw,
        )

    def _key(self, kid: str) -> jwt.PyJWK:
        with self._lock:
            age = None if self._keys_at is None else self._clock.now() - self._keys_at
            if age is None or age > _KEYS_LIVE or (kid not in self._keys and age > _KEYS_AGAIN):
                self._read_keys()
            return self._keys[kid]

    def _read_keys(self) -> None:
        body = self._read(self.discovery().jwks_uri)
        try:
            found = jwt.PyJWKSet.from_dict(body).keys
        except jwt.PyJWTError as err:
            raise TransientError("the authority's signing keys cannot be read") from err
        self._keys = {key.key_id: key for key in found if key.key_id and key.key_type == "RSA"}
        self._keys_at = self._clock.now()

    def _read(self, url: str) -> dict[str, Any]:
        try:
            answer = self._http.get(url)
            body = json.loads(answer.text)
        except (httpx.HTTPError, ValueError) as err:
            raise TransientError(f"the authority cannot be read ({type(err).__name__})") from None
        if answer.status_code != 200 or not isinstance(body, dict):
            raise TransientError(f"the authority answered {answer.status_code}")
        return body


def _when(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("time")
    return datetime.fromtimestamp(value, UTC)


def _contexts(acrs: Any) -> frozenset[str]:
    """`acrs` comes as a list or as a single string."""
    return frozenset([acrs] if isinstance(acrs, str) else [str(item) for item in acrs or ()])
