"""Notices: mails that tell a person what happens to their account, queued with what they tell of.

`notice_job` is called inside the transaction of the thing itself (invariant I7); the handler reads
the addresses and sends one mail to each. A notice carries no link. One that can be objected to
carries a number and an objection code of its own for each address, to be typed at `/stop`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
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
from bot.service.alerts import Alerts
from bot.service.chance import new_id
from bot.service.mailing import Mailing, own_of
from bot.service.notice_codes import NoticeCodes

__all__ = ["Alerts", "Notices", "notice_job"]


def notice_job(
    key: str,
    what: str,
    *,
    oid: str,
    at: datetime,
    case: Case | None = None,
    stops: str | None = None,
    **values: str,
) -> Job:
    """Tell the account *oid* about *what* (a key under `notices` in the words). *stops*: what an
    objection to it stops, `<kind>:<id>` of what was enrolled, or "" when it can only alert; a notice
    to the subject of a case stops that case."""
    number, locale, case_id = (case.number, case.locale, case.id) if case else ("", "", "")
    body = {"what": what, "oid": oid, "number": number, "locale": locale, "values": values}
    if case is not None and stops is None:
        stops = "case" if oid == case.subject_oid else "-"
    if stops is not None:
        body["stops"] = stops
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
        codes: NoticeCodes,
        *,
        host: str,
        phone: str,
        enrolled: Callable[[str], Awaitable[Sequence[str]]] | None = None,
    ) -> None:
        """*enrolled*: addresses that an account's owner added here, by object id; they are told as well."""
        self._store = store
        self._directory = directory
        self._words = words
        self._mail = mail
        self._clock = clock
        self._entropy = entropy
        self._codes = codes
        self._host = host
        self._phone = phone
        self._enrolled = enrolled
        self._mailing = Mailing(store)

    async def handle(self, job: Job) -> None:
        body = job.body
        person = await self._directory.person(Oid(body["oid"]))
        if person is None:
            raise PermanentError("the person of this notice is not in the directory")
        locale = person.locale or str(body.get("locale") or "en")
        own = await self._enrolled(body["oid"]) if self._enrolled else ()
        every = (person.mail, *person.other_mails, *own)
        addresses = list({a.casefold(): a for a in every if a}.values())
        if self._mail is None or not addresses:
            await self._audit(job, Tag.NOTICE_UNSENT, count=0)
            return
        number, codes = await self._codes.of_job(job, [own_of(a) for a in addresses])
        values = {
            "host": self._host, "phone": self._phone, "number": number,
            "at": job.at, **body.get("values", {}),
        }  # fmt: skip

        def letter(own: str) -> tuple[str, str]:
            code = codes.get(own, "")
            say, what = self._words.say, body["what"]
            return (
                say(locale, f"notices.{what}_subject", **values),
                say(locale, f"notices.{what}", **values, objection=code),
            )

        done = await self._mailing.all_of(self._mail, job, addresses, letter, locale)
        tag = Tag.NOTICE_SENT if done.sent else Tag.NOTICE_UNSENT
        await self._audit(job, tag, count=done.sent, refused=done.refused)
        if not done.sent:
            raise PermanentError("no address of this person takes mail")

    async def _audit(self, job: Job, tag: Tag, *, count: int, refused: int = 0) -> None:
        at = self._clock.now()
        row = audit_row(
            new_id(self._entropy, at), at, tag, case_id=job.case_id, subject=job.body["oid"],
            notice=job.body["what"], addresses=count, refused=refused, key=job.key,
        )  # fmt: skip

        def keep(work: UnitOfWork) -> None:
            work.audit(row)

        await self._store.transact(keep)
