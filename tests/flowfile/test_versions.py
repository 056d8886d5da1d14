"""Versions: named by content, loaded again from their files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.flowfile.book import of_files, of_folder
from bot.flowfile.findings import FlowFileError
from bot.flowfile.versions import content_hash, from_folder, load, of_book
from tests.flowfile.desk import book, flow

MAIN = flow("c: {call: sub, on: {over: over}}\nover: {end: over}", closing=False)
SUB = flow("s: {say: true, on: {ok: over}}\nover: {end: over}", name="sub", closing=False)
OTHER = flow("s: {say: true, on: {ok: over}}\nover: {end: over}", name="other", closing=False)


def test_a_version_is_loaded_again_from_its_files() -> None:
    """What a case is pinned to outlives the folder it came from."""
    version = of_book(book(MAIN, SUB, OTHER))["demo"]
    again = load("demo", version.files)
    assert again == version
    assert set(again.flows.flows) == {"demo", "sub"}
    assert again.flows.flows["sub"].steps["s"].parts == {"text"}


def test_the_hash_covers_flow_words_examples_and_subflows_and_nothing_else() -> None:
    made = book(MAIN, SUB, OTHER)
    files = {**made.files, "flows/examples/en/demo.txt": "help me\n"}
    base = of_book(of_files(files))["demo"]
    for path in ("flows/demo.yaml", "flows/sub.yaml", "templates/en/demo.yaml", "templates/en/sub.yaml",
                 "flows/examples/en/demo.txt"):  # fmt: skip
        changed = of_book(of_files({**files, path: files[path] + "# a comment\n"}))["demo"]
        assert changed.hash != base.hash, path
    for path in ("flows/other.yaml", "templates/en/other.yaml"):
        assert of_book(of_files({**files, path: files[path] + "# a comment\n"}))["demo"].hash == base.hash
    assert of_book(of_files({**files, "flows/tests/demo.yaml": "[]"}))["demo"].hash == base.hash


def test_the_hash_is_the_same_everywhere() -> None:
    """Neither the order of files nor the machine may matter."""
    files = {"b": "2", "a": "ä"}
    assert content_hash("f", files) == content_hash("f", dict(reversed(files.items())))
    assert content_hash("f", files) != content_hash("g", files)
    assert content_hash("f", files) == "96ef2d5dbe6f6ec938d4668656ca7b44da2734b270c4b138bfce3b3829589f83"


def test_a_flow_without_title_is_only_called() -> None:
    versions = of_book(book(MAIN, SUB, untitled=("sub",)))
    assert (versions["demo"].offered, versions["sub"].offered) == (True, False)


def test_a_faulty_flow_is_not_made_a_version() -> None:
    with pytest.raises(FlowFileError) as err:
        of_book(book(flow("s: {say: true, on: {ok: nowhere}}")))
    assert "F010" in {finding.rule for finding in err.value.findings}


def test_warnings_do_not_stop_a_version() -> None:
    made = book(SUB, de_sub="s: x")
    assert "sub" in of_book(made)


@pytest.mark.parametrize("files", [{}, {"flows/demo.yaml": "["}, {"flows/demo.yaml": "flow: demo\nsteps: 3"}])
def test_files_that_are_no_flow_do_not_load(files: dict[str, str]) -> None:
    with pytest.raises(FlowFileError):
        load("demo", files)


def test_a_folder_gives_the_same_version_as_its_files(tmp_path: Path) -> None:
    """Line ends and the place on disk do not count."""
    made = book(OTHER)
    for path, text in made.files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.replace("\n", "\r\n").encode())
    (tmp_path / "flows" / "notes.md").write_text("not a flow")
    (tmp_path / "templates" / "web").mkdir()
    (tmp_path / "templates" / "web" / "x.yaml").write_text("- not words")
    read = from_folder(tmp_path / "flows", tmp_path / "templates")
    assert read["other"].hash == of_book(made)["other"].hash
    assert of_folder(tmp_path / "flows", None).locales == ()
