"""Saved codes: ten printed codes of 128 bits, each good once (NIST SP 800-63B-4, 4.2.1.1).

What is kept of a code: a look-up value (HMAC under the server key over subject and code) and a
verifier (Argon2id over an HMAC under the pepper, which lives outside the store). Making a set never
changes the account and never silences an older set before the new one counts.

Quarantine: a set counts after 72 hours when it was made with a phishing-resistant sign-in and is the
person's first; after 14 days otherwise, because a change is what a thief of a session would make.
"""

from __future__ import annotations

import asyncio
import base64
import string
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error

from bot.core.audit import Tag, audit_row
from bot.core.model import Reason
from bot.core.records import SavedCode
from bot.ports.clock import Clock, Entropy
from bot.ports.my_page import CodesKept
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id
from bot.service.keys import Keys, b64, hashed
from bot.service.notices import notice_job

SET = 10
BITS = 128
QUICK = timedelta(hours=72)
SLOW = timedelta(days=14)
MOST_CANDIDATES = 12
"""Whole codes looked for in one message: a sheet of ten, and the message as one."""
_LENGTH = 26  # letters of one code
_GROUPS = (5, 5, 5, 5, 5, 1)
_LETTERS = frozenset(string.ascii_uppercase + "234567")
_LIKE = str.maketrans({"0": "O", "1": "I", "8": "B"})  # what base32 leaves out and eyes mix up


