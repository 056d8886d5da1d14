"""The demo: the product wired to a sandbox beside it, with a chat anybody can drive.

The sandbox runs as a process of its own with its own database, so that its ledger outlives a killed
product. Settings are written into the data folder and read like any other `app.yaml`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot.adapters.mail.mailbox import MailboxMail
from bot.adapters.sandbox.client import SandboxClient
from bot.adapters.web.chat import Chat
from bot.adapters.web.demo import DemoPage
from bot.adapters.web.visitor import UNKNOWN
from bot.app import build
from bot.errors import UnusableError
from bot.ports.chat_pages import Chatter
from bot.product import Product
from bot.sandbox.company import GROUPS, TENANT, ident
from bot.service.addresses import AddressBook
from bot.service.chance import SystemClock, SystemEntropy
from bot.service.first_addresses import FirstAddresses
from bot.service.first_day import FirstDay
from bot.service.hiring import HiringMails
from bot.settings import load

READY_WITHIN = 30.0
"""Seconds the sandbox may take to answer."""


@dataclass(frozen=True, slots=True)
class People:
    """Implements `ports.chat_pages.Chatters`: everybody in the tenant, as their chat account claims."""

    known: Mapping[str, Chatter]

    def all(self) -> tuple[Chatter, ...]:
        return tuple(self.known.values())

    def find(self, ident: str) -> Chatter | None:
        return self.known.get(ident)


class Countries:
    """Where visitors are said to be: where the sandbox has everybody, since all are on this machine."""

    def __init__(self) -> None:
        self._told = UNKNOWN

    def __call__(self, address: str) -> str:
        return self._told

    async def refresh(self, tenant: SandboxClient) -> None:
        self._told = await tenant.country()


def write_settings(data: Path, *, host: str, port: int, sandbox_port: int) -> Path:
    """`app.yaml` of the demo, in its data folder; keys are made once. Raises UnusableError."""
    try:
        keys = data / "secrets"
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("server_key", "pepper"):
            _once(keys / name)
        path = data / "app.yaml"
        path.write_text(_settings(data, host, port, sandbox_port), encoding="utf-8")
    except OSError as err:
        raise UnusableError(
            str(data), f"cannot be written ({err.strerror}).", "Name another folder with --data."
        ) from err
    return path


def _once(path: Path) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(32)))


def _settings(data: Path, host: str, port: int, sandbox_port: int) -> str:
    sandbox = f"http://127.0.0.1:{sandbox_port}"
    apps = "\n".join(
        f"    {name}: {{client_id: {ident(f'app/{name}')}, credential: '${{file:sandbox/secrets/{name}}}'}}"
        for name in ("identity", "act", "reader")
    )
    return f"""\
# Written by `keyturn demo`; app.yaml beside the product is the explained example.
public_url: http://{host}:{port}
listen: {host}:{port}
store: {{url: "sqlite:///{data / "keyturn.db"}"}}
secrets: {{server_key: "${{file:secrets/server_key}}", pepper: "${{file:secrets/pepper}}"}}
entra:
  tenant_id: {TENANT}
  authority: http://localhost:{sandbox_port}
  contexts: {{approve: c1, enrol: c2, sign_in: c3}}
  apps:
{apps}
graph: {{base_url: "{sandbox}/v1.0"}}
groups:
  agents: {GROUPS["agents"].id}
  authors: {GROUPS["authors"].id}
  security: {GROUPS["security"].id}
  eligible: {GROUPS["eligible"].id}
  helpers: {GROUPS["helpers"].id}
humans: {{employee_id: true}}
deputies: {{{ident("manager")}: [{ident("deputy")}]}}
policy:
  lists: {{sensitive: [{GROUPS["executives"].id}], excluded: [{ident("break_glass")}]}}
limits: {{openings_per_chat: 50, openings_per_network: 1000}}
live_check: {{video_url: "{sandbox}/sandbox/video"}}
desk:
  phone: "+49 30 5550 0100"
  timezone: UTC
  hours: {{mon-sun: "00:00-24:00"}}
"""


def free_port(after: int) -> int:
    """The first free port of 127.0.0.1 from *after* on; it is a hint until somebody listens."""
    for port in range(after, min(after + 200, 65_535)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise UnusableError("the sandbox", "no free port was found.", "Name one with --sandbox-port.")


class Sandbox:
    """The sandbox as a process of its own: started, or found again after the product was killed;
    stopped with the product."""

    def __init__(self, data: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._data, self._port = data, port
        self._pid = 0

    async def start(self) -> None:
        """Returns once it answers. Raises UnusableError when it does not."""
        self._data.mkdir(parents=True, exist_ok=True)
        (self._data / "owner").write_text(str(os.getpid()))
        left = self._data / "running"
        if (found := _running(left)) is not None and found[1] == self._port:
            self._pid = found[0]
            return
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "sandbox", "--port", str(self._port), "--data", str(self._data),
            "--owned", stdout=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self._pid = process.pid
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), READY_WITHIN)
        except TimeoutError:
            line = b""
        if not line:
            await self.stop()
            raise UnusableError(
                f"the sandbox on port {self._port}",
                "it did not start.",
                "Name another port with --sandbox-port.",
            )
        left.write_text(f"{process.pid} {self._port}")

    async def stop(self) -> None:
        if self._pid:  # nothing was started: process 0 would be all of us
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)
        (self._data / "running").unlink(missing_ok=True)


def _running(left: Path) -> tuple[int, int] | None:
    """(process id, port) of the sandbox that a killed product left behind, if it is still there."""
    try:
        pid, port = (int(word) for word in left.read_text().split())
        command = Path(f"/proc/{pid}/cmdline")
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    if command.exists() and b"sandbox" not in command.read_bytes():
        return None  # the number went to another process
    return pid, port


def sandbox_port(data: Path, wanted: int, after: int) -> int:
    """The port the sandbox has, is to have, or the first free one from *after* on."""
    found = _running(data / "running")
    if found is not None and wanted in (0, found[1]):
        return found[1]
    return wanted or free_port(after)


async def wire(
    settings: Path, sandbox_url: str, http: aiohttp.ClientSession
) -> tuple[Product, DemoPage, Chat, FirstDay]:
    """The product with what only the demo has: the chat, the front page, the first day."""
    loaded = load(settings, os.environ)
    countries, tenant = Countries(), SandboxClient(http, sandbox_url)
    await countries.refresh(tenant)
    product = build(
        loaded,
        mail=MailboxMail(http, sandbox_url),
        security_info=f"{loaded.public_url.rstrip('/')}/sandbox/tenant",
        countries=countries,
        demo=True,
    )
    cast = [Chatter(str(p["id"]), str(p["name"]), str(p["oid"]), linked=False) for p in await tenant.people()]
    people = People({one.id: one for one in cast})
    entropy = SystemEntropy()
    clock = SystemClock()
    book = AddressBook(product.store, product.keys, clock)
    first_day = FirstDay(
        product.store, product.turns, product.codes, tenant, people, clock,
        FirstAddresses(product.store, book, HiringMails(product.keys, book)),
    )  # fmt: skip
    chat = Chat(product.shell, product.chat, product.intake, people, product.links, product.polls, entropy)
    page = DemoPage(
        product.shell, people, first_day, sandbox_url=sandbox_url, changed=lambda: countries.refresh(tenant)
    )
    return product, page, chat, first_day
