"""What may be typed at an input step, and why it is asked for again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.countries import code_of
from bot.core.inputs import REASONS, Invalid, Valid, check
from bot.core.tables import InputKind

AT = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("text", "  in the  kitchen ", "in the kitchen"),
        ("phone_model", "iPhone 17", "iPhone 17"),
        ("country", "germany", "DE"),
        ("country", "Deutschland", "DE"),
        ("country", "DE", "DE"),
        ("country", "deu", "DE"),
        ("country", "The Netherlands", "NL"),
        ("country", "Côte d’Ivoire", "CI"),
        ("country", "cote d'ivoire", "CI"),
        ("country", "UK", "GB"),
        ("country", "Österreich", "AT"),
        ("country", "U.S.A.", None),
        ("date", "2026-02-28", "2026-02-28"),
        ("date", "3.2.2026", "2026-02-03"),
        ("date", "13/2/2026", "2026-02-13"),
        ("date", "2/13/2026", "2026-02-13"),
        ("date", "3/3/2026", "2026-03-03"),
        ("date", "Today", "2026-03-01"),
        ("date", "gestern", "2026-02-28"),
        ("number", "17", 17),
        ("number", "-3,5", -3.5),
        ("work_address", " Mailto:Amara@Keyturn.Example ", "amara@keyturn.example"),
        ("work_address", "<o'neill@keyturn.example>", "o'neill@keyturn.example"),
        ("unheard_of", "x", "x"),
    ],
)
def test_what_is_understood(kind: str, typed: str, kept: object) -> None:
    found = check(kind, typed, AT)
    if kept is None:
        assert isinstance(found, Invalid)
    else:
        assert found == Valid(kept)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "typed", "reason"),
    [
        ("text", " \n", "empty"),
        ("text", "!?", "empty"),
        ("text", "a" * 501, "long"),
        ("phone_model", "17", "model"),
        ("phone_model", "X", "model"),
        ("phone_model", "a" * 61, "long"),
        ("country", "Atlantis", "country"),
        ("date", "yesterday-ish", "date"),
        ("date", "30.2.2026", "date"),
        ("date", "4/3/2026", "date_order"),
        ("number", "seven", "number"),
        ("number", "1e9", "number"),
        ("number", "1" * 16, "number"),
        ("number", "٣", "number"),
        ("work_address", "amara", "address"),
        ("work_address", "a@b", "address"),
        ("work_address", "a b@keyturn.example", "address"),
        ("work_address", f"{'a' * 64}@{'b' * 50}.example", "address"),
    ],
)
def test_what_is_asked_for_again_and_why(kind: str, typed: str, reason: str) -> None:
    assert check(kind, typed, AT) == Invalid(reason)


@given(st.sampled_from(list(InputKind)), st.text(max_size=80))
def test_validation_is_total(kind: InputKind, typed: str) -> None:
    """Whatever is typed, it is kept in a plain form or asked for again with a known reason."""
    match check(kind, typed, AT):
        case Valid(value):
            assert isinstance(value, str | int | float)
        case Invalid(reason):
            assert reason in REASONS


def test_every_country_is_found_by_its_code() -> None:
    for code in ("AF", "ZW", "XK", "TW", "PS"):
        assert code_of(code) == code
