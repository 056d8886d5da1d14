"""The shipped flows: clean, tested, and every fault seeded into them is caught."""

# ruff: noqa: E501 - one seeded fault a line
from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.core.tables import FROM_DEFAULTS, LOOKS, RESERVED_CHOICES, Awaited, InputKind, Queue, Verb
from bot.flowfile.book import Book, of_files, of_folder
from bot.flowfile.findings import Finding
from bot.flowfile.lint import RULES, check
from bot.flowfile.pack import pack_root
from bot.flowfile.schema import Defaults, Head
from bot.flowfile.script import play, untaken
from bot.flowfile.script_file import read_scripts
from bot.flowfile.versions import of_book
from bot.flowfile.words import TITLE

ROOT = pack_root()
FLOW, WORDS = "flows/new_phone.yaml", "templates/en/new_phone.yaml"
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def shipped() -> Book:
    return of_folder(ROOT / "flows", ROOT / "templates")


def seeded(shipped: Book, old: str, new: str, path: str = FLOW) -> list[Finding]:
    """The findings with one thing changed."""
    text = shipped.files[path]
    assert old in text
    return check(of_files({**shipped.files, path: text.replace(old, new, 1)}))


def test_the_shipped_flows_are_clean(shipped: Book) -> None:
    assert [str(finding) for finding in check(shipped)] == []


def test_every_shipped_flow_has_tests_that_hold(shipped: Book) -> None:
    for name, version in of_book(shipped).items():
        path = ROOT / "flows" / "tests" / f"{name}.yaml"
        scripts, findings = read_scripts(path.read_text(), str(path), version.flows)
        plays = [play(version.flows, script) for script in scripts]
        assert findings == []
        assert {one.script.name: one.problems for one in plays if one.problems} == {}
        left = [one for one in untaken(version.flows, plays) if one.outcome != "exhausted"]
        assert left == [], "outcomes that no test takes"


def test_the_page_of_flows_names_each_with_its_title(shipped: Book) -> None:
    """docs/flows.md is where authors look for a piece to call, and operators for what people are offered."""
    text = (DOCS / "flows.md").read_text()
    for name in shipped.flows:
        assert f"| `{name}` |" in text, name
        title = shipped.words[name]["en"].texts.get(TITLE)
        assert title is None or name == "talk_to_human" or f"| `{name}` | {title.text} |" in text, name


def test_shipped_flows_keep_their_proof_on_one_line(shipped: Book) -> None:
    """So that a reader and a `grep` see at a glance what a request rests on."""
    for path, text in shipped.files.items():
        if path.startswith("flows/") and "prove:" in text:
            assert re.search(r"prove: \[[a-z_, ]+\]", text), path


