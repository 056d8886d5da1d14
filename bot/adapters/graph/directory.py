"""The directory as read now, with application permissions. Everything fails closed.

`facts` reads all parts at once and puts `Unreadable` where a part could not be read; it never
guesses. Roles count as read only when every way to a role was read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.users.item.check_member_groups.check_member_groups_post_request_body import (
    CheckMemberGroupsPostRequestBody,
)

from bot.adapters.graph import reading
from bot.adapters.graph.asking import Asking, Build
from bot.adapters.graph.budget import Budget
from bot.core.facts import (
    AccountFacts,
    LivePass,
    Method,
    PassPolicy,
    Person,
    Read,
    Risk,
    Role,
    Roles,
    Unreadable,
)
from bot.core.model import Oid
from bot.errors import PermanentError, TransientError
from bot.ports.clock import Clock

T = TypeVar("T")

_ADDRESS = re.compile(r"[^\s@'\"\\]{1,64}@[^\s@'\"\\]{1,255}")
_SESSIONS = "signInSessionsValidFromDateTime"
_GROUP_FIELDS = ["id", "displayName", "isAssignableToRole"]


@dataclass(frozen=True, slots=True)
class Query:
    """Query parameters of a list or an object. Kiota reads them off any dataclass, and drops in
    silence what a path does not know: answers are checked, not trusted to be filtered."""

    select: list[str] | None = None
    filter: str | None = None
    expand: list[str] | None = None
    top: int | None = None

    def get_query_parameter(self, name: str) -> str:
        """The name in Graph's address template."""
        return f"%24{name}"


def query(
    *,
    select: list[str] | None = None,
    filter: str | None = None,  # noqa: A002 -- Graph's word
    expand: list[str] | None = None,
    top: int | None = None,
) -> RequestConfiguration[Any]:
    return RequestConfiguration(query_parameters=Query(select, filter, expand, top))


