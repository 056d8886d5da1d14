"""Two agents at work at once, on two replicas over one PostgreSQL, behind a balancer without memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.fakes.stores import quick_folder
from tests.journey.browser import Browser
from tests.journey.door_side import DoorChat, DoorJourney
from tests.journey.driver import until
from tests.journey.replicas import Replicas

PEOPLE = 10
SECOND = 2
"""Its place among the processes: the sandbox and the other replica come first."""
CLOSED = "SELECT case_id, count(*) FROM audit WHERE tag = 'agent:handoff:answered' GROUP BY 1 ORDER BY 1"


@pytest.fixture(scope="module")
def replicas() -> Iterator[Replicas]:
    with quick_folder() as folder:
        folder.chmod(0o755)
        made = Replicas(folder)
        try:
            made.start()
            yield made
        finally:
            made.stop()


class AgentAtDesk:
    """One agent's browser; every request goes to whichever replica is next."""

    def __init__(self, base: str, person: str) -> None:
        self.browser = Browser(base)
        self.closed: list[str] = []
        self.refused = 0
        page = self.browser.get("/desk")
        self.browser.sign_in(self.browser.post("/desk/sign-in", {"form_token": page.token}), person)
        self._post("/desk/shift", do="start")

    def _post(self, path: str, **fields: str) -> str:
        token = self.browser.get("/desk").token
        answer = self.browser.post(path, {"form_token": token, **fields})
        if answer.status >= 400:
            self.refused += 1
            return ""
        return answer.url

    def works(self) -> None:
        """Take what comes next, help, close, until nobody waits any more."""
        while True:
            where = self._post("/desk/next")
            if "nobody" in where:
                return
            mine = self.browser.get("/desk?show=mine", json=True).json()["cards"]
            for card in mine:
                if self._post("/desk/answer", case=card["case"], outcome="closed"):
                    self.closed.append(card["case"])


def _asks_for_a_person(base: str) -> DoorChat:
    """Somebody at /help opens a case and asks for a person."""
    chat = DoorChat(base)
    chat.say(text="I got a new phone")
    chat.press("new_phone")
    chat.say(text="person")
    until("a case number", lambda: chat.state()["number"] or None)
    return chat


def test_the_whole_journey_with_every_request_on_another_replica(replicas: Replicas) -> None:
    """From the front door to signed in again: no sign-in, key, seal or page needs the replica before. One
    pass is made, and each replica did its part."""
    person = httpx.get(f"{replicas.sandbox}/sandbox/people/employee", trust_env=False).json()
    codes = asyncio.run(replicas.print_codes(person["oid"]))
    journey = DoorJourney(replicas.url, replicas.sandbox, codes, address=person["upn"], person="employee")
    journey.whole()
    journey.end()
    assert replicas.passes_made() == 1
    assert min(replicas.balancer.served.values()) > 20


def test_no_case_is_worked_twice_and_none_is_lost(replicas: Replicas) -> None:
    """Ten people wait; two agents take the next, help and close, as fast as they can, while one replica
    dies under them. In the end every case was closed, by one agent, once."""
    with ThreadPoolExecutor(4) as pool:
        people = list(pool.map(_asks_for_a_person, [replicas.url] * PEOPLE))
    agents = [AgentAtDesk(replicas.url, who) for who in ("agent", "agent2")]
    waiting = [card["case"] for card in agents[0].browser.get("/desk", json=True).json()["cards"]]
    assert len(waiting) == PEOPLE
    assert min(replicas.balancer.served.values()) > 0
    with ThreadPoolExecutor(2) as pool:
        working = [pool.submit(agent.works) for agent in agents]
        until("half of the work", lambda: sum(len(agent.closed) for agent in agents) >= PEOPLE // 2)
        replicas.kill(SECOND)
        for each in working:
            each.result()
    closed = [case for agent in agents for case in agent.closed]
    assert len(set(closed)) == len(closed)
    assert all(agent.closed for agent in agents)
    assert replicas.rows(CLOSED) == [(case, 1) for case in sorted(waiting)]
    for person in people:
        until("the case is over", lambda one=person: one.state()["state"] == "over")  # type: ignore[misc]
        person.close()
    for agent in agents:
        agent.browser.close()
