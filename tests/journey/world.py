"""The demo as a process that can be killed, beside a sandbox that remembers."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

READY = 60.0


def free_port() -> int:
    """Below the range that the system gives to outgoing connections: one of those would else sit on the
    port of a product that was killed and is about to start again."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            return int(probe.getsockname()[1])


class Demo:
    """`keyturn demo` on fixed ports and a kept folder."""

    def __init__(self, data: Path, *more: str) -> None:
        """*more* stands behind the command."""
        self.data, self.more = data, more
        self.port, self.sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox = f"http://127.0.0.1:{self.sandbox_port}"
        self.log = data / "product.log"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """What is started."""
        return [
            sys.executable, "-m", "bot", "demo", "--port", str(self.port), "--data", str(self.data),
            "--sandbox-port", str(self.sandbox_port), "--verbose", *self.more,
        ]  # fmt: skip

    def start(self) -> None:
        """Returns once it is ready."""
        self.data.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdout=log, stderr=log, start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        end = time.monotonic() + READY
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise AssertionError(f"the demo ended: {self.log.read_text(errors='replace')[-2000:]}")
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False, timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError("the demo was never ready")

    def kill(self) -> None:
        """kill -9, as a power cut would; the sandbox lives on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=40)

    def passes_made(self) -> int:
        """How many passes Graph made; the ledger judges."""
        rows = httpx.get(f"{self.sandbox}/sandbox/ledger", trust_env=False, timeout=20).json()
        return sum(
            row["method"] == "POST" and row["path"].endswith("/temporaryAccessPassMethods")
            and row["status"] == 201 for row in rows
        )  # fmt: skip
