"""Notices: mails that tell a person what happens to their account, queued with what they tell of.

`notice_job` is called inside the transaction of the thing itself (invariant I7); the handler reads
the addresses and sends one mail to each. A notice carries no link and no code.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.audit import Tag, audit_row
from bot.core.model import Oid
from bot.core.records import Case, Job
from bot.errors import PermanentError, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.mail import Mail
from bot.ports.store import Store, UnitOfWork
from bot.ports.words import Words
from bot.service.chance import new_id
from bot.service.keys import hashed

log = logging.getLogger("keyturn.alert")


def notice_job(
    key: str, what: str, *, oid: str, at: datetime, case: Case | None = None, **values: str
) -> Job:
    """Tell the account *oid* about *what* (a key under `notices` in the words)."""
    number, locale, case_id = (case.number, case.locale, case.id) if case else ("", "", "")
    body = {"what": what, "oid": oid, "number": number, "locale": locale, "values": values}
    return Job(key, f"notice:{oid}", "notice", body, case_id, at, at)


class Notices:
    """The outbox handler of `notice` jobs."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        words: Words,
        mail: Mail | None,
        clock: Clock,
        entropy: Entropy,
        *,
        host: str,
        phone: str,
    ) -> None:
        self._store = store
        self._directory = directory
        self._words = words
        self._mail = mail
        self._clock = clock
        self._entropy = entropy
        self._host = host
        self._phone = phone

    async def handle(self, job: Job) -> None:
        body = job.body
        person = await self._directory.person(Oid(body["oid"]))
        if person is None:
            raise PermanentError("the person of this notice is not in the directory")
        locale = person.locale or str(body.get("locale") or "en")
        values = {
            "host": self._host, "phone": self._phone, "number": body["number"],
            "at": job.at, **body.get("values", {}),
        }  # fmt: skip
        addresses = list({a.casefold(): a for a in (person.mail, *person.other_mails) if a}.values())
        if self._mail is None or not addresses:
            await self._audit(job, Tag.NOTICE_UNSENT, count=0)
            return
        subject = self._words.say(locale, f"notices.{body['what']}_subject", **values)
        text = self._words.say(locale, f"notices.{body['what']}", **values)
        before: list[str] = body.get("taken", [])
        taken, away, refused = await self._send(addresses, subject, text, job.key, locale, before)
        if away is not None:
            if len(taken) > len(before):
                await self._remember(job, taken)
            raise away
        sent = len(taken)
        await self._audit(job, Tag.NOTICE_SENT if sent else Tag.NOTICE_UNSENT, count=sent, refused=refused)
        if not sent:
            raise PermanentError("no address of this person takes mail")

    async def _send(
        self, addresses: Sequence[str], subject: str, text: str, key: str, locale: str, before: list[str]
    ) -> tuple[list[str], TransientError | None, int]:
        """One mail to each address that is not among *before*; one that fails holds up no other. The key
        is made of the address, so that a repeat is recognised also when another address came first
        meanwhile."""
        assert self._mail is not None
        taken, away, refused = list(before), None, 0
        for address in addresses:
            own = hashed(address.casefold())[:16]
            if own in before:
                continue
            try:
                await self._mail.send(address, subject, text, key=f"{key}/{own}", locale=locale)
                taken.append(own)
            except TransientError as err:
                away = err
            except PermanentError:
                refused += 1
        return taken, away, refused

    async def _remember(self, job: Job, taken: list[str]) -> None:
        """Who has it already, so that a slow mailbox brings the others no second letter: few mailboxes
        look for repeats."""

        def keep(work: UnitOfWork) -> None:
            kept = work.lock(Job, job.key)
            if kept is not None and kept.status == "waiting":
                work.put(replace(kept, body={**kept.body, "taken": taken}))

        await self._store.transact(keep)

    async def _audit(self, job: Job, tag: Tag, *, count: int, refused: int = 0) -> None:
        at = self._clock.now()
        row = audit_row(
            new_id(self._entropy, at), at, tag, case_id=job.case_id, subject=job.body["oid"],
            notice=job.body["what"], addresses=count, refused=refused, key=job.key,
        )  # fmt: skip

        def keep(work: UnitOfWork) -> None:
            work.audit(row)

        await self._store.transact(keep)


class Alerts:
    """The outbox handler of `alert` jobs: what security must hear outside chat. Each is an audit
    entry and a line of the `keyturn.alert` log with ids only, for a pager to follow."""

    def __init__(self, store: Store, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy

    async def handle(self, job: Job) -> None:
        at = self._clock.now()
        what = str(job.body.get("what", ""))
        row = audit_row(
            new_id(self._entropy, at), at, Tag.ALERT_RAISED, case_id=job.case_id,
            subject=str(job.body.get("oid", "")), what=what, key=job.key,
        )  # fmt: skip

        def keep(work: UnitOfWork) -> None:
            work.audit(row)

        await self._store.transact(keep)
        log.warning("alert %s in case %s (%s)", what, job.case_id, job.key)
