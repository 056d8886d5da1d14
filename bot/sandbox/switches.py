"""What the tenant is licensed for and how it is configured; switched while it runs."""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox.company import GROUPS
from bot.sandbox.storage import Storage

# name → (default, what it means)
SWITCHES: dict[str, tuple[Any, str]] = {
    "licence": (
        "P2",
        "free, P1 or P2: sign-in logs and the registration report need P1, risk and PIM need P2",
    ),
    "pim": (True, "eligible roles can be read; off, Graph answers 400 AadPremiumLicenseRequired"),
    "pass_enabled": (True, "the Temporary Access Pass policy is enabled"),
    "pass_minimum": (60, "shortest lifetime in minutes"),
    "pass_maximum": (480, "longest lifetime in minutes"),
    "pass_default": (60, "lifetime when a request names none"),
    "pass_length": (8, "characters of a pass, 8 to 48"),
    "pass_once": (False, "every pass is forced to be one-time"),
    "pass_include": ("all_users", "group the policy includes, or all_users"),
    "pass_exclude": ("", "group the policy excludes"),
    "act_assignment": (False, "only members of the agents group may sign in to the act registration"),
    "context_c1": ("phishing_resistant", "strength the policy on context c1 (approve) demands"),
    "context_c2": ("phishing_resistant", "strength the policy on context c2 (enrol) demands"),
    "context_c3": ("mfa", "strength the policy on context c3 (sign_in) demands"),
    "page_size": (3, "items per page of group memberships; small, so that paging is always met"),
    "country": ("DE", "country that sign-ins come from"),
}
CHOICES = {
    "licence": ("free", "P1", "P2"),
    "context_c1": ("none", "mfa", "phishing_resistant"),
    "context_c2": ("none", "mfa", "phishing_resistant"),
    "context_c3": ("none", "mfa", "phishing_resistant"),
    "pass_include": ("all_users", *GROUPS),
    "pass_exclude": ("", *GROUPS),
}
RANGES = {
    "pass_minimum": (10, 43200),
    "pass_maximum": (10, 43200),
    "pass_default": (10, 43200),
    "pass_length": (8, 48),
    "page_size": (1, 999),
}


class Switches:
    """The switches table, read through on every use."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def __getitem__(self, name: str) -> Any:
        row = self._storage.one("SELECT value FROM switches WHERE name = ?", name)
        return json.loads(row["value"]) if row else SWITCHES[name][0]

    def all(self) -> dict[str, Any]:
        return {name: self[name] for name in SWITCHES}

    def set(self, name: str, value: Any) -> None:
        """Raises ValueError with a sentence when the value does not fit."""
        if name not in SWITCHES:
            raise ValueError(f"There is no switch {name}. Known: {', '.join(SWITCHES)}.")
        default = SWITCHES[name][0]
        if isinstance(default, bool):
            value = value if isinstance(value, bool) else str(value).lower() in ("true", "on", "1", "yes")
        elif isinstance(default, int):
            value = int(value)
            low, high = RANGES[name]
            if not low <= value <= high:
                raise ValueError(f"{name} must be between {low} and {high}.")
        elif value not in CHOICES.get(name, (value,)) or not isinstance(value, str):
            raise ValueError(f"{name} must be one of {', '.join(repr(choice) for choice in CHOICES[name])}.")
        self._storage.run("INSERT OR REPLACE INTO switches VALUES (?, ?)", name, json.dumps(value))

    def licensed(self, level: str) -> bool:
        return CHOICES["licence"].index(self["licence"]) >= CHOICES["licence"].index(level)
