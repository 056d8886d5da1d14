"""`keyturn manifest entra`: the script is run as an administrator would run it, against an `az` that
behaves like Graph, and the sheet says what the script did."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.entra.credentials import client_credential
from bot.cli import main
from bot.commands.check_entra import HELPFUL, NEEDED
from bot.commands.entra_permissions import BOT, registrations
from bot.references import Resolved
from bot.setting_values import credential
from tests.fakes import az

TENANT = "00000000-0000-0000-0000-000000000001"
AGENTS = "00000000-0000-0000-0000-00000000000a"
REMOVABLE = ["authenticator", "email", "external", "passkey", "phone", "platform_credential"]
REMOVABLE += ["software_oath", "windows_hello"]
EVERY = registrations("p2", REMOVABLE)
SCOPES = {p.name for one in EVERY for p in one.permissions if p.kind == "Scope"}
ROLES = {p.name for one in EVERY for p in one.permissions if p.kind == "Role"}


def written(folder: Path, *words: str) -> Path:
    given = ["--url", "https://keyturn.example", "--tenant", TENANT, "--out", str(folder), *words]
    assert main(["manifest", "entra", *given]) == 0
    return folder / "keyturn-entra.sh"


def ran(script: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "KEYTURN_PAUSE": "0", "HOME": str(script.parent)}
    return subprocess.run(
        ["/bin/sh", str(script)], cwd=script.parent, env=env, capture_output=True, text=True, check=False
    )


def bodies(programs: Path, path: str) -> list[dict[str, Any]]:
    return [call["body"] for call in az.calls(programs) if call["path"] == path]


def test_the_script_makes_exactly_what_the_sheet_asks_consent_for(tmp_path: Path) -> None:
    """Run once in an empty folder: four registrations, each with its own key and its own permissions."""
    programs = az.install(tmp_path / "bin", tenant=TENANT, scopes=SCOPES, roles=ROLES, lag=2)
    script = written(tmp_path, "--agents", AGENTS, "--remove", "authenticator", "--teams")
    assert "-newkey rsa:3072" in script.read_text()
    _shorter_keys(programs)
    done = ran(script, programs)
    assert done.returncode == 0, done.stderr

    made = {body["displayName"].removeprefix("Keyturn "): body for body in bodies(programs, "/applications")}
    wanted = (*registrations("p2", ["authenticator"]), BOT)
    assert list(made) == [one.key for one in wanted]
    sheet = (tmp_path / "keyturn-consent.md").read_text()
    for one in wanted:
        body = made[one.key]
        access = [
            a for resource in body.get("requiredResourceAccess", []) for a in resource["resourceAccess"]
        ]
        assert [(a["id"], a["type"]) for a in access] == [
            (az.permission_id(p.name), p.kind) for p in one.permissions
        ]
        section = sheet.split(f"## Keyturn {one.key}\n")[1].split("\n## ")[0]
        assert section.count("\n| `") == len(one.permissions)
        assert all(f"| `{p.name}` |" in section for p in one.permissions)
        assert body["signInAudience"] == "AzureADMyOrg"
        assert body["isFallbackPublicClient"] is False
        redirects = body.get("web", {}).get("redirectUris", [])
        assert redirects == (["https://keyturn.example/auth/callback"] if one.signs_in else [])

    principals = bodies(programs, "/servicePrincipals")
    assert [body["appRoleAssignmentRequired"] for body in principals] == [False, True, False, False]
    assigned = [call for call in az.calls(programs) if call["path"].endswith("/appRoleAssignedTo")]
    assert [call["body"]["principalId"] for call in assigned] == [AGENTS]
    assert len(az.calls(programs)) == 4 + 4 + 1  # nothing else was changed
    assert not any("consent" in call["path"] for call in az.calls(programs))

    assert _keys_open(tmp_path, made)
    assert _settings_fit(done.stdout)
    assert "PRIVATE" not in done.stdout + done.stderr
    left = {path.name for path in tmp_path.iterdir()} - {"bin", "keyturn-entra.sh", "keyturn-consent.md"}
    assert left == {f"keyturn-{one.key}.pem" for one in wanted}


def _shorter_keys(programs: Path) -> None:
    """An `openssl` that makes keys of 2048 bits, since four long ones cost seconds."""
    real = shutil.which("openssl")
    program = programs / "openssl"
    program.write_text(f'#!/bin/sh\nexec {real} $(echo "$@" | sed s/rsa:3072/rsa:2048/)\n')
    program.chmod(0o755)


def _keys_open(folder: Path, made: dict[str, Any]) -> bool:
    """Each file is a credential that the product takes, and only its public half was uploaded."""
    for key, body in made.items():
        path = folder / f"keyturn-{key}.pem"
        assert path.stat().st_mode & 0o077 == 0
        opened = client_credential(credential(Resolved(path.read_bytes())))
        assert isinstance(opened, dict)
        (uploaded,) = body["keyCredentials"]
        public = "".join(opened["public_certificate"].splitlines()[1:-1])
        assert uploaded["key"] == public
        assert (uploaded["type"], uploaded["usage"]) == ("AsymmetricX509Cert", "Verify")
    return True


def _settings_fit(text: str) -> bool:
    """What it prints for app.yaml is YAML for app.yaml."""
    part = text[text.index("\nentra:") : text.index("\nNext,")]
    tree = yaml.safe_load(part)
    assert tree["entra"]["tenant_id"] == tree["teams"]["tenant_id"] == TENANT
    assert list(tree["entra"]["apps"]) == ["identity", "act", "reader"]
    for name, app in tree["entra"]["apps"].items():
        assert len(app["client_id"]) == 36
        assert app["credential"] == f"${{file:keyturn-{name}.pem}}"
    return True


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An `openssl` that costs nothing, for the tests that stop before a key matters."""
    folder = tmp_path_factory.mktemp("quick")
    program = folder / "openssl"
    program.write_text('#!/bin/sh\nfor word; do case $word in *.tmp) echo x > "$word";; esac; done\necho x\n')
    program.chmod(0o755)
    return folder


