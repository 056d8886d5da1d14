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
