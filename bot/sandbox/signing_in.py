"""How a person can sign in at this moment, and what such a sign-in is worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.directory import Account
from bot.sandbox.state import State

# The `method` field's word for each of Graph's types.
WORDS = {
    "fido2": "passkey",
    "windowsHelloForBusiness": "hello",
    "platformCredential": "platform",
    "microsoftAuthenticator": "authenticator",
    "phone": "phone",
    "softwareOath": "oath",
}
PHISHING_RESISTANT = frozenset({"passkey", "hello", "platform"})
MFA = PHISHING_RESISTANT | {"authenticator", "phone", "oath", "pass"}
CONTEXT_KINDS = {
    "phishing_resistant": "a phishing-resistant sign-in",
    "mfa": "a second factor",
    "none": "nothing (no policy targets it)",
}
TITLES = {
    "passkey": "Passkey or security key",
    "hello": "Windows Hello",
    "platform": "Platform credential",
    "authenticator": "Authenticator app",
    "phone": "Text message",
    "oath": "Code from an app",
    "pass": "Temporary Access Pass",
    "password": "Password only",
    "home": "At home (the partner's own sign-in)",
}
ORDER = tuple(TITLES)


@dataclass(frozen=True, slots=True)
class Way:
    """A sign-in that happened: who, how, when; *until* bounds tokens of a pass."""

    who: Account
    how: str
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A way to choose on the page. *why_not* says why it cannot be used."""

    word: str
    title: str
    detail: str
    why_not: str = ""


def ways(state: State, who: Account) -> list[Option]:
    """Everything the account has, strongest first; also what is registered but out of reach."""
    if who.external:
        return [Option("home", TITLES["home"], "Not checked by this tenant")]
    options = []
    for row in state.methods.rows(who.id):
        word = WORDS.get(row["type"])
        if word:
            detail = _label(row["doc"])
            options.append(Option(word, TITLES[word], detail, "" if row["in_hand"] else "broken or lost"))
    live = state.methods.current(who.id)
    if live and live.reason(state.clock.now(), state.pass_allowed(who)) == "EnabledByPolicy":
        options.append(Option("pass", TITLES["pass"], "Type the pass below"))
    options.append(Option("password", TITLES["password"], "Not enough where a second factor is demanded"))
    return sorted(options, key=lambda option: ORDER.index(option.word))


def _label(doc: str) -> str:
    fields = json.loads(doc)
    return str(fields.get("displayName") or fields.get("phoneNumber") or "")


def signed(state: State, who: Account, word: str, value: str) -> tuple[Way | None, str, int]:
    """Sign in: the way, or what to tell the person and Entra's error number."""
    now = state.clock.now()
    if not who.enabled:
        return None, "AADSTS50057: The account is disabled.", 50057
    options = ways(state, who)
    usable = [option.word for option in options if not option.why_not]
    if value and not word:
        word = "pass"
    word = word or usable[0]
    if word == "pass" and "pass" in usable:
        live = state.methods.current(who.id)
        if live is None or not state.methods.use(who.id, value):
            return None, "That is not a valid Temporary Access Pass for this account.", 130503
        return Way(who, "pass", now, min(live.ends_at, now + timedelta(hours=1))), "", 0
    if word not in usable:
        there = any(option.word == word for option in options)
        problem = (
            "That one is broken or lost: choose another." if there else "This account has no such method."
        )
        return None, f"AADSTS50074: {problem}", 50074
    return Way(who, word, now), "", 0


def acrs(how: str, wanted: Mapping[str, str]) -> list[str]:
    """Of the contexts *wanted* (context to demanded strength), those this sign-in satisfies.

    A context that no policy targets is issued to everybody: on its own it proves nothing."""
    reach = (
        {"none"}
        | ({"mfa"} if how in MFA else set())
        | ({"phishing_resistant"} if how in PHISHING_RESISTANT else set())
    )
    return [context for context, strength in wanted.items() if strength in reach]
