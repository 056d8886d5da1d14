"""Links: a reference becomes a path when somebody reads it, and no table holds a handle."""

from __future__ import annotations

import pytest

from bot.service.keys import Keys
from bot.service.links import PageLinks

KEYS = Keys(b"k" * 32, b"p" * 32)
LINKS = PageLinks(KEYS)


@pytest.mark.parametrize(("kind", "root"), [("case", "/c/"), ("review", "/r/"), ("voucher", "/v/")])
def test_a_reference_leads_to_its_page(kind: str, root: str) -> None:
    """By the very handle that the page is found under."""
    path = LINKS.path(f"{kind}:id-1_A")
    assert path == root + KEYS.handle(kind, "id-1_A")
    assert len(path) == len(root) + 43  # 256 bits


def test_handles_of_different_pages_have_nothing_in_common() -> None:
    """Who has the link of a case cannot make that of its review."""
    paths = {LINKS.path(f"{kind}:one") for kind in ("case", "review", "voucher")}
    assert len({str(path)[3:] for path in paths}) == 3


def test_my_page_needs_no_handle() -> None:
    assert LINKS.path("me") == "/me"


@pytest.mark.parametrize(
    "reference", ["", "case:", "desk:1", "case:../x", "case:a b", "me/x", "https://x", "case:" + "a" * 61]
)
def test_anything_else_is_no_link(reference: str) -> None:
    """A flow cannot name an address of its own."""
    assert LINKS.path(reference) is None
