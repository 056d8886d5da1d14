"""Which mail addresses are written to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.addresses import mail_address, masked


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("amara.okafor@private.example", "amara.okafor@private.example"),
        (" o'brien+home@a-b.example ", "o'brien+home@a-b.example"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("x@example.xn--p1ai", "x@example.xn--p1ai"),
    ],
)
def test_addresses_of_people_are_taken(text: str, address: str) -> None:
    assert mail_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "", "@", "ann", "ann@", "@a.example", "a@b@c.example", "ann@localhost", "ann@127.0.0.1", "ann@[::1]",
        '"a b"@c.example', "ann@a..example", ".ann@a.example", "ann.@a.example", "ann@-a.example",
        "änn@a.example", "ann@a.example\n", "ann@a.example\r\nBcc: b", "ann@a.example,b@c.example",
        "Ann <ann@a.example>", "ann(x)@a.example", "ann@a.example ORCPT=x", "a" * 65 + "@a.example",
        "a@" + "b" * 64 + ".example", "a@" + "b." * 130 + "example", "a@\udc80.example",
    ],
)  # fmt: skip
def test_nothing_else_is(text: str) -> None:
    """Above all nothing that ends a line or names a second reader."""
    assert mail_address(text) is None


@given(st.text(alphabet='ab.@<>,;:\r\n "()\\üß\x00。', max_size=40))
def test_whatever_is_taken_is_one_address_in_one_line(text: str) -> None:
    """Over all texts."""
    found = mail_address(text + "@a.example") or mail_address("a@" + text + ".example")
    if found is not None:
        assert found.isascii()
        assert found.count("@") == 1
        assert not set(found) & set('\r\n \x00<>,;:"()\\')
        assert mail_address(found) == found


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("amara.okafor@private.example", "a•••r@p•••.example"),
        ("ab@x.example", "a•••@x•••.example"),
        ("abcd@mail.private.co.uk", "a•••d@m•••.uk"),
    ],
)
def test_a_mask_is_enough_for_the_owner_and_nobody_else(address: str, shown: str) -> None:
    """First and last letter, first of the domain, its end; never how long it is."""
    assert masked(address) == shown
