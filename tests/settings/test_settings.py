"""What `app.yaml` may say, and every complaint about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from bot.errors import Problem, SettingsError
from bot.setting_reader import group_of
from bot.settings import Settings, load, read

ROOT = Path(__file__).parents[2]
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ENV = {
    "KEYTURN_SERVER_KEY": KEY,
    "KEYTURN_PEPPER": "ab" * 32,
    "KEYTURN_IDENTITY_CREDENTIAL": "canary-identity",
    "KEYTURN_ACT_CREDENTIAL": "canary-act",
    "KEYTURN_READER_CREDENTIAL": "canary-reader",
}


def example(**changes: Any) -> str:
    """app.yaml with values replaced; a dotted name is written with `__`. None removes."""
    tree = yaml.safe_load((ROOT / "app.yaml").read_text())
    for name, value in changes.items():
        *above, last = name.split("__")
        group = tree
        for part in above:
            group = group[part]
        if value is None:
            del group[last]
        else:
            group[last] = value
    return yaml.safe_dump(tree, sort_keys=False)


def everything() -> str:
    """app.yaml with the groups switched on that it shows as comments."""
    groups = {"# slack:", "# teams:", "# mail:", "# webhooks:", "# tickets:"}
    lines, inside = [], False
    for line in (ROOT / "app.yaml").read_text().splitlines():
        inside = line.startswith("# ") if inside else line in groups
        lines.append(line[2:] if inside else line)
    return "\n".join(lines).replace("  # client_", "  client_")


def settings(text: str = "", **changes: Any) -> Settings:
    return read(text or example(**changes), name="app.yaml", folder=ROOT, env=ENV)


def problems(text: str = "", **changes: Any) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as caught:
        settings(text, **changes)
    return caught.value.problems


def only(**changes: Any) -> Problem:
    found = problems(**changes)
    assert len(found) == 1, found
    return found[0]


def test_the_documented_example_is_usable_as_it_stands() -> None:
    """Who copies app.yaml and sets the secrets has a configuration that loads."""
    found = load(ROOT / "app.yaml", ENV)
    assert found.public_url == "https://keyturn.example"
    assert found.secrets.server_key.reveal_bytes() == b"0123456789abcdef0123456789abcdef"
    assert found.entra.apps.act.credential.value.reveal() == "canary-act"


def test_the_example_names_every_setting() -> None:
    """Nothing can be set that the example does not show."""
    tree = yaml.safe_load(everything())
    assert not [name for name in _names(Settings) if not _stands(tree, name)]


def test_every_setting_has_a_heading_in_the_manual() -> None:
    """An undocumented setting does not ship."""
    headings = {
        line.strip("# `")
        for line in (ROOT / "docs/settings.md").read_text().splitlines()
        if line.startswith("#")
    }
    assert not [name for name in _names(Settings) if name not in headings]


def _names(model: type[BaseModel], before: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        kind = group_of(field.annotation)
        inner = isinstance(kind, type) and issubclass(kind, BaseModel)
        found += _names(kind, f"{before}{name}.") if inner else [before + (field.alias or name)]
    return found


def _stands(tree: Any, name: str) -> bool:
    for part in name.split("."):
        if part not in tree:
            return False
        tree = tree[part]
    return True


def test_all_complaints_come_at_once_with_line_and_remedy() -> None:
    """An operator mends the file in one round."""
    text = """\
public_url: http://keyturn.example
publik: 1
store: {url: "postgresql://bot:hunter2@db/keyturn"}
secrets: {server_key: hunter2, pepper: "${env:NOT_SET}"}
entra: {tenant_id: x, pim: maybe, contexts: {approve: 1}, apps: 3}
groups: {agents: nobody}
desk: {phone: "+49 30 1", hours: {mon-fry: 8-18}}
"""
    found = problems(text)
    assert {(p.where.partition(" ")[2], p.line) for p in found} == {
        ("public_url", 1),
        ("publik", 2),
        ("store.url", 3),
        ("secrets.server_key", 4),
        ("secrets.pepper", 4),
        ("entra.tenant_id", 5),
        ("entra.pim", 5),
        ("entra.contexts.approve", 5),
        ("entra.contexts.enrol", 5),
        ("entra.contexts.sign_in", 5),
        ("entra.apps", 5),
        ("groups.agents", 6),
        ("desk.hours", 7),
    }
    assert all(p.remedy and p.message for p in found)
    assert "hunter2" not in str(SettingsError(list(found)))


@pytest.mark.parametrize(
    "name",
    [
        "secrets__server_key",
        "secrets__pepper",
        "entra__apps__act__credential",
        "entra__apps__reader__credential",
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(name: str) -> None:
    """A secret in the file is a secret in every backup of it."""
    found = only(**{name: "canary-literal"})
    assert "must not stand" in found.message
    assert "canary-literal" not in f"{found.where}{found.message}{found.remedy}"


@pytest.mark.parametrize("part", ["secret", "pem", "passphrase"])
def test_a_literal_inside_a_credential_group_is_refused(part: str) -> None:
    """The long form of a credential is no way around."""
    value = {"pem": "${env:KEYTURN_ACT_CREDENTIAL}"} if part == "passphrase" else {}
    found = only(entra__apps__act__credential=value | {part: "canary-literal"})
    assert "must not stand" in found.message


def test_no_secret_shows_in_a_repr() -> None:
    """Whoever logs the settings logs no secret."""
    shown = repr(settings(store__url="postgresql://bot:${env:KEYTURN_PEPPER}@db/x"))
    assert not [value for value in ENV.values() if value in shown]


@pytest.mark.parametrize(
    "name", ["public_url", "entra__authority", "graph__base_url", "live_check__video_url"]
)
def test_plain_http_is_for_loopback_only(name: str) -> None:
    """Sign-ins and passes never travel in the clear."""
    assert "http is for this machine only" in only(**{name: "http://keyturn.example"}).message
    for host in ("127.0.0.1:8300", "localhost:8301", "[::1]:8300"):
        settings(**{name: f"http://{host}"})


@pytest.mark.parametrize("host", ["127.0.0.1.evil.example", "localhost.evil.example", "2130706433"])
def test_a_host_that_looks_like_loopback_is_not(host: str) -> None:
    """The exception for http is about addresses, not about spelling."""
    assert "http is for" in only(public_url=f"http://{host}").message


def test_a_password_in_an_address_is_refused() -> None:
    """Neither the database's nor anybody's."""
    assert "database password" in only(store__url="postgresql://bot:pw@db/x").message
    assert "name or password" in only(graph__base_url="https://a:b@graph.example/v1.0").message


def test_a_reference_inside_an_address_is_followed() -> None:
    """The password of a database comes from the environment."""
    found = settings(store__url="postgresql://bot:${env:KEYTURN_ACT_CREDENTIAL}@db/x")
    assert found.store.url == "postgresql://bot:canary-act@db/x"


def test_a_file_is_read_beside_the_settings(tmp_path: Path) -> None:
    """A relative path starts at the settings file, and the file's last line break is not the secret."""
    (tmp_path / "act.secret").write_text("canary-file\n")
    text = example(entra__apps__act__credential="${file:act.secret}")
    found = read(text, name="app.yaml", folder=tmp_path, env=ENV)
    assert found.entra.apps.act.credential.value.reveal() == "canary-file"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("${env:GONE}", "GONE is not set"),
        ("${file:gone.txt}", "cannot be read"),
        ("${vault:x}", "no kind of reference"),
        ("${env:X", "not complete"),
    ],
)
def test_a_reference_that_leads_nowhere_is_one_complaint(reference: str, says: str) -> None:
    """Said once, as what it is, not also as a wrong value."""
    assert says in only(secrets__pepper=reference).message


