"""Sealing to a page key: P-256 ECDH, HKDF-SHA256 with empty salt, AES-256-GCM.

Only the browser that made the key pair can open what is sealed here. The wire is
`{"v":1,"epk":…,"iv":…,"ct":…}`, base64url without padding; `epk` is the uncompressed point (65
bytes). The info string ties a box to one case, request and act, so that none fits another place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.core.model import Reason
from bot.errors import Refused
from bot.ports.clock import Entropy
from bot.service.keys import Keys, b64, unb64

CHALLENGE = "challenge"
"""The act named in a challenge's info."""


def info(case_id: str, request_id: str, act: str) -> bytes:
    return f"keyturn/1|{case_id}|{request_id}|{act}".encode()


def public_key(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    """The key a page sent. Raises Refused(KEY_MISSING) for anything but a point on P-256."""
    try:
        if jwk["kty"] != "EC" or jwk["crv"] != "P-256":
            raise ValueError
        x, y = unb64(str(jwk["x"])), unb64(str(jwk["y"]))
        if len(x) != 32 or len(y) != 32:
            raise ValueError
        return ec.EllipticCurvePublicNumbers(
            int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()
        ).public_key()
    except (KeyError, ValueError, TypeError) as err:
        raise Refused(Reason.KEY_MISSING) from err


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638: SHA-256 over the required members in their order, base64url."""
    public_key(jwk)
    members = {name: str(jwk[name]) for name in ("crv", "kty", "x", "y")}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return b64(hashlib.sha256(canonical.encode()).digest())


def seal(
    jwk: Mapping[str, Any], plain: bytes, *, case_id: str, request_id: str, act: str, entropy: Entropy
) -> str:
    """*plain* so that only the holder of the private half of *jwk* can read it; wire JSON."""
    theirs = public_key(jwk)
    ours = ec.generate_private_key(ec.SECP256R1())
    label = info(case_id, request_id, act)
    key = derive(ours.exchange(ec.ECDH(), theirs), label)
    iv = entropy.bytes(12)
    sealed = AESGCM(key).encrypt(iv, plain, None)
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return json.dumps({"v": 1, "epk": b64(point), "iv": b64(iv), "ct": b64(sealed)}, separators=(",", ":"))


def derive(shared: bytes, label: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=b"", info=label).derive(shared)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a page must open. *expected* is a MAC of the answer, so that the store cannot tell it."""

    wire: str
    expected: str


def challenge(
    jwk: Mapping[str, Any], *, case_id: str, attempt_id: str, entropy: Entropy, keys: Keys
) -> Challenge:
    """32 random bytes sealed to the page key, under the info `…|<attempt>|challenge`; the page
    answers with their SHA-256, base64url."""
    plain = entropy.bytes(32)
    answer = b64(hashlib.sha256(plain).digest())
    wire = seal(jwk, plain, case_id=case_id, request_id=attempt_id, act=CHALLENGE, entropy=entropy)
    return Challenge(wire, keys.mac("challenge", attempt_id, answer))


def answers(keys: Keys, expected: str, attempt_id: str, answer: str) -> bool:
    """Whether *answer* is the one the challenge asked for."""
    return bool(expected) and keys.mac_fits(expected, "challenge", attempt_id, answer)
