"""Notices: mails that tell a person what happens to their account, queued with what they tell of.

`notice_job` is called inside the transaction of the thing itself (invariant I7); the handler reads
the addresses and sends one mail to each. A notice carries no link and no code.
"""

from __future__ import annotations

import logging
from datetime import datetime

from bot.core.audit import Tag, audit_row
from bot.core.model import Oid
from bot.core.records import Case, Job
from bot.errors import PermanentError
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.mail import Mail
from bot.ports.store import Store, UnitOfWork
from bot.ports.words import Words
from bot.service.chance import new_id

log = logging.getLogger("keyturn.alert")


def notice_job(key: str, what: str, *, oid: str, case: Case, at: datetime, **values: str) -> Job:
    """Tell the account *oid* about *what* (a key under `notices` in the words)."""
    body = {"what": what, "oid": oid, "number": case.number, "locale": case.locale, "values": values}
    return Job(key, f"notice:{oid}", "notice", body, case.id, at, at)


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
        locale = str(body.get("locale") or person.locale or "en")
        values = {
            "host": self._host, "phone": self._phone, "number": body["number"],
            "at": job.at, **body.get("values", {}),
        }  # fmt: skip
        addresses = [a for a in dict.fromkeys((person.mail, *person.other_mails)) if a]
        if self._mail is None or not addresses:
            await self._audit(job, Tag.NOTICE_UNSENT, count=0)
            return
        subject = self._words.say(locale, f"notices.{body['what']}_subject", **values)
        text = self._words.say(locale, f"notices.{body['what']}", **values)
        for n, address in enumerate(addresses):
            await self._mail.send(address, subject, text, key=f"{job.key}/{n}")
        await self._audit(job, Tag.NOTICE_SENT, count=len(addresses))

    async def _audit(self, job: Job, tag: Tag, *, count: int) -> None:
        at = self._clock.now()
        row = audit_row(
            new_id(self._entropy, at), at, tag, case_id=job.case_id, subject=job.body["oid"],
            notice=job.body["what"], addresses=count, key=job.key,
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
            new_id(self._entropy, at), at, Tag.ALERT_RAISED, case_id=job.case_id, what=what, key=job.key
        )
        await self._store.transact(lambda work: work.audit(row))
        log.warning("alert %s in case %s (%s)", what, job.case_id, job.key)
