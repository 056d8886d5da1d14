"""Remembering a browser on my page: a key made and kept there, shown to open what is sealed to it.

On the day of need the case page uses the same key. In such a browser two codes of different kinds are
enough (docs/policy.md), so making one is a change like any other: a fresh sign-in, a notice, a wait.
Nothing waits in the store for the answer to a test: what it must be travels sealed with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.model import Reason
from bot.core.records import RememberedBrowser, Session
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.my_ways import BrowserKept, KeyTest
from bot.ports.store import Store, UnitOfWork
from bot.service import sealing
from bot.service.chance import new_id
from bot.service.grants import BROWSER, spend, wait_of
from bot.service.keys import Keys, hashed
from bot.service.notices import notice_job
from bot.service.remembered import counts, counts_from, signed

ME = "me"
_TEST_LIVES = timedelta(minutes=2)
MOST = 5


class MyBrowsers:
    def __init__(self, store: Store, clock: Clock, entropy: Entropy, keys: Keys) -> None:
        self._store, self._clock, self._entropy, self._keys = store, clock, entropy, keys

    def kept(self, work: UnitOfWork, oid: str, at: datetime) -> tuple[BrowserKept, ...]:
        return tuple(
            BrowserKept(r.browser_hash, r.device, r.since, counts_from(r), counts(r, at), r.thumbprint)
            for r in work.find(RememberedBrowser, subject_oid=oid, order="-since")
            if self._keys.row_mac_fits(r)
        )

    def test(self, session: Session, jwk: Mapping[str, Any]) -> KeyTest:
        at = self._clock.now()
        ident = session.id_hash
        made = sealing.challenge(jwk, case_id=ME, attempt_id=ident, entropy=self._entropy, keys=self._keys)
        ticket = {
            "session": ident, "thumbprint": sealing.thumbprint(jwk), "expected": made.expected,
            "until": (at + _TEST_LIVES).isoformat(),
        }  # fmt: skip
        sealed = self._keys.seal("browser-test", json.dumps(ticket).encode())
        info = sealing.info(ME, ident, sealing.CHALLENGE).decode()
        return KeyTest(json.loads(made.wire), info, sealed)

    async def remember(self, session: Session, *, ticket: str, answer: str, device: str) -> None:
        at, oid = self._clock.now(), session.oid
        told = json.loads(self._keys.unseal("browser-test", ticket))
        if told["session"] != session.id_hash or at >= datetime.fromisoformat(told["until"]):
            raise Refused(Reason.STALE_SIGN_IN)
        if not sealing.answers(self._keys, told["expected"], session.id_hash, answer):
            raise Refused(Reason.KEY_CHANGED)
        thumbprint = str(told["thumbprint"])
        ident = hashed(f"{oid}/{thumbprint}")

        def fn(work: UnitOfWork) -> None:
            work.bump(f"browsers/{oid}", until=at + _TEST_LIVES)  # two at once meet here
            strong = spend(work, session, at, BROWSER)
            others = [r for r in self.kept(work, oid, at) if r.id != ident]
            if len(others) >= MOST:
                raise Refused(Reason.TOO_MANY)
            if work.get(RememberedBrowser, ident) is not None:
                raise Refused(Reason.KNOWN_ALREADY)
            ever = work.bump(f"browsers-ever/{oid}", until=at + timedelta(days=3650))
            wait = wait_of(work, oid, at, strong=strong, first=ever == 1)
            row = RememberedBrowser(ident, oid, thumbprint, at, "", device[:120], at + wait)
            work.add(signed(self._keys, row))
            self._audit(work, Tag.BROWSER_REMEMBERED, row, at, counts_from=(at + wait).isoformat())
            work.enqueue(
                [notice_job(f"browser/{ident}/{int(at.timestamp())}", "browser_remembered", oid=oid, at=at,
                            stops=f"browser:{ident}", device=device[:120])]
            )  # fmt: skip

        await self._store.transact(fn)

    async def forget(self, session: Session, ident: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            row = work.lock(RememberedBrowser, ident)
            if row is None or row.subject_oid != session.oid:
                raise Refused(Reason.NOT_YOURS)
            self.forgotten(work, row, at, by=session.oid)

        await self._store.transact(fn)

    def forgotten(self, work: UnitOfWork, row: RememberedBrowser, at: datetime, *, by: str) -> None:
        work.remove(RememberedBrowser, row.browser_hash)
        self._audit(work, Tag.BROWSER_FORGOTTEN, row, at, actor=by)

    def _audit(
        self,
        work: UnitOfWork,
        tag: Tag,
        row: RememberedBrowser,
        at: datetime,
        *,
        actor: str = "",
        **body: Any,
    ) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, actor=actor or row.subject_oid, actor_method="sign_in",
                subject=row.subject_oid, thumbprint=row.thumbprint, **body,
            )
        )  # fmt: skip
