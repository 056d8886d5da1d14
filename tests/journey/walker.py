"""Somebody who simply goes on: looks where the case is and does what is next, whatever died meanwhile."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import httpx

from tests.journey.driver import Agent, Chat, Journey, Subject

PATIENCE = 300.0
DOWN = (httpx.TransportError, httpx.DecodingError, ValueError, KeyError, StopIteration, AssertionError)
"""What a killed server looks like from outside."""


class Walker:
    """Makes the journey of one person to its end through any number of restarts."""

    def __init__(self, base: str, person: str = "employee") -> None:
        self.journey = Journey(base, person)
        self.base = base
        self.chat: Chat = self.journey.chat
        self.codes: list[str] = []
        self.passes: list[str] = []
        self.approvals = 0
        self.steps: list[str] = []
        self.given_up = False

    def walk(self) -> str:
        """How it ended: `over`, `person` or `frozen`."""
        end = time.monotonic() + PATIENCE
        subject = self._opened(end)
        while time.monotonic() < end:
            try:
                view = subject.view()
                stage = view["stage"]
                self.steps.append(stage)
                if stage in ("over", "person", "frozen"):
                    return stage
                if self.given_up:
                    return "person"
                self._act(subject, stage, view)
            except DOWN:
                time.sleep(0.2)
        raise AssertionError(f"stuck after {self.steps[-8:]}")

    def has_pass(self) -> bool:
        """Whether the next thing is to use a pass: none is asked for any more."""
        return bool(self.steps) and self.steps[-1] in ("pass", "register")

    def _opened(self, end: float) -> Subject:
        while time.monotonic() < end:
            try:
                return self.journey.open()
            except DOWN:
                time.sleep(0.2)
                self._start_anew()
        raise AssertionError("no case page")

    def _start_anew(self) -> None:
        """A new try at opening: an open case is taken up where its link is in the chat already."""
        with contextlib.suppress(*DOWN):
            self.chat.say(choice="cmd:cancel")
        kept = self.chat.accepted
        self.chat.close()
        self.journey.chat = self.chat = Chat(self.base, self.journey.person)
        self.chat.accepted = kept
        with contextlib.suppress(*DOWN):
            self.chat.read()
            self.chat.messages.clear()

    def _act(self, subject: Subject, stage: str, view: dict[str, Any]) -> None:
        match stage:
            case "claim":
                subject.claim()
            case "prove":
                self._prove(subject, view)
            case "tick":
                subject.do("gone", method=[m["id"] for m in view["methods"]])
            case "wait":
                self._approve()
            case "pass":
                self._take(subject)
            case "register":
                self._close()
            case _:
                time.sleep(0.1)

    def _prove(self, subject: Subject, view: dict[str, Any]) -> None:
        passed = {p["kind"] for p in view["passed"]}
        if "saved_code" not in passed:
            self.codes = self.codes or self.journey.codes()
            subject.do("code", code=self.codes.pop(0))
        elif "live_check" not in passed:
            self.journey.live_check()

    def _approve(self) -> None:
        agent: Agent = self.journey.agent
        agent.sign_in()
        path = self.journey.review or self.journey.find_review(agent)
        told = agent.review(path)
        if not told.get("request") or told["request"]["status"] != "open":
            time.sleep(0.2)
            return
        agent.approve(path, replaces=told["live_pass"])

    def _take(self, subject: Subject) -> None:
        page = subject.do("pass")
        told = page.json()
        if page.status == 200 and told.get("wire"):
            value = subject.key.open(told).decode()
            if value not in self.passes:
                self.passes.append(value)
            answer = httpx.post(
                f"{self.base}/sandbox/people/{self.journey.person}/methods",
                json={"type": "passkey", "name": "Pixel 10", "pass": value}, trust_env=False, timeout=60,
            )  # fmt: skip
            if answer.status_code == 200:
                self._until_noticed(subject)
        else:
            time.sleep(0.3)

    def _until_noticed(self, subject: Subject) -> None:
        """The new method is seen within seconds. Where the plan's rest ended void, it was asked for
        again: somebody approves that, too."""
        end = time.monotonic() + 30
        while time.monotonic() < end and subject.view()["stage"] == "pass":
            self._approve()
            time.sleep(0.5)
        told = self.journey.agent.review(self.journey.review)
        # The flow asks three times; then a person has the case, and the pass still lies on the page.
        self.given_up = told["request"] is None and told["last_outcome"] == "void"

    def _close(self) -> None:
        for ending in (":all_mine", ":worked", ":another_day"):
            self.chat.press(ending, within=30)
