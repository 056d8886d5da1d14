"""The Microsoft 365 Agents Playground beside the product: what `make playground` starts.

The product is `keyturn serve --dev-no-auth` with a sandbox, all in one folder; the Playground is told who
sits at it, so that the sandbox knows the person. It listens on every interface and takes part in no
authentication: for a desk, never for a server.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import httpx

from bot.demo import write_settings
from bot.sandbox.company import TENANT, ident
from tests.journey.world import free_port

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGES = ROOT / ".venv" / "playground"
PEOPLE = {
    "employee": ("Amara", "Okafor"), "hello_user": ("Hyun-woo", "Park"), "manager": ("María", "Fernández"),
    "deputy": ("Tomasz", "Wiśniewski"), "agent": ("Jonas", "Lindqvist"), "agent2": ("Priya", "Raman"),
}  # fmt: skip
READY = 60.0


def installed() -> Path:
    """The Playground's command, installed if it is not there."""
    found = PACKAGES / "node_modules" / "@microsoft" / "m365agentsplayground" / "cli.js"
    if not found.exists():
        PACKAGES.mkdir(parents=True, exist_ok=True)
        copyfile(HERE / "package.json", PACKAGES / "package.json")
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
            cwd=PACKAGES, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return found


def who(person: str) -> dict[str, str]:
    """Somebody of the sandbox's company, as the Playground wants to know them."""
    given, family = PEOPLE[person]
    mail = f"{person}@keyturn.example"
    return {
        "id": f"29:1-{person}", "name": f"{given} {family}", "userPrincipleName": mail,
        "aadObjectId": ident(person), "givenName": given, "surname": family, "email": mail,
    }  # fmt: skip


def config(person: str) -> str:
    """`.m365agentsplayground.yml`; JSON is YAML."""
    others = [who(one) for one in PEOPLE if one != person]
    told = {
        "version": "0.1.1",
        "tenantId": TENANT,
        "bot": {"id": "28:keyturn", "name": "Keyturn"},
        "currentUser": who(person),
        "users": others,
        "personalChat": {"id": f"a:{person}"},
        "groupChat": {"id": "19:group@thread.v2", "name": "A group"},
        "team": {
            "id": "19:team@thread.tacv2", "name": "A team", "aadGroupId": ident("group/all_staff"),
            "channels": [{"id": "19:agents@thread.tacv2", "name": "Agents"}],
        },
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False, indent=2)


@contextlib.contextmanager
def process(command: list[str], cwd: Path, log: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as out:
        started = subprocess.Popen(
            command, cwd=cwd, stdout=out, stderr=out, start_new_session=True, env={**os.environ, **env}
        )
    try:
        yield started
    finally:
        started.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(timeout=20)
        if started.poll() is None:
            started.kill()


def until_up(url: str, started: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY
    while time.monotonic() < end:
        if started.poll() is not None:
            raise AssertionError(f"it ended: {log.read_text(errors='replace')[-2000:]}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False, timeout=5).status_code < 500:
                return
        time.sleep(0.1)
    raise AssertionError(f"{url} never answered: {log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def playing(data: Path, person: str = "employee", port: int = 0) -> Iterator[tuple[str, str]]:
    """(the Playground's address, the product's), with everything up."""
    command = installed()
    data.mkdir(parents=True, exist_ok=True)
    ours, sandbox_port, port = free_port(), free_port(), port or free_port()
    base, sandbox = f"http://127.0.0.1:{ours}", f"http://127.0.0.1:{sandbox_port}"
    settings = write_settings(data, host="127.0.0.1", port=ours, sandbox_port=sandbox_port)
    settings.write_text(settings.read_text() + f"teams: {{tenant_id: {TENANT}}}\n")
    (data / ".m365agentsplayground.yml").write_text(config(person), encoding="utf-8")
    run = [sys.executable, "-m", "bot"]
    with contextlib.ExitStack() as stack:
        for name, what, cwd, ready in (
            (
                "sandbox", [*run, "sandbox", "--port", str(sandbox_port), "--data", str(data / "sandbox")],
                ROOT, f"{sandbox}/sandbox/about",
            ),
            (
                "product", [*run, "serve", "--config", str(settings), "--dev-no-auth", "--alone"],
                ROOT, f"{base}/readyz",
            ),
            (
                "playground",
                [
                    "node", str(command), "start", "-e", f"{base}/api/messages", "-c", "msteams",
                    "-p", str(port), "--disable-telemetry",
                ],
                data, f"http://127.0.0.1:{port}/",
            ),
        ):  # fmt: skip
            log = data / f"{name}.log"
            until_up(ready, stack.enter_context(process(what, cwd, log)), log)
        yield f"http://127.0.0.1:{port}", base
