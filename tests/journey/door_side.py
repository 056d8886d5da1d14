"""The front door as a person's chat: /help in a browser without a window."""

from __future__ import annotations

from typing import Any

import httpx

from tests.journey.browser import Browser
from tests.journey.driver import Conversation, until


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