def stopped(folder: Path, quick: Path, programs: Path) -> str:
    env = {"PATH": f"{quick}:{programs}:{os.environ['PATH']}", "KEYTURN_PAUSE": "0"}
    done = subprocess.run(
        ["/bin/sh", str(written(folder))], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    return done.stderr


def test_another_tenant_stops_it_before_anything_is_made(tmp_path: Path, quick: Path) -> None:
    """An administrator of two tenants is signed in to the wrong one sooner or later."""
    programs = az.install(tmp_path / "bin", tenant="other", scopes=SCOPES, roles=ROLES)
    assert "another tenant" in stopped(tmp_path, quick, programs)
    assert az.calls(programs) == []


def test_a_permission_that_graph_does_not_know_stops_it(tmp_path: Path, quick: Path) -> None:
    """A registration with less than it needs would fail later and elsewhere."""
    scopes = SCOPES - {"UserAuthMethod-TAP.ReadWrite.All"}
    programs = az.install(tmp_path / "bin", tenant=TENANT, scopes=scopes, roles=ROLES)
    assert "no permission UserAuthMethod-TAP.ReadWrite.All" in stopped(tmp_path, quick, programs)
    assert len(bodies(programs, "/applications")) == 1


def test_a_registration_of_that_name_is_never_touched(tmp_path: Path, quick: Path) -> None:
    """It may be somebody else's; and running the script twice makes nothing twice."""
    programs = az.install(tmp_path / "bin", tenant=TENANT, scopes=SCOPES, roles=ROLES)
    first = tmp_path / "first"
    first.mkdir()
    script = written(first)
    env = {"PATH": f"{quick}:{programs}:{os.environ['PATH']}", "KEYTURN_PAUSE": "0"}
    subprocess.run(["/bin/sh", str(script)], cwd=first, env=env, capture_output=True, check=True)
    before = az.calls(programs)
    second = tmp_path / "second"
    second.mkdir()
    assert "“Keyturn identity” already" in stopped(second, quick, programs)
    assert az.calls(programs) == before


def test_the_reader_asks_for_what_the_check_looks_for() -> None:
    """`keyturn check` is green after the script and the consent."""
    reader = next(one for one in EVERY if one.key == "reader")
    assert {p.name for p in reader.permissions} == NEEDED | set(HELPFUL)
    assert all(p.kind == "Role" for p in reader.permissions)
    free = next(one for one in registrations("free", []) if one.key == "reader")
    assert {p.name for p in free.permissions} >= NEEDED


def test_nothing_can_be_removed_unless_it_was_asked_for() -> None:
    """A pass and signing out are the default; each kind of method is a choice of its own."""
    act = next(one for one in registrations("p2", []) if one.key == "act")
    assert {p.name for p in act.permissions} == {
        "openid",
        "profile",
        "UserAuthMethod-TAP.ReadWrite.All",
        "User.RevokeSessions.All",
    }
    assert all(p.kind == "Scope" for p in act.permissions)
    assert len({p.name for one in EVERY if one.key == "act" for p in one.permissions}) == 4 + len(REMOVABLE)
    assert BOT.permissions == ()


def test_what_is_no_id_or_address_is_refused(tmp_path: Path) -> None:
    """Both end up in a script that an administrator runs."""
    for changes in (
        {"--tenant": "acme.example; rm -rf ."},
        {"--agents": "agents"},
        {"--url": "https://k.example/$(id)"},
        {"--url": "https://k.example'"},
        {"--graph": "https://graph.microsoft.us/v1.0;id"},
    ):
        given = {"--url": "https://k.example", "--tenant": TENANT, "--out": str(tmp_path)} | changes
        assert main(["manifest", "entra", *[word for pair in given.items() for word in pair]]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_national_cloud_has_its_own_graph(tmp_path: Path) -> None:
    """And nothing of the script speaks to the public one."""
    text = written(tmp_path, "--graph", "https://graph.microsoft.us").read_text()
    assert "GRAPH=https://graph.microsoft.us/v1.0\n" in text
    assert "graph.microsoft.com" not in text


def test_the_sheet_fits_a_page(tmp_path: Path) -> None:
    """Who consents reads all of it."""
    written(tmp_path, "--teams", *[word for one in REMOVABLE for word in ("--remove", one)])
    assert len((tmp_path / "keyturn-consent.md").read_text().splitlines()) <= 80
