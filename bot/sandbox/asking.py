"""An authorization request: what may be asked of the authority, checked before anything is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.state import State
from bot.sandbox.tokens import App

ASKED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "login_hint",
    "claims",
    "client_info",
)


class AskError(Exception):
    """The request itself is not acceptable; shown at the authority, never redirected."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked authorization request; *raw* travels through the page's hidden fields."""

    app: App
    redirect_uri: str
    raw: dict[str, str]
    contexts: tuple[str, ...]
    prompts: frozenset[str]
    max_age: int | None

    def __getitem__(self, name: str) -> str:
        return self.raw.get(name, "")


def asked_of(state: State, params: Mapping[str, Any]) -> Asked:
    """Raises AskError."""
    raw = {name: str(params[name]) for name in ASKED if params.get(name)}
    app = state.apps.get(raw.get("client_id", ""))
    if app is None:
        raise AskError("AADSTS700016: No application with this client_id exists in the directory.")
    target = urlsplit(raw.get("redirect_uri", ""))
    if target.hostname not in ("127.0.0.1", "localhost") or target.path != "/auth/callback":
        raise AskError(
            "AADSTS50011: The redirect URI is not registered: it must be /auth/callback on this machine."
        )
    if raw.get("response_type") != "code":
        raise AskError("AADSTS700054: response_type must be code.")
    if raw.get("response_mode", "query") not in ("query", "form_post"):
        raise AskError("AADSTS70007: response_mode must be query or form_post.")
    if not raw.get("code_challenge") or raw.get("code_challenge_method") != "S256":
        raise AskError("AADSTS9002325: Proof Key for Code Exchange (S256) is required.")
    try:
        contexts = _contexts(raw.get("claims", ""))
        max_age = int(raw["max_age"]) if "max_age" in raw else None
    except (ValueError, AttributeError, TypeError):
        raise AskError("AADSTS70011: claims or max_age cannot be read.") from None
    return Asked(app, raw["redirect_uri"], raw, contexts, frozenset(raw.get("prompt", "").split()), max_age)


def _contexts(claims: str) -> tuple[str, ...]:
    """Authentication contexts wanted, from either half of the `claims` parameter."""
    doc = json.loads(claims or "{}")
    wanted: list[str] = []
    for half in ("id_token", "access_token"):
        ask = (doc.get(half) or {}).get("acrs") or {}
        wanted += [ask["value"]] if "value" in ask else list(ask.get("values", ()))
    return tuple(dict.fromkeys(wanted))
