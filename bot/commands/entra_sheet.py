"""The consent sheet: one page for the person who says yes, in words rather than in permissions."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from bot.commands.entra_permissions import Licence, Registration

CONTEXTS = (
    ("c1", "Keyturn: approve", "phishing-resistant MFA", "every time"),
    ("c2", "Keyturn: enrol", "phishing-resistant MFA, where people have it; else MFA", "every time"),
    ("c3", "Keyturn: sign in", "MFA", "every time"),
)
"""Id, name, strength and frequency of each authentication context, in the order of the settings."""

_ABOUT = """\
Keyturn ({url}) helps people back into their accounts. Each act is done in the name of an agent who signs in
freshly for that one act; Entra's log shows the agent. No registration can make a pass alone.
"""
_TO_DO = """\
**You need** the role Privileged Role Administrator. **You do**: compare these tables with “API permissions”
of each registration in the Entra admin center, and press “Grant admin consent”. **You can undo it** at any
time: Enterprise applications, the registration, Delete. Nothing else depends on them.
"""
_ASSIGNED = """\
“Assignment required” must say Yes, and only the groups of agents and of security are assigned.
"""
_CONTEXTS = """\
Made by a Conditional Access Administrator, under Conditional Access in the Entra admin center. A context
without a policy is given to everybody and proves nothing, so each needs a policy that targets it, for all
users but your emergency accounts, switched on:
"""
_KINDS = {"Scope": "delegated", "Role": "application"}


def sheet(url: str, every: Sequence[Registration], licence: Licence) -> str:
    """Markdown, one printed page."""
    out = ["# Consent to Keyturn", "", *_wrapped(_ABOUT.format(url=url)), *_wrapped(_TO_DO)]
    for one in every:
        out += [f"## Keyturn {one.key}", ""]
        out += _wrapped(f"{one.about} *If its key is stolen:* {one.worst}")
        if one.permissions:
            out += ["| permission | kind | what for |", "|---|---|---|"]
            out += [f"| `{p.name}` | {_KINDS[p.kind]} | {p.why} |" for p in one.permissions]
            out.append("")
        if one.assigned:
            out += _wrapped(_ASSIGNED)
    if licence != "free":
        out += ["## Authentication contexts", "", *_wrapped(_CONTEXTS)]
        out += ["| context | name | grant: require authentication strength | session: sign-in frequency |"]
        out += ["|---|---|---|---|"]
        out += [f"| `{ident}` | {name} | {strength} | {often} |" for ident, name, strength, often in CONTEXTS]
        out.append("")
    out += ["Consented by: ______________________  Date: ____________", ""]
    return "\n".join(out)


def _wrapped(text: str) -> list[str]:
    lines = textwrap.wrap(" ".join(text.split()), 100, break_long_words=False, break_on_hyphens=False)
    return [*lines, ""]
