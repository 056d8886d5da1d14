"""What each registration may do in Microsoft Graph, and why. Nothing more is ever asked for.

Three registrations, because Entra puts every consented permission of an application into each of its
tokens, whatever was asked for: one registration would hold all of it all the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["Scope", "Role"]
Licence = Literal["free", "p1", "p2"]
_LICENCES: Sequence[Licence] = ("free", "p1", "p2")


@dataclass(frozen=True, slots=True)
class Permission:
    """*kind* is Graph's word: a Scope works in the name of who signed in, a Role without anybody."""

    name: str
    kind: Kind
    why: str
    licence: Licence = "free"


@dataclass(frozen=True, slots=True)
class Registration:
    """*signs_in* has the redirect address; *assigned* lets in only whom an administrator assigned."""

    key: str
    about: str
    worst: str
    permissions: tuple[Permission, ...]
    signs_in: bool = False
    assigned: bool = False


_SIGN_IN = (
    Permission("openid", "Scope", "a sign-in has an ID token"),
    Permission("profile", "Scope", "the ID token names who signed in"),
)
_FAMILIES: Mapping[str, tuple[str, str]] = {
    "authenticator": ("MicrosoftAuthApp", "a lost Microsoft Authenticator"),
    "email": ("Email", "a lost e-mail address"),
    "external": ("External", "a lost external method"),
    "passkey": ("Passkey", "a lost passkey or security key"),
    "phone": ("Phone", "a lost telephone number"),
    "platform_credential": ("PlatformCred", "a lost platform credential"),
    "software_oath": ("SoftwareOATH", "a lost authenticator of another maker"),
    "windows_hello": ("WindowsHello", "Windows Hello of a lost computer"),
}
_READS = (
    Permission("User.Read.All", "Role", "the account, its manager, its numbers on record, its photo"),
    Permission("GroupMember.Read.All", "Role", "who is an agent, who may be helped, who is sensitive"),
    Permission("RoleManagement.Read.Directory", "Role", "who holds a role and is therefore privileged"),
    Permission(
        "Policy.Read.AuthenticationMethod", "Role", "whom a pass may be made for, and how long it lives"
    ),
    Permission("UserAuthenticationMethod.Read.All", "Role", "which sign-in methods exist and since when"),
    Permission("AuthenticationContext.Read.All", "Role", "that the authentication contexts exist", "p1"),
    Permission("AdministrativeUnit.Read.All", "Role", "agents whose role covers one administrative unit"),
    Permission("AuditLog.Read.All", "Role", "locked accounts, the usual country", "p1"),
    Permission("RoleEligibilitySchedule.Read.Directory", "Role", "eligible roles (PIM)", "p2"),
    Permission("IdentityRiskyUser.Read.All", "Role", "accounts at risk", "p2"),
)


def registrations(licence: Licence, removable: Sequence[str]) -> tuple[Registration, ...]:
    """The three, for what the tenant has licences for and what agents may remove."""
    acts = (
        Permission("UserAuthMethod-TAP.ReadWrite.All", "Scope", "make, look for and withdraw a pass"),
        Permission("User.RevokeSessions.All", "Scope", "sign somebody out everywhere"),
        *(
            Permission(
                f"UserAuthMethod-{_FAMILIES[one][0]}.ReadWrite.All", "Scope", f"remove {_FAMILIES[one][1]}"
            )
            for one in dict.fromkeys(removable)
        ),
    )
    level = _LICENCES.index(licence)
    return (
        Registration(
            "identity",
            "All sign-ins that are not an approval.",
            "Whoever steals its key can show a sign-in page in Keyturn's name. It opens nothing in Graph.",
            _SIGN_IN,
            signs_in=True,
        ),
        Registration(
            "act",
            "Acts in the approver's own name, during the approver's own fresh sign-in.",
            "Whoever steals its key still needs a sign-in by an assigned approver, whose own role in Entra "
            "is the limit of what can be done.",
            _SIGN_IN + acts,
            signs_in=True,
            assigned=True,
        ),
        Registration(
            "reader",
            "Reads, without anybody signed in. It changes nothing.",
            "Whoever steals its key can read everybody's account, groups, roles and list of sign-in methods. "
            "It cannot make a pass.",
            tuple(one for one in _READS if _LICENCES.index(one.licence) <= level),
        ),
    )


BOT = Registration(
    "bot",
    "The bot in Teams. No permission in Graph at all.",
    "Whoever steals its key can write to people as the bot, and cannot read what they answer.",
    (),
)
