"""A credential from the settings in the form MSAL takes.

Certificates are opened here: MSAL gets the key in memory, never a path, and no thumbprint, since
naming one makes it sign with SHA-1.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import Certificate, load_pem_x509_certificates

from bot.errors import PermanentError
from bot.setting_values import Credential


def client_credential(credential: Credential) -> str | dict[str, str]:
    """Raises PermanentError when a certificate cannot be opened; the text holds nothing of it."""
    if credential.kind == "secret":
        return credential.value.reveal()
    phrase = credential.passphrase.reveal_bytes() if credential.passphrase else None
    data = credential.value.reveal_bytes()
    try:
        if credential.kind == "pfx":
            key, certificate, _ = pkcs12.load_key_and_certificates(data, phrase)
        else:
            key = load_pem_private_key(data, phrase)
            certificate = next(iter(load_pem_x509_certificates(data)), None)
    except (ValueError, TypeError) as err:
        why = type(err).__name__
        raise PermanentError(f"the certificate cannot be opened ({why}): wrong passphrase or file") from None
    if key is None or certificate is None:
        raise PermanentError("the certificate file must hold a private key and its certificate")
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"private_key": private, "public_certificate": _pem(certificate)}


def _pem(certificate: Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
