"""A real mail server on loopback (aiosmtpd) that keeps what it takes and refuses what it is told to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

USER, PASSWORD = "keyturn", "canary-smtp-password"


@dataclass
class MailHouse:
    """What the server heard. *answers*, by command (or `RCPT` and an address), replaces its own."""

    port: int = 0
    asks: bool = False
    """For a login, before it takes mail."""
    raw: list[bytes] = field(default_factory=list)
    readers: list[list[str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    """Takes a letter and never says so."""

    @property
    def letters(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.raw]  # type: ignore[misc]

    @property
    def ids(self) -> set[str]:
        """Letters as somebody has them whose mailbox looks for repeats."""
        return {str(letter["Message-ID"]) for letter in self.letters}

    def authority(self, folder: Path) -> Path:
        """A file with the certificate, for whoever is to trust this server."""
        path = folder / "authority.pem"
        path.write_bytes(certificates("127.0.0.1")[2])
        return path

    # --- aiosmtpd's hooks

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, sender: str, options: Any) -> str:
        if self.asks and not session.authenticated:
            return "530 5.7.0 say who you are"
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = sender
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, options: Any) -> str:
        if refusal := self.answers.get(f"RCPT {to}") or self.answers.get("RCPT"):
            return f"{refusal} <{to}>"  # servers repeat what they refuse
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.raw.append(envelope.original_content)
        self.readers.append(list(envelope.rcpt_tos))
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        if self.silent:
            await asyncio.Event().wait()
        return "250 taken"

    def login(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        if "AUTH" in self.answers:
            return AuthResult(success=False, handled=False, message=self.answers["AUTH"])
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=good, message=None if good else "535 5.7.8 no")


@asynccontextmanager
async def mail_house(
    *, tls: str = "", login: bool = False, host: str = "127.0.0.1"
) -> AsyncIterator[MailHouse]:
    """*tls*: `starttls`, `tls` (from the first byte), or nothing. *login*: nobody hands in mail without."""
    house, loop = MailHouse(asks=login), asyncio.get_running_loop()
    context = certificates(host)[0] if tls else None
    transports: list[asyncio.BaseTransport] = []

    class Server(SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transports.append(transport)
            super().connection_made(transport)

    factory: Callable[[], Server] = lambda: Server(  # noqa: E731
        house,
        hostname="mail.keyturn.example",
        tls_context=context if tls == "starttls" else None,
        require_starttls=tls == "starttls",
        authenticator=house.login if login else None,
        auth_require_tls=tls == "starttls",
        loop=loop,
    )
    server = await loop.create_server(factory, host, 0, ssl=context if tls == "tls" else None)
    house.port = server.sockets[0].getsockname()[1]
    try:
        yield house
    finally:
        server.close()
        for transport in transports:
            transport.abort()  # type: ignore[attr-defined]
        await asyncio.sleep(0)


def trusting(host: str = "127.0.0.1") -> ssl.SSLContext:
    """A client that trusts this server's certificate and no other."""
    return certificates(host)[1]


@cache
def certificates(host: str) -> tuple[ssl.SSLContext, ssl.SSLContext, bytes]:
    """The server's side, that of a client who trusts it, and the certificate."""
    import tempfile

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mail server on loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(Encoding.PEM)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "both.pem")
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem)
        server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=pem.decode()), pem
