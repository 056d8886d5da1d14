"""The journey, step by step, as the people in it take it. Needs a base URL and nothing else.

`python -m tests.journey.driver --base-url http://127.0.0.1:8300` makes it and says what it saw.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.journey.browser import EACH_ITS_OWN, Browser, Page

T = TypeVar("T")


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """A page key, as docs/http.md describes it."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        numbers = self._private.public_key().public_numbers()
        self.jwk = {
            "kty": "EC", "crv": "P-256",
            "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big")),
        }  # fmt: skip

    def open(self, box: dict[str, Any]) -> bytes:
        wire = box["wire"]
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(wire["epk"]))
        shared = self._private.exchange(ec.ECDH(), theirs)
        key = HKDF(hashes.SHA256(), 32, salt=b"", info=box["info"].encode()).derive(shared)
        return AESGCM(key).decrypt(unb64(wire["iv"]), unb64(wire["ct"]), None)

    def answer(self, challenge: dict[str, Any]) -> str:
        return b64(hashlib.sha256(self.open(challenge)).digest())


def until(what: str, ask: Callable[[], T | None], within: float = 60) -> T:
    """The first answer of *ask* that is something. Polls, because the other side is real."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if (found := ask()) is not None and found is not False:
                return found
        except (httpx.TransportError, KeyError, StopIteration):
            pass  # it may be starting again just now
        time.sleep(0.1)
    raise AssertionError(f"never happened: {what}")


class Conversation(ABC):
    """One person's chat, on whatever platform: `read` and `say` are that platform's."""

    accepted: list[str]

    @abstractmethod
    def read(self) -> list[dict[str, Any]]:
        """Everything the bot has said, oldest first, in the words of docs/http.md."""

    @abstractmethod
    def say(self, *, text: str = "", choice: str = "") -> None:
        """Write, or press, until it was accepted."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is held open."""

    def wait_choice(self, ending: str, within: float = 60) -> str:
        """The id of the newest button whose id ends so."""

        def found() -> str | None:
            for message in reversed(self.read()):
                for choice in message["choices"]:
                    if choice["id"].endswith(ending):
                        return str(choice["id"])
            return None

        return until(f"a button …{ending}", found, within)

    def press(self, ending: str, within: float = 60) -> None:
        self.say(choice=self.wait_choice(ending, within))

    def wait_link(self, part: str, within: float = 60) -> str:
        def found() -> str | None:
            for message in reversed(self.read()):
                for link in message["links"]:
                    if part in link["url"]:
                        return str(link["url"])
            return None

        return until(f"a link {part}", found, within)


class Chat(Conversation):
    """The demo's own."""

    def __init__(self, base: str, person: str) -> None:
        self._http = httpx.Client(base_url=base, timeout=75, trust_env=False, limits=EACH_ITS_OWN)
        self.person = person
        self.seq = 0
        self.messages: list[dict[str, Any]] = []
        self.accepted: list[str] = []
        self._sent = 0

    def close(self) -> None:
        self._http.close()

    def say(self, **what: Any) -> None:
        """Send, again and again until it was accepted; the id makes it one message."""
        self._sent += 1
        body = {**what, "id": f"{self.person}-{id(self)}-{self._sent}"}

        def once() -> bool | None:
            answer = self._http.post(f"/chat/{self.person}", json=body)
            if answer.status_code == 200:
                self.accepted.append(str(body["id"]))
                return True
            return None

        until(f"chat takes {what}", once)

    def read(self) -> list[dict[str, Any]]:
        answer = self._http.get(f"/chat/{self.person}", params={"after": self.seq})
        if answer.status_code == 200:
            told = answer.json()
            self.seq = max(self.seq, told["seq"])
            self.messages += told["messages"]
        return self.messages


