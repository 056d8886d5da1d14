"""What Slack writes around people's words is taken away before anybody reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.slack.tokens import said
from bot.core.text import looks_secret


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Tom &amp; I &lt;3 this", "Tom & I <3 this"),
        ("<@U0KEYTURN> help me", "help me"),
        ("<!channel> everybody", "everybody"),
        ("ask <#C012AB|it-help> please", "ask #it-help please"),
        ("see <https://contoso.test/a?b=1&amp;c=2|the page>", "see the page"),
        ("see <https://contoso.test/a>", "see https://contoso.test/a"),
        ("<mailto:ada@contoso.test|ada@contoso.test>", "ada@contoso.test"),
        ("<!date^1700000000^{date}|14 November>", "14 November"),
        ("<tel:+4930123>", "+4930123"),
        ("<mailto:ada@contoso.test>", "ada@contoso.test"),
        (":wave::skin-tone-3: hello :+1:", "hello"),
        (":wave:", ""),
        ("at 10:30 or 11:45", "at 10:30 or 11:45"),
        ("&amp;lt; stays", "&lt; stays"),
    ],
)
def test_slacks_own_signs_are_read_as_a_person_reads_them(typed: str, read: str) -> None:
    """Mentions and emoji go, a link leaves its words, and nothing is unescaped twice."""
    assert said(typed) == read


def test_a_code_that_slack_took_for_a_telephone_number_is_still_seen_as_a_code() -> None:
    """Slack writes a row of digits as a link; the check for secrets must see the digits."""
    assert looks_secret(said("my code is <tel:48291355|4829 1355>"))


@given(st.text(max_size=300))
def test_whatever_is_typed_can_be_read(text: str) -> None:
    """Total: no text of anybody's makes reading fail, and it never becomes longer."""
    assert len(said(text)) <= len(text)
