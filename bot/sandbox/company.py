"""The sandbox company: its tenant, groups, roles and units, under ids that never change."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

DOMAIN = "keyturn.example"


def ident(what: str) -> str:
    """The fixed UUID of a thing in the sandbox."""
    return str(uuid5(NAMESPACE_URL, f"keyturn-sandbox/{what}"))


TENANT = ident("tenant")

ROLES = {
    "Authentication Administrator": "c4e39bd9-1100-46d3-8c65-fb160da0071f",
    "Authentication Policy Administrator": "0526716b-113d-4c15-b2c8-68e3c22b9f80",
    "Directory Readers": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "Exchange Administrator": "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Global Reader": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "Guest Inviter": "95e79109-95c0-4d8e-aee3-d01accf2d47b",
    "Helpdesk Administrator": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "Message Center Reader": "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
    "Password Administrator": "966707d0-3269-4727-9be2-8c3a10f19b9d",
    "Privileged Authentication Administrator": "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    "Reports Reader": "4a5d8f65-41da-4de4-8968-e035b65339cf",
    "Usage Summary Reports Reader": "75934031-6c7e-415a-99d7-48dbd49e875e",
    "User Administrator": "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "User Experience Success Manager": "27460883-1df1-4691-b032-3b79643e5e63",
}


@dataclass(frozen=True, slots=True)
class Group:
    """*inside*: the groups this group is itself a member of."""

    key: str
    name: str
    role_assignable: bool = False
    inside: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return ident(f"group/{self.key}")


GROUPS = {
    group.key: group
    for group in (
        Group("agents", "Keyturn agents"),
        Group("desk_berlin", "Service desk Berlin", inside=("agents",)),
        Group("authors", "Keyturn authors"),
        Group("security", "Security operations"),
        Group("eligible", "Keyturn: accounts it may help"),
        Group("helpers", "Keyturn helpers"),
        Group("executives", "Executive board"),
        Group("tier0", "Tier 0 administrators", role_assignable=True, roles=("Global Administrator",)),
        Group("all_staff", "All staff"),
        Group("berlin", "Berlin office"),
        Group("lisbon", "Lisbon office"),
        Group("bikes", "Bike to work"),
    )
}

UNITS = {"berlin": "Berlin", "lisbon": "Lisbon"}
"""Administrative units: key to display name."""


def unit_id(key: str) -> str:
    return ident(f"unit/{key}")
