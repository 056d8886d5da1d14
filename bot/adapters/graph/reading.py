"""Graph's JSON to our facts. A shape that is not as documented raises PermanentError: what cannot be
read must not pass for "no"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.core.facts import LivePass, Method, PassPolicy, Person, Role
from bot.core.model import Oid
from bot.errors import PermanentError

Json = Mapping[str, Any]

PERSON_FIELDS = [
    "id",
    "userPrincipalName",
    "displayName",
    "mail",
    "department",
    "jobTitle",
    "officeLocation",
    "preferredLanguage",
    "accountEnabled",
    "userType",
    "creationType",
    "externalUserState",
    "onPremisesSyncEnabled",
    "isManagementRestricted",
    "employeeHireDate",
    "employeeId",
    "mobilePhone",
    "businessPhones",
    "otherMails",
]
"""Most of these come only when selected."""

_NAMESPACE = "#microsoft.graph."
_SUFFIX = "AuthenticationMethod"
PASS_TYPE = "temporaryAccessPass"  # noqa: S105 -- the names of method types
PASSWORD_TYPE = "password"  # noqa: S105


def moment(value: object) -> datetime | None:
    """Graph's time stamp, aware; None for anything else."""
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(_six_digits(value))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _six_digits(value: str) -> str:
    """Graph sends up to seven digits of a second, Python reads six."""
    head, dot, rest = value.partition(".")
    if not dot:
        return value
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return f"{head}.{digits[:6].ljust(6, '0')}{rest[len(digits) :]}"


def person(body: Json) -> Person:
    enabled = body.get("accountEnabled")
    if not (body.get("id") and body.get("userPrincipalName") and isinstance(enabled, bool)):
        raise PermanentError("graph: the account cannot be read in full")
    if "isManagementRestricted" not in body:
        raise PermanentError("graph: the account came without isManagementRestricted")
    upn = str(body["userPrincipalName"])
    invited = body.get("creationType") == "Invitation" or bool(body.get("externalUserState"))
    return Person(
        oid=Oid(str(body["id"]).lower()),
        upn=upn,
        name=_text(body, "displayName"),
        mail=_text(body, "mail"),
        department=_text(body, "department"),
        job_title=_text(body, "jobTitle"),
        office=_text(body, "officeLocation"),
        locale=_text(body, "preferredLanguage"),
        enabled=enabled,
        # Accounts made long ago have no type; one that nobody knows yet is no member.
        guest=body.get("userType") not in ("Member", None),
        external=invited or "#EXT#" in upn.upper(),
        synced=body.get("onPremisesSyncEnabled") is True,
        management_restricted=body["isManagementRestricted"] not in (None, False),
        hired_at=moment(body.get("employeeHireDate")),
        employee_id=_text(body, "employeeId"),
        mobile=_text(body, "mobilePhone"),
        business_phones=_texts(body, "businessPhones"),
        other_mails=_texts(body, "otherMails"),
    )


def method(body: Json) -> Method:
    """Any method, also of a type nobody knew when this was written."""
    if not body.get("id"):
        raise PermanentError("graph: a method without id")
    kind = method_type(body)
    label = (
        _text(body, "displayName")
        or _text(body, "phoneNumber")
        or _text(body, "emailAddress")
        or _text(body, "model")
    )
    detail = _text(body, "phoneNumber") or _text(body, "model") or _text(body, "deviceTag")
    return Method(str(body["id"]), kind, label, moment(body.get("createdDateTime")), detail)


def method_type(body: Json) -> str:
    """`@odata.type` without its namespace and `AuthenticationMethod`."""
    return str(body.get("@odata.type", "")).removeprefix(_NAMESPACE).removesuffix(_SUFFIX)


def live_pass(listed: Iterable[Json]) -> LivePass | None:
    """The pass that exists now, usable or not yet; a used or expired one does not live."""
    for body in listed:
        reason = body.get("methodUsabilityReason")
        if not body.get("id"):
            raise PermanentError("graph: a pass without id")
        if body.get("isUsable") is not True and reason in {"Expired", "OneTimeUsed"}:
            continue
        minutes = body.get("lifetimeInMinutes")
        return LivePass(
            id=str(body["id"]),
            created_at=moment(body.get("createdDateTime")),
            usable=body.get("isUsable") is True,
            lifetime_minutes=minutes if isinstance(minutes, int) else 0,
        )
    return None


def pass_policy(body: Json) -> PassPolicy:
    numbers = [body.get(f"{name}LifetimeInMinutes") for name in ("minimum", "maximum", "default")]
    if not all(isinstance(number, int) for number in numbers) or "state" not in body:
        raise PermanentError("graph: the pass policy cannot be read in full")
    minimum, maximum, default = (int(number or 0) for number in numbers)
    return PassPolicy(
        enabled=body["state"] == "enabled",
        minimum=minimum,
        maximum=maximum,
        default=default,
        once_only=body.get("isUsableOnce") is True,
        include_groups=_targets(body, "includeTargets"),
        exclude_groups=_targets(body, "excludeTargets"),
    )


def role(body: Json, *, eligible: bool) -> Role:
    """A role assignment or an eligibility, with its definition expanded."""
    definition = body.get("roleDefinition") or {}
    template = definition.get("templateId") or body.get("roleDefinitionId")
    if not template:
        raise PermanentError("graph: a role without definition")
    # A missing scope is read as the whole tenant: the widest there is.
    scope = str(body.get("directoryScopeId") or "/")
    return Role(str(template).lower(), _text(definition, "displayName"), scope, eligible)


def role_groups(listed: Iterable[Json]) -> tuple[str, ...]:
    """Ids of the role-assignable ones among groups selected with id, displayName, isAssignableToRole."""
    found = []
    for body in listed:
        if not body.get("displayName"):  # a group whose kind may not be read comes with its id only
            raise PermanentError("graph: a group cannot be read", status=403)
        if body.get("isAssignableToRole"):
            found.append(str(body["id"]).lower())
    return tuple(sorted(found))


def sign_in(body: Json) -> dict[str, object]:
    status, location = body.get("status") or {}, body.get("location") or {}
    return {
        "at": moment(body.get("createdDateTime")),
        "error": status.get("errorCode", 0),
        "country": _text(location, "countryOrRegion"),
        "app": _text(body, "appDisplayName"),
    }


def _targets(body: Json, name: str) -> tuple[str, ...]:
    return tuple(str(target.get("id", "")).lower() for target in body.get(name) or ())


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _texts(body: Json, name: str) -> tuple[str, ...]:
    return tuple(str(value) for value in body.get(name) or () if value)
