"""The browser's half of sealing, for tests and scripts: a page key that can open boxes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.service.keys import b64, unb64


@dataclass
class PageKey:
    """A key pair as WebCrypto makes it; written apart from `service.sealing` on purpose."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    @property
    def jwk(self) -> dict[str, str]:
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": b64(numbers.x.to_bytes(32)),
            "y": b64(numbers.y.to_bytes(32)),
        }

    def open(self, wire: str, *, case_id: str, request_id: str, act: str) -> bytes:
        """Raises InvalidTag for a box meant for another key, case, request or act."""
        box = json.loads(wire)
        assert box["v"] == 1
        point = unb64(box["epk"])
        assert len(point) == 65
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        label = f"keyturn/1|{case_id}|{request_id}|{act}".encode()
        shared = self.private.exchange(ec.ECDH(), theirs)
        key = HKDF(hashes.SHA256(), 32, salt=b"", info=label).derive(shared)
        return AESGCM(key).decrypt(unb64(box["iv"]), unb64(box["ct"]), None)

    def answer(self, wire: str, *, case_id: str, attempt_id: str) -> str:
        """What a page says to a challenge."""
        plain = self.open(wire, case_id=case_id, request_id=attempt_id, act="challenge")
        return b64(hashlib.sha256(plain).digest())