class Subject(threading.Thread):
    """The person's case page: one browser, one key, a pulse that never stops answering."""

    def __init__(self, base: str, url: str, number: str) -> None:
        super().__init__(daemon=True)
        self.browser = Browser(base)
        self.path = url.removeprefix(self.browser.base)
        self.number = number
        self.key = Key()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._answer = ""
        self.token = ""
        self._pulsing = False

    def claim(self) -> None:
        self.token = self.browser.get(self.path).token
        self._must(self.browser.post(f"{self.path}/claim", data={"number": self.number}, token=self.token))
        self.has_it()

    def has_it(self) -> None:
        """The page is this browser's: make it known by its key, and answer from now on."""
        self.token = self.token or self.browser.get(self.path).token
        self._must(self.browser.post(f"{self.path}/key", data={"jwk": self.key.jwk}, token=self.token))
        if not self._pulsing:
            self._pulsing = True
            self.start()

    def run(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(httpx.TransportError, ValueError):
                self.pulse()
            self._ended.wait(0.3)

    def pulse(self) -> dict[str, Any]:
        with self._lock:
            data = {"answer": self._answer, "version": "", "wait": 0}
            page = self.browser.post(f"{self.path}/pulse", data=data, token=self.token)
            self._answer = ""
            told: dict[str, Any] = page.json()
            if told.get("challenge"):
                self._answer = self.key.answer(told["challenge"])
            return told

    def view(self) -> dict[str, Any]:
        with self._lock:
            return dict(self.browser.get(self.path, json=True).json())

    def do(self, name: str, **data: Any) -> Page:
        with self._lock:
            return self.browser.post(f"{self.path}/{name}", data=data, token=self.token)

    def wait_stage(self, *stages: str, within: float = 60) -> dict[str, Any]:
        return until(f"stage {stages}", lambda: v if (v := self.view())["stage"] in stages else None, within)

    def stop(self) -> None:
        self._ended.set()

    def _must(self, page: Page) -> None:
        assert page.status == 200, (page.status, page.text[:300])


class Agent:
    """An agent with a desk session."""

    def __init__(self, base: str, person: str) -> None:
        self.browser = Browser(base)
        self.person = person

    def sign_in(self) -> None:
        page = self.browser.get("/desk")
        there = self.browser.post("/desk/sign-in", {"form_token": page.token})
        back = self.browser.sign_in(there, self.person)
        assert back.status == 200, back.text[:300]

    def review(self, path: str) -> dict[str, Any]:
        return dict(self.browser.get(path, json=True).json())

    def check(self, path: str, *, device: str, place: str) -> str:
        """Meet the person (said), write it down, sign, and read the digits."""
        page = self.browser.get(path)
        form = page.form("/check/told")
        number = _chosen(page.text, "number") if 'name="number"' in page.text else ""
        fields = {**form.fields, "device": device, "place": place, "number": number}
        told = self.browser.post(f"{path}/check/told", fields)
        signing = self.browser.post(f"{path}/check/sign", {"form_token": told.token})
        self.browser.sign_in(signing, self.person)
        return str(self.review(path)["digits"])

    def approve(self, path: str, why: str = "", *, replaces: str = "") -> Page:
        """Draft, read what is signed, sign. *replaces*: the live pass that may be replaced."""
        page = self.browser.get(path)
        form = page.form("/approve")
        signable = self.browser.post(
            f"{path}/approve",
            {**form.fields, "why": why or _chosen(page.text, "why"), "replaces": replaces},
            json=True,
        )
        assert signable.status == 200, (signable.status, signable.text[:500])
        there = self.browser.get(signable.json()["location"])
        return self.browser.sign_in(there, self.person)

    def deny(self, path: str, why: str) -> Page:
        form = self.browser.get(path).form("/deny")
        return self.browser.post(f"{path}/deny", {**form.fields, "why": why})


def _chosen(text: str, name: str) -> str:
    """The option of a select that would be sent: the selected one, else the first."""
    options = text.split(f'name="{name}"', 1)[1].split("</select>", 1)[0]
    chosen = options.split(" selected", 1)[0] if " selected" in options else options.split("</option>", 1)[0]
    return chosen.rsplit('<option value="', 1)[-1].split('"', 1)[0]


class Journey:
    """Everybody and their part, for one case of one person."""

    def __init__(self, base: str, person: str = "employee") -> None:
        self.base = base.rstrip("/")
        self.person = person
        self.http = httpx.Client(base_url=self.base, timeout=75, trust_env=False, limits=EACH_ITS_OWN)
        self.chat = Chat(self.base, person)
        self.agent, self.checker = Agent(self.base, "agent"), Agent(self.base, "agent2")
        self.subject: Subject | None = None
        self.review = ""
        self.known_codes: list[str] = []

    def end(self) -> None:
        """Put every connection down."""
        if self.subject is not None:
            self.subject.stop()
            if self.subject.is_alive():
                self.subject.join(timeout=20)
            self.subject.browser.close()
        for browser in (self.agent.browser, self.checker.browser):
            browser.close()
        self.chat.close()
        self.http.close()

    def open(self, words: str = "I got a new phone") -> Subject:
        """From own words to a claimed case page."""
        self.chat.say(text=words)
        self.chat.press("start:new_phone")
        self.chat.press(":gone")
        url = self.chat.wait_link("/c/")
        number = next(
            word for m in reversed(self.chat.read()) if any("/c/" in x["url"] for x in m["links"])
            for word in m["text"].replace(".", " ").split() if len(word) == 6 and word.isdigit()
        )  # fmt: skip
        self.subject = Subject(self.base, url, number)
        self.subject.claim()
        self.subject.wait_stage("prove")
        return self.subject

    def codes(self) -> list[str]:
        def there() -> list[str] | None:
            told = self.http.get(f"/sandbox/people/{self.person}").json()
            return told["codes"] or None

        self.known_codes = until("a printed sheet", there)
        return list(self.known_codes)

    def use_code(self, code: str) -> None:
        assert self.subject is not None
        page = self.subject.do("code", code=code)
        assert page.status == 200, page.text

    def live_check(self, how: str = "call_back") -> None:
        """The person asks, the agent checks and gives digits, the person types them."""
        assert self.subject is not None
        numbers = self.subject.view()["numbers"]
        business = [n["ref"] for n in numbers if n["ref"].startswith("business")] or [""]
        page = self.subject.do("check", how=how, number=business[0], counter="")
        assert page.status == 200, page.text
        self.checker.sign_in()
        path = self.find_review(self.checker)
        digits = self.checker.check(path, device="a Windows laptop", place="Berlin")
        page = self.subject.do("digits", digits=digits)
        assert page.status == 200, page.text

    def find_review(self, agent: Agent) -> str:
        """The review page, from the agents' channel."""
        assert self.subject is not None
        number = self.subject.number

        def found() -> str | None:
            told = self.http.get("/chat/agents", params={"after": 0}).json()
            for message in reversed(told["messages"]):
                if number in message["text"].replace(" ", ""):
                    for link in message["links"]:
                        return str(link["url"]).removeprefix(self.base)
            return None

        self.review = until("a card", found)
        return self.review

    def tick(self) -> None:
        """Say that every method is gone."""
        assert self.subject is not None
        view = self.subject.wait_stage("tick")
        self.subject.do("gone", method=[m["id"] for m in view["methods"]])
        self.subject.wait_stage("wait")

    def take_pass(self) -> str:
        assert self.subject is not None
        self.subject.wait_stage("pass")

        def opened() -> dict[str, Any] | None:
            page = self.subject.do("pass")  # type: ignore[union-attr]
            return page.json() if page.status == 200 and page.json().get("wire") else None

        return self.subject.key.open(until("the pass", opened)).decode()

    def register(self, value: str, name: str = "Pixel 10") -> None:
        answer = self.http.post(
            f"/sandbox/people/{self.person}/methods", json={"type": "passkey", "name": name, "pass": value}
        )
        assert answer.status_code == 200, answer.text

    def close(self) -> None:
        """All mine, the test sign-in worked, codes another day."""
        self.chat.press(":all_mine")
        self.chat.press(":worked")
        self.chat.press(":another_day")
        until("the case is over", lambda: self.subject and self.subject.view()["stage"] == "over")

    def whole(self) -> str:
        """Everything; the pass that was made."""
        self.open()
        self.use_code(self.codes()[0])
        self.live_check()
        self.tick()
        self.agent.sign_in()
        self.agent.approve(self.find_review(self.agent))
        value = self.take_pass()
        self.register(value)
        self.close()
        return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url", required=True)
    began = time.monotonic()
    journey = Journey(parser.parse_args().base_url)
    value = journey.whole()
    posts = [
        row for row in journey.http.get("/sandbox/ledger").json()
        if row["method"] == "POST" and row["path"].endswith("temporaryAccessPassMethods")
    ]  # fmt: skip
    took = time.monotonic() - began
    print(f"Signed in again in {took:.1f} s; a pass of {len(value)} characters; {len(posts)} made.")


if __name__ == "__main__":
    main()
