"""Graph's manners: `$select`, `$filter`, `$expand`, paging, and the shape of a user."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from bot.sandbox.directory import Account
from bot.sandbox.graph_door import Call, GraphError

CONTEXT = "https://graph.microsoft.com/v1.0/$metadata"
DEFAULT_USER = (
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
)
CLAUSE = re.compile(r"^(?P<field>[\w/]+) (?P<op>eq|ge|le|gt|lt|ne) (?P<value>'(?:[^']|'')*'|[\w:.\-+]+)$")
ANY = re.compile(
    r"^(?P<list>\w+)/any\((?P<var>\w+):(?P=var)(?P<path>(?:/\w+)*) eq (?P<value>'(?:[^']|'')*')\)$"
)
Clause = tuple[str, str, str]


def bad(message: str, code: str = "Request_BadRequest") -> GraphError:
    return GraphError(400, code, message)


def selected(call: Call, doc: dict[str, Any], kind: str, default: Sequence[str]) -> dict[str, Any]:
    """The properties asked for. An unknown one is refused by name, as Graph does."""
    names = [name for name in call.query.get("$select", "").split(",") if name]
    for name in names:
        if name not in doc:
            raise bad(
                f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.", "BadRequest"
            )
    return {name: doc[name] for name in (names or default)}


def user_shape(call: Call, who: Account) -> dict[str, Any]:
    """A user as selected, with `manager` when expanded."""
    shape = selected(call, {**who.user, **_activity(call, who)}, "user", DEFAULT_USER)
    expand = call.query.get("$expand", "")
    if expand:
        if not re.fullmatch(r"manager(\(\$select=[\w,]+\))?", expand):
            raise bad(f"Could not expand '{expand}'.", "BadRequest")
        boss = call.state.directory.manager_of(who)
        names = re.findall(r"\$select=([\w,]+)", expand)
        if boss:
            wanted = names[0].split(",") if names else DEFAULT_USER
            shape["manager"] = {
                "@odata.type": "#microsoft.graph.user",
                **{name: boss.user.get(name) for name in wanted},
            }
    return shape


def _activity(call: Call, who: Account) -> dict[str, Any]:
    """`signInActivity`, which needs its own permission and licence."""
    if "signInActivity" not in call.query.get("$select", ""):
        return {}
    need_log(call)
    log = call.state.journal.sign_ins(who.id)
    good = next((row for row in log if not row["error"]), None)
    return {
        "signInActivity": {
            "lastSignInDateTime": log[0]["at"] if log else None,
            "lastSuccessfulSignInDateTime": good["at"] if good else None,
        }
    }


def need_log(call: Call) -> None:
    """Audit permission and a P1 licence. Raises 403."""
    if "AuditLog.Read.All" not in call.caller.permissions:
        raise GraphError(
            403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
        )
    need_licence(call, "P1")


def need_licence(call: Call, level: str) -> None:
    if not call.state.switches.licensed(level):
        message = f"Tenant is not a B2C tenant and doesn't have premium license ({level})."
        raise GraphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", message)


def clauses(call: Call) -> tuple[str, list[Clause]]:
    """The filter as ("and" or "or", clauses); an `any` clause's field is `list[/path]`. Raises 400."""
    text = call.query.get("$filter", "").strip()
    if not text:
        return "and", []
    glue = "or" if _outside(text, " or ") else "and"
    parts = _split(text, f" {glue} ")
    found: list[Clause] = []
    for part in parts:
        if match := CLAUSE.match(part.strip()):
            found.append((match["field"], match["op"], _unquoted(match["value"])))
        elif match := ANY.match(part.strip()):
            found.append((match["list"] + match["path"], "any", _unquoted(match["value"])))
        else:
            raise bad("Invalid filter clause: " + part.strip()[:80], "BadRequest")
    return glue, found


def _unquoted(value: str) -> str:
    return value[1:-1].replace("''", "'") if value.startswith("'") else value


def _outside(text: str, word: str) -> bool:
    return len(_split(text, word)) > 1


def _split(text: str, word: str) -> list[str]:
    """Split where *word* stands outside quotes."""
    parts, quoted, start, at = [], False, 0, 0
    while at < len(text):
        if text[at] == "'":
            quoted = not quoted
        if not quoted and text.startswith(word, at):
            parts.append(text[start:at])
            at = start = at + len(word)
            continue
        at += 1
    return [*parts, text[start:]]


def paged(
    call: Call, rows: Sequence[Any], shape: Callable[[Any], dict[str, Any]], kind: str, size: int
) -> dict[str, Any]:
    """One page, with an absolute `@odata.nextLink` when there is more."""
    try:
        top = min(int(call.query.get("$top", size)), 999)
        start = int(call.query.get("$skiptoken", 0))
    except ValueError:
        raise bad("Invalid value for $top or $skiptoken.", "BadRequest") from None
    if top < 1:
        raise bad("Invalid value for $top.", "BadRequest")
    page = {
        "@odata.context": f"{CONTEXT}#{kind}",
        "value": [shape(row) for row in rows[start : start + top]],
    }
    if start + top < len(rows):
        query = {**{k: v for k, v in call.query.items() if k != "$skiptoken"}, "$skiptoken": str(start + top)}
        page["@odata.nextLink"] = f"{call.request.url.origin()}{call.request.path}?{urlencode(query)}"
    return page
