"""Start-up and size, as an operator meets them: real processes, real files, loopback only.

    python -m bench.starting

`keyturn --help` and the second start of the demo are timed from the outside; the memory of an idle
`keyturn serve` is what the kernel counts as resident ten seconds after it is ready, with the sandbox in
a process of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

KEYTURN = [sys.executable, "-m", "bot"]
IDLE = 10.0
"""Seconds after which a process counts as idle."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def helped(times: int = 7) -> float:
    """The median seconds of `keyturn --help`."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([*KEYTURN, "--help"], check=True, stdout=subprocess.DEVNULL)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


@contextlib.contextmanager
def running(*words: str, says: str = "") -> Iterator[tuple[int, float]]:
    """A command that runs until the end of the block: its process, and the seconds until it said so."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [*KEYTURN, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(says), f"keyturn {words[0]} said {line!r}"
        yield process.pid, time.perf_counter() - start
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def demo(data: Path, port: int, sandbox_port: int) -> float:
    """Seconds until the demo is ready."""
    words = ("demo", "--data", str(data), "--port", str(port), "--sandbox-port", str(sandbox_port))
    with running(*words, says="Keyturn is ready: ") as (_, spent):
        return spent


def resident(pid: int) -> float:
    """Megabytes (of 1024 · 1024 bytes) resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def served(data: Path, url: str, sandbox_port: int) -> tuple[float, float]:
    """Megabytes of an idle `serve`: alone since the start, and after pages were opened."""
    tenant = ("sandbox", "--port", str(sandbox_port), "--data", str(data / "sandbox"))
    product = ("serve", "--config", str(data / "app.yaml"), "--alone")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with running(*tenant), running(*product, says="Keyturn serves ") as (pid, _):
        time.sleep(IDLE)
        idle = resident(pid)
        for _ in range(50):
            for path in ("/help", "/healthz", "/readyz", "/metrics", "/me"):
                opener.open(url + path).read()
        time.sleep(1)
        return idle, resident(pid)


def run() -> list[tuple[str, str, str]]:
    """Rows of the table: what, measured, wanted."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="keyturn-bench-") as folder:
        data, port, sandbox_port = Path(folder) / "data", free_port(), free_port()
        first = demo(data, port, sandbox_port)
        second = statistics.median(demo(data, port, sandbox_port) for _ in range(3))
        idle, used = served(data, f"http://127.0.0.1:{port}", sandbox_port)
    return [
        ("`keyturn --help`, median of 7", f"{helped():.2f} s", "< 0.4 s"),
        ("`keyturn demo` ready, first start in an empty folder", f"{first:.1f} s", ""),
        ("`keyturn demo` ready, second start, median of 3", f"{second:.1f} s", "< 4 s"),
        ("idle `keyturn serve`, resident", f"{idle:.0f} MB", "≤ 160 MB"),
        ("the same after 250 pages", f"{used:.0f} MB", ""),
    ]


def main() -> None:
    for what, measured, wanted in run():
        print(f"{what:55} {measured:>10}  {wanted}")


if __name__ == "__main__":
    main()
