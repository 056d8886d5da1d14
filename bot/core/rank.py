"""Rank: how carefully an account must be treated, from what was read about it just now.

Read at the opening of a request and again at execution. Whatever could not be read counts as the
worst it could have been: an account whose roles are unknown is privileged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.facts import (
    STRONG_TYPES,
    AccountFacts,
    Method,
    Read,
    Risk,
    Role,
    Unreadable,
)
from bot.core.model import Rank

HIRED_WITHIN = timedelta(days=7)
CALM = frozenset({"none", "low"})
"""Risk levels that change nothing; any other word, known or not, makes an account sensitive."""


@dataclass(frozen=True, slots=True)
class RankRules:
    """What the installation says about accounts. Group ids and object ids, lower case."""

    eligible: frozenset[str]  # an account in none of these groups is excluded
    deciders: frozenset[str] = frozenset()  # approvers' and security's groups: never ordinary accounts
    excluded: frozenset[str] = frozenset()
    privileged: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    no_pim: bool = False  # `entra.pim: none`: "not licensed" means no eligible roles
    no_risk: bool = False  # `entra.risk: none`: "not licensed" changes nothing


@dataclass(frozen=True, slots=True)
class Ranked:
    """A rank and why, as closed words that the review page shows."""

    rank: Rank
    why: tuple[str, ...] = ()


def rank_of(facts: AccountFacts, rules: RankRules, now: datetime, *, had_methods: bool = True) -> Ranked:
    """The rank of one account. *had_methods*: whether this installation ever saw a strong method of it."""
    person = facts.person
    if person is None:
        return Ranked(Rank.EXCLUDED, ("unknown_account",))
    if isinstance(person, Unreadable):
        return Ranked(Rank.PRIVILEGED, ("account_unreadable",))
    names = {str(person.oid)} | (facts.groups if isinstance(facts.groups, frozenset) else frozenset())
    if out := _excluded(facts, rules, names, external=person.external):
        return Ranked(Rank.EXCLUDED, out)
    if power := _privileged(facts, rules, names, restricted=person.management_restricted):
        return Ranked(Rank.PRIVILEGED, power)
    if names & rules.sensitive:
        return Ranked(Rank.SENSITIVE, ("listed",))
    if person.guest:
        return Ranked(Rank.SENSITIVE, ("guest",))
    if not had_methods and _newly_hired(person.hired_at, now) and not strong(facts.methods):
        return Ranked(Rank.NEW_ACCOUNT, ("no_method_yet",))
    if risk := _risky(facts.risk, rules):
        return Ranked(Rank.SENSITIVE, (risk,))
    return Ranked(Rank.STANDARD)


def _excluded(facts: AccountFacts, rules: RankRules, names: set[str], *, external: bool) -> tuple[str, ...]:
    if names & rules.excluded:
        return ("listed",)
    if external:
        return ("external_guest",)
    if isinstance(facts.groups, frozenset) and not names & rules.eligible:
        return ("not_eligible",)
    return ()


def _privileged(
    facts: AccountFacts, rules: RankRules, names: set[str], *, restricted: bool
) -> tuple[str, ...]:
    roles = facts.roles
    why: list[str] = []
    eligible = roles.eligible
    if rules.no_pim and isinstance(eligible, Unreadable) and eligible.why == "unlicensed":
        eligible = ()
    for word, read in (
        ("groups", facts.groups),
        ("active_roles", roles.active),
        ("eligible_roles", eligible),
        ("role_groups", roles.role_groups),
        ("methods", facts.methods),
    ):
        if isinstance(read, Unreadable):
            why.append(f"{word}_unreadable")
        elif read and word not in ("groups", "methods"):
            why.append(word)
    if restricted:
        why.append("management_restricted")
    if names & rules.privileged:
        why.append("listed")
    if names & rules.deciders:
        why.append("decides_here")
    return tuple(why)


def _newly_hired(hired_at: datetime | None, now: datetime) -> bool:
    return hired_at is not None and abs(now - hired_at) <= HIRED_WITHIN


def _risky(risk: Read[Risk], rules: RankRules) -> str:
    if isinstance(risk, Unreadable):
        return "" if rules.no_risk and risk.why == "unlicensed" else "risk_unreadable"
    return "" if risk.level in CALM else "risk"


def strong(methods: Read[tuple[Method, ...]]) -> tuple[Method, ...]:
    """The second factors among *methods*; none when they could not be read."""
    return () if isinstance(methods, Unreadable) else tuple(m for m in methods if m.type in STRONG_TYPES)


# --- who may act on whom (Entra's own rule, asked before Entra is) ------------------------------

AUTHENTICATION_ADMINISTRATOR = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
_TOP = frozenset({PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, GLOBAL_ADMINISTRATOR})
_ACTING = _TOP | {AUTHENTICATION_ADMINISTRATOR}
ORDINARY = frozenset(
    {
        AUTHENTICATION_ADMINISTRATOR,
        "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",  # Directory Readers
        "95e79109-95c0-4d8e-aee3-d01accf2d47b",  # Guest Inviter
        "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",  # Message Center Reader
        "966707d0-3269-4727-9be2-8c3a10f19b9d",  # Password Administrator
        "4a5d8f65-41da-4de4-8968-e035b65339cf",  # Reports Reader
        "27460883-1df1-4691-b032-3b79643e5e63",  # User Experience Success Manager
        "75934031-6c7e-415a-99d7-48dbd49e875e",  # Usage Summary Reports Reader
    }
)
"""Roles whose holders an Authentication Administrator may still help."""


def acts_at_all(role: Role) -> bool:
    """Whether *role* can manage anybody's methods."""
    return role.template_id.lower() in _ACTING


def covers(role: Role, subject: AccountFacts) -> bool:
    """Whether an active *role* reaches *subject*. Unreadable parts of the subject count against it."""
    template, scoped = role.template_id.lower(), role.scope != "/"
    if scoped:
        unit = role.scope.removeprefix("/administrativeUnits/")
        if isinstance(subject.units, Unreadable) or unit not in subject.units:
            return False
    if template in _TOP:
        return True
    return template == AUTHENTICATION_ADMINISTRATOR and _plain(subject, scoped=scoped)


def _plain(subject: AccountFacts, *, scoped: bool) -> bool:
    roles, person = subject.roles, subject.person
    if person is None or isinstance(person, Unreadable) or person.management_restricted:
        return False
    if isinstance(roles.active, Unreadable) or isinstance(roles.role_groups, Unreadable) or roles.role_groups:
        return False
    allowed = frozenset() if scoped else ORDINARY
    return all(r.template_id.lower() in allowed for r in roles.active)
