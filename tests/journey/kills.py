"""Kill -9 along the journey, seeded; the ledger, the database and the audit log judge.

`python -m tests.journey.kills --count 200` prints what was killed and what was found. Judged after
every journey: at most one pass made per signed approval; every execution closed; a kill between
intent and result ended `void`; every accepted message is an event; the audit log verifies; no pass
or printed code anywhere in the product's files.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.journey.walker import Walker
from tests.journey.world import Demo

A_JOURNEY = 6
"""Kills in one journey; more of them and hardly anything happens in between."""
TAP = "POST */temporaryAccessPassMethods"


@dataclass
class Verdict:
    """What one journey came to."""

    seed: int
    ended: str = ""
    kills: int = 0
    held: int = 0
    made: int = 0
    approvals: int = 0
    results: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Killer(threading.Thread):
    """Kills the product at seeded moments, and starts it again."""

    def __init__(self, demo: Demo, walker: Walker, seed: int, count: int) -> None:
        super().__init__(daemon=True)
        self.demo, self.walker, self.count = demo, walker, count
        self.random = random.Random(seed)
        self.kills = self.held = 0
        self.over = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for number in range(self.count):
                if number % 3 == 1 and self._held():
                    continue
                if self.over.wait(self.random.uniform(0.1, 2.0)):
                    return
                self._kill()
        except Exception as err:  # noqa: BLE001 - told by the journey's verdict
            self.error = err

    def _kill(self) -> None:
        self.demo.kill()
        self.kills += 1
        self.demo.start()

    def _held(self) -> bool:
        """Hold Graph in the middle of making a pass, kill there, let it go on, start again."""
        fault = {"match": TAP, "kind": "hold", "call": 1, "times": 1}
        if self.random.random() < 0.5:
            fault["when"] = "after"
        held = f"{self.demo.sandbox}/sandbox/faults"
        httpx.post(held, json=fault, trust_env=False, timeout=20)
        end = time.monotonic() + 40
        while time.monotonic() < end and not self.over.is_set() and not self.walker.has_pass():
            if any(one["holding"] for one in httpx.get(held, trust_env=False, timeout=20).json()):
                self.demo.kill()
                self.kills += 1
                self.held += 1
                httpx.delete(held, trust_env=False, timeout=20)
                self.demo.start()
                return True
            time.sleep(0.05)
        httpx.delete(held, trust_env=False, timeout=20)
        return False


def journey(seed: int, count: int) -> Verdict:
    """One journey with *count* kills."""
    data = Path(tempfile.mkdtemp(prefix="keyturn-kills-"))
    verdict = Verdict(seed)
    demo = Demo(data)
    walker = Walker(demo.url)
    killer = Killer(demo, walker, seed, count)
    try:
        demo.start()
        killer.start()
        try:
            verdict.ended = walker.walk()
        except AssertionError as err:
            verdict.faults.append(str(err))
        killer.over.set()
        killer.join(timeout=90)
        if killer.error:
            verdict.faults.append(f"restart: {killer.error}")
        verdict.kills, verdict.held = killer.kills, killer.held
        verdict.made = demo.passes_made()
        demo.stop()
        judge(verdict, data, walker)
        return verdict
    finally:
        walker.journey.end()
        demo.stop()
        shutil.rmtree(data, ignore_errors=True)


def judge(verdict: Verdict, data: Path, walker: Walker) -> None:
    """Read what is left behind."""
    db = sqlite3.connect(data / "keyturn.db")
    executions = db.execute("SELECT id, status, outcome FROM executions").fetchall()
    verdict.approvals = len(executions)
    verdict.results = Counter(row[0] for row in db.execute("SELECT result FROM intents"))
    if verdict.made > verdict.approvals:
        verdict.faults.append(f"{verdict.made} passes for {verdict.approvals} approvals")
    if verdict.results[""]:
        verdict.faults.append("an intent has no result")
    if any(status != "closed" for _, status, _ in executions):
        verdict.faults.append("an execution is still open")
    if verdict.ended not in ("over", "person"):
        verdict.faults.append(f"ended {verdict.ended or 'nowhere'}")
    kept = {row[0] for row in db.execute("SELECT dedupe_key FROM events")}
    for key in walker.chat.accepted:
        if not any(one.endswith(key) for one in kept):
            verdict.faults.append("an accepted message is lost")
    db.close()
    checked = subprocess.run(
        [sys.executable, "-m", "bot", "audit", "verify", "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
    )
    if checked.returncode != 0:
        verdict.faults.append(f"audit verify: {checked.stdout[-300:]}{checked.stderr[-300:]}")
    verdict.faults += canaries(data, [*walker.passes, *walker.journey.known_codes])


def canaries(data: Path, secrets: list[str]) -> list[str]:
    """Secrets found in the product's files: database, WAL, logs."""
    found = []
    for path in (p for p in data.rglob("*") if p.is_file() and "sandbox" not in p.parts):
        body = path.read_bytes()
        found += [f"a secret is in {path.name}" for one in secrets if one.encode() in body]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="kills in all")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    kills = held = bad = number = 0
    results: Counter[str] = Counter()
    while kills < args.count:
        verdict = journey(args.seed + number, min(A_JOURNEY, args.count - kills))
        number += 1
        kills, held = kills + verdict.kills, held + verdict.held
        results += verdict.results
        bad += bool(verdict.faults)
        print(
            f"seed {verdict.seed}: {verdict.kills} kills ({verdict.held} in Graph), {verdict.made} passes "
            f"for {verdict.approvals} approvals, {dict(verdict.results)}, ended {verdict.ended}"
            + "".join(f"\n  FAULT {fault}" for fault in verdict.faults),
            flush=True,
        )
        if not verdict.kills and number > 5:
            break
    print(
        f"{kills} kills, {held} of them inside a Graph call, {number} journeys, {dict(results)}; "
        f"{bad} with faults."
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
