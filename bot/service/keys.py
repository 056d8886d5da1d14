"""What the server key is used for: MACs, handles, sealing our own cookies and tokens.

One key in, sub-keys by HKDF per purpose, so that no value of one purpose is valid for another.
The key lives outside the store; every replica has the same one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.core.model import Reason
from bot.errors import Refused


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hashed(secret: str) -> str:
    """How a random secret (handle, session id, state) is kept: SHA-256, base64url."""
    return b64(hashlib.sha256(secret.encode()).digest())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(type(value).__name__)


def canonical(value: Any) -> bytes:
    """One byte string per value: JSON with sorted keys, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _associated(purpose: str, bound: str) -> bytes:
    return canonical([purpose, bound]) if bound else purpose.encode()


class Keys:
    """Sub-keys of `secrets.server_key` (at least 32 bytes)."""

    def __init__(self, server_key: bytes, pepper: bytes) -> None:
        self._server_key = server_key
        self._pepper = pepper
        self._subkeys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return "Keys(…)"

    def _key(self, purpose: str) -> bytes:
        if purpose not in self._subkeys:
            hkdf = HKDF(hashes.SHA256(), 32, salt=None, info=f"keyturn/key/{purpose}".encode())
            self._subkeys[purpose] = hkdf.derive(self._server_key)
        return self._subkeys[purpose]

    def mac(self, purpose: str, *parts: str) -> str:
        """HMAC-SHA-256 over the parts, unambiguously joined."""
        return b64(hmac.new(self._key(purpose), canonical(parts), hashlib.sha256).digest())

    def mac_fits(self, mac: str, purpose: str, *parts: str) -> bool:
        """Constant-time check of `mac`."""
        return hmac.compare_digest(mac, self.mac(purpose, *parts))

    def row_mac(self, row: Any, *, without: tuple[str, ...] = ()) -> str:
        """MAC over every column of a record but `mac` and *without* (columns that may change)."""
        skip = {"mac", *without}
        body = {f.name: getattr(row, f.name) for f in fields(row) if f.name not in skip}
        return self.mac(f"row/{type(row).__name__}", canonical(body).decode())

    def row_mac_fits(self, row: Any, *, without: tuple[str, ...] = ()) -> bool:
        return hmac.compare_digest(row.mac, self.row_mac(row, without=without))

    def handle(self, kind: str, ident: str) -> str:
        """The 256-bit handle of a page (*kind*: case, review, voucher); only its hash is stored."""
        return self.mac(f"handle/{kind}", ident)

    def pepper(self, data: bytes) -> bytes:
        """The keyed hash under a saved code's Argon2id."""
        return hmac.new(self._pepper, data, hashlib.sha256).digest()

    def seal(self, purpose: str, data: bytes, *, bound: str = "") -> str:
        """AES-256-GCM under the purpose's key: base64url of nonce and ciphertext. What is sealed opens
        only where *bound* is the same again, such as the row it lies in."""
        nonce = os.urandom(12)
        box = AESGCM(self._key(f"seal/{purpose}"))
        return b64(nonce + box.encrypt(nonce, data, _associated(purpose, bound)))

    def unseal(self, purpose: str, sealed: str, *, bound: str = "") -> bytes:
        """Undo `seal`. Raises Refused(BAD_TOKEN) for anything not sealed here for this purpose and
        *bound*."""
        try:
            raw = unb64(sealed)
            box = AESGCM(self._key(f"seal/{purpose}"))
            return box.decrypt(raw[:12], raw[12:], _associated(purpose, bound))
        except (InvalidTag, ValueError) as err:
            raise Refused(Reason.BAD_TOKEN) from err
