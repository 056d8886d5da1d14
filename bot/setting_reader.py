"""How `app.yaml` is read: YAML to plain values, each with its line, and complaints in our words.

Every scalar stays a string (a phone number is no number), duplicate keys are complained about,
references are followed. No complaint repeats a value, since it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from bot.core import policy_file
from bot.errors import Problem
from bot.references import BadReferenceError, resolve

_PARTS = re.compile(r"[^.\[\]]+")

At = tuple[str | int, ...]
"""Where a value stands: the keys and list places that lead to it."""


class Reading:
    """YAML to plain values (every scalar a string), with the line of each and all complaints."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str], model: type[BaseModel]) -> None:
        self._name, self._folder, self._env, self._model = name, folder, env, model
        self._lines: dict[At, int] = {(): 1}
        self._unresolved: set[At] = set()
        self.problems: list[Problem] = []

    def tree(self, text: str) -> dict[str, Any]:
        """The whole file; empty, with a complaint, when it is no mapping at all."""
        try:
            root = yaml.compose(text, Loader=yaml.CBaseLoader)
        except yaml.MarkedYAMLError as err:
            line = err.problem_mark.line + 1 if err.problem_mark else 1
            what = f"this is not YAML: {err.problem}."
            self._complain((), what, "Look at the indentation and the quotes around this line.", line)
            return {}
        if not isinstance(root, yaml.MappingNode):
            self._complain((), "holds no settings.", "app.yaml is the example.")
            return {}
        return dict(self._pairs(root, ()))

    def _value(self, node: yaml.Node, at: At) -> Any:
        self._lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*at, n)) for n, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, at))
        try:
            return resolve(node.value, folder=self._folder, env=self._env)
        except BadReferenceError as err:
            self._unresolved.add(at)
            self._complain(at, err.message, err.remedy)
            return node.value

    def _pairs(self, node: yaml.MappingNode, at: At) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            inner = (*at, name)
            line = key.start_mark.line + 1
            if name in seen:
                self._complain(inner, "stands here twice.", "Remove one of the two.", line)
                continue
            seen.add(name)
            self._lines[inner] = line
            if isinstance(value, yaml.ScalarNode) and not value.value and value.style is None:
                continue  # `name:` with nothing after it is as good as absent
            yield name, self._value(value, inner)

    def known(self, detail: ErrorDetails) -> bool:
        """Whether the value was already complained about as a reference that leads nowhere."""
        return _place(detail) in self._unresolved

    def worded(self, detail: ErrorDetails) -> Problem:
        """pydantic's complaint in our words; the value itself is never repeated."""
        at = _place(detail)
        context = detail.get("ctx", {})
        remedy = f"See docs/settings.md, “{_dotted(at)}”."
        match detail["type"]:
            case "keyturn":
                message, remedy = context["text"], context["remedy"]
            case "missing":
                message = "is missing."
            case "extra_forbidden":
                message, remedy = "is not a setting.", _suggestion(self._model, at)
            case "literal_error":
                message = f"must be {context['expected']}."
            case "greater_than_equal":
                message = f"must be at least {context['ge']}."
            case "less_than_equal":
                message = f"must be at most {context['le']}; the floor is in the code."
            case "model_type" | "dict_type":
                message = "must be a group of settings."
            case "tuple_type":
                message = "must be a list."
            case kind:
                message = f"cannot be used ({kind.replace('_', ' ')})."
        return self._problem(at, message, remedy)

    def policy(self, raw: Any) -> None:
        """What the floor says about the `policy` group."""
        for complaint in policy_file.parse(raw)[1]:
            at = tuple(int(part) if part.isdecimal() else part for part in _PARTS.findall(complaint.where))
            rule = f" ({complaint.rule})" if complaint.rule else ""
            self._complain(at, complaint.message + rule, complaint.remedy)

    def between(self, complaints: Iterable[tuple[At, str, str]]) -> None:
        """What settings demand of each other; a reference that leads nowhere was said already."""
        for at, message, remedy in complaints:
            if at not in self._unresolved:
                self._complain(at, message, remedy)

    def _complain(self, at: At, message: str, remedy: str, line: int = 0) -> None:
        self.problems.append(self._problem(at, message, remedy, line))

    def _problem(self, at: At, message: str, remedy: str, line: int = 0) -> Problem:
        known = at
        while known not in self._lines:  # a missing setting is blamed on the group it is missing from
            known = known[:-1]
        line = line or self._lines[known]
        return Problem(f"{self._name}:{line} {_dotted(at)}".rstrip(), message, remedy, line)


def _place(detail: ErrorDetails) -> At:
    return tuple(part for part in detail["loc"] if part != "[key]")


def _dotted(at: At) -> str:
    return ".".join(str(part) for part in at)


def group_of(annotation: Any) -> Any:
    """The group itself, of one that may be left out."""
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    return kinds[0] if len(kinds) == 1 else annotation


def _suggestion(model: type[BaseModel], at: At) -> str:
    group: Any = model
    for part in at[:-1]:
        group = group_of(getattr(group.model_fields.get(part), "annotation", None))
        if not (isinstance(group, type) and issubclass(group, BaseModel)):
            return "Remove it."
    names = sorted(field.alias or name for name, field in group.model_fields.items())
    near = get_close_matches(str(at[-1]), names, n=1)
    return f"Did you mean “{near[0]}”?" if near else f"Here may stand: {', '.join(names)}."