def test_a_short_key_is_refused() -> None:
    """A key that can be guessed protects nothing."""
    env = ENV | {"KEYTURN_PEPPER": "c2hvcnQ="}
    with pytest.raises(SettingsError) as caught:
        read(example(), name="app.yaml", folder=ROOT, env=env)
    assert "at least 32 bytes" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"secrets__pepper": "${env:KEYTURN_SERVER_KEY}"}, "two different keys"),
        ({"entra__apps__act__client_id": "00000000-0000-0000-0000-000000000001"}, "three registrations"),
    ],
)
def test_what_must_differ_differs(changes: dict[str, Any], says: str) -> None:
    """One key for two purposes, or one registration for two roles, undoes their separation."""
    assert says in only(**changes).message


def test_the_floor_of_the_policy_is_named_with_its_line() -> None:
    """A policy weaker than the floor does not start."""
    found = only(policy={"rules": {"standard": {"sets": [["saved_code"]]}}})
    assert "floor-evidence-standard" in found.message
    assert found.line > 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("tries_per_attempt", 6), ("passes_a_week", 4), ("agent_stop", 61), ("tries_per_subject", 51)],
)
def test_limits_may_be_stricter_never_weaker(name: str, value: int) -> None:
    """The threat model reasons with the defaults."""
    assert "at most" in only(**{f"limits__{name}": value}).message


def test_limits_reach_the_policy_and_its_version() -> None:
    """Every decision names the version, so a changed cap must change it."""
    strict = settings(limits__passes_a_week=1).policy
    assert strict.caps.passes_a_week == 1
    assert strict.version != settings().policy.version


def test_an_unknown_setting_comes_with_a_suggestion() -> None:
    """A typing error is told from a wish."""
    assert "“video_url”" in only(live_check={"vidoe_url": ""}).remedy
    assert "database" in only(geo={"zzz": ""}).remedy


def test_a_setting_that_stands_twice_is_refused() -> None:
    """The second would silently win."""
    found = problems(example() + "\npublic_url: https://other.example\n")
    assert [p.message for p in found] == ["stands here twice."]


@pytest.mark.parametrize("text", ["", "3", "[1]", "a: [", "\t", "a: b: c"])
def test_what_is_no_mapping_is_one_complaint(text: str) -> None:
    """A broken file is said to be broken, not to lack every setting."""
    assert len(problems(text or " ")) == 1


def test_a_file_that_cannot_be_read_is_a_complaint(tmp_path: Path) -> None:
    """Exit code 2 with place and remedy, no traceback."""
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "none.yaml", ENV)
    assert "cannot be read" in str(caught.value)


def test_human_links_have_a_short_form() -> None:
    """`humans: employeeId` says it all for most directories."""
    one, two = "00000000-0000-0000-0000-0000000000AA", "00000000-0000-0000-0000-0000000000bb"
    assert settings(humans="employeeId").humans.employee_id
    assert settings(humans=[[one, two]]).humans.links == ((one.lower(), two),)


def test_opening_hours_are_days_and_spans() -> None:
    """Days in a range count, and the end of a day is 24:00."""
    found = settings(desk__hours={"mon-tue": "08:00-18:00", "sun": "00:00-24:00"}).desk.hours
    assert [(one.day, one.opens, one.closes) for one in found] == [
        (0, "08:00", "18:00"),
        (1, "08:00", "18:00"),
        (6, "00:00", "24:00"),
    ]


@pytest.mark.parametrize(
    "hours", [{"mon": "18:00-08:00"}, {"fri-mon": "08:00-09:00"}, {"mon": "8-18"}, "always"]
)
def test_hours_that_are_none_are_refused(hours: Any) -> None:
    """An empty range of days would close the desk in silence."""
    assert only(desk__hours=hours)
