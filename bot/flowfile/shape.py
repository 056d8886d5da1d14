"""Judging the shape of a file with the models of `schema`, in an author's words.

The verb is picked first and its model asked alone: an error of eleven models at once helps nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.core.tables import Verb
from bot.flowfile import schema
from bot.flowfile.findings import Finding
from bot.flowfile.reader import Document, Path

SHAPE_RULES = frozenset({"F001", "F002", "F003", "F004", "F005", "F006", "F007", "F011"})
"""What the published schema also refuses; everything else shows only between steps."""
_TYPES = {
    "dict_type": "a mapping of keys",
    "list_type": "a list, in brackets",
    "string_type": "one word or text",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
}


def check(document: Document) -> list[Finding]:
    """Everything wrong with the shape of *document*."""
    data = document.data
    if not isinstance(data, dict):
        place = document.positions.value()
        return [
            document.finding("F006", place, "A flow file is a mapping.", "Begin with flow, start and steps.")
        ]
    found = list(_model(document, schema.Head, data, ()))
    if isinstance(data.get("defaults"), dict):
        found += _model(document, schema.Defaults, data["defaults"], ("defaults",))
    steps = data.get("steps")
    for name, step in steps.items() if isinstance(steps, dict) else ():
        found += _step(document, name, step)
    return found


def verbs_of(step: Any) -> list[Verb]:
    """The verbs a step is written with, in the order written."""
    known = set(Verb)
    return [Verb(key) for key in step if key in known] if isinstance(step, dict) else []


def _step(document: Document, name: str, step: Any) -> Iterator[Finding]:
    path = ("steps", name)
    if not isinstance(step, dict):
        place = document.positions.value(*path)
        yield document.finding(
            "F006", place, f"The step “{name}” is no mapping.", "Write {verb: …, on: {…}}."
        )
        return
    verbs = verbs_of(step)
    if len(verbs) != 1:
        place = document.positions.key(*path, verbs[1]) if verbs else document.positions.key(*path)
        has = "the verbs " + " and ".join(verbs) if verbs else "no verb"
        remedy = f"Give it exactly one of: {', '.join(Verb)}."
        yield document.finding("F005", place, f"The step “{name}” has {has}.", remedy)
        return
    yield from _model(document, schema.VERBS[verbs[0]], step, path)
    if verbs == [Verb.SWITCH] and isinstance(step["switch"], list):
        for n, branch in enumerate(step["switch"]):
            model = schema.Else if isinstance(branch, dict) and "else" in branch else schema.IfThen
            yield from _model(document, model, branch, (*path, "switch", n))


def _model(document: Document, model: type[BaseModel], data: Any, path: Path) -> Iterator[Finding]:
    try:
        model.model_validate(data)
    except ValidationError as err:
        for detail in err.errors(include_url=False):
            if model is schema.Switch and len(detail["loc"]) > 1:
                continue  # each branch is asked on its own
            yield _finding(document, model, detail, path)


def _finding(document: Document, model: type[BaseModel], detail: ErrorDetails, path: Path) -> Finding:
    kind, ctx = detail["type"], detail.get("ctx", {})
    of_key = detail["loc"][-1:] == ("[key]",)
    here = (*path, *(part for part in detail["loc"] if part != "[key]"))
    word = str(here[-1]) if here else ""
    at = document.positions
    value = _short(detail.get("input"))
    match kind:
        case "extra_forbidden":
            keys = _keys(model)
            remedy = f"Known here: {', '.join(keys)}.{did_you_mean(word, keys)}"
            return document.finding("F003", at.key(*here), f"The key “{word}” is unknown here.", remedy)
        case "missing":
            place = at.key(*path) if path else at.value()
            return document.finding("F004", place, f"The key “{word}” is missing.", f"Add “{word}: …”.")
        case "unknown_name":
            what, known = ctx["what"], list(ctx["known"])
            remedy = f"Use one of: {', '.join(known)}.{did_you_mean(str(ctx['word']), known)}"
            return document.finding("F011", at.value(*here), f"There is no {what} “{ctx['word']}”.", remedy)
        case "reserved":
            place = at.key(*here) if of_key else at.value(*here)
            message = f"“{ctx['word']}” cannot name a {ctx['what']}."
            return document.finding(
                "F007", place, message, "Choose another word; this one has its own meaning."
            )
        case "repeated":
            message = f"“{ctx['word']}” is listed twice."
            return document.finding("F006", at.value(*here), message, "Name each once.")
        case "string_pattern_mismatch":
            place = at.key(*here) if of_key else at.value(*here)
            form = schema.FORMS[ctx["pattern"]]
            return document.finding("F006", place, f"“{value}” cannot stand here.", f"Write {form}.")
        case _ if kind in _TYPES:
            wanted = _TYPES[kind]
            return document.finding(
                "F006", at.value(*here), f"“{value}” cannot stand here.", f"Write {wanted}."
            )
    return document.finding(
        "F006", at.value(*here), f"“{word}”: {detail['msg']}.", "See docs/flow-format.md."
    )


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _short(value: object) -> str:
    if isinstance(value, dict):
        return "{…}"
    if isinstance(value, list):
        return "[…]"
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean “{close[0]}”?" if close else ""
