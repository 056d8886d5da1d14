"""`keyturn door`: what is printed leads to /help, says who to call, and fits on its paper."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
import segno

from bot.cli import main
from bot.commands.door_sheets import FOOT, House, badge, files, lock_screen, poster
from bot.commands.manifest import Words
from bot.commands.sheets import Box, Sheet, Text, measured, pdf

HOUSE = House("https://keyturn.meridian-industries.example", "+49 30 5550 0100", "Mon–Fri 08:00–18:00")
SHEETS = [
    pytest.param(draw(HOUSE, Words(locale)), id=f"{draw.__name__}-{locale}")
    for draw in (poster, badge, lock_screen)
    for locale in ("en", "de")
]


@pytest.mark.parametrize("sheet", SHEETS)
def test_nothing_runs_over_the_edge_or_over_another_line(sheet: Sheet) -> None:
    """In both languages, with a long address."""
    texts = [part for part in sheet.parts if isinstance(part, Text)]
    for one in texts:
        assert one.x >= 0
        assert one.x + measured(one.text, one.size, one.bold) <= sheet.width - 1, one
        assert one.y - one.size >= -0.5
        assert one.y + one.size * 0.25 <= sheet.height
    for n, one in enumerate(texts):
        for other in texts[n + 1 :]:
            beside = (
                one.x + measured(one.text, one.size, one.bold) <= other.x
                or other.x + measured(other.text, other.size, other.bold) <= one.x
            )
            assert beside or abs(one.y - other.y) >= 0.7 * min(one.size, other.size), (one, other)


@pytest.mark.parametrize("locale", ["en", "de"])
def test_the_steps_of_the_poster_end_above_its_foot(locale: str) -> None:
    sheet = poster(HOUSE, Words(locale))
    said = Words(locale).of("door", "third").split()[-1]
    last = next(p for p in reversed(sheet.parts) if isinstance(p, Text) and p.text.endswith(said))
    assert last.y < sheet.height - FOOT


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_code_holds_the_address_and_nothing_else(sheet: Sheet) -> None:
    """Module by module what a QR code of /help looks like, with four modules of quiet around it."""
    white = next(
        p for p in sheet.parts if isinstance(p, Box) and p.width == p.height and p.color == "#ffffff"
    )
    dark = [p for p in sheet.parts if isinstance(p, Box) and p.color == "#000000"]
    rows = [list(row) for row in segno.make(HOUSE.help, error="q", micro=False).matrix_iter(border=4)]
    unit = white.width / len(rows)
    drawn = [[0] * len(rows) for _ in rows]
    for box in dark:
        row, first = round((box.y - white.y) / unit), round((box.x - white.x) / unit)
        for n in range(round(box.width / unit)):
            drawn[row][first + n] = 1
    assert drawn == [[int(bool(one)) for one in row] for row in rows]


@pytest.mark.parametrize("locale", ["en", "de"])
def test_every_piece_says_address_telephone_and_what_is_never_asked(locale: str) -> None:
    never = Words(locale).of("door", "never").split()[-1]
    for name, data in files(HOUSE, locale, "svg").items():
        said = data.decode()
        if name.endswith(".svg"):
            said = " ".join(one.text or "" for one in ElementTree.fromstring(data).iter())
        for part in ("meridian-industries.example/help", HOUSE.phone, HOUSE.hours, never):
            assert part in said, (name, part)


def test_a_pdf_is_a_pdf() -> None:
    """Every object lies where the table says, and the words are in it."""
    data = pdf(poster(HOUSE, Words("de")))
    assert data is not None
    table = data[int(data.rstrip(b"%EOF\n").rsplit(b"startxref\n", 1)[1]) :]
    places = [int(found) for found in re.findall(rb"(\d{10}) 00000 n", table)]
    for n, place in enumerate(places, 1):
        assert data[place:].startswith(b"%d 0 obj" % n)
    stream = data[data.index(b"stream\n") + 7 : data.index(b"\nendstream")]
    assert "hinein" in zlib.decompress(stream).decode("cp1252")


def test_other_letters_are_refused_for_pdf_and_drawn_for_svg() -> None:
    """Rather no sheet than one with holes in its words."""
    sheet = Sheet(10, 10, "Ключ", "ru")
    sheet.words(0, 0, 10, 2, "Ключ")
    assert pdf(sheet) is None


def test_the_command_writes_all_and_overwrites_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["door", "--url", HOUSE.url, "--phone", HOUSE.phone, "--out", str(tmp_path)]
    assert main(words) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(list(tmp_path.iterdir())) == 14
    assert main(words) == 2
    assert "is there already" in capsys.readouterr().err
    assert main([*words, "--locale", "xx"]) == 2
    assert main(["door", "--url", HOUSE.url, "--out", str(tmp_path)]) == 2
    assert "--phone" in capsys.readouterr().err


def test_the_settings_say_it_where_no_address_is_named(tmp_path: Path) -> None:
    from bot.demo import write_settings

    secrets = tmp_path / "sandbox" / "secrets"
    secrets.mkdir(parents=True)
    for name in ("identity", "act", "reader"):
        (secrets / name).write_text("secret")
    settings = write_settings(tmp_path, host="127.0.0.1", port=8300, sandbox_port=8301)
    out = tmp_path / "printed"
    assert main(["door", "--config", str(settings), "--locale", "de", "--out", str(out)]) == 0
    text = (out / "lock-screen.de.txt").read_text()
    assert "http://127.0.0.1:8300/help" in text
    assert "+49 30 5550 0100" in text
