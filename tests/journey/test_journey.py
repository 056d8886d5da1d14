"""One whole journey against the real demo process, and what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.journey.driver import Journey, until
from tests.journey.kills import canaries
from tests.journey.world import Demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`keyturn demo` on free ports, in a folder of its own."""
    made = Demo(tmp_path_factory.mktemp("demo"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def walked(demo: Demo) -> Iterator[tuple[Journey, str]]:
    """The journey of the employee, made once for this module; and the pass it brought."""
    journey = Journey(demo.url)
    value = journey.whole()
    yield journey, value
    journey.end()


def test_somebody_with_a_wiped_phone_signs_in_again(demo: Demo, walked: tuple[Journey, str]) -> None:
    """From own words to a new method, with one pass made, in the approver's own name."""
    person = httpx.get(f"{demo.url}/sandbox/people/employee", trust_env=False).json()
    assert "fido2" in str(person["methods"])
    assert demo.passes_made() == 1
    rows = httpx.get(f"{demo.url}/sandbox/ledger", trust_env=False).json()
    made = [row for row in rows if row["method"] == "POST" and row["path"].endswith("PassMethods")]
    assert [row["app"] for row in made] == ["act"]
    assert made[0]["actor"]
    removed = [row["path"] for row in rows if row["method"] == "DELETE"]
    assert len(removed) == 2, "the methods ticked as gone were removed"


def test_the_person_was_told_by_mail_without_a_link(demo: Demo, walked: tuple[Journey, str]) -> None:
    """Notices leave at the first evidence and with the pass, to every address, and hold no link."""
    person = httpx.get(f"{demo.url}/sandbox/people/employee", trust_env=False).json()
    mails = until("mails", lambda: person["mail"] or None, 5)
    assert len(mails) >= 2
    assert "http" not in " ".join(mail["text"] for mail in mails)


def test_no_secret_is_left_anywhere(demo: Demo, walked: tuple[Journey, str]) -> None:
    """Neither the pass nor a printed code is in the database, its log, the product's log, the
    metrics, the chat, or a page of the agents; not even the person's own chat has them."""
    journey, value = walked
    secrets = [value, *journey.known_codes, *(code.replace("-", "") for code in journey.known_codes)]
    assert canaries(demo.data, secrets) == []
    seen = [*journey.agent.browser.seen, *journey.checker.browser.seen, str(journey.chat.messages)]
    seen.append(httpx.get(f"{demo.url}/metrics", trust_env=False).text)
    seen.append(httpx.get(f"{demo.url}/chat/agents?after=0", trust_env=False).text)
    assert not [secret for secret in secrets for text in seen if secret in text]


def test_the_audit_log_verifies_and_names_both_keys(demo: Demo, walked: tuple[Journey, str]) -> None:
    """The checker and the approver are in the log by their object ids, and nothing is missing."""
    told = subprocess.run(
        [sys.executable, "-m", "bot", "audit", "verify", "--data", str(demo.data)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr


def test_another_browser_never_gets_the_pass(demo: Demo, walked: tuple[Journey, str]) -> None:
    """The link alone, in a second browser, shows nothing but the claim, and gives no pass."""
    journey, _ = walked
    assert journey.subject
    with httpx.Client(base_url=demo.url, trust_env=False) as other:
        page = other.get(journey.subject.path)
        assert journey.subject.number not in page.text
        answer = other.post(f"{journey.subject.path}/pass", json={})
        assert answer.status_code == 403


def test_a_killed_demo_takes_its_sandbox_up_again(tmp_path: Path) -> None:
    """After kill -9 the same command finds its sandbox, with its ledger, and goes on."""
    demo = Demo(tmp_path)
    demo.start()
    try:
        httpx.get(f"{demo.sandbox}/sandbox/people", trust_env=False)
        before = httpx.get(f"{demo.sandbox}/sandbox/about", trust_env=False).json()
        demo.kill()
        demo.start()
        assert httpx.get(f"{demo.url}/sandbox/about", trust_env=False).json() == before
    finally:
        demo.stop()
