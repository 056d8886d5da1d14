"""Questions that only `keyturn check` asks: does Graph answer, and how far does the reader see?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.adapters.graph.asking import Asking, Build
from bot.adapters.graph.directory import query
from bot.errors import PermanentError


@dataclass(frozen=True, slots=True)
class Context:
    """*offered*: applications may ask for it. Whether a policy demands anything is not said."""

    name: str
    offered: bool


class Probe:
    """Asks on behalf of the operator. Raises TransientError or PermanentError."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def group(self, ident: str) -> str | None:
        """The display name of a group, None when there is no such group."""
        wanted = query(select=["id", "displayName"])
        body = await self._asking.one(
            lambda g: g.groups.by_group_id(ident).to_get_request_information(wanted)
        )
        return str(body.get("displayName") or ident) if body else None

    async def context(self, ident: str) -> Context | None:
        """An authentication context, None when there is none of that id."""

        def build(graph: Any) -> Any:
            asked = graph.identity.conditional_access.authentication_context_class_references
            return asked.by_authentication_context_class_reference_id(ident).to_get_request_information()

        body = await self._asking.one(build)
        return Context(str(body.get("displayName") or ident), bool(body.get("isAvailable"))) if body else None

    async def eligible_roles(self, principal: str) -> str:
        """`answered`, `unlicensed` or `refused`."""
        wanted = query(filter=f"principalId eq '{principal}'")

        def build(graph: Any) -> Any:
            asked = graph.role_management.directory.role_eligibility_schedule_instances
            return asked.to_get_request_information(wanted)

        return await self._licence(build)

    async def risk(self, ident: str) -> str:
        """`answered`, `unlicensed` or `refused`."""
        return await self._licence(
            lambda g: g.identity_protection.risky_users.by_risky_user_id(ident).to_get_request_information()
        )

    async def sign_ins(self) -> str:
        """`answered`, `unlicensed` or `refused`."""
        return await self._licence(lambda g: g.audit_logs.sign_ins.to_get_request_information(query(top=1)))

    async def _licence(self, build: Build) -> str:
        try:
            await self._asking.one(build)
        except PermanentError as err:
            if err.reason == "unlicensed":
                return "unlicensed"
            if err.status == 403:
                return "refused"
            raise
        return "answered"
