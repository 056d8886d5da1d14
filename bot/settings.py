"""What `app.yaml` says: one frozen tree, read once, every complaint at once.

docs/settings.md has a heading for each setting and app.yaml is the documented example. Secrets
are references; a literal one is refused. Plain http is for loopback only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from bot.errors import Problem, SettingsError
from bot.references import BadReferenceError, resolve
from bot.setting_values import (
    Context,
    CredentialValue,
    Guid,
    Hours,
    KeyBytes,
    Listen,
    OptionalGuid,
    OptionalUrl,
    Origin,
    StoreUrl,
    Url,
    short_humans,
)

At = tuple[str | int, ...]
"""Where a value stands: the keys and list places that lead to it."""


class _Group(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class Store(_Group):
    url: StoreUrl = Field(default="sqlite:///data/keyturn.db", repr=False)


class Secrets(_Group):
    server_key: KeyBytes
    pepper: KeyBytes


class Contexts(_Group):
    approve: Context
    enrol: Context
    sign_in: Context


class App(_Group):
    client_id: Guid
    credential: CredentialValue


class Apps(_Group):
    identity: App
    act: App
    reader: App


class Entra(_Group):
    tenant_id: Guid
    authority: Origin = "https://login.microsoftonline.com"
    pim: Literal["used", "none"] = "used"
    risk: Literal["used", "none"] = "used"
    contexts: Contexts
    apps: Apps


class Graph(_Group):
    base_url: Url = "https://graph.microsoft.com/v1.0"


class Groups(_Group):
    agents: Guid
    authors: OptionalGuid = ""
    security: OptionalGuid = ""
    eligible: OptionalGuid = ""


class Humans(_Group):
    employee_id: bool = False
    links: tuple[tuple[Guid, ...], ...] = ()


class Limits(_Group):
    """How often is too often; the defaults are the ones the threat model reasons with."""

    tries_per_attempt: int = Field(default=5, ge=1, le=5)
    tries_per_subject: int = Field(default=50, ge=5, le=50)
    openings_per_network: int = Field(default=20, ge=1, le=1000)
    openings_per_chat: int = Field(default=5, ge=1, le=50)
    passes_per_week: int = Field(default=3, ge=1, le=3)
    hours_between_passes: int = Field(default=72, ge=72)
    agent_warns_at: int = Field(default=25, ge=1, le=60)
    agent_stops_at: int = Field(default=60, ge=1, le=60)


class LiveCheck(_Group):
    video_url: OptionalUrl = ""


class Geo(_Group):
    database: str = ""
    header: str = ""


class Desk(_Group):
    phone: str = Field(min_length=3, max_length=40)
    timezone: str = "Europe/Berlin"
    hours: Hours = ()


class Locales(_Group):
    required: tuple[str, ...] = ("en",)
    offered: tuple[str, ...] = ("en", "de")


class Settings(_Group):
    """Everything `app.yaml` says, checked."""

    public_url: Origin
    listen: Listen = "127.0.0.1:8300"
    store: Store = Store()
    secrets: Secrets
    entra: Entra
    graph: Graph = Graph()
    groups: Groups
    humans: Annotated[Humans, short_humans] = Humans()
    deputies: dict[Guid, tuple[Guid, ...]] = {}
    policy: dict[str, Any] = {}
    limits: Limits = Limits()
    live_check: LiveCheck = LiveCheck()
    geo: Geo = Geo()
    desk: Desk
    locales: Locales = Locales()


# --- reading -----------------------------------------------------------------------------------


def load(path: Path, env: Mapping[str, str]) -> Settings:
    """The settings in *path*. Raises SettingsError holding every complaint."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        why = err.strerror if isinstance(err, OSError) else "it is not UTF-8"
        raise SettingsError(
            [
                Problem(
                    str(path),
                    f"cannot be read: {why}.",
                    "Name the file with --config; app.yaml is the example.",
                )
            ]
        ) from None
    return read(text, name=str(path), folder=path.parent, env=env)


def read(text: str, *, name: str, folder: Path, env: Mapping[str, str]) -> Settings:
    """As `load`, from *text*; *name* is what complaints call the file."""
    reading = _Reading(name, folder, env)
    tree = reading.tree(text)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as err:
        reading.problems += [reading.worded(detail) for detail in err.errors() if not reading.known(detail)]
    if reading.problems:
        raise SettingsError(sorted(reading.problems, key=lambda problem: problem.line))
    return settings


class _Reading:
    """YAML to plain values (every scalar a string), with the line of each and all complaints."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str]) -> None:
        self._name, self._folder, self._env = name, folder, env
        self._lines: dict[At, int] = {(): 1}
        self._unresolved: set[At] = set()
        self.problems: list[Problem] = []

    def tree(self, text: str) -> Any:
        try:
            root = yaml.compose(text, Loader=yaml.CBaseLoader)
        except yaml.MarkedYAMLError as err:
            line = err.problem_mark.line + 1 if err.problem_mark else 1
            what = f"this is not YAML: {err.problem}."
            self._complain((), what, "Look at the indentation and the quotes around this line.", line)
            return {}
        return {} if root is None else self._value(root, ())

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
                message, remedy = "is not a setting.", _suggestion(at)
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


def _suggestion(at: At) -> str:
    group: Any = Settings
    for part in at[:-1]:
        group = getattr(group.model_fields.get(part), "annotation", None)
        if not (isinstance(group, type) and issubclass(group, BaseModel)):
            return "Remove it."
    names = sorted(group.model_fields)
    near = get_close_matches(str(at[-1]), names, n=1)
    return f"Did you mean “{near[0]}”?" if near else f"Here may stand: {', '.join(names)}."
