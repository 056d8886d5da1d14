"""What of a line in a talk is masked, what is refused, and what everybody may write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.masking import LONGEST, MASK, MOST_ROWS, foreign_links, masked, written
from bot.core.text import looks_secret

CASE = "471100"
HIDDEN = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u0000\u001b\r\u200b\u00ad"
HOSTS = {"mysignins.microsoft.com", "keyturn.example"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("my code is 482913", f"my code is {MASK}"),
        ("it says 48 29 13 and then?", f"it says {MASK} and then?"),
        ("4829-1377 is what I see", f"{MASK} is what I see"),
        ("the digits: 1234567", f"the digits: {MASK}"),
        ("password is Hunter2!", f"password is {MASK}"),
        ("Passwort lautet Sommer2026, danke", f"Passwort lautet {MASK} danke"),
        ("code: 12345", f"code: {MASK}"),
        ("the pass Xk7!pQ2z does not work", f"the pass {MASK} does not work"),
        ("it reads X k 7 ! p Q 2 z", f"it reads {MASK}"),
        ("1, 2, 3, 4, 5, 6", MASK),
        ("ABCDE-FGHIJ-KLMNO-PQRST-UVWXY-Z", MASK),
        ("ABCDE FGHIJ KLMNO PQRST UVWXY Z", MASK),
        ("\uff14\uff18\uff12\uff19\uff11\uff13", MASK),
        ("12\u200b34\u00ad56", MASK),
        ("1234\u202e56", MASK),
        ("my pin is\n1234", f"my pin is\n{MASK}"),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_the_rest_is_kept(typed: str, kept: str) -> None:
    """A person in trouble types anything; the agent still reads what it was about."""
    found, hidden = masked(written(typed), public={CASE})
    assert hidden
    assert found in (kept, MASK)
    assert not looks_secret(found.replace(MASK, " "), public={CASE})


@pytest.mark.parametrize(
    "typed",
    [
        "my password is wrong", "the code is wrong", f"case {CASE} please", "on 2026-11-22 at 14:02",
        "I have an iPhone 17 Pro", "call me on 0171 5551234", "I am at a b c", "room B12, 3rd floor",
        "AADSTS50053 error", "serial 5CG1234XYZ", "Ich bin in Raum 204", "\u05e9\u05dc\u05d5\u05dd",
    ],
)  # fmt: skip
def test_ordinary_words_stay_as_they_are(typed: str) -> None:
    """Somebody whose every second message is masked gives up."""
    assert masked(written(typed), public={CASE}) == (written(typed), False)


@given(st.text(max_size=300))
def test_what_is_left_never_looks_like_a_secret(typed: str) -> None:
    """Whatever is typed: what is kept would not have been dropped elsewhere."""
    found, hidden = masked(written(typed))
    assert not looks_secret(found.replace(MASK, " "))
    if not hidden:
        assert found == written(typed)


@given(st.text(max_size=400))
def test_a_line_is_plain_text_of_a_size(typed: str) -> None:
    """Nothing turns it round, nothing hides in it, and it ends somewhere."""
    found = written(typed * 12)
    assert len(found) <= LONGEST
    assert found.count("\n") < MOST_ROWS
    assert not any(char in HIDDEN for char in found)


def test_rows_stay_rows() -> None:
    assert written("  one \r\n\r\n two\tthree \u202e ") == "one\ntwo three"


@pytest.mark.parametrize(
    "text",
    [
        "see https://evil.example/x", "go to aka.ms/mfasetup", "www.evil.example",
        "write to sam@evil.example",
        "https://mysignins.microsoft.com@evil.example/", "http://127.0.0.1/x", "evil\u3002com",
        "https://keyturn.example.evil.example/", "HTTPS://EVIL.EXAMPLE",
    ],
)  # fmt: skip
def test_an_agents_words_lead_nowhere_else(text: str) -> None:
    """Links come from a list: a talked-into agent, or a stolen desk session, cannot send anybody away."""
    assert foreign_links(text, HOSTS)


@pytest.mark.parametrize(
    "text",
    [
        "https://mysignins.microsoft.com/security-info", "mysignins.microsoft.com", "keyturn.example/me",
        "e.g. this", "z.B. das", "Settings. Accounts. Then wait.", "version 10.0.19045", "ver. 1.2.3",
    ],
)  # fmt: skip
def test_our_own_pages_and_plain_words_pass(text: str) -> None:
    assert not foreign_links(text, HOSTS)


@pytest.mark.parametrize("code", ["482.913", "482,913", "482/913", "482·913", "482_913", "1234.5678"])
def test_a_code_in_two_groups_is_masked_whatever_stands_between(code: str) -> None:
    """Some write digits so, to be read more easily."""
    kept, hidden = masked(f"It says {code}.")
    assert hidden
    assert code not in kept


@pytest.mark.parametrize("text", ["192.168.10.1", "22.11.2026", "2026/11/22", "version 10.0.226", "004/712"])
def test_addresses_of_networks_dates_and_versions_stay(text: str) -> None:
    """An agent asks for them; 004712 is the case's own number."""
    assert masked(text, public={"004712"}) == (text, False)
