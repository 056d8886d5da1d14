"""Acts in the approver's own name: each is one HTTP request, whatever comes of it.

A clear no (4xx) means nothing was changed; anything else that is not a clear yes is unknown, and
whoever called must look and undo. The token is used for the call and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphServiceClient
from msgraph.generated.models.temporary_access_pass_authentication_method import (
    TemporaryAccessPassAuthenticationMethod,
)

from bot.adapters.graph.budget import Budget
from bot.adapters.graph.client import Answer, GiveToken, GraphHttp, send
from bot.adapters.graph.reading import live_pass, moment
from bot.core.facts import LivePass
from bot.core.model import Oid
from bot.errors import PermanentError, TransientError
from bot.ports.acting import ActsRefused, ActsUnknown, ActToken, IssuedPass


class _ClaimsChallengeError(Exception):
    """Graph wants a stronger token; the request was refused and must not be sent again."""


def _once(token: ActToken) -> GiveToken:
    """The approver's token, for the first request only."""

    async def give(challenged: bool) -> str:
        if challenged:
            raise _ClaimsChallengeError
        return token.reveal()

    return give


_DELETES: dict[str, Callable[[Any, str], Any]] = {
    "email": lambda a, i: a.email_methods.by_email_authentication_method_id(i),
    "external": lambda a, i: a.external_authentication_methods.by_external_authentication_method_id(i),
    "fido2": lambda a, i: a.fido2_methods.by_fido2_authentication_method_id(i),
    "microsoftAuthenticator": lambda a, i: (
        a.microsoft_authenticator_methods.by_microsoft_authenticator_authentication_method_id(i)
    ),
    "phone": lambda a, i: a.phone_methods.by_phone_authentication_method_id(i),
    "platformCredential": lambda a, i: (
        a.platform_credential_methods.by_platform_credential_authentication_method_id(i)
    ),
    "softwareOath": lambda a, i: a.software_oath_methods.by_software_oath_authentication_method_id(i),
    "windowsHelloForBusiness": lambda a, i: (
        a.windows_hello_for_business_methods.by_windows_hello_for_business_authentication_method_id(i)
    ),
}
REMOVABLE = frozenset(_DELETES)
"""Method types Graph can delete in v1.0; each has a typed path, the general one does not work."""


class GraphActing:
    """The port `Acting`."""

    def __init__(self, http: GraphHttp, budget: Budget) -> None:
        self._http, self._budget = http, budget

    async def issue_pass(self, token: ActToken, oid: Oid, *, minutes: int, once: bool) -> IssuedPass:
        wanted = TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=minutes, is_usable_once=once)
        answer = await self._call(
            token,
            oid,
            lambda a: a.temporary_access_pass_methods.to_post_request_information(wanted),
        )
        body = answer.body()
        value, ident = body.get("temporaryAccessPass"), body.get("id")
        if not (isinstance(value, str) and value and isinstance(ident, str) and ident):
            raise ActsUnknown("the answer holds no pass")
        lifetime = body.get("lifetimeInMinutes")
        return IssuedPass(
            ident,
            value,
            lifetime if isinstance(lifetime, int) else minutes,
            moment(body.get("startDateTime")),
        )

    async def remove_method(self, token: ActToken, oid: Oid, *, method_type: str, method_id: str) -> None:
        if method_type not in _DELETES:
            raise ActsRefused(0, "unsupported_method")
        path = _DELETES[method_type]
        await self._call(token, oid, lambda a: path(a, method_id).to_delete_request_information(), gone=True)

    async def forget_devices(self, token: ActToken, oid: Oid) -> None:
        service = self._http.service(_once(token))
        request = service.users.by_user_id(oid).revoke_sign_in_sessions.to_post_request_information()
        await _judged(service, request)

    async def list_passes(self, token: ActToken, oid: Oid) -> LivePass | None:
        answer = await self._call(
            token, oid, lambda a: a.temporary_access_pass_methods.to_get_request_information()
        )
        listed = answer.body().get("value")
        if not isinstance(listed, list):
            raise ActsUnknown("the answer is no list")
        try:
            return live_pass(listed)
        except PermanentError:
            raise ActsUnknown("a pass cannot be read") from None

    async def withdraw_pass(self, token: ActToken, oid: Oid, pass_id: str) -> None:
        await self._call(
            token,
            oid,
            lambda a: a.temporary_access_pass_methods.by_temporary_access_pass_authentication_method_id(
                pass_id
            ).to_delete_request_information(),
            gone=True,
        )

    async def _call(
        self, token: ActToken, oid: Oid, build: Callable[[Any], RequestInformation], *, gone: bool = False
    ) -> Answer:
        """One request to the methods endpoints; *gone*: 404 is as good as done."""
        try:
            await self._budget.take()
        except TransientError as err:
            raise ActsRefused(429, "budget") from err  # nothing was sent
        service = self._http.service(_once(token))
        return await _judged(service, build(service.users.by_user_id(oid).authentication), gone=gone)


async def _judged(service: GraphServiceClient, request: RequestInformation, *, gone: bool = False) -> Answer:
    try:
        answer = await send(service, request)
    except _ClaimsChallengeError:
        raise ActsRefused(401, "claims_challenge") from None
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise ActsRefused(0, "unreachable") from None  # no connection, so nothing was sent
    except httpx.HTTPError as err:
        raise ActsUnknown(type(err).__name__) from None
    if answer.ok or (gone and answer.status == 404):
        return answer
    if 400 <= answer.status < 500 and answer.status != 408:
        raise ActsRefused(answer.status, answer.code)
    raise ActsUnknown(f"status {answer.status}")
