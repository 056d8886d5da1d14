"""The codes that notices carry, one for each notice and address: made at sending, made again at checking.

A row says what the code is for and holds a salt; the code is an HMAC over it under a key outside the
store. So whoever reads the store, its backups or the log has no code, and a row that somebody wrote
or changed there has none that fits.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import objection_code
from bot.core.records import Job, NoticeCode
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import token
from bot.service.keys import Keys, unb64

LIVES = timedelta(days=30)
"""Somebody on holiday reads it late; what was enrolled counts after two weeks at most."""
OWN_NUMBER = 7  # digits of a notice without a case; a case's number has six


class NoticeCodes:
    def __init__(self, store: Store, clock: Clock, entropy: Entropy, keys: Keys) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys

    async def of_job(self, job: Job, addresses: Sequence[str]) -> tuple[str, Mapping[str, str]]:
        """The number to type, and a code for each of *addresses* (their hashes); nothing for a notice
        to which nobody can object. The same job and address get the same code again."""
        stops = stopped_by(job)
        if stops is None:
            return str(job.body.get("number", "")), {}

        def fn(work: UnitOfWork) -> list[NoticeCode]:
            known = work.first(NoticeCode, job=job.key)
            number = str(job.body.get("number", "")) or (known.number if known else self._number())
            return [self._row(work, job, own, stops, number) for own in addresses]

        rows = await self._store.transact(fn)
        return rows[0].number, {
            own: objection_code.grouped(self._code(row)) for own, row in zip(addresses, rows, strict=True)
        }

    def _row(self, work: UnitOfWork, job: Job, own: str, stops: str, number: str) -> NoticeCode:
        ident = f"{job.key}/{own}"
        known = work.get(NoticeCode, ident)
        if known is not None and self._keys.row_mac_fits(known):
            return known
        at = self._clock.now()
        row = NoticeCode(
            ident, job.key, number, job.case_id, str(job.body["oid"]), str(job.body["what"]), stops,
            token(self._entropy, 16), at, at + LIVES, "",
        )  # fmt: skip
        row = replace(row, mac=self._keys.row_mac(row))
        work.save(row)  # one that did not fit was written by somebody else
        return row

    def _number(self) -> str:
        return f"{self._entropy.below(10**OWN_NUMBER):0{OWN_NUMBER}d}"

    def found(self, work: UnitOfWork, number: str, typed: str, at: datetime) -> NoticeCode | None:
        """The notice whose number and code somebody typed. Every candidate is compared, and one where
        there is none, so that time tells nothing."""
        code = objection_code.plain(typed) or "-"
        digits = "".join(sign for sign in number if sign.isdigit())
        right: NoticeCode | None = None
        for row in [*(work.find(NoticeCode, number=digits) if digits else ()), _nobody(at)]:
            fits = hmac.compare_digest(self._code(row), code)
            if self._keys.row_mac_fits(row) and fits and at < row.expires_at:
                right = row
        return right

    def _code(self, row: NoticeCode) -> str:
        return objection_code.code_of(unb64(self._keys.mac("objection", row.id, row.salt, row.mac)))


def stopped_by(job: Job) -> str | None:
    """What an objection to this notice stops; None for a notice that takes none. One about a case to
    anybody but its subject takes none: they have a page of their own."""
    stops = job.body.get("stops")
    if stops is None and job.case_id and job.body["what"] != "vouch_asked":
        return "case"  # it waited in the outbox since before notices said so
    return None if stops is None or stops == "-" else str(stops)


def _nobody(at: datetime) -> NoticeCode:
    return NoticeCode("", "", "", "", "", "", "", "", at, at, "")
