"""Two products as `keyturn serve` starts them, on one PostgreSQL, behind a load balancer without memory.

The balancer gives every request to the next replica, so that no page, form or sign-in may count on
the one before having been there. One that is gone is passed over.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import httpx
import psycopg
from aiohttp import web
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from bot.adapters.store.embedded import EmbeddedServer
from bot.app import build
from bot.demo import write_settings
from bot.settings import load
from tests.journey.world import free_port

READY = 60.0
_OURS = frozenset({"transfer-encoding", "content-encoding", "content-length", "connection"})


class Balancer:
    """Round robin over *ports*, in a thread of its own."""

    def __init__(self, port: int, ports: list[int]) -> None:
        self.port = port
        self._turn: Iterator[int] = itertools.cycle(ports)
        self._ports = ports
        self.served = dict.fromkeys(ports, 0)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(20)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._close())
        self._loop.close()

    async def _open(self) -> None:
        self._http = aiohttp.ClientSession(
            auto_decompress=False, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
        )
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._http.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        first = self._ports.index(next(self._turn))
        for port in self._ports[first:] + self._ports[:first]:
            try:
                async with self._http.request(
                    request.method,
                    f"http://127.0.0.1:{port}{request.raw_path}",
                    data=body,
                    headers=request.headers,
                    allow_redirects=False,
                ) as answer:
                    content = await answer.read()
            except aiohttp.ClientConnectionError:
                continue
            self.served[port] += 1
            response = web.Response(status=answer.status, body=content)
            for name, value in answer.headers.items():
                if name.lower() not in _OURS:
                    response.headers.add(name, value)
            return response
        return web.Response(status=502)


class Replicas:
    """Sandbox, two products and the balancer; *data* must be a folder that everybody can reach."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.sandbox_port, port = free_port(), free_port()
        self.ports = [free_port(), free_port()]
        self.url = f"http://127.0.0.1:{port}"
        self.sandbox = f"http://127.0.0.1:{self.sandbox_port}"
        self.balancer = Balancer(port, self.ports)
        self.logs = [data / f"product{n}.log" for n in (1, 2)]
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._spawn("sandbox", "--port", str(self.sandbox_port), "--data", str(self.data / "sandbox"))
        self._wait(f"{self.sandbox}/sandbox/tenant")
        written = write_settings(
            self.data, host="127.0.0.1", port=self.balancer.port, sandbox_port=self.sandbox_port
        ).read_text()
        store = f'store: {{url: "sqlite:///{self.data / "keyturn.db"}"}}'
        assert store in written
        written = written.replace(store, f'store: {{url: "embedded-postgres:///{self.data / "pg"}"}}')
        for n, port in enumerate(self.ports, 1):
            listen = f"listen: 127.0.0.1:{port}"
            path = self.data / f"app{n}.yaml"
            path.write_text(written.replace(f"listen: 127.0.0.1:{self.balancer.port}", listen))
            self._spawn("serve", "--config", str(path), log=self.logs[n - 1])
            self._wait(f"http://127.0.0.1:{port}/readyz")
        self.balancer.start()

    async def print_codes(self, oid: str) -> list[str]:
        """Ten codes as if the person had printed them a month ago."""
        product = build(load(self.data / "app1.yaml", {}))
        try:
            at = product.turns._clock.now() - timedelta(days=30)
            codes = product.codes.draw()
            hasher = PasswordHasher.from_parameters(CHEAPEST)
            rows = await product.codes.prepare(oid, codes, at=at, counts_from=at, hasher=hasher)
            await product.store.transact(lambda work: product.codes.keep(work, rows, by=oid))
            return list(codes)
        finally:
            await product.stop()

    def kill(self, n: int) -> None:
        """kill -9 of one replica."""
        process = self._processes[n]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        self.balancer.stop()
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait(timeout=40)

    def passes_made(self) -> int:
        """How many passes Graph made; the ledger judges."""
        rows = httpx.get(f"{self.sandbox}/sandbox/ledger", trust_env=False, timeout=20).json()
        path = "/temporaryAccessPassMethods"
        return sum(r["method"] == "POST" and r["path"].endswith(path) and r["status"] == 201 for r in rows)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What the database says."""
        server = EmbeddedServer(self.data / "pg")
        try:
            with psycopg.connect(server.url(), autocommit=True) as connection:
                return connection.execute(sql.encode()).fetchall()
        finally:
            server.stop()

    def _spawn(self, *command: str, log: Path | None = None) -> None:
        with (log or self.data / "sandbox.log").open("ab") as file:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "bot", *command],
                    stdout=file, stderr=file, start_new_session=True,
                    env={**os.environ, "PYTHONUNBUFFERED": "1"},
                )
            )  # fmt: skip

    def _wait(self, url: str) -> None:
        end = time.monotonic() + READY
        while time.monotonic() < end:
            if self._processes[-1].poll() is not None:
                raise AssertionError(f"it ended: {self._said()}")
            try:
                if httpx.get(url, trust_env=False, timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"never ready: {self._said()}")

    def _said(self) -> str:
        return "".join(log.read_text(errors="replace")[-1500:] for log in self.logs if log.exists())
