"""The vocabulary of flow files: one model per verb, and the JSON Schema published from them.

The models judge the shape of a file: keys, closed tables, patterns. What only shows between steps
(targets, outcomes, cycles, proofs) is for the rules. `docs/schema/flow.schema.json` is
`json_schema()`; it takes numbers and booleans also unquoted, as editors read YAML, where the
reader here sees text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from bot.core.expressions import LONGEST as LONGEST_CONDITION
from bot.core.model import ActKind, PassShape
from bot.core.tables import (
    LOOKS,
    RESERVED_CHOICES,
    RESERVED_STEPS,
    Awaited,
    InputKind,
    Queue,
    Verb,
)

ID = r"^(?!(?:true|false|null)$)[a-z][a-z0-9_]{0,39}$(?!\n)"
DURATION = r"^[1-9][0-9]{0,3}[smhd]$(?!\n)"
VISITS = r"^[1-9][0-9]?$(?!\n)"
MENU = r"^(?:no|false|[1-9][0-9]?)$(?!\n)"
MOST_CHOICES = 20
MOST_STEPS = 200

FORMS = {
    ID: "a word of small letters, digits and underscores, beginning with a letter",
    DURATION: "a time such as 90s, 20m, 4h or 2d",
    VISITS: "a number from 1 to 99",
    MENU: "no, or a number from 1 to 99",
}
"""Patterns in words, for messages."""


def _not_reserved(reserved: frozenset[str], what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value in reserved:
            raise PydanticCustomError("reserved", "“{word}” is reserved", {"word": value, "what": what})
        return value

    return check


def _no_repeats(values: list[Any]) -> list[Any]:
    repeated = next((v for n, v in enumerate(values) if v in values[:n]), None)
    if repeated is not None:
        raise PydanticCustomError("repeated", "“{word}” is listed twice", {"word": str(repeated)})
    return values


def _one_of(names: Iterable[str], what: str, *, or_duration: bool = False) -> Callable[[str], str]:
    known = tuple(names)

    def check(value: str) -> str:
        if value in known or (or_duration and re.match(DURATION, value)):
            return value
        raise PydanticCustomError(
            "unknown_name", "there is no {what} “{word}”", {"what": what, "word": value, "known": known}
        )

    return check


def _enum(names: Iterable[str]) -> WithJsonSchema:
    return WithJsonSchema({"enum": list(names)})


_ID_SCHEMA = {"type": "string", "pattern": ID}
Id = Annotated[str, Field(pattern=ID)]
StepId = Annotated[Id, AfterValidator(_not_reserved(RESERVED_STEPS, "step"))]
ChoiceId = Annotated[
    Id,
    AfterValidator(_not_reserved(RESERVED_CHOICES, "choice")),
    WithJsonSchema({**_ID_SCHEMA, "not": {"enum": sorted(RESERVED_CHOICES)}}),
]
Duration = Annotated[str, Field(pattern=DURATION)]
Visits = Annotated[
    str,
    Field(pattern=VISITS),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 99}, {"type": "string", "pattern": VISITS}]}
    ),
]
Yes = Annotated[str, AfterValidator(_one_of(("true",), "value")), WithJsonSchema({"enum": [True, "true"]})]
NOT = ("no", "false")
Menu = Annotated[
    str,
    Field(pattern=MENU),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [False, *NOT]},
                {"type": "integer", "minimum": 1, "maximum": 99},
                {"type": "string", "pattern": VISITS},
            ]
        }
    ),
]
Condition = Annotated[str, Field(min_length=1, max_length=LONGEST_CONDITION)]
Edges = Annotated[
    dict[Id, Id],
    WithJsonSchema({"type": "object", "propertyNames": _ID_SCHEMA, "additionalProperties": _ID_SCHEMA}),
]
LookName = Annotated[str, AfterValidator(_one_of(LOOKS, "look")), _enum(LOOKS)]
InputName = Annotated[str, AfterValidator(_one_of(InputKind, "input")), _enum(InputKind)]
QueueName = Annotated[str, AfterValidator(_one_of(Queue, "queue")), _enum(Queue)]
ActName = Annotated[str, AfterValidator(_one_of(ActKind, "act")), _enum(ActKind)]
ShapeName = Annotated[str, AfterValidator(_one_of(PassShape, "shape")), _enum(PassShape)]
EventOrTime = Annotated[
    str,
    AfterValidator(_one_of(Awaited, "event", or_duration=True)),
    WithJsonSchema({"anyOf": [{"enum": list(Awaited)}, {"type": "string", "pattern": DURATION}]}),
]
Acts = Annotated[
    list[ActName],
    Field(min_length=1, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_no_repeats),
]
Choices = Annotated[
    list[ChoiceId],
    Field(min_length=1, max_length=MOST_CHOICES, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_no_repeats),
]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, regex_engine="python-re")


class _Moving(_Shape):
    """Every verb with ways out."""

    on: Edges
    max_visits: Visits | None = None


class _Waiting(_Moving):
    """Every verb that waits for somebody."""

    within: Duration | None = None
    remind: Annotated[list[Duration], Field(max_length=5)] | None = None


class Say(_Moving):
    say: Yes


class Ask(_Waiting):
    ask: Choices


class Input(_Waiting):
    input: InputName


class Look(_Moving):
    look: LookName


class Prove(_Waiting):
    prove: Acts


class Request(_Waiting):
    request: Acts
    shape: ShapeName | None = None


class Wait(_Waiting):
    wait: EventOrTime


class Call(_Moving):
    call: Id


class IfThen(_Shape):
    if_: Annotated[Condition, Field(alias="if")]
    then: Id


class Else(_Shape):
    else_: Annotated[Id, Field(alias="else")]


class Switch(_Shape):
    switch: Annotated[list[IfThen | Else], Field(min_length=1)]


class Handoff(_Waiting):
    handoff: QueueName


class End(_Shape):
    end: Id


VERBS: dict[Verb, type[BaseModel]] = {
    Verb.SAY: Say,
    Verb.ASK: Ask,
    Verb.INPUT: Input,
    Verb.LOOK: Look,
    Verb.PROVE: Prove,
    Verb.REQUEST: Request,
    Verb.WAIT: Wait,
    Verb.CALL: Call,
    Verb.SWITCH: Switch,
    Verb.HANDOFF: Handoff,
    Verb.END: End,
}


class DefaultEdges(_Shape):
    """What `tables.FROM_DEFAULTS` lists."""

    timeout: Id | None = None
    exhausted: Id | None = None
    error: Id | None = None
    unknown: Id | None = None
    fail: Id | None = None
    refused: Id | None = None


class Defaults(_Shape):
    within: Duration | None = None
    remind: Annotated[list[Duration], Field(max_length=5)] | None = None
    max_visits: Visits | None = None
    on: DefaultEdges | None = None


class Head(_Shape):
    """The file around its steps, which are judged one by one."""

    flow: Id
    start: Id
    menu: Menu | None = None
    defaults: dict[str, Any] | None = None
    steps: Annotated[dict[StepId, Any], Field(min_length=1, max_length=MOST_STEPS)]


Step = Say | Ask | Input | Look | Prove | Request | Wait | Call | Switch | Handoff | End


class _Document(_Shape):
    """The whole file; only the published schema is made from it."""

    flow: Id
    start: Id
    menu: Menu | None = None
    defaults: Defaults | None = None
    steps: dict[str, Step]


def json_schema() -> dict[str, Any]:
    """The published schema: what editors complete from, and exactly what the parser accepts."""
    schema = _without_nulls(_Document.model_json_schema(by_alias=True))
    schema["properties"]["steps"] |= {
        "propertyNames": {**_ID_SCHEMA, "not": {"enum": sorted(RESERVED_STEPS)}},
        "minProperties": 1,
        "maxProperties": MOST_STEPS,
    }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Keyturn flow"
    schema["description"] = "A conversation of steps; docs/flow-format.md explains each key."
    return dict(schema)


def _without_nulls(node: Any) -> Any:
    """A key may be left out, but is never empty: pydantic writes optional keys as "or null"."""
    if isinstance(node, dict):
        if node.get("anyOf") and {"type": "null"} in node["anyOf"]:
            kept = [one for one in node["anyOf"] if one != {"type": "null"}]
            rest = {key: value for key, value in node.items() if key not in {"anyOf", "default"}}
            node = {**rest, **(kept[0] if len(kept) == 1 else {"anyOf": kept})}
        return {key: _without_nulls(value) for key, value in node.items() if not _noise(key, value)}
    if isinstance(node, list):
        return [_without_nulls(item) for item in node]
    return node


def _noise(key: str, value: Any) -> bool:
    return key == "title" and isinstance(value, str)
