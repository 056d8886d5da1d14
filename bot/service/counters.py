"""Counter screens: enrolled by an agent's own fresh sign-in, listed, revoked.

The browser is known by a cookie of its own, made when the sign-in came back, in the very browser that
began it; no agent's session is needed afterwards. Revoking takes a desk session only: it takes away
and gives nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.model import Oid, Reason
from bot.core.records import CounterBrowser, Session, Signing
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.counters import CounterView, Screen
from bot.ports.directory import Directory
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk, SignIns
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id, token
from bot.service.counter import Counter
from bot.service.keys import Keys, b64, canonical, hashed
from bot.service.membership import Membership

KIND = "counter"
KEPT = timedelta(days=400)
"""How long the browser keeps its cookie; what browsers allow at most."""
MOST = 50
_LONGEST = 60


class CounterService:
    """Implements `ports.counters.Counters`, and answers the sign-ins of `Purpose.COUNTER`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        directory: Directory,
        sign_ins: SignIns,
        *,
        agents: str,
    ) -> None:
        """*agents* is the id of the agents' group."""
        self._store, self._clock, self._entropy, self._keys = store, clock, entropy, keys
        self._sign_ins = sign_ins
        self._members = Membership(directory, clock, agents)
        self._counter = Counter(keys)

    async def screen(self, browser: str) -> Screen | None:
        at = self._clock.now()
        row = await self._store.read(lambda work: work.first(CounterBrowser, browser_hash=browser))
        if row is None or not self._counter.stands(row):
            return None
        return Screen(row.name, row.site, self._counter.shown(row, at), at)

    async def list(self, agent: Session, browser: str) -> tuple[CounterView, ...]:
        await self._members.demand(agent.oid)
        rows = await self._store.read(self._counter.live)
        return tuple(
            CounterView(r.id, r.name, r.site, r.enrolled_name, r.since, r.browser_hash == browser)
            for r in rows
        )

    async def enrol(self, agent: Session, browser_hash: str, *, name: str, site: str) -> Redirect:
        name, site = " ".join(name.split())[:_LONGEST], " ".join(site.split())[:_LONGEST]
        if not name:
            raise Refused(Reason.BAD_FORM, detail="name")
        await self._members.demand(agent.oid)
        return await self._sign_ins.begin(
            SignInAsk(
                Purpose.COUNTER, browser_hash, subject_ref=browser_hash, expected_oid=agent.oid,
                login_hint=str(agent.facts.get("upn", "")),
                digest=_digest(name, site, agent.oid, browser_hash), payload={"name": name, "site": site},
            )
        )  # fmt: skip

    async def signed(self, finished: Finished) -> Landing:
        """Handles Purpose.COUNTER. Raises Refused for whoever is no agent now."""
        signing, who, at = finished.signing, finished.who, self._clock.now()
        name, site = str(signing.payload.get("name", "")), str(signing.payload.get("site", ""))
        if signing.digest != _digest(name, site, who.oid, signing.browser_hash):
            raise Refused(Reason.SUPERSEDED)
        if fault := await self._members.refusal(Oid(who.oid)):
            raise Refused(fault)
        value = token(self._entropy)
        made = CounterBrowser(
            new_id(self._entropy, at),
            hashed(value),
            name,
            site,
            who.oid,
            who.name,
            at,
            signing.id,
            None,
            "",
            "",
        )
        made = replace(made, mac=self._keys.row_mac(made))

        def fn(work: UnitOfWork) -> None:
            if len(self._counter.live(work)) >= MOST:
                raise Refused(Reason.TOO_MANY)
            work.add(made)
            self._audit(
                work, Tag.COUNTER_ENROLLED, who.oid, at, auth_time=who.auth_time, counter=made.id, name=name,
                site=site, signing=signing.id, digest=signing.digest,
            )  # fmt: skip

        await self._store.transact(fn)
        return Landing("/counter", session=value, session_kind=KIND, lasts=KEPT)

    async def revoke(self, agent: Session, counter_id: str) -> None:
        await self._members.demand(agent.oid)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            row = work.lock(CounterBrowser, counter_id)
            if row is None or row.revoked_at is not None:
                return
            over = replace(row, revoked_at=at, revoked_by=agent.oid)
            work.put(replace(over, mac=self._keys.row_mac(over)))
            self._audit(work, Tag.COUNTER_REVOKED, agent.oid, at, counter=row.id, name=row.name)

        await self._store.transact(fn)

    def back(self, signing: Signing) -> str:
        """Where a sign-in for a counter returns to when it was refused."""
        return "/desk/counter"

    def _audit(
        self,
        work: UnitOfWork,
        tag: Tag,
        oid: str,
        at: datetime,
        *,
        auth_time: datetime | None = None,
        **body: Any,
    ) -> None:
        method = "sign_in" if auth_time else "desk_session"
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, actor=oid, actor_method=method,
                actor_auth_time=auth_time, **body,
            )
        )  # fmt: skip


def _digest(name: str, site: str, oid: str, browser_hash: str) -> str:
    """What the agent's sign-in attests: this browser becomes that counter."""
    what = canonical({"name": name, "site": site, "by": oid, "browser": browser_hash})
    return b64(hashlib.sha256(b"keyturn/counter" + what).digest())