SEEDED = [
    ("a failed proof leads to the request", "{ok: approval, working_method: self_service}", "{ok: approval, working_method: self_service, fail: approval}", "S001"),
    ("a proof nobody waited for leads to it", "{ok: approval, working_method: self_service}", "{ok: approval, working_method: self_service, timeout: approval}", "S001"),
    ("a working method leads to it", "working_method: self_service", "working_method: approval", "S001"),
    ("the proof is skipped", "on: {ok: identity, closed: closed}", "on: {ok: approval, closed: closed}", "S001"),
    ("the proof is of fewer acts", "prove: [issue_pass, remove_method]", "prove: [issue_pass]", "S001"),
    ("the request is of more acts", "request: [issue_pass, remove_method]", "request: [issue_pass, remove_method, reset_methods]", "S001"),
    ("a retry leads back into the request", "denied:       {ask: [person, stop], on: {person: to_person,", "denied:       {ask: [person, stop], on: {person: approval,", "S001"),
    ("an expired request is asked again", "expired: to_person", "expired: approval", "S001"),
    ("the proof comes after the request", "on: {ok: identity, closed: closed}", "on: {ok: approval, closed: identity}", "S001"),
    ("a person hands back into the request", "back: old_phone", "back: approval", "S001"),
    ("a target is mistyped", "works: self_service", "works: self_servcie", "F010"),
    ("a choice is not handled", "ask: [done, stuck]", "ask: [done, stuck, help]", "F020"),
    ("a choice is impossible", "ask: [worked, failed]", "ask: [worked]", "F013"),
    ("a step is an orphan", "stopped:      {end: stopped}", "stopped:      {end: stopped}\n  orphan:       {end: orphan}", "G001"),
    ("two steps never end", "stopped:      {end: stopped}", "stopped:      {wait: 5m, max_visits: 3, on: {ok: pit, exhausted: pit}}\n  pit:          {wait: 5m, on: {ok: pit, exhausted: pit}}", "G002"),
    ("a loop speaks for ever", "self_service: {say: true, on: {ok: self_done}}", "self_service: {say: true, on: {ok: self_service}}", "L001"),
    ("a step has two verbs", "self_service: {say: true,", "self_service: {say: true, look: duty,", "F005"),
    ("a key is unknown", "self_service: {say: true,", "self_service: {say: true, colour: red,", "F003"),
    ("a look is unknown", "{look: duty,", "{look: dutty,", "F011"),
    ("an act is unknown", "prove: [issue_pass, remove_method]", "prove: [issue_pass, remove_methods]", "F011"),
    ("nothing bounds the wait", "  within: 20m\n", "", "F021"),
    ("nothing bounds the loops", "  max_visits: 3\n", "", "L002"),
    ("a request waits too long", "within: 1h\n", "within: 2h\n", "F023"),
    ("a reminder comes too late", "remind: [15m, 45m]", "remind: [15m, 90m]", "F022"),
    ("a key is written twice", "start: old_phone", "start: old_phone\nstart: lost", "F002"),
    ("an outcome is mistyped", "untaken: untaken, exhausted: untaken}", "untakn: untaken, exhausted: untaken}", "F013"),
    ("the file is no YAML", "start: old_phone", "start: [old_phone", "F001"),
]  # fmt: skip
IN_WORDS = [
    ("a step lost its words", "\nregister:\n", "\nregistering:\n", "T001"),
    ("a button lost its label", '  works: "Yes, it works"\n', "", "T001"),
    ("a template is broken", "{{ case.number }}", "{{ case.number", "T002"),
    ("a text calculates", "{{ case.number }}", "{{ case.number * 9 }}", "T002"),
    ("a text calls", "{{ case.number }}", "{{ case.number() }}", "T002"),
    ("a name is unknown", "{{ case.number }}", "{{ user.name }}", "V001"),
    ("an attribute is unknown", "{{ case.number }}", "{{ case.numbr }}", "V002"),
    ("a value is set on some paths only", "{{ case.number }}", "{{ duty.agents }}", "V003"),
    ("the languages drift apart", "{{ case.number }}", "4711", "T004"),
    ("the flow lost its title", 'flow: {title: "New phone"}', "flow: {}", "T001"),
]


@pytest.mark.parametrize(("fault", "old", "new", "rule"), SEEDED, ids=[one[0] for one in SEEDED])
def test_a_fault_in_the_flow_is_caught(shipped: Book, fault: str, old: str, new: str, rule: str) -> None:
    found = seeded(shipped, old, new)
    assert rule in {finding.rule for finding in found}, [str(one) for one in found]
    for one in found:
        assert one.line >= 1
        assert one.remedy


@pytest.mark.parametrize(("fault", "old", "new", "rule"), IN_WORDS, ids=[one[0] for one in IN_WORDS])
def test_a_fault_in_the_words_is_caught(shipped: Book, fault: str, old: str, new: str, rule: str) -> None:
    assert rule in {finding.rule for finding in seeded(shipped, old, new, WORDS)}


def test_every_unproven_request_is_shown_by_a_path_from_the_start(shipped: Book) -> None:
    """The path is a way a person could really go, also from a flow that calls the faulty one."""
    starts = {name: file.flow.start for name, file in shipped.flows.items()}
    for _, old, new, rule in SEEDED:
        if rule != "S001":
            continue
        found = [one for one in seeded(shipped, old, new) if one.rule == "S001"]
        assert {one.path[0] for one in found} == {starts["new_phone"], starts["on_behalf"]}
        assert {one.path[-1].rpartition("/")[2] for one in found} == {"approval"}


def test_every_rule_has_its_heading_in_the_manual() -> None:
    """docs/flow-rules.md explains each rule to authors; an unexplained rule fails here."""
    headings = dict(
        re.findall(r"^### ([A-Z]\d{3}) (.+)$", (DOCS / "flow-rules.md").read_text(), re.MULTILINE)
    )
    assert headings == dict(RULES)


def test_the_format_names_every_verb_key_and_table(shipped: Book) -> None:
    """docs/flow-format.md is complete: what the vocabulary knows, the page tells."""
    text = (DOCS / "flow-format.md").read_text()
    names = [*Verb, *InputKind, *LOOKS, *Awaited, *Queue, *FROM_DEFAULTS, *RESERVED_CHOICES]
    names += [*Head.model_fields, *Defaults.model_fields]
    names += [one for row in LOOKS.values() for one in (*row.outcomes, *row.fields)]
    assert [name for name in names if f"`{name}`" not in text and f"`{name}:" not in text] == []