class CodeBook:
    """Implements `ports.saved_codes.SavedCodes`, and makes the sheets."""

    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keys: Keys, hasher: PasswordHasher | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._hasher = hasher or PasswordHasher()
        self._nobody = ""  # a verifier to check against where there is none, so that time tells nothing

    # --- making ----------------------------------------------------------------------------------

    async def prepare(
        self,
        oid: str,
        codes: Sequence[str],
        *,
        at: datetime,
        counts_from: datetime,
        hasher: PasswordHasher | None = None,
    ) -> list[SavedCode]:
        """Rows for *codes*; the slow part, done before the transaction. How slow, *hasher* says."""
        set_id = new_id(self._entropy, at)
        hasher = hasher or self._hasher

        def rows() -> list[SavedCode]:
            made = [
                SavedCode(
                    self._selector(oid, code), set_id, oid, hasher.hash(self._secret(oid, code)), at,
                    counts_from, "good", None, "",
                )
                for code in map(plain, codes)
            ]  # fmt: skip
            return [replace(row, mac=self._keys.row_mac(row)) for row in made]

        return await asyncio.to_thread(rows)

    def draw(self) -> tuple[str, ...]:
        """Ten fresh codes, in groups that are easy to type."""
        drawn = (base64.b32encode(self._entropy.bytes(BITS // 8)) for _ in range(SET))
        return tuple(grouped(one.decode().rstrip("=")) for one in drawn)

    def dated(
        self, work: UnitOfWork, rows: Sequence[SavedCode], *, strong: bool, after_recovery: bool
    ) -> list[SavedCode]:
        """A set with the day from which it counts, decided in the transaction that keeps it: of two
        made at the same time only one is the person's first. *strong*: the sign-in was
        phishing-resistant."""
        oid, at = rows[0].subject_oid, rows[0].made_at
        work.bump(f"codes/{oid}", until=at + SLOW)  # two at once meet here, on PostgreSQL as well
        quick = strong and not after_recovery and not work.count(SavedCode, subject_oid=oid)
        dated = [replace(row, counts_from=at + (QUICK if quick else SLOW)) for row in rows]
        return [replace(row, mac=self._keys.row_mac(row)) for row in dated]

    def keep(self, work: UnitOfWork, rows: Sequence[SavedCode], *, by: str, method: str = "") -> None:
        """Keep a set, with its audit entry; the caller queues the notice in the same transaction."""
        first = rows[0]
        for row in rows:
            work.add(row)
        work.audit(
            audit_row(
                new_id(self._entropy, first.made_at), first.made_at, Tag.CODES_MADE, actor=by,
                actor_method=method, subject=first.subject_oid, set=first.set_id, codes=len(rows),
                counts_from=first.counts_from.isoformat(),
            )
        )  # fmt: skip

    # --- using -----------------------------------------------------------------------------------

    async def verify(self, subject_oid: str, typed: str) -> str | Reason:
        """See `ports.saved_codes.SavedCodes`."""
        code = plain(typed)
        selector = self._selector(subject_oid, code)

        def found(work: UnitOfWork) -> tuple[SavedCode | None, list[SavedCode]]:
            row = work.get(SavedCode, selector)
            if row is None or row.subject_oid != subject_oid:
                return None, []
            return row, work.find(SavedCode, subject_oid=subject_oid)

        row, others = await self._store.read(found)
        verifier = row.verifier if row else await self._decoy()
        fits = await asyncio.to_thread(self._fits, verifier, self._secret(subject_oid, code))
        if row is None or not fits or not self._keys.row_mac_fits(row):
            return Reason.WRONG_CODE
        at = self._clock.now()
        if row.status == "used":
            return Reason.USED_CODE
        if row.status != "good" or _overtaken(row, others, at):
            return Reason.WRONG_CODE
        return Reason.YOUNG_CODE if row.counts_from > at else selector

    def consume(self, work: UnitOfWork, selector: str) -> bool:
        """See `ports.saved_codes.SavedCodes`."""
        row = work.lock(SavedCode, selector)
        if row is None or row.status != "good":
            return False
        at = self._clock.now()
        used = replace(row, status="used", used_at=at)
        work.put(replace(used, mac=self._keys.row_mac(used)))
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.CODE_USED, actor="person", subject=row.subject_oid,
                set=row.set_id,
            )
        )  # fmt: skip
        return True

    async def burn(self, subject_oid: str, typed: str) -> bool:
        """Use up every code that was typed where everybody can read it, also one too young to count, and
        tell its owner; True when there was one."""
        burnt = False
        for word in candidates(typed) if subject_oid else ():
            code = plain(word)
            row = await self._store.read(partial(self._row, selector=self._selector(subject_oid, code)))
            secret = self._secret(subject_oid, code)
            if row is None or not await asyncio.to_thread(self._fits, row.verifier, secret):
                continue
            burnt |= await self._store.transact(partial(self._burnt, selector=row.selector))
        return burnt

    @staticmethod
    def _row(work: UnitOfWork, *, selector: str) -> SavedCode | None:
        return work.get(SavedCode, selector)

    def _burnt(self, work: UnitOfWork, *, selector: str) -> bool:
        row = work.get(SavedCode, selector)
        if row is None or not self.consume(work, selector):
            return False
        key = f"burnt/{hashed(selector)}"
        work.enqueue([notice_job(key, "code_burnt", oid=row.subject_oid, at=self._clock.now())])
        return True

    async def state(self, subject_oid: str) -> str:
        """See `ports.saved_codes.SavedCodes`."""
        at = self._clock.now()
        rows = await self._store.read(
            lambda work: work.find(SavedCode, subject_oid=subject_oid, status="good")
        )
        if any(row.counts_from <= at for row in rows):
            return "good"
        return "young" if rows else "none"

    async def kept(self, subject_oid: str) -> tuple[CodesKept, ...]:
        """The sets of a person that still matter, newest first."""
        at = self._clock.now()
        rows = await self._store.read(lambda work: work.find(SavedCode, subject_oid=subject_oid))
        sets: dict[str, list[SavedCode]] = {}
        for row in rows:
            if row.status in ("good", "used") and not _overtaken(row, rows, at):
                sets.setdefault(row.set_id, []).append(row)
        return tuple(
            CodesKept(
                sum(r.status == "good" for r in one), sum(r.status == "used" for r in one),
                one[0].made_at, one[0].counts_from, one[0].counts_from <= at,
            )
            for _, one in sorted(sets.items(), reverse=True)
        )  # fmt: skip

    # --- inside ----------------------------------------------------------------------------------

    def _selector(self, oid: str, code: str) -> str:
        return self._keys.mac("saved-code", oid, code)

    def _secret(self, oid: str, code: str) -> str:
        return b64(self._keys.pepper(f"{oid}/{code}".encode()))

    def _fits(self, verifier: str, secret: str) -> bool:
        try:
            return self._hasher.verify(verifier, secret)
        except Argon2Error:
            return False

    async def _decoy(self) -> str:
        if not self._nobody:
            self._nobody = await asyncio.to_thread(self._hasher.hash, b64(self._entropy.bytes(32)))
        return self._nobody


def _overtaken(row: SavedCode, others: Sequence[SavedCode], at: datetime) -> bool:
    """Whether a newer set already counts; until then the older one stays good."""
    return any(o.set_id > row.set_id and o.counts_from <= at and o.status != "revoked" for o in others)


def plain(typed: str) -> str:
    """A typed code as it was made: upper case, no separators, look-alikes put right."""
    return "".join(c for c in typed.upper().translate(_LIKE) if c in _LETTERS)


def grouped(code: str) -> str:
    """In groups of five, as it is printed."""
    return "-".join(code[n : n + 5] for n in range(0, len(code), 5))


def candidates(text: str) -> list[str]:
    """What in a message could be a whole saved code: a word, groups as printed, all of it together."""
    words = text.split()
    windows = (" ".join(words[n : n + len(_GROUPS)]) for n in range(len(words)))
    spaced = [w for w in windows if tuple(len(plain(one)) for one in w.split()) == _GROUPS]
    whole = [word for word in [*words, *spaced, text] if len(plain(word)) == _LENGTH]
    return list(dict.fromkeys(whole))[:MOST_CANDIDATES]
