"""Outside text: seen as it is, and not kept when it looks like a secret."""

from __future__ import annotations

import base64
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text import SecretShape, clean, looks_secret, secret_shape

EXAMPLES = sorted((Path(__file__).parents[2] / "flows" / "examples").glob("*/*.txt"))


@given(st.text())
def test_cleaned_text_hides_nothing(text: str) -> None:
    """One line, no control, no direction mark, no invisible character (joiners stay where they join)."""
    for char in clean(text):
        assert char in "\u200c\u200d" or unicodedata.category(char) not in (
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Cn",
            "Zl",
            "Zp",
        )
        assert char == " " or not char.isspace()


@given(st.text(), st.integers(2, 400))
def test_cleaned_text_has_its_length(text: str, longest: int) -> None:
    """A long name cannot push our words off the screen."""
    assert len(clean(text, longest)) <= longest


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Ann\u202egnp.exe", "Ann⟨U+202E⟩gnp.exe"),
        ("a\u200bb\ufeffc", "a⟨U+200B⟩b⟨U+FEFF⟩c"),
        ("tab\tand\nline\u2028end", "tab and line end"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
        ("<b>*x*</b>", "<b>*x*</b>"),
        ("e" + "\u0301" * 30, unicodedata.normalize("NFC", "e\u0301") + "\u0301" * 4),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("pay\u200dpal", "pay⟨U+200D⟩pal"),
        ("hangul\u3164filler", "hangul⟨U+3164⟩filler"),
        ("Zoë Müller-Łódź 李小龙", "Zoë Müller-Łódź 李小龙"),
    ],
)
def test_hidden_characters_are_spelled_out(text: str, seen: str) -> None:
    """A hostile name looks hostile; an honest one looks as it always does."""
    assert clean(text) == seen


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("ABCDE-FGHIJ-K2MNO-PQRST-UVWXY-Z", SecretShape.SAVED_CODE),
        ("abcd efgh ijk2 lmno pqrs tuvw xy", SecretShape.SAVED_CODE),
        ("MZXW6YTBOI7Q4CDFPLHJKABCDE", SecretShape.SAVED_CODE),
        ("my code MZXW6YTBOI7Q4CDFPLHJKABCDE ok", SecretShape.SAVED_CODE),
        ("123456", SecretShape.DIGITS),
        ("it says 123 456", SecretShape.DIGITS),
        ("1234-5678", SecretShape.DIGITS),
        ("１２３４５６", SecretShape.DIGITS),
        ("+drkzqAD", SecretShape.PASS),
        ("a8Kd92Lm", SecretShape.PASS),
        ("the pass is Jk7#mP2q", SecretShape.PASS),
        ("Passwort: geheim", SecretShape.PASSWORD),
        ("my password is Hunter22", SecretShape.PASSWORD),
    ],
)
def test_what_looks_like_a_secret_is_known(text: str, shape: SecretShape) -> None:
    """Codes, digits, passes and passwords said as such never reach a row."""
    assert secret_shape(text) is shape


@pytest.mark.parametrize(
    "text",
    [
        "my iPhone17Pro is new",
        "error AADSTS50053 shows",
        "AADSTS500121",
        "+49 170 1234567",
        "01701234567",
        "my password is expired",
        "Mein Passwort ist abgelaufen",
        "need help with that phone from 2024",
        "I have an iPhone 15 Pro Max 256GB",
        "Galaxy S24Ultra",
        "ann.example@keyturn.example wrote",
        "Mehr-Faktor-Authentifizierungsmethoden",
    ],
)
def test_everyday_words_are_no_secret(text: str) -> None:
    """Somebody who only says what happened is not told off."""
    assert not looks_secret(text)


def test_no_example_of_any_label_looks_like_a_secret() -> None:
    """What people say to a help desk is let through."""
    said = [line for path in EXAMPLES for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(said) > 300
    assert [line for line in said if looks_secret(line)] == []


def test_a_number_that_may_be_said_aloud_is_no_secret() -> None:
    """The case number has six digits like check digits, and is public."""
    assert looks_secret("479113")
    assert not looks_secret("479113", public={"479113"})
    assert looks_secret("479113 and 222333", public={"479113"})


@given(st.binary(min_size=16, max_size=16))
def test_every_printed_code_is_known_however_it_is_typed(code: bytes) -> None:
    """128 random bits in base32 are recognised in one piece, in groups, in small letters."""
    text = base64.b32encode(code).decode().rstrip("=")
    groups = "-".join(text[at : at + 5] for at in range(0, 26, 5))
    assert looks_secret(text)
    assert looks_secret(groups)
    assert looks_secret(groups.lower())
    assert looks_secret(groups.replace("-", " "))
