"""What is sealed to a page key opens there and nowhere else."""

from __future__ import annotations

import json

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from bot.core.model import Reason
from bot.errors import Refused
from bot.service.keys import Keys, unb64
from bot.service.sealing import answers, challenge, derive, seal, thumbprint
from tests.fakes.clock import FakeEntropy
from tests.fakes.page_key import PageKey

PLACE = {"case_id": "c1", "request_id": "r1", "act": "issue_pass"}


def test_the_page_opens_its_own_box() -> None:
    """The pass reaches the one browser it was made for."""
    page = PageKey()
    wire = seal(page.jwk, "+drk zqAD ü".encode(), entropy=FakeEntropy(), **PLACE)
    assert page.open(wire, **PLACE).decode() == "+drk zqAD ü"


@pytest.mark.parametrize("part", ["case_id", "request_id", "act"])
def test_a_box_fits_no_other_place(part: str) -> None:
    """A box moved to another case, request or act stays shut."""
    page = PageKey()
    wire = seal(page.jwk, b"pass", entropy=FakeEntropy(), **PLACE)
    with pytest.raises(InvalidTag):
        page.open(wire, **{**PLACE, part: "other"})


def test_another_browser_cannot_open_it() -> None:
    """Another key, the same page: nothing."""
    wire = seal(PageKey().jwk, b"pass", entropy=FakeEntropy(), **PLACE)
    with pytest.raises(InvalidTag):
        PageKey().open(wire, **PLACE)


def test_the_wire_is_as_promised() -> None:
    """Version 1, an uncompressed point, a 96-bit iv, and no trace of the plaintext."""
    box = json.loads(seal(PageKey().jwk, b"canary-pass", entropy=FakeEntropy(), **PLACE))
    assert box.keys() == {"v", "epk", "iv", "ct"}
    assert box["v"] == 1
    assert (len(unb64(box["epk"])), unb64(box["epk"])[0], len(unb64(box["iv"]))) == (65, 4, 12)
    assert len(unb64(box["ct"])) == len(b"canary-pass") + 16
    assert all("=" not in str(v) for v in box.values())


def test_the_key_derivation_is_hkdf_with_empty_salt() -> None:
    """RFC 5869 extract with a salt of 32 zero bytes (the empty salt), then one block of expand."""
    import hashlib
    import hmac

    shared, label = bytes(range(32)), b"keyturn/1|c|r|a"
    prk = hmac.new(bytes(32), shared, hashlib.sha256).digest()
    assert derive(shared, label) == hmac.new(prk, label + b"\x01", hashlib.sha256).digest()


def test_the_thumbprint_is_rfc_7638() -> None:
    """Worked by hand for the key of RFC 7517 appendix A.1; other members do not change it."""
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }
    known = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
    assert thumbprint(jwk) == known
    assert thumbprint({**jwk, "use": "enc", "kid": "1"}) == known


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"crv": "P-384"},
        {"x": "AA"},
        {"x": "A" * 43, "y": "A" * 43},  # not on the curve
        {"kty": "RSA"},
    ],
)
def test_a_bad_key_is_refused(broken: dict[str, str]) -> None:
    """A point that is not on the curve would give the secret away."""
    jwk = {**PageKey().jwk, **broken} if broken else {}
    with pytest.raises(Refused) as caught:
        seal(jwk, b"pass", entropy=FakeEntropy(), **PLACE)
    assert caught.value.reason is Reason.KEY_MISSING


def test_only_the_page_knows_the_answer_to_its_challenge() -> None:
    """The store keeps a MAC; another page's answer, an old answer and nothing are all wrong."""
    keys, chance = Keys(b"k" * 32, b"p" * 32), FakeEntropy()
    page = PageKey(ec.generate_private_key(ec.SECP256R1()))
    first = challenge(page.jwk, case_id="c1", attempt_id="a1", entropy=chance, keys=keys)
    second = challenge(page.jwk, case_id="c1", attempt_id="a1", entropy=chance, keys=keys)
    answer = page.answer(first.wire, case_id="c1", attempt_id="a1")
    assert answers(keys, first.expected, "a1", answer)
    assert not answers(keys, second.expected, "a1", answer)
    assert not answers(keys, first.expected, "a2", answer)
    assert not answers(keys, "", "a1", answer)
    assert answer not in first.expected + first.wire
