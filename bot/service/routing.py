"""What typed words ask for: exact words, then error codes, then alarm, then the model.

Trained from the examples of the flows when the first text arrives (a fraction of a second), or
whenever the examples are others than before. Nothing typed is kept, and nothing starts here: the
result says what to *offer*.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core.suspicion import alarming
from bot.ports.routing import Action, Encoder, RouteResult
from bot.service.matching import folded

if TYPE_CHECKING:
    from bot.core.ngram import Head

PERSON = "talk_to_human"
SUSPICIOUS = "suspicious_activity"
OUT_OF_SCOPE = "out_of_scope"
START_AT = 0.6
"""From this probability on one flow is offered first; seen at 95 % precision on real messages."""
FLOOR = 0.12
"""Below this nothing was understood."""
ALARM_AT = 0.4
PERSON_AT = 0.3
_SHOWN = 3
_DECAY = 6e-5
_ALARM_DECAY = 3e-4
_LONGEST = 400

ERRORS: Mapping[str, str] = {
    "50053": "locked_out",  # too many wrong tries
    "50057": "locked_out",  # the account is disabled
    "53003": "locked_out",  # blocked by Conditional Access
    "50055": "forgot_password",  # expired
    "50144": "forgot_password",  # expired on premises
    "50056": "forgot_password",
    "50126": "forgot_password",  # wrong name or password
    "50072": "setup_mfa",  # must register a second factor
    "50079": "setup_mfa",
    "50074": "no_prompt",  # a second factor is asked for and was not given
    "50076": "no_prompt",
    "500121": "no_prompt",
}
"""Entra's sign-in errors, as people copy them from the page, and what they are about."""
_ERROR = re.compile(
    r"(?:aadsts\s*|(?:error|fehler|code|erreur|erro)\D{0,12}|^\s*)(\d{5,6})(?!\d)", re.IGNORECASE
)

Examples = Mapping[str, tuple[str, ...]]
"""What people say, by label, in every language."""


def examples_of(files: Mapping[str, str]) -> Examples:
    """The examples among ``{path: text}``: one text a line of ``…/<locale>/<label>.txt``."""
    found: dict[str, list[str]] = {}
    for path, text in sorted(files.items()):
        if path.endswith(".txt"):
            lines = (line.strip() for line in text.splitlines())
            found.setdefault(Path(path).stem, []).extend(line for line in lines if line and line[0] != "#")
    return {label: tuple(dict.fromkeys(texts)) for label, texts in found.items()}


def folder_examples(flows: Path) -> Examples:
    """The examples below ``<flows>/examples``."""
    return examples_of(
        {path.as_posix(): path.read_text(encoding="utf-8") for path in flows.glob("examples/*/*.txt")}
    )


def joined(shipped: Examples, own: Examples) -> Examples:
    """Both together: a tenant's own flow is told apart from everything we know people to say."""
    return {
        label: tuple(dict.fromkeys((*shipped.get(label, ()), *own.get(label, ()))))
        for label in sorted({*shipped, *own})
    }


@dataclass(frozen=True, slots=True)
class _Model:
    """Heads fitted to one set of examples."""

    digest: str
    labels: Head
    alarm: Head
    exact: Mapping[str, str]


class ExampleRouter:
    """Implements `ports.routing.Router`."""

    def __init__(self, encoder: Encoder, examples: Examples, flows: Callable[[], Sequence[str]]) -> None:
        """*flows* names those that can be started now."""
        self._encoder = encoder
        self._examples = examples
        self._flows = flows
        self._model: _Model | None = None
        self._fitting = asyncio.Lock()

    async def route(self, text: str, locale: str = "") -> RouteResult:
        """See `ports.routing.Router`. The built-in encoder needs no locale."""
        model = self._model or await self._fitted()
        return await asyncio.to_thread(routed, self._encoder, model, text, tuple(self._flows()))

    async def _fitted(self) -> _Model:
        async with self._fitting:
            if self._model is None:
                self._model = await asyncio.to_thread(fit, self._encoder, self._examples)
            return self._model

    async def learn(self, examples: Examples) -> None:
        """Route by other examples from now on; nothing happens when they are the same."""
        async with self._fitting:
            if self._model is None or self._model.digest != digest_of(self._encoder, examples):
                self._model = await asyncio.to_thread(fit, self._encoder, examples)
            self._examples = examples


def digest_of(encoder: Encoder, examples: Examples) -> str:
    """Names a model by what it is made of."""
    lines = [encoder.name, *(f"{label}\t{text}" for label in sorted(examples) for text in examples[label])]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def fit(encoder: Encoder, examples: Examples) -> _Model:
    """Fit both heads. Blocking; runs in a thread."""
    from bot.core.ngram import Material, fitted  # numpy: only where something is routed

    pairs = [(text, label) for label in sorted(examples) for text in examples[label]]
    material = Material.of(encoder.encode([text for text, _ in pairs]))
    labels = [label for _, label in pairs]
    alarm = ["yes" if label == SUSPICIOUS else "no" for label in labels]
    return _Model(
        digest_of(encoder, examples),
        fitted(material, labels, decay=_DECAY),
        fitted(material, alarm, decay=_ALARM_DECAY),
        {folded(text): label for text, label in pairs},
    )


def routed(encoder: Encoder, model: _Model, text: str, flows: Sequence[str]) -> RouteResult:
    """The result for *text*. Blocking; takes a millisecond."""
    text = text[:_LONGEST]
    rows = encoder.encode([text])
    chances = model.labels.probabilities(rows)[0]
    ranked = sorted(zip(model.labels.labels, map(float, chances), strict=True), key=lambda one: -one[1])
    known = _known(model, text)
    if known:
        ranked = [(known, 1.0), *((label, 0.0) for label, _ in ranked if label != known)]
    alarm = dict(zip(model.alarm.labels, map(float, model.alarm.probabilities(rows)[0]), strict=True))
    top = tuple((label, round(p, 4)) for label, p in ranked[:_SHOWN])
    label, p = top[0]
    offered = tuple(name for name, chance in ranked[:_SHOWN] if name in flows and chance >= 0.02)
    empty = not rows.any()
    wrong = max(p if label == SUSPICIOUS else 0.0, 0.0 if known else alarm.get("yes", 0.0))
    if wrong >= ALARM_AT or alarming(text):
        action = Action.ALARM
    elif empty:
        action, offered = Action.MENU, ()
    elif label == PERSON and p >= PERSON_AT:
        action = Action.PERSON
    elif label in flows and p >= START_AT:
        action = Action.START
    elif p >= START_AT or p < FLOOR or not offered:
        action = Action.MENU
    else:
        action = Action.CHOOSE
    return RouteResult(label, p, top, action, offered)


def _known(model: _Model, text: str) -> str | None:
    """The label of words that need no guessing: an example said to the letter, or an error code."""
    if exact := model.exact.get(folded(text)):
        return exact
    for found in _ERROR.finditer(text):
        if found[1] in ERRORS:
            return ERRORS[found[1]]
    return None
