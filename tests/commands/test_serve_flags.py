"""`keyturn serve --dev-no-auth` is refused before anything starts, but where this machine talks to itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli import main
from tests.settings.test_settings import ENV, example

OPEN = "teams: {tenant_id: 00000000-0000-0000-0000-000000000000}\n"


@pytest.mark.parametrize(
    ("public_url", "listen", "flag", "says"),
    [
        ("https://keyturn.example", "127.0.0.1:8300", True, "public_url"),
        ("http://127.0.0.1:8300", "0.0.0.0:8300", True, "listen"),
        ("http://127.0.0.1:8300", "127.0.0.1:8300", False, "teams.app_id"),
    ],
)
def test_a_bot_without_authentication_does_not_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    public_url: str,
    listen: str,
    flag: bool,
    says: str,
) -> None:
    """Neither reachable from elsewhere with the flag, nor at all without it: exit code 2, with the place."""
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "app.yaml"
    path.write_text(example(public_url=public_url, listen=listen) + OPEN)
    assert main(["serve", "--config", str(path), *(["--dev-no-auth"] if flag else [])]) == 2
    assert says in capsys.readouterr().err
