"""`keyturn check` against a sandbox tenant: each thing that can be wrong has its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.adapters.store.opening import open_store
from bot.cli import main
from bot.commands import check_entra
from bot.commands.check import findings
from bot.commands.check_entra import HELPFUL, NEEDED, Line, roles
from bot.sandbox.tokens import APP_ROLES
from bot.settings import Settings, read
from tests.fakes.entra import origin
from tests.fakes.sandbox import Sandbox, sandbox

__all__ = ["sandbox"]

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def settings(sandbox: Sandbox, folder: Path, *changes: tuple[str, str]) -> Settings:
    groups = {group.key: group.id for who in sandbox.state.directory.all() for group in who.groups()}
    apps = "".join(
        f"    {name}: {{client_id: {sandbox.client_id(name)}, credential: '${{env:{name}}}'}}\n"
        for name in ("identity", "act", "reader")
    )
    text = f"""\
public_url: http://127.0.0.1:8300
store: {{url: "sqlite:///{folder}/keyturn.db"}}
secrets: {{server_key: "${{env:KEY}}", pepper: "${{env:PEPPER}}"}}
entra:
  tenant_id: {sandbox.tenant}
  authority: {origin(sandbox)}
  pim: used
  risk: used
  contexts: {{approve: c1, enrol: c2, sign_in: c3}}
  apps:
{apps}graph: {{base_url: "{sandbox.graph}"}}
groups: {{agents: {groups["agents"]}, security: {groups["security"]}}}
desk: {{phone: "+49 30 1"}}
"""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    env = {name: sandbox.secret(name) for name in ("identity", "act", "reader")}
    return read(text, name="app.yaml", folder=folder, env=env | {"KEY": KEY, "PEPPER": "ab" * 32})


async def found(sandbox: Sandbox, folder: Path, *changes: tuple[str, str]) -> list[Line]:
    """Without what is said of mail, which is off here and has tests of its own."""
    lines = await findings(settings(sandbox, folder, *changes), {})
    assert [line.level for line in lines if line.what == "mail"] == ["amber"]
    return [line for line in lines if line.what != "mail"]


def wrong(lines: list[Line]) -> dict[str, str]:
    return {line.what: line.level for line in lines if line.level != "green"}


@pytest.fixture(autouse=True)
def system_time(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command uses the computer's clock; here it is the sandbox's."""
    monkeypatch.setattr("bot.service.chance.SystemClock", lambda: sandbox.clock)


async def test_a_good_set_up_is_all_green(sandbox: Sandbox, tmp_path: Path) -> None:
    """And says what was looked at."""
    lines = await found(sandbox, tmp_path)
    assert wrong(lines) == {}
    assert {line.what for line in lines} >= {
        "store",
        "authority",
        "registration act",
        "pass policy",
        "entra.pim",
    }
    assert not (tmp_path / "keyturn.db").exists()


async def test_an_existing_store_is_opened(sandbox: Sandbox, tmp_path: Path) -> None:
    """One that is no store is red, and stays as it is."""
    await open_store(f"sqlite:///{tmp_path}/keyturn.db").close()
    assert wrong(await found(sandbox, tmp_path)) == {}
    (tmp_path / "keyturn.db").write_bytes(b"not a database, " * 100)
    assert wrong(await found(sandbox, tmp_path)) == {"store": "red"}


async def test_an_unreachable_authority_is_said_once(sandbox: Sandbox, tmp_path: Path) -> None:
    """The rest would only repeat it."""
    lines = await found(sandbox, tmp_path, (origin(sandbox), "http://localhost:9"))
    assert [line.what for line in lines if line.level == "red"] == ["authority"]


async def test_another_issuer_is_red(sandbox: Sandbox, tmp_path: Path) -> None:
    """Its tokens would be refused one by one."""
    lines = await found(
        sandbox, tmp_path, (origin(sandbox), origin(sandbox).replace("localhost", "127.0.0.1"))
    )
    assert wrong(lines) == {"authority": "red"}


async def test_a_wrong_credential_is_red_and_not_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    """With the registration it belongs to."""
    lines = await found(sandbox, tmp_path, ("'${env:act}'", "'${env:PEPPER}'"))
    assert wrong(lines) == {"registration act": "red"}
    assert "ab" * 32 not in str(lines)


async def test_a_disabled_pass_policy_is_red(sandbox: Sandbox, tmp_path: Path) -> None:
    """No pass could be made."""
    sandbox.state.switches.set("pass_enabled", False)
    assert wrong(await found(sandbox, tmp_path)) == {"pass policy": "red"}


