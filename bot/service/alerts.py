"""Alerts: what security must hear outside chat, for whoever took over a chat reads along there.

Each is an audit entry, a line of the `keyturn.alert` log for a pager to follow, and a mail to the
addresses in `notices.security`; one that cannot wait goes to those in `notices.on_call` as well. All
hold ids only, and nothing of what made us notice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.audit import Tag, audit_row
from bot.core.records import Case, Job
from bot.ports.clock import Clock, Entropy
from bot.ports.mail import Mail
from bot.ports.store import Store, UnitOfWork
from bot.ports.words import Words
from bot.service.chance import new_id
from bot.service.mailing import Mailing

log = logging.getLogger("keyturn.alert")
ON_CALL = "on_call"
"""The alert that also rings whoever is on call."""


@dataclass(frozen=True, slots=True)
class Pager:
    """Whom alerts reach by mail, beside the log."""

    mail: Mail | None = None
    security: Sequence[str] = ()
    on_call: Sequence[str] = ()
    locale: str = "en"
    host: str = ""

    def readers(self, what: str) -> list[str]:
        return list(dict.fromkeys([*self.security, *(self.on_call if what == ON_CALL else ())]))


class Alerts:
    """The outbox handler of `alert` jobs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        words: Words | None = None,
        pager: Pager | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._words = words
        self._pager = pager or Pager()
        self._mailing = Mailing(store)

    async def handle(self, job: Job) -> None:
        what = str(job.body.get("what", ""))
        if "taken" not in job.body:  # a repeat for a slow mailbox is no new alert
            await self._raise(job, what)
        mail, readers = self._pager.mail, self._pager.readers(what)
        if mail is None or not readers or self._words is None:
            return
        number = await self._store.read(lambda work: _number(work, job.case_id))
        values = {
            "what": what, "number": number, "at": job.at, "host": self._pager.host,
            "account": str(job.body.get("oid", "")),
        }  # fmt: skip
        locale = self._pager.locale
        subject = self._words.say(locale, "notices.alert_subject", **values)
        text = self._words.say(locale, "notices.alert", **values)
        await self._mailing.all_of(mail, job, readers, lambda _: (subject, text), locale)

    async def _raise(self, job: Job, what: str) -> None:
        at = self._clock.now()
        row = audit_row(
            new_id(self._entropy, at), at, Tag.ALERT_RAISED, case_id=job.case_id,
            subject=str(job.body.get("oid", "")), what=what, key=job.key,
        )  # fmt: skip

        def keep(work: UnitOfWork) -> None:
            work.audit(row)

        await self._store.transact(keep)
        log.warning("alert %s in case %s (%s)", what, job.case_id, job.key)


def _number(work: UnitOfWork, case_id: str) -> str:
    case = work.get(Case, case_id) if case_id else None
    return case.number if case else ""
