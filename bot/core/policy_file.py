"""The `policy` mapping of app.yaml: read, and held against the floor.

`parse` gathers every complaint, each naming the rule of the floor it broke (docs/policy.md lists
them); with any complaint the policy must not be used. A set is weaker than the floor when some way
to fill it would not have filled a set of the default table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

from bot.core.model import Rank
from bot.core.policy import (
    DEFAULT,
    DEFAULT_FORGET,
    DEFAULT_RULES,
    Policy,
    Population,
    Rule,
    ThreatMode,
    Times,
)
from bot.core.sets import EvidenceSet, evidence_set, implies

AT_LEAST = frozenset(
    {"between_used_passes", "between_forgets", "no_vouching", "quarantine", "long_quarantine", "countdown"}
)
"""Spans that may only grow; all others may only shrink."""
_SPAN = re.compile(r"(\d{1,6})(s|m|h|d)")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SWITCHES = ("solo_desk", "reset_methods", "privileged")
_LISTS = {"excluded": "excluded", "privileged": "privileged_accounts", "sensitive": "sensitive"}
_KEYS = frozenset({*_SWITCHES, "threat_mode", "lists", "rules", "forget_devices", "populations", "times"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with the policy. *rule* is the floor's name for it, or "" for bad writing."""

    where: str
    message: str
    remedy: str
    rule: str = ""


@dataclass(slots=True)
class _Reader:
    complaints: list[Complaint] = field(default_factory=list)

    def bad(self, where: str, message: str, remedy: str, rule: str = "") -> None:
        self.complaints.append(Complaint(where, message, remedy, rule))

    def mapping(self, value: Any, where: str, known: frozenset[str] | None = None) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.bad(where, "this is not a mapping.", "Write `key: value` lines below it.")
            return {}
        if known is not None:
            for key in sorted(set(map(str, value)) - known):
                self.bad(f"{where}.{key}", "nobody knows this key.", f"Known are {', '.join(sorted(known))}.")
        return {str(k): v for k, v in value.items()}

    def items(self, value: Any, where: str) -> Sequence[Any]:
        if value is None:
            return ()
        if isinstance(value, str) or not isinstance(value, Sequence):
            self.bad(where, "this is not a list.", "Write [one, two].")
            return ()
        return value

    def switch(self, value: Any, where: str) -> bool:
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        self.bad(where, f"{value!r} is neither true nor false.", "Write true or false.")
        return False

    def whole(self, value: Any, where: str) -> int:
        if not isinstance(value, bool) and re.fullmatch(r"\d{1,3}", str(value)):
            return int(value)
        self.bad(where, f"{value!r} is not a whole number.", "Write a number such as 2.")
        return 1


def parse(mapping: Any) -> tuple[Policy, tuple[Complaint, ...]]:
    """The policy as written over the defaults, and every complaint about it."""
    read = _Reader()
    body = read.mapping(mapping, "policy", _KEYS)
    policy = replace(
        DEFAULT,
        rules={**DEFAULT_RULES, **_rules(read, body.get("rules"), "policy.rules")},
        forget=_forget(read, body.get("forget_devices")),
        threat_mode=_mode(read, body.get("threat_mode", "normal")),
        populations=_populations(read, body.get("populations")),
        times=_times(read, body.get("times")),
        **{key: read.switch(body[key], f"policy.{key}") for key in _SWITCHES if key in body},  # type: ignore[arg-type]
        **_lists(read, body.get("lists")),  # type: ignore[arg-type]
    )
    return policy, tuple(read.complaints)


def _mode(read: _Reader, value: Any) -> ThreatMode:
    try:
        return ThreatMode(str(value))
    except ValueError:
        read.bad("policy.threat_mode", f"{value!r} is no threat mode.", "Write normal or elevated.")
        return ThreatMode.ELEVATED


def _lists(read: _Reader, value: Any) -> dict[str, frozenset[str]]:
    body = read.mapping(value, "policy.lists", frozenset(_LISTS))
    return {
        _LISTS[key]: frozenset(str(v).lower() for v in read.items(body[key], f"policy.lists.{key}"))
        for key in body
        if key in _LISTS
    }


