"""docs/teams.md and docs/entra.md: what they say to type is typed here, and their steps are the ones that
the product's own texts point at."""

from __future__ import annotations

import re
import shlex
import zipfile
from pathlib import Path

import pytest

from bot.adapters.entra.credentials import client_credential
from bot.cli import main
from bot.commands.check_teams import PATH
from bot.commands.entra_permissions import registrations
from bot.commands.manifest_entra import SCRIPT, SHEET
from bot.references import Resolved
from bot.setting_values import credential
from bot.settings import read
from tests.docs.guides import ROOT, Guide
from tests.fakes.sandbox import Sandbox, sandbox
from tests.fakes.stores import Stores, quick_folder
from tests.fakes.teams.house import APP_ID, SECRET, house
from tests.settings.test_settings import ENV, example

__all__ = ["sandbox"]
TEAMS, ENTRA = Guide("teams.md"), Guide("entra.md")


@pytest.mark.parametrize("guide", [TEAMS, ENTRA], ids=["teams", "entra"])
def test_the_steps_are_those_of_the_table_of_roles(guide: Guide) -> None:
    """Each step has somebody who may do it, and each row of the table is a step."""
    rows = [int(number) for number in re.findall(r"^\| (\d{1,2}) ", guide.text, re.MULTILINE)]
    assert rows == list(guide.steps) == list(range(1, len(rows) + 1))


def test_steps_that_are_pointed_at_exist() -> None:
    """“docs/teams.md, step 4” in a command's answer is the step that it means."""
    pointed = []
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "docs").glob("*.md")]:
        found = re.findall(r"(entra|slack|teams)\.md\)?, step (\d+)", path.read_text(encoding="utf-8"))
        pointed += [(Guide(f"{name}.md"), int(step)) for name, step in found]
    assert len(pointed) >= 4
    assert all(step in guide.steps for guide, step in pointed)
    assert TEAMS.steps[2] == "Bot"
    assert TEAMS.steps[4] == "App package"
    assert ENTRA.steps[3] == "Script and sheet"
    assert ENTRA.steps[6] == "Authentication contexts"


def test_the_app_package_of_the_guide_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Teams, step 4, as it stands."""
    monkeypatch.chdir(tmp_path)
    assert main(TEAMS.keyturn("manifest", "teams")) == 0
    assert "manifest.json" in zipfile.ZipFile("keyturn-teams.zip").namelist()


def test_the_script_prints_the_lines_that_the_guide_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Teams, step 2: the bot is made with what step 1 printed, for one tenant and our endpoint."""
    monkeypatch.chdir(tmp_path)
    assert main([*ENTRA.keyturn("manifest", "entra"), "--teams"]) == 0
    text = Path(SCRIPT).read_text(encoding="utf-8")
    printed = text[text.rindex("cat <<TEXT") :].replace("\\\\\n", " ").replace("$id_bot", APP_ID)
    for words in TEAMS.commands:
        if words[0] == "az":
            shown = [word if "0000-000000000004" not in word else APP_ID for word in words]
            lines = [shlex.split(line) for line in printed.splitlines() if line.startswith("  az bot")]
            assert shown in lines
    assert f"/{PATH.strip('/')}" in TEAMS.text


def test_the_settings_of_the_guide_are_settings(tmp_path: Path) -> None:
    """Teams, step 3, with a credential where the guide puts it."""
    (tmp_path / "keyturn-bot.pem").write_text("canary")
    tenant = "00000000-0000-0000-0000-000000000001"
    text = example(entra__tenant_id=tenant) + TEAMS.files["teams.yaml"]
    found = read(text, name="app.yaml", folder=tmp_path, env=ENV).teams
    assert found is not None
    assert found.tenant_id == tenant


async def test_whoever_did_all_steps_gets_an_answer(sandbox: Sandbox, stores: Stores) -> None:
    """Teams, step 7, with the group of step 3 against the fakes."""
    assert SECRET
    with quick_folder() as folder:
        async with house(sandbox, folder, template=stores.template) as at:
            ada = at.user()
            await ada.write("I got a new phone")
            await at.settle()
            assert "New phone" in str(at.connector.posted)


def test_the_script_and_the_sheet_of_the_guide_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entra, step 3, as it stands; every registration and group that the guide names is in it."""
    monkeypatch.chdir(tmp_path)
    assert main(ENTRA.keyturn("manifest", "entra")) == 0
    text = Path(SCRIPT).read_text(encoding="utf-8")
    for one in registrations("p2", []):
        assert f"`Keyturn {one.key}`" in ENTRA.text
        assert f'"displayName": "Keyturn {one.key}"' in text
    assert "assign 00000000-0000-0000-0000-00000000000a" in text
    assert Path(SHEET).exists()
    assert ["sh", SCRIPT] in ENTRA.commands


def test_a_certificate_is_renewed_as_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that the two lines make is a credential."""
    import subprocess

    monkeypatch.chdir(tmp_path)
    make, join = [words for words in ENTRA.commands if words[0] in {"openssl", "cat"}]
    subprocess.run(make, check=True, capture_output=True)
    subprocess.run(["/bin/sh", "-c", shlex.join(join).replace("'>'", ">")], check=True)
    opened = client_credential(credential(Resolved(Path("keyturn-act.pem").read_bytes())))
    assert isinstance(opened, dict)
