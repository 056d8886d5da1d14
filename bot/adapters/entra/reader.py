"""App-only tokens of the `reader` registration, for reading only."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import msal

from bot.adapters.entra.authority import confidential
from bot.adapters.entra.http import AuthorityHttp, MsalHttp
from bot.errors import PermanentError, TransientError
from bot.setting_values import Credential

for _name in ("httpx", "httpcore", "msal"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class AppTokens:
    """The port `AppTokens`, for one registration and scope. Tokens stay in MSAL's memory for
    their hour; the lock makes one request of many at once."""

    def __init__(
        self, *, authority: str, tenant_id: str, client_id: str, credential: Credential, scope: str
    ) -> None:
        self._http = AuthorityHttp(authority)
        self._made = (client_id, credential, tenant_id)
        self._scope = scope
        self._app: msal.ConfidentialClientApplication | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        async with self._lock:
            return await asyncio.to_thread(self._token)

    async def renew(self) -> None:
        """Forget the token, since Graph no longer takes it."""
        async with self._lock:
            self._app = None

    def close(self) -> None:
        self._http.close()

    def _token(self) -> str:
        if self._app is None:
            client_id, credential, tenant_id = self._made
            self._app = confidential(
                client_id,
                credential,
                tenant_id=tenant_id,
                http=MsalHttp(self._http),
                cache=msal.TokenCache(),
            )
        try:
            result: dict[str, Any] = self._app.acquire_token_for_client([self._scope])
        except (httpx.HTTPError, msal.exceptions.MsalServiceError, ValueError, RuntimeError) as err:
            raise TransientError(f"the authority cannot be reached ({type(err).__name__})") from None
        if "access_token" in result:
            return str(result["access_token"])
        error = str(result.get("error", ""))[:60]
        raise PermanentError(f"the authority gives no token: {error}", status=401, reason=error)


class ManagedTokens:
    """The port `AppTokens` for an identity that Azure manages: the host itself vouches for us, and no
    secret exists. Kept until shortly before it expires."""

    def __init__(self, *, client_id: str, resource: str) -> None:
        self._made = (client_id, resource)
        self._client: msal.ManagedIdentityClient | None = None
        self._http: httpx.Client | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        async with self._lock:
            return await asyncio.to_thread(self._token)

    async def renew(self) -> None:
        """Forget the token, since nobody takes it any more."""
        async with self._lock:
            self._client = None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def _token(self) -> str:
        client_id, resource = self._made
        if self._client is None:
            self._http = self._http or httpx.Client(trust_env=False, follow_redirects=False, timeout=10)
            identity = msal.UserAssignedManagedIdentity(client_id=client_id)
            self._client = msal.ManagedIdentityClient(
                identity, http_client=self._http, token_cache=msal.TokenCache()
            )
        try:
            result: dict[str, Any] = self._client.acquire_token_for_client(resource=resource)
        except (httpx.HTTPError, msal.ManagedIdentityError, ValueError, RuntimeError) as err:
            raise TransientError(f"the managed identity cannot be reached ({type(err).__name__})") from None
        if "access_token" in result:
            return str(result["access_token"])
        error = str(result.get("error", ""))[:60]
        raise PermanentError(f"the managed identity gives no token: {error}", status=401, reason=error)