async def test_a_group_that_does_not_exist_is_red(sandbox: Sandbox, tmp_path: Path) -> None:
    """Nobody would be in it."""
    right = str(settings(sandbox, tmp_path).groups.security)
    lines = await found(sandbox, tmp_path, (right, "00000000-0000-0000-0000-000000000000"))
    assert wrong(lines) == {"groups.security": "red"}


async def test_a_context_that_does_not_exist_is_red(sandbox: Sandbox, tmp_path: Path) -> None:
    """A claim nobody can satisfy, or everybody."""
    lines = await found(sandbox, tmp_path, ("enrol: c2", "enrol: c7"))
    assert wrong(lines) == {"entra.contexts.enrol": "red"}
    assert any("c7" in line.said for line in lines)


async def test_a_context_that_cannot_be_read_is_amber(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The product works without that permission; the operator looks in the portal."""
    monkeypatch.setitem(
        APP_ROLES, "reader", tuple(set(APP_ROLES["reader"]) - {"AuthenticationContext.Read.All"})
    )
    lines = wrong(await found(sandbox, tmp_path))
    assert lines["entra.contexts.approve"] == "amber"
    assert lines["registration reader"] == "amber"


async def test_licences_are_compared_with_the_settings(sandbox: Sandbox, tmp_path: Path) -> None:
    """Both ways: a forgotten `none` privileges everybody, a wrong one blinds the bot."""
    none = [("pim: used", "pim: none"), ("risk: used", "risk: none")]
    assert wrong(await found(sandbox, tmp_path, *none)) == {"entra.pim": "red", "entra.risk": "red"}
    sandbox.state.switches.set("licence", "P1")
    assert wrong(await found(sandbox, tmp_path, *none)) == {}
    assert wrong(await found(sandbox, tmp_path)) == {"entra.pim": "red", "entra.risk": "red"}


async def test_a_missing_log_is_amber(sandbox: Sandbox, tmp_path: Path) -> None:
    """It works with less."""
    sandbox.state.switches.set("licence", "free")
    assert wrong(await found(sandbox, tmp_path))["sign-in log"] == "amber"


@pytest.mark.parametrize(
    ("name", "held", "levels"),
    [
        ("identity", set(), {"green"}),
        ("act", {"UserAuthMethod-TAP.ReadWrite.All"}, {"red"}),
        ("reader", NEEDED | set(HELPFUL), {"green"}),
        ("reader", NEEDED, {"amber"}),
        ("reader", set(HELPFUL), {"red"}),
        ("reader", NEEDED | set(HELPFUL) | {"Directory.ReadWrite.All"}, {"red"}),
        ("reader", NEEDED | set(HELPFUL) | {"Mail.Read"}, {"red"}),
        ("reader", NEEDED | set(HELPFUL) | {"Sites.Read.All"}, {"amber"}),
    ],
)
def test_a_registration_holds_its_part_and_no_more(name: str, held: set[str], levels: set[str]) -> None:
    """Whatever is consented ends up in every token."""
    assert {line.level for line in roles(name, frozenset(held))} == levels


def test_every_line_that_is_not_green_says_what_to_do() -> None:
    """A complaint without a remedy helps nobody."""
    for held in (frozenset[str](), frozenset({"Directory.ReadWrite.All", "Sites.Read.All"})):
        for line in roles("reader", held):
            assert line.todo


def test_the_command_answers_with_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """2 for settings that cannot be used; 1 for red; JSON alone on stdout."""
    config = tmp_path / "app.yaml"
    config.write_text("publik: 1\n")
    assert main(["check", "--config", str(config)]) == 2
    assert "“public_url”" in capsys.readouterr().err

    example = Path(__file__).parents[2] / "app.yaml"
    text = example.read_text().replace("https://login.microsoftonline.com", "http://127.0.0.1:9")
    config.write_text(text.replace("sqlite:////var/lib/keyturn", f"sqlite:///{tmp_path}"))
    for name in ("SERVER_KEY", "IDENTITY_CREDENTIAL", "ACT_CREDENTIAL", "READER_CREDENTIAL"):
        monkeypatch.setenv(f"KEYTURN_{name}", KEY)
    monkeypatch.setenv("KEYTURN_PEPPER", "ab" * 32)
    assert main(["check", "--config", str(config), "--format", "json"]) == 1
    lines = json.loads(capsys.readouterr().out)
    assert [line["level"] for line in lines] == ["green", "red", "amber"]
    assert main(["check", "--config", str(config)]) == 1
    assert "red    authority" in capsys.readouterr().out


def test_the_probes_name_every_permission_the_manual_names() -> None:
    """docs/settings.md is what the administrator grants from."""
    manual = (Path(__file__).parents[2] / "docs/settings.md").read_text()
    assert not [role for role in (*check_entra.NEEDED, *check_entra.HELPFUL) if f"`{role}`" not in manual]
