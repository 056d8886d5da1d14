"""The published schema and the parser accept and refuse the same documents."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.core.model import ActKind
from bot.core.tables import FROM_DEFAULTS, LOOKS, Awaited, InputKind, Queue, Verb
from bot.flowfile.parse import parse
from bot.flowfile.schema import VERBS, json_schema
from bot.flowfile.shape import SHAPE_RULES

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "flow.schema.json"
SCHEMA = Draft202012Validator(json_schema())

GOOD: dict[Verb, list[dict[str, Any]]] = {
    Verb.SAY: [{"say": "true", "on": {"ok": "b"}}],
    Verb.ASK: [
        {"ask": ["yes", "no"], "on": {"yes": "b"}, "within": "1d", "remind": ["1h"], "max_visits": "3"}
    ],
    Verb.INPUT: [{"input": kind.value, "on": {"ok": "b"}} for kind in InputKind],
    Verb.LOOK: [{"look": what, "on": {}} for what in LOOKS],
    Verb.PROVE: [{"prove": [act.value for act in ActKind], "on": {"ok": "b"}, "remind": []}],
    Verb.REQUEST: [
        {"request": ["issue_pass"], "within": "60m", "on": {"done": "b"}, **shape}
        for shape in ({}, {"shape": "short"}, {"shape": "day"})
    ],
    Verb.WAIT: [{"wait": what, "on": {"ok": "b"}} for what in [*(one.value for one in Awaited), "2h", "90s"]],
    Verb.CALL: [{"call": "other", "on": {"good": "b"}, "max_visits": "99"}],
    Verb.SWITCH: [{"switch": [{"if": "a == 1", "then": "b"}, {"else": "b"}]}, {"switch": [{"else": "a"}]}],
    Verb.HANDOFF: [{"handoff": queue.value, "within": "1d", "on": {"closed": "b"}} for queue in Queue],
    Verb.END: [{"end": "resolved"}],
}
WORDS = [
    "true",
    "false",
    "null",
    "yes",
    "A",
    "a-b",
    "ä",
    "1a",
    "a1",
    "_a",
    "text",
    "title",
    "timeout",
    "flow",
    "case",
    "20m",
    "0m",
    "20",
    "3",
    "0",
    "100",
    "03",
    "1h30m",
    "duty",
    "issue_pass",
    "desk",
]
ODD: list[Any] = [
    *WORDS, "", "a b", "20 m", "x" * 40, "x" * 41, "a\n", "a == 1", "x" * 301,
    [], ["a"], ["a", "a"], ["issue_pass", "issue_pass"], ["nothing"], ["1h", "2h"], [["a"]],
    [f"c{n}" for n in range(21)], ["1h"] * 6,
    {}, {"ok": "a"}, {"OK": "a"}, {"ok": ["a"]}, {"timeout": "a"}, {"within": "1h"},
    [{"else": "a"}], [{"if": "a"}], [{"if": "", "then": "a"}], [{"then": "a"}], [{"else": "a", "then": "a"}],
    ["else"],
]  # fmt: skip


def document(steps: dict[str, Any], **head: Any) -> dict[str, Any]:
    return {"flow": "demo", "start": "a", **head, "steps": steps}


def agree(data: Any) -> bool:
    """Both accept *data*, or both refuse it; True when they accept."""
    text = json.dumps(data)  # JSON is YAML with every scalar quoted
    data = json.loads(text)
    shape = [one for one in parse(text, "demo.yaml").findings if one.rule in SHAPE_RULES]
    complaints = [error.message for error in SCHEMA.iter_errors(data)]
    assert bool(shape) == bool(complaints), (text, [str(one) for one in shape], complaints)
    return not shape


def test_the_published_schema_is_the_one_of_the_vocabulary() -> None:
    """Editors complete from the file in docs; it is made, not written."""
    Draft202012Validator.check_schema(json_schema())
    assert json.loads(PUBLISHED.read_text()) == json_schema()


def test_every_verb_has_a_model() -> None:
    assert list(VERBS) == list(Verb)


@pytest.mark.parametrize("step", [step for steps in GOOD.values() for step in steps])
def test_a_good_step_is_accepted_by_both(step: dict[str, Any]) -> None:
    assert agree(document({"a": step}))
    defaults = {
        "within": "20m",
        "remind": ["10m"],
        "max_visits": "3",
        "on": dict.fromkeys(FROM_DEFAULTS, "a"),
    }
    assert agree(document({"a": step, "b": step}, defaults=defaults))


@pytest.mark.parametrize("step", [steps[0] for steps in GOOD.values()])
def test_every_odd_value_of_every_key_is_judged_alike(step: dict[str, Any]) -> None:
    """Each key of each verb, with each odd value, left out, and doubled with a stranger."""
    for key in [*step, "within", "remind", "max_visits", "on", "colour", *Verb]:
        agree(document({"a": {k: v for k, v in step.items() if k != key}}))
        for odd in ODD:
            agree(document({"a": {**step, key: odd}}))


@pytest.mark.parametrize("key", ["flow", "start", "defaults", "steps", "owner", "a", "on"])
def test_every_odd_value_around_the_steps_is_judged_alike(key: str) -> None:
    good = document({"a": GOOD[Verb.END][0]})
    agree({k: v for k, v in good.items() if k != key})
    for odd in ODD:
        agree({**good, key: odd})
        agree({**good, "defaults": {key: odd}})
        agree({**good, "defaults": {"on": {key: odd}}})
        if isinstance(odd, str):
            agree(document({odd: GOOD[Verb.END][0]}))
            agree(document({"a": {"say": "true", "on": {odd: "a"}}}))
    for odd in ([], ["a"], "text"):
        agree(odd)
        agree({**good, "steps": {"a": odd}})


LEAVES = st.sampled_from([odd for odd in ODD if isinstance(odd, str)])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LEAVES, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_random_documents_are_judged_alike(data: st.DataObject) -> None:
    """A good document with a few things changed anywhere in it."""
    steps = {
        name: copy.deepcopy(data.draw(st.sampled_from([one for all_ in GOOD.values() for one in all_])))
        for name in data.draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True))
    }
    made = document(steps)
    for _ in range(data.draw(st.integers(0, 3))):
        at: Any = made
        for _ in range(data.draw(st.integers(0, 4))):
            inner = [
                one for one in (at.values() if isinstance(at, dict) else at) if isinstance(one, dict | list)
            ]
            if not inner:
                break
            at = data.draw(st.sampled_from(inner))
        if isinstance(at, dict):
            at[data.draw(st.sampled_from([*at, *Verb, "on", "x"]))] = data.draw(VALUES)
        else:
            at.append(data.draw(VALUES))
    agree(made)


def test_editors_may_leave_numbers_and_true_unquoted() -> None:
    """They read YAML with types; the reader here sees the same text as strings."""
    typed = document({"a": {"say": True, "max_visits": 3, "on": {"ok": "a"}}}, defaults={"max_visits": 2})
    assert not list(SCHEMA.iter_errors(typed))
    for wrong in (
        {"say": False},
        {"say": 1},
        {"say": True, "max_visits": 0},
        {"say": True, "max_visits": True},
    ):
        assert list(SCHEMA.iter_errors(document({"a": {**wrong, "on": {"ok": "a"}}})))


@pytest.mark.parametrize(
    ("menu", "good"),
    [("no", True), ("false", True), ("1", True), ("99", True), ("0", False), ("100", False), ("yes", False),
     ("", False), (["no"], False)],
)  # fmt: skip
def test_the_menu_is_a_place_or_no(menu: Any, good: bool) -> None:
    assert agree(document({"a": {"end": "x"}}, menu=menu)) is good


def test_editors_may_write_the_menu_unquoted() -> None:
    """YAML 1.1 reads a bare no as false and a digit as a number."""
    for menu in (False, 3):
        assert not list(SCHEMA.iter_errors(document({"a": {"end": "x"}}, menu=menu)))
