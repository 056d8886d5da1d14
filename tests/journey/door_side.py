"""The front door as a person's chat: /help in a browser without a window."""

from __future__ import annotations

from typing import Any

import httpx

from tests.journey.browser import Browser
from tests.journey.driver import Agent, Conversation, Journey, Subject, until


class DoorChat(Conversation):
    """Implements the driver's conversation over /help; `browser` holds the case's cookie as well."""

    def __init__(self, base: str) -> None:
        self.browser = Browser(base)
        self.accepted: list[str] = []
        self._sent = 0
        self._begun = False

    def close(self) -> None:
        self.browser.close()

    def state(self) -> dict[str, Any]:
        return dict(self.browser.get("/help?after=0", json=True).json())

    def read(self) -> list[dict[str, Any]]:
        return list(self.state()["messages"])

    def say(self, *, text: str = "", choice: str = "") -> None:
        self._sent += 1
        ident = f"door-{id(self)}-{self._sent}"
        body = {"text": text} if text else {"choice": choice}

        def once() -> bool | None:
            token = self.state()["form_token"]
            path = "/help/talk" if self._begun else "/help/start"
            try:
                answer = self.browser.post(path, data={**body, "id": ident}, json=True, token=token)
            except httpx.TransportError:
                return None
            return True if answer.status == 200 else None

        until("the door takes it", once)
        self._begun = True
        self.accepted.append(ident)


class DoorJourney(Journey):
    """The journey of somebody without chat: /help, the work address typed, the desk's queue for the rest.

    *codes* are the person's printed codes; *sandbox* is where the tenant is."""

    def __init__(self, base: str, sandbox: str, codes: list[str], *, address: str, person: str) -> None:
        super().__init__(base, person)
        self.door = DoorChat(self.base)
        self.chat.close()
        self.chat = self.door  # type: ignore[assignment]
        self.tenant = httpx.Client(base_url=sandbox, timeout=75, trust_env=False)
        self.known_codes, self.address = codes, address

    def end(self) -> None:
        super().end()
        self.tenant.close()

    def open(self, words: str = "I got a new phone") -> Subject:
        self.door.say(text=words)
        self.door.press("start:new_phone")
        self.door.press(":gone")
        case = until("a case", lambda: state if (state := self.door.state())["case"] else None)
        self.subject = Subject(self.base, f"{self.base}{case['case']}", case["number"])
        self.subject.browser.cookies = self.door.browser.cookies  # the same browser
        self.subject.has_it()
        self.subject.wait_stage("prove")
        return self.subject

    def codes(self) -> list[str]:
        return self.known_codes

    def use_code(self, code: str) -> None:
        assert self.subject is not None
        page = self.subject.do("address", address=self.address)
        assert page.status == 200, page.text
        super().use_code(code)

    def find_review(self, agent: Agent) -> str:
        def found() -> str | None:
            cards = agent.browser.get("/desk", json=True).json()["cards"]
            return next((str(c["review"]) for c in cards if c["number"] == self.subject.number), None)  # type: ignore[union-attr]

        self.review = until("a card", found)
        return self.review

    def register(self, value: str, name: str = "Pixel 10") -> None:
        answer = self.tenant.post(
            f"/sandbox/people/{self.person}/methods", json={"type": "passkey", "name": name, "pass": value}
        )
        assert answer.status_code == 200, answer.text