def _rules(read: _Reader, value: Any, where: str) -> dict[Rank, Rule]:
    found: dict[Rank, Rule] = {}
    for word, body in read.mapping(value, where).items():
        here = f"{where}.{word}"
        if word not in DEFAULT_RULES:
            rule = "floor-excluded" if word == Rank.EXCLUDED else ""
            read.bad(
                here,
                f"no row can be written for {word!r}.",
                "Ranks are standard, new_account, sensitive, privileged.",
                rule,
            )
            continue
        rank = Rank(word)
        found[rank] = _held(
            read, _rule(read, body, here, DEFAULT_RULES[rank]), DEFAULT_RULES[rank], here, word
        )
    return found


def _forget(read: _Reader, value: Any) -> Rule:
    if value is None:
        return DEFAULT_FORGET
    where = "policy.forget_devices"
    return _held(read, _rule(read, value, where, DEFAULT_FORGET), DEFAULT_FORGET, where, "forget-devices")


def _populations(read: _Reader, value: Any) -> tuple[Population, ...]:
    found: list[Population] = []
    for n, item in enumerate(read.items(value, "policy.populations")):
        where = f"policy.populations[{n}]"
        body = read.mapping(item, where, frozenset({"name", "group", "rules"}))
        if not body.get("group") or not body.get("name"):
            read.bad(
                where, "a population needs a name and a group.", "Write {name: …, group: <id>, rules: …}."
            )
            continue
        rules = _rules(read, body.get("rules"), f"{where}.rules")
        found.append(Population(str(body["name"]), str(body["group"]).lower(), rules))
    return tuple(found)


def _times(read: _Reader, value: Any) -> Times:
    floor = Times()
    names = frozenset(f.name for f in fields(Times))
    found: dict[str, timedelta] = {}
    for name, text in read.mapping(value, "policy.times", names).items():
        if name not in names:
            continue
        where = f"policy.times.{name}"
        match = _SPAN.fullmatch(str(text))
        if match is None:
            read.bad(where, f"{text!r} is not a span of time.", "Write 30s, 15m, 72h or 14d.")
            continue
        span = timedelta(**{_UNIT[match[2]]: int(match[1])})
        limit: timedelta = getattr(floor, name)
        if (span < limit) if name in AT_LEAST else (span > limit or not span):
            side = "at least" if name in AT_LEAST else "more than 0 and at most"
            seconds = int(limit.total_seconds())
            read.bad(
                where, f"{text} is weaker than the floor.", f"Write {side} {seconds}s.", f"floor-time-{name}"
            )
            continue
        found[name] = span
    return replace(floor, **found)


def _rule(read: _Reader, value: Any, where: str, default: Rule) -> Rule:
    body = read.mapping(value, where, frozenset({"approvers", "sets"}))
    approvers = (
        read.whole(body["approvers"], f"{where}.approvers") if "approvers" in body else default.approvers
    )
    if "sets" not in body:
        return replace(default, approvers=approvers)
    sets = (
        _set(read, s, f"{where}.sets[{n}]") for n, s in enumerate(read.items(body["sets"], f"{where}.sets"))
    )
    return Rule(tuple(s for s in sets if s is not None), approvers)


def _set(read: _Reader, value: Any, where: str) -> EvidenceSet | None:
    remembered, needs = False, value
    if isinstance(value, Mapping):
        body = read.mapping(value, where, frozenset({"needs", "remembered"}))
        remembered = read.switch(body.get("remembered", False), f"{where}.remembered")
        needs = body.get("needs")
    try:
        return evidence_set(*map(str, read.items(needs, where)), remembered=remembered)
    except ValueError as err:
        read.bad(
            where, f"no such proof: {err}.", "Write proofs such as saved_code|contact or live_check:counter."
        )
        return None


def _held(read: _Reader, rule: Rule, floor: Rule, where: str, name: str) -> Rule:
    """*rule*, or complaints and the floor's own rule in its place."""
    held = True
    if rule.approvers < floor.approvers:
        read.bad(
            f"{where}.approvers",
            f"{rule.approvers} approvers are fewer than the floor.",
            f"Write at least {floor.approvers}.",
            f"floor-approvers-{name}",
        )
        held = False
    if not rule.sets:
        read.bad(
            f"{where}.sets",
            "no evidence at all is asked.",
            "Write at least one set.",
            f"floor-evidence-{name}",
        )
        held = False
    for n, one in enumerate(rule.sets):
        if not implies(one, floor.sets):
            read.bad(
                f"{where}.sets[{n}]",
                "this is weaker than the floor: some way to fill it fills no set of the default table.",
                "Ask for at least what docs/policy.md lists for this rank, or leave the row out.",
                f"floor-evidence-{name}",
            )
            held = False
    return rule if held else floor
