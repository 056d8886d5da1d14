"""Credentials of the app registrations, up to what MSAL sends with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from bot.adapters.entra.authority import confidential
from bot.adapters.entra.credentials import client_credential
from bot.adapters.entra.http import Shown
from bot.errors import PermanentError
from bot.references import Secret
from bot.setting_values import Credential

PHRASE = b"canary-passphrase"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "keyturn test")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(start).not_valid_after(start + timedelta(days=365))
    return made.sign(key, hashes.SHA256())


def written(kind: str, key: rsa.RSAPrivateKey, certificate: x509.Certificate, phrase: bytes | None) -> bytes:
    lock: KeySerializationEncryption = BestAvailableEncryption(phrase) if phrase else NoEncryption()
    if kind == "pfx":
        return pkcs12.serialize_key_and_certificates(b"k", key, certificate, None, lock)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock) + certificate.public_bytes(Encoding.PEM)


class Recorder:
    """Stands in for the authority: discovery, then a token; keeps what was posted."""

    name = "https://login.example"

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []

    def get(self, url: str, **_: Any) -> Shown:
        base = "https://login.example/t/oauth2/v2.0"
        body = {
            "issuer": "x",
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
        }
        return Shown(200, json.dumps(body), {})

    def post(self, url: str, data: Any = None, **_: Any) -> Shown:
        self.posted.append(data)
        return Shown(200, json.dumps({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}), {})

    def close(self) -> None: ...


def sent(credential: Credential) -> dict[str, Any]:
    http = Recorder()
    app = confidential("client", credential, tenant_id="t", http=http, cache=msal.TokenCache())  # type: ignore[arg-type]
    app.acquire_token_for_client(["scope/.default"])
    return http.posted[0]


def test_a_secret_is_sent_as_one() -> None:
    """Nothing else comes with it."""
    assert sent(Credential("secret", Secret(b"canary")))["client_secret"] == "canary"


@pytest.mark.parametrize("phrase", [None, PHRASE])
@pytest.mark.parametrize("kind", ["pem", "pfx"])
def test_a_certificate_signs_and_its_key_stays(
    kind: Any, phrase: bytes | None, key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> None:
    """With SHA-256 throughout: naming a thumbprint would make MSAL fall back to SHA-1."""
    data = written(kind, key, certificate, phrase)
    posted = sent(Credential(kind, Secret(data), Secret(phrase) if phrase else None))
    assertion = posted["client_assertion"]
    header = jwt.get_unverified_header(assertion)
    assert header["alg"] == "PS256"
    assert "x5t" not in header
    jwt.decode(assertion, key.public_key(), ["PS256"], audience="https://login.example/t/oauth2/v2.0/token")
    assert "client_secret" not in posted
    assert "PRIVATE" not in str(posted)


@pytest.mark.parametrize("kind", ["pem", "pfx"])
@pytest.mark.parametrize("phrase", [None, b"wrong"])
def test_a_certificate_that_does_not_open_says_so_without_showing_anything(
    kind: Any, phrase: bytes | None, key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> None:
    """The operator learns which of two things to look at."""
    data = written(kind, key, certificate, PHRASE)
    with pytest.raises(PermanentError, match="wrong passphrase or file") as caught:
        client_credential(Credential(kind, Secret(data), Secret(phrase) if phrase else None))
    assert "canary" not in str(caught.value)


def test_a_key_without_its_certificate_is_not_enough(
    key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> None:
    """Entra needs to know which certificate it is."""
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(PermanentError):
        client_credential(Credential("pem", Secret(data)))
