"""The guide for an author's first flow does what it says."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

import pytest

from bot.cli import main
from bot.flowfile.wording import ALWAYS, FILTERS, LINKS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "first-flow.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^   ```(?:yaml|text)\n   # (\S+)\n(.*?)^   ```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every file of the guide, where it says."""
    for path, text in BLOCK.findall(GUIDE):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_guide_has_all_its_files(folder: Path) -> None:
    """Steps, words, conversations and examples."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {
        "flows/badge.yaml", "flows/tests/badge.yaml", "templates/en/badge.yaml",
        "flows/examples/en/badge.txt",
    }  # fmt: skip


def test_the_flow_of_the_guide_is_clean_and_its_conversations_hold(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an author types gives what the guide promises."""
    assert main(["flows", "check"]) == 0
    assert "1 flow, no findings." in capsys.readouterr().out
    assert main(["flows", "test"]) == 0
    assert main(["route", "my badge is broken", "--json"]) == 0
    routed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert routed["label"] == "badge"
    assert routed["action"] in ("start?", "choose")


def test_the_mistake_of_the_guide_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error has a place and a remedy."""
    flow = folder / "flows" / "badge.yaml"
    text = flow.read_text(encoding="utf-8").replace("at_desk: reception}", "at_desk: recption}")
    flow.write_text(text, encoding="utf-8")
    assert main(["flows", "check"]) == 1
    assert "badge.yaml:5" in capsys.readouterr().out.replace("\\", "/")


def test_a_pass_without_proof_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last claim of the guide, on a copy of the shipped flow."""
    for path in ("flows/new_phone.yaml", "templates/en/new_phone.yaml"):
        text = (ROOT / path).read_text(encoding="utf-8")
        broken = text.replace("on: {ok: approval, work", "on: {ok: approval, fail: approval, work")
        (folder / path).write_text(broken, encoding="utf-8")
    assert main(["flows", "check", "flows/new_phone.yaml", "--format", "json"]) == 1
    rules = {finding["rule"]: finding["path"] for finding in json.loads(capsys.readouterr().out)}
    assert any(rule.startswith("S") and "identity" in path for rule, path in rules.items())


def test_words_md_names_every_link_filter_and_value() -> None:
    """What an author may use is written down."""
    words = (ROOT / "docs" / "words.md").read_text(encoding="utf-8")
    for name in (
        *LINKS,
        *(f"| {one}" for one in FILTERS),
        *(f"{a}.{b}" for a, bs in ALWAYS.items() for b in bs),
    ):
        assert name in words
