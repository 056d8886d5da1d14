"""`keyturn sandbox`: one ready line, a clean end, a clear complaint."""

from __future__ import annotations

import argparse
import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from bot.commands import sandbox as command
from bot.errors import UnusableError

REPOSITORY = Path(__file__).parents[2]


def test_it_serves_until_told_to_stop(tmp_path: Path) -> None:
    """One line when ready; SIGTERM ends it with 0; both host names answer."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "sandbox", "--port", "0", "--data", str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        ready = re.fullmatch(r"The sandbox is ready: http://127\.0\.0\.1:(\d+)/sandbox/tenant\n", line)
        assert ready, line
        for host in ("127.0.0.1", "localhost"):
            about = httpx.get(f"http://{host}:{ready[1]}/sandbox/about", trust_env=False).json()
            assert set(about["apps"]) == {"identity", "act", "reader"}
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, "")


def test_a_taken_port_is_told_with_a_remedy(tmp_path: Path) -> None:
    """The operator learns what to do; nothing is left running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UnusableError) as told:
            command.run(argparse.Namespace(port=port, data=tmp_path, owned=False))
    assert told.value.place == f"port {port}"
    assert "--port" in told.value.remedy


def test_a_folder_that_is_a_file_is_told_with_a_remedy(tmp_path: Path) -> None:
    """Exit 2 comes from this."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UnusableError) as told:
        command.run(argparse.Namespace(port=0, data=file, owned=False))
    assert "--data" in told.value.remedy
