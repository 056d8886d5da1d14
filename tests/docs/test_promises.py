"""What the documentation promises to hold is held here: nothing exists unexplained, nothing is explained
that does not exist."""

from __future__ import annotations

import argparse
import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.adapters.web.health import HELP
from bot.cli import COMMANDS
from bot.core.audit import Tag
from bot.core.model import Reason

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def links(page: Path) -> list[str]:
    """Where *page* leads within the repository; what stands in code is no link."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [target for target, _ in LINK.findall(prose) if target and "://" not in target]


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """*parser* and those of its sub-commands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from parsers(each)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_explained(command: str) -> None:
    """docs/commands.md is the manual; `--help` is a reminder."""
    top = argparse.ArgumentParser()
    importlib.import_module(f"bot.commands.{command}").add_parser(top.add_subparsers())
    page = text("docs/commands.md")
    section = page[page.index(f"## `keyturn {command}`") :].split("\n## ")[0]
    options = {o for p in parsers(top) for a in p._actions for o in a.option_strings if o.startswith("--")}
    assert not [option for option in options - {"--help"} if f"`{option}" not in section]


def test_every_tag_of_the_audit_log_is_explained_and_no_other() -> None:
    """Whoever reads an audit row in five years finds its tag."""
    listed = re.findall(r"^\| `([a-z_]+:[a-z_]+:[a-z_]+)` \|", text("docs/audit-log.md"), re.MULTILINE)
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) == {tag.value for tag in Tag}


@pytest.mark.parametrize("locale", ["en", "de"])
def test_every_reason_is_worded_and_no_other(locale: str) -> None:
    """A refusal without words would leave a person alone with it."""
    words = yaml.safe_load(text(f"templates/{locale}/system/reasons.yaml"))
    assert set(words) - {"unknown"} == {reason.value for reason in Reason}


def test_every_figure_is_explained() -> None:
    page = text("docs/operations.md")
    assert not [name for name in HELP if f"`keyturn_{name}`" not in page]


def test_every_alert_is_explained() -> None:
    """Whoever is woken by a line of `keyturn.alert` can look up what it means."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bot" / "service").glob("*.py"))
    raised = set(re.findall(r'\.(?:freeze|object_to)\(\s*work, case, \w+, "(\w+)"', source))
    raised |= set(re.findall(r'"what": "(\w+)"', source))
    raised |= {"busy_approver", "checker_approved"}
    page = text("docs/operations.md")
    assert len(raised) >= 8
    assert not [what for what in raised if f"| `{what}` |" not in page]


def test_every_control_of_the_threat_model_names_tests_that_exist() -> None:
    """A row whose test was renamed or removed is a claim that nobody holds."""
    tests = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    page = text("docs/threat-model.md")
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) > 100
    assert not [name for name in named if name not in tests]
    rows = [line for line in page.splitlines() if line.startswith("| ") and "held by" not in line]
    assert not [row for row in rows if "`test_" not in row]


def test_every_port_is_proven_to_be_fitted() -> None:
    """`typing_tests` has a line for each, so that mypy fails when an adapter or service drifts."""
    ports = {
        node.name
        for path in (ROOT / "bot" / "ports").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)
    }
    proofs = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "typing_tests").glob("*.py"))
    proven = set(re.findall(r"\w+", proofs))
    assert len(ports) > 20
    assert not sorted(ports - proven)


@pytest.mark.parametrize("page", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_every_link_leads_somewhere(page: Path) -> None:
    """Between the documents; addresses elsewhere are not asked."""
    assert not [target for target in links(page) if not (page.parent / target).exists()]


def test_every_document_can_be_found_from_the_readme() -> None:
    """A page nobody links to is a page nobody reads."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        if page.is_dir():
            waiting += page.glob("*.md")
        elif page.suffix == ".md":
            waiting += [(page.parent / target).resolve() for target in links(page)]
    assert not [str(page.relative_to(ROOT)) for page in PAGES if page.resolve() not in seen]
