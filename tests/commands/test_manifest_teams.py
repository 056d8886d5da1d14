"""`keyturn manifest teams`: the zip that an administrator uploads, within Teams' limits."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from bot.commands.manifest import Words
from bot.commands.manifest_teams import _commands, localized
from bot.core.model import Command
from bot.flowfile.pack import pack_root
from bot.service.word_files import WordFiles

APP = "22222222-2222-2222-2222-222222222222"


def package(folder: Path, *words: str) -> zipfile.ZipFile:
    out = folder / "app.zip"
    out.unlink(missing_ok=True)
    given = ["--url", "https://keyturn.example", "--app-id", APP, "--out", str(out), *words]
    assert main(["manifest", "teams", *given]) == 0
    return zipfile.ZipFile(out)


def manifest(folder: Path, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(package(folder, *words).read("manifest.json"))
    return found


def test_the_package_holds_what_teams_looks_for(tmp_path: Path) -> None:
    """All of it at the root, and nothing else."""
    made = package(tmp_path)
    assert sorted(made.namelist()) == ["color.png", "de.json", "manifest.json", "outline.png"]
    found = json.loads(made.read("manifest.json"))
    assert found["manifestVersion"] in found["$schema"]
    assert found["bots"][0]["botId"] == APP
    assert set(found["icons"].values()) <= set(made.namelist())
    assert [one["file"] for one in found["localizationInfo"]["additionalLanguages"]] == ["de.json"]


def test_the_personal_chat_comes_first_and_other_companies_not_at_all(tmp_path: Path) -> None:
    """Smallest exposure: no tab, no permissions, no SSO, no shared channels, no files."""
    found = manifest(tmp_path)
    assert found["bots"][0]["scopes"] == ["personal", "team"]
    assert found["defaultInstallScope"] == "personal"
    for name in (
        "supportedChannelTypes",
        "webApplicationInfo",
        "authorization",
        "permissions",
        "validDomains",
    ):
        assert name not in found
    assert found["bots"][0]["supportsFiles"] is False
    alone = manifest(tmp_path, "--personal-only")
    assert alone["bots"][0]["scopes"] == ["personal"]


def test_texts_are_within_the_limits_of_teams(tmp_path: Path) -> None:
    """The upload refuses the whole package for one text that is too long."""
    found = manifest(tmp_path, "--company", "C" * 32)
    german = localized("de")
    for texts in (
        {f"{a}.{b}": found[a][b] for a in ("name", "description") for b in ("short", "full")},
        german,
    ):
        assert len(texts["name.short"]) <= 30
        assert len(texts["name.full"]) <= 100
        assert len(texts["description.short"]) <= 80
        assert len(texts["description.full"]) <= 4000
    commands = found["bots"][0]["commandLists"][0]["commands"]
    assert all(len(one["title"]) <= 32 and len(one["description"]) <= 128 for one in commands)
    assert len(found["developer"]["name"]) <= 32


def test_every_text_of_the_manifest_is_said_in_german_too(tmp_path: Path) -> None:
    """The places named in de.json are places of the manifest."""
    found = manifest(tmp_path)
    for place in localized("de").keys() - {"$schema"}:
        node: Any = found
        for part in place.replace("[", ".[").split("."):
            node = node[int(part[1:-1])] if part.startswith("[") else node[part]
        assert isinstance(node, str)


@pytest.mark.parametrize("locale", ["en", "de"])
def test_what_teams_offers_to_say_is_understood(locale: str) -> None:
    """A command picked in Teams arrives as typed text."""
    words = WordFiles.of_folder(pack_root() / "templates")
    known = {
        Command(name): {text.lower() for _, text in words.lists("system/commands", name)}
        for name in ("help", "person")
    }
    for name, command in (("help", Command.HELP), ("person", Command.PERSON)):
        said = words.find(locale, "system/manifest", "commands", name, "say")
        assert said is not None
        assert said.text.lower() in known[command]
    home = words.find(locale, "system/teams", "home")
    assert home is not None
    assert home.text in {one["title"] for one in _commands(Words(locale))}


def test_a_new_package_of_the_same_bot_is_the_same_app(tmp_path: Path) -> None:
    """Uploading it again updates the app, and two of them can be compared."""
    assert manifest(tmp_path)["id"] == manifest(tmp_path, "--company", "Other")["id"]
    package(tmp_path)
    first = (tmp_path / "app.zip").read_bytes()
    package(tmp_path)
    assert (tmp_path / "app.zip").read_bytes() == first


def pixels(png: bytes) -> tuple[int, int, list[tuple[int, ...]]]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (8, 6)
    start = png.index(b"IDAT") + 4
    raw = zlib.decompress(png[start : start + struct.unpack(">I", png[start - 8 : start - 4])[0]])
    rows = [raw[row * (4 * width + 1) + 1 :][: 4 * width] for row in range(height)]
    return width, height, [tuple(row[n : n + 4]) for row in rows for n in range(0, 4 * width, 4)]


def test_the_icons_have_the_sizes_and_colours_that_teams_wants(tmp_path: Path) -> None:
    """192×192 without holes; 32×32 in nothing but white, with a margin."""
    made = package(tmp_path)
    width, height, colour = pixels(made.read("color.png"))
    assert (width, height) == (192, 192)
    assert {alpha for *_, alpha in colour} == {255}
    width, height, outline = pixels(made.read("outline.png"))
    assert (width, height) == (32, 32)
    assert {pixel[:3] for pixel in outline} == {(255, 255, 255)}
    covered = sum(pixel[3] > 0 for pixel in outline) / len(outline)
    assert 0.1 < covered < 0.5
    edge = [outline[n] for n in range(32)] + [outline[n * 32] for n in range(32)]
    assert {pixel[3] for pixel in edge} == {0}


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A package that somebody made is not lost."""
    package(tmp_path)
    given = ["--url", "https://keyturn.example", "--app-id", APP, "--out", str(tmp_path / "app.zip")]
    assert main(["manifest", "teams", *given]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changes",
    [
        ["--app-id", "helper"],
        ["--url", "http://keyturn.example"],
        ["--company", ""],
        ["--company", "C" * 33],
        ["--privacy", "http://keyturn.example/privacy"],
        ["--out", "/nowhere/at/all.zip"],
    ],
)
def test_what_teams_would_refuse_is_refused_here(tmp_path: Path, changes: list[str]) -> None:
    """With the option's name and what to write."""
    given = {"--url": "https://k.example", "--app-id": APP, "--out": str(tmp_path / "x.zip")}
    given |= {changes[0]: changes[1]}
    assert main(["manifest", "teams", *[word for pair in given.items() for word in pair]]) == 2
