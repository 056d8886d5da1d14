"""`keyturn flows` as an author calls it: exit codes, places, JSON alone on stdout."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from bot.cli import main
from bot.flowfile.pack import pack_root
from tests.flowfile.desk import book, flow

GOOD = flow("q: {ask: [a], on: {a: over}}")
BAD = flow("q: {ask: [a], on: {a: nowhere}}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one good flow, its words and one test; it is the working directory."""
    for path, text in book(GOOD).files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "flows" / "tests").mkdir()
    (tmp_path / "flows" / "tests" / "demo.yaml").write_text("- {name: all, say: [a], expect: {end: over}}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[dict[str, object]]]:
    code = main(["flows", "check", *args, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_clean_folder_is_exit_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(capsys) == (0, [])
    for args in (["flows"], ["."], [str(folder / "flows" / "demo.yaml")], ["flows", "flows/demo.yaml"]):
        assert checked(capsys, *args) == (0, [])
    assert main(["flows", "check"]) == 0
    assert capsys.readouterr().out == "1 flow, no findings.\n"


def test_findings_are_exit_1_with_place_and_remedy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "flows" / "demo.yaml").write_text(BAD)
    code, found = checked(capsys)
    assert code == 1
    first = found[0]
    assert list(first) == ["file", "line", "column", "rule", "severity", "message", "remedy", "path"]
    assert (first["file"], first["line"], first["rule"], first["severity"]) == (
        "flows/demo.yaml",
        5,
        "F010",
        "error",
    )
    assert first["path"] == ["q"]
    assert main(["flows", "check"]) == 1
    assert "flows/demo.yaml:5:" in capsys.readouterr().out


def test_only_the_named_file_is_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its neighbours are read for calls, and left in peace."""
    (folder / "flows" / "demo2.yaml").write_text(BAD.replace("flow: demo", "flow: demo2"))
    (folder / "flows" / "broken.yaml").write_text("[")
    assert checked(capsys, "flows/demo.yaml") == (0, [])
    assert checked(capsys, "flows/demo2.yaml")[0] == 1
    assert checked(capsys, "flows/broken.yaml")[0] == 2


@pytest.mark.parametrize("path", ["nothing", "nothing.yaml", "empty", "notes.md"])
def test_what_is_not_there_is_exit_2(folder: Path, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    (folder / "notes.md").write_text("hello")
    code, found = checked(capsys, path)
    assert code == 2
    assert found[0]["file"] == path
    assert main(["flows", "check", path]) == 2
    assert path in capsys.readouterr().err


@pytest.mark.parametrize("text", ["flow: [", "- a list", "title: x", ""])
def test_a_file_that_is_no_flow_is_exit_2_with_its_place(
    folder: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "flows" / "demo.yaml").write_text(text)
    for args in ([], ["flows/demo.yaml"]):
        code, found = checked(capsys, *args)
        assert code == 2
        assert found[0]["file"] == "flows/demo.yaml"


def test_broken_words_are_exit_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "templates" / "en" / "demo.yaml").write_text("q: [")
    code, found = checked(capsys)
    assert (code, found[0]["file"]) == (2, "templates/en/demo.yaml")


def test_bytes_that_are_no_text_do_no_harm(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "flows" / "demo.yaml").write_bytes(b"\xff\xfe\x00flow")
    assert checked(capsys)[0] == 2


def test_checking_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    checked(capsys)
    main(["flows", "test"])
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_words_may_lie_beside_or_above_the_flow(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = folder / "other"
    other.mkdir()
    shutil.copy(folder / "flows" / "demo.yaml", other / "demo.yaml")
    shutil.copytree(folder / "templates", other / "templates")
    assert checked(capsys, "other/demo.yaml") == (0, [])
    shutil.rmtree(folder / "templates")
    assert [one["rule"] for one in checked(capsys, "flows")[1]] == ["T001"]


def test_without_a_folder_the_shipped_flows_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert checked(capsys) == (0, [])
    assert (pack_root() / "flows" / "new_phone.yaml").is_file()


def test_tests_hold_or_do_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flows", "test"]) == 0
    assert "ok     demo: all" in capsys.readouterr().out
    (folder / "flows" / "tests" / "demo.yaml").write_text("- {name: all, say: [a], expect: {end: nowhere}}")
    assert main(["flows", "test", "flows/demo.yaml"]) == 1
    assert "FAILED demo: all\n       flows/tests/demo.yaml:1: it ended as “over”" in capsys.readouterr().out
    assert main(["flows", "test", "--format", "json"]) == 1
    (result,) = json.loads(capsys.readouterr().out)
    assert result["tests"][0]["problems"] == ["it ended as “over”, expected “nowhere”"]
    (folder / "flows" / "tests" / "demo.yaml").write_text("- {say: [a]}")
    assert main(["flows", "test"]) == 1
    (folder / "flows" / "demo.yaml").write_text(BAD)
    assert main(["flows", "test"]) == 1
    assert "F010" in capsys.readouterr().err


def test_a_conversation_can_be_tried_through_a_pipe(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person and the world are played by whoever types."""
    monkeypatch.setattr("sys.stdin", io.StringIO("nothing\n/sunrise\n/person\n\n"))
    assert main(["flows", "try", "--path", "flows"]) == 0
    out = capsys.readouterr().out
    assert "bot: Some text" in out
    assert out.count("-- that is not one of") == 2
    assert out.endswith("-- ended: handed_over\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["flows", "try", "demo"]) == 0
    assert "no more input; the case waits at q" in capsys.readouterr().out
    assert main(["flows", "try", "nothing"]) == 2
    (folder / "flows" / "demo.yaml").write_text(BAD)
    assert main(["flows", "try"]) == 1


def test_the_shipped_flow_can_be_tried_to_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    typed = "gone\n\n\n\n\n\nall_mine\n/language de\nworked\n/back\nworked\ntimeout\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert main(["flows", "try"]) == 2
    assert "several flows" in capsys.readouterr().err
    assert main(["flows", "try", "new_phone"]) == 0
    assert capsys.readouterr().out.endswith("-- ended: resolved\n")
