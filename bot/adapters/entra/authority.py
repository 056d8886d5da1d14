"""Sign-ins through MSAL: authorization code, PKCE, `form_post`, one application per registration.

Two things are done beside MSAL, and why:

- The nonce. MSAL draws its own value and sends its SHA-256 in hex. Ours must attest a decision, so
  after `initiate_auth_code_flow` the flow's nonce becomes the one given and the address carries
  *its* SHA-256; MSAL's own check in `acquire_token_by_auth_code_flow` then holds as before.
- `max_age`. It is sent, but taken out of the flow: MSAL would compare `auth_time` with the
  computer's clock and quote the whole token in its error. `service.sign_ins` judges freshness.

Nothing is kept: no `offline_access`, no CP1 (a claims challenge must not lead to a second call),
and a token cache that forgets.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import msal

from bot.adapters.entra.credentials import client_credential
from bot.adapters.entra.http import AuthorityHttp, MsalHttp
from bot.adapters.entra.tokens import IdTokens
from bot.core.model import Reason
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.acting import ActToken
from bot.ports.clock import Clock
from bot.ports.sign_in import Redeemed
from bot.setting_values import Credential

T = TypeVar("T")

for _name in ("httpx", "httpcore", "msal"):  # their INFO lines name addresses; ours name ids
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Registration:
    """An app registration: *scopes* beyond `openid profile` that its sign-ins ask for."""

    client_id: str
    credential: Credential
    scopes: tuple[str, ...] = ()


class _Forgetful(msal.TokenCache):  # type: ignore[misc]
    """Keeps no token: each is used once by whoever asked for it."""

    def add(self, event: dict[str, Any], now: float | None = None) -> None:
        """Drop it."""


class EntraAuthority:
    """The port `Authority`; registrations are named `identity` and `act`."""

    def __init__(
        self, *, authority: str, tenant_id: str, registrations: Mapping[str, Registration], clock: Clock
    ) -> None:
        self._http = AuthorityHttp(authority)
        self._msal_http = MsalHttp(self._http)
        self._tenant = tenant_id
        self._registrations = registrations
        self.tokens = IdTokens(self._http, tenant_id, clock)
        self._apps: dict[str, msal.ConfidentialClientApplication] = {}
        self._building = threading.Lock()

    async def begin(
        self,
        *,
        app: str,
        nonce: str,
        state: str,
        context: str,
        login_hint: str,
        redirect_uri: str,
        fresh: bool,
    ) -> tuple[str, str]:
        def work() -> tuple[str, str]:
            wanted: dict[str, Any] = {"auth_time": {"essential": True}}
            if context:
                wanted["acrs"] = {"essential": True, "value": context}
            flow: dict[str, Any] = self._app(app).initiate_auth_code_flow(
                scopes=list(self._registrations[app].scopes),
                redirect_uri=redirect_uri,
                state=state,
                response_mode="form_post",
                claims_challenge=json.dumps({"id_token": wanted}),
                login_hint=login_hint or None,
                **({"prompt": "login", "max_age": 0} if fresh else {}),
            )
            url = _with_nonce(self._msal_http.real(flow.pop("auth_uri")), _wire(nonce))
            flow.pop("max_age", None)
            return url, json.dumps({"flow": flow | {"nonce": nonce}, "fresh": fresh}, separators=(",", ":"))

        return await asyncio.to_thread(_translated, work)

    async def redeem(self, *, app: str, flow: str, form: Mapping[str, str]) -> Redeemed:
        def work() -> Redeemed:
            kept = json.loads(flow)
            result: dict[str, Any] = self._app(app).acquire_token_by_auth_code_flow(kept["flow"], dict(form))
            if "error" in result:
                raise _refusal(str(result["error"]), at_authority="error" in form)
            who = self.tokens.validate(
                str(result.get("id_token", "")),
                client_id=self._registrations[app].client_id,
                wire_nonce=_wire(kept["flow"]["nonce"]),
                fresh=bool(kept["fresh"]),
            )
            # Only a registration with scopes of its own has a token anybody needs.
            value = result.get("access_token") if self._registrations[app].scopes else None
            return Redeemed(who, ActToken(str(value)) if value else None)

        return await asyncio.to_thread(_translated, work)

    def close(self) -> None:
        self._http.close()

    def _app(self, name: str) -> msal.ConfidentialClientApplication:
        """Built at first use, in a thread: the constructor reads the discovery document."""
        with self._building:
            if name not in self._apps:
                registration = self._registrations[name]
                self._apps[name] = confidential(
                    registration.client_id,
                    registration.credential,
                    tenant_id=self._tenant,
                    http=self._msal_http,
                    cache=_Forgetful(),
                )
            return self._apps[name]


def confidential(
    client_id: str, credential: Credential, *, tenant_id: str, http: MsalHttp, cache: msal.TokenCache
) -> msal.ConfidentialClientApplication:
    """An MSAL application on our HTTP client. Reads the discovery document, hence TransientError;
    PermanentError when the certificate cannot be opened."""
    proof = client_credential(credential)
    try:
        return msal.ConfidentialClientApplication(
            client_id,
            client_credential=proof,
            authority=f"{http.name}/{tenant_id}",
            instance_discovery=False,
            exclude_scopes=["offline_access"],
            http_client=http,
            token_cache=cache,
        )
    except (
        httpx.HTTPError, msal.exceptions.MsalServiceError, ValueError, KeyError, RuntimeError
    ) as err:  # fmt: skip
        raise TransientError(f"the authority cannot be used ({type(err).__name__})") from None


def _translated(work: Callable[[], T]) -> T:
    try:
        return work()
    except (httpx.HTTPError, msal.exceptions.MsalServiceError) as err:
        raise TransientError(f"the authority cannot be reached ({type(err).__name__})") from None
    except (ValueError, RuntimeError, KeyError, TypeError) as err:
        # MSAL says so of another state or nonce, and quotes claims while doing it.
        raise Refused(Reason.BAD_TOKEN, detail=type(err).__name__) from None


def _refusal(error: str, *, at_authority: bool) -> Refused | TransientError | PermanentError:
    if at_authority:  # the person cancelled, or a policy said no
        return Refused(Reason.NOT_SIGNED_IN)
    if error in {"invalid_client", "unauthorized_client"}:
        return TransientError("the authority refused this app registration's credential")
    return Refused(Reason.BAD_TOKEN, detail="grant")


def _wire(nonce: str) -> str:
    return hashlib.sha256(nonce.encode("ascii")).hexdigest()


def _with_nonce(url: str, nonce: str) -> str:
    parts = urlsplit(url)
    query = [(name, nonce if name == "nonce" else value) for name, value in parse_qsl(parts.query)]
    return urlunsplit(parts._replace(query=urlencode(query)))