class GraphDirectory:
    """The port `Directory`."""

    def __init__(self, asking: Asking, budget: Budget, clock: Clock) -> None:
        self._asking, self._budget, self._clock = asking, budget, clock

    # --- single reads --------------------------------------------------------------------------

    async def person(self, oid: Oid) -> Person | None:
        body = await self._asking.one(
            lambda g: g.users.by_user_id(oid).to_get_request_information(query(select=reading.PERSON_FIELDS))
        )
        return reading.person(body) if body else None

    async def find(self, address: str) -> Person | None:
        address = address.strip()
        if not _ADDRESS.fullmatch(address):
            return None
        wanted = query(
            filter=f"userPrincipalName eq '{address}' or mail eq '{address}'",
            select=reading.PERSON_FIELDS,
            top=2,
        )
        found = await self._asking.listed(lambda g: g.users.to_get_request_information(wanted))
        if not found or len(found) != 1:
            return None
        person = reading.person(found[0])
        return person if address.lower() in (person.upn.lower(), person.mail.lower()) else None

    async def hired_after(self, at: datetime) -> Sequence[Person]:
        """Implements `service.newcomers.Newcomers`."""
        day = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        wanted = query(filter=f"employeeHireDate ge {day}", select=reading.PERSON_FIELDS, top=100)
        found = await self._asking.listed(lambda g: g.users.to_get_request_information(wanted))
        return tuple(reading.person(body) for body in found or ())

    async def manager(self, oid: Oid) -> Person | None:
        # `/manager` alone is not documented for application permissions in every year; this is.
        wanted = query(select=["id"], expand=["manager($select=id)"])
        body = await self._asking.one(lambda g: g.users.by_user_id(oid).to_get_request_information(wanted))
        above = (body or {}).get("manager")
        return await self.person(Oid(str(above["id"]).lower())) if above and above.get("id") else None

    async def photo(self, oid: Oid) -> tuple[str, bytes] | None:
        answer = await self._asking.raw(
            lambda g: g.users.by_user_id(oid).photo.content.to_get_request_information()
        )
        if answer is None:
            return None
        kind = answer.headers.get("content-type", "").partition(";")[0]
        return (kind, answer.content) if kind in {"image/jpeg", "image/png"} else None

    async def methods(self, oid: Oid) -> tuple[Method, ...]:
        return (await self._methods(oid))[0]

    async def live_pass(self, oid: Oid) -> LivePass | None:
        await self._budget.take()
        found = await self._asking.listed(
            lambda g: g.users.by_user_id(
                oid
            ).authentication.temporary_access_pass_methods.to_get_request_information()
        )
        return reading.live_pass(found or ())

    async def sessions_since(self, oid: Oid) -> datetime | None:
        wanted = query(select=["id", _SESSIONS])
        body = await self._asking.one(lambda g: g.users.by_user_id(oid).to_get_request_information(wanted))
        return reading.moment((body or {}).get(_SESSIONS))

    async def pass_policy(self) -> Read[PassPolicy]:
        return await _read(self._pass_policy())

    async def sign_ins(self, oid: Oid) -> Read[tuple[dict[str, object], ...]]:
        return await _read(self._sign_ins(oid))

    async def facts(self, oid: Oid, *, groups: tuple[str, ...], methods: bool = True) -> AccountFacts:
        """*methods* False leaves methods and live pass unread, for accounts whose methods are
        nobody's question: they cost the tightest of all budgets."""
        at = self._clock.now()
        person, roles, joined, units, both, risk = await asyncio.gather(
            _read(self.person(oid)),
            self._roles(oid),
            _read(self._groups(oid, groups)),
            _read(self._units(oid)),
            _read(self._methods(oid)) if methods else _unread(),
            _read(self._risk(oid)),
        )
        return AccountFacts(
            read_at=at,
            person=person,
            roles=roles,
            groups=joined,
            units=units,
            methods=both if isinstance(both, Unreadable) else both[0],
            live_pass=both if isinstance(both, Unreadable) else both[1],
            risk=risk,
        )

    # --- parts ---------------------------------------------------------------------------------

    async def _methods(self, oid: Oid) -> tuple[tuple[Method, ...], LivePass | None]:
        """Everything in one request: a pass is listed among the methods."""
        await self._budget.take()
        found = await self._all(
            lambda g: g.users.by_user_id(oid).authentication.methods.to_get_request_information()
        )
        passes = [item for item in found if reading.method_type(item) == reading.PASS_TYPE]
        others = [
            item
            for item in found
            if reading.method_type(item) not in {reading.PASS_TYPE, reading.PASSWORD_TYPE}
        ]
        return tuple(reading.method(item) for item in others), reading.live_pass(passes)

    async def _pass_policy(self) -> PassPolicy:
        body = await self._asking.one(
            lambda g: (
                g.policies.authentication_methods_policy.authentication_method_configurations.by_authentication_method_configuration_id(
                    "TemporaryAccessPass"
                ).to_get_request_information()
            )
        )
        if body is None:
            raise PermanentError("graph: there is no pass policy", status=404)
        return reading.pass_policy(body)

    async def _sign_ins(self, oid: Oid) -> tuple[dict[str, object], ...]:
        wanted = query(filter=f"userId eq '{oid}'", top=20)
        body = await self._asking.one(lambda g: g.audit_logs.sign_ins.to_get_request_information(wanted))
        found = (body or {}).get("value") or ()
        return tuple(reading.sign_in(item) for item in found if item.get("userId", "").lower() == oid)

    async def _groups(self, oid: Oid, groups: tuple[str, ...]) -> frozenset[str]:
        asked = [group for group in groups if group]
        found: set[str] = set()
        for start in range(0, len(asked), 20):  # Graph takes twenty at a time
            wanted = CheckMemberGroupsPostRequestBody(group_ids=asked[start : start + 20])
            body = await self._asking.one(partial(_membership, oid=oid, wanted=wanted))
            if body is None or not isinstance(body.get("value"), list):
                raise PermanentError("graph: memberships cannot be read")
            found |= {str(group).lower() for group in body["value"]}
        return frozenset(found)

    async def _units(self, oid: Oid) -> frozenset[str]:
        found = await self._all(
            lambda g: g.users.by_user_id(
                oid
            ).transitive_member_of.graph_administrative_unit.to_get_request_information(query(select=["id"]))
        )
        return frozenset(str(unit["id"]).lower() for unit in found)

    async def _risk(self, oid: Oid) -> Risk:
        body = await self._asking.one(
            lambda g: g.identity_protection.risky_users.by_risky_user_id(oid).to_get_request_information()
        )
        if body is None:  # never seen at risk
            return Risk("none")
        if not isinstance(body.get("riskLevel"), str):
            raise PermanentError("graph: a risk without level")
        return Risk(body["riskLevel"])

    # --- roles ---------------------------------------------------------------------------------

    async def _roles(self, oid: Oid) -> Roles:
        groups = await _read(self._role_groups(oid))
        if isinstance(groups, Unreadable):
            return Roles(groups, groups, groups)
        joined, owned = groups
        principals = (oid, *joined)
        active, eligible = await asyncio.gather(
            _read(self._each(principals, eligible=False)), _read(self._each(principals, eligible=True))
        )
        return Roles(active, eligible, tuple(sorted({*joined, *owned})))

    async def _role_groups(self, oid: Oid) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Role-assignable groups it is in (also through groups), and those it owns."""
        wanted = query(select=_GROUP_FIELDS)
        joined, owned = await asyncio.gather(
            self._all(
                lambda g: g.users.by_user_id(oid).transitive_member_of.graph_group.to_get_request_information(
                    wanted
                )
            ),
            self._all(
                lambda g: g.users.by_user_id(oid).owned_objects.graph_group.to_get_request_information(wanted)
            ),
        )
        return reading.role_groups(joined), reading.role_groups(owned)

    async def _each(self, principals: Iterable[str], *, eligible: bool) -> tuple[Role, ...]:
        found = await asyncio.gather(*(self._held(principal, eligible) for principal in principals))
        return tuple(role for roles in found for role in roles)

    async def _held(self, principal: str, eligible: bool) -> list[Role]:
        wanted = query(filter=f"principalId eq '{principal}'", expand=["roleDefinition"])

        def build(graph: Any) -> Any:
            roles = graph.role_management.directory
            asked = roles.role_eligibility_schedule_instances if eligible else roles.role_assignments
            return asked.to_get_request_information(wanted)

        found = await self._all(build)
        if any(str(item.get("principalId", "")).lower() != principal for item in found):
            raise PermanentError("graph: roles of somebody else")
        return [reading.role(item, eligible=eligible) for item in found]

    async def _all(self, build: Build) -> list[dict[str, Any]]:
        found = await self._asking.listed(build)
        if found is None:
            raise PermanentError("graph: not found", status=404)
        return found


def _membership(graph: Any, *, oid: Oid, wanted: CheckMemberGroupsPostRequestBody) -> Any:
    return graph.users.by_user_id(oid).check_member_groups.to_post_request_information(wanted)


async def _read(part: Awaitable[T]) -> Read[T]:
    """The value, or why there is none."""
    try:
        return await part
    except TransientError as err:
        return Unreadable("late" if "in time" in str(err) else "error")
    except PermanentError as err:
        known = err.reason == "unlicensed"
        return Unreadable("unlicensed" if known else "forbidden" if err.status in (401, 403) else "error")
    except (KeyError, TypeError, ValueError, AttributeError):  # a shape nobody documented
        return Unreadable("error")


async def _unread() -> Unreadable:
    return Unreadable("unread")
