"""My page: reading is for anybody signed in; making codes takes a fresh sign-in each time.

The sign-in leaves a grant in the session that it opened, good for five minutes and for one set. The
codes exist in clear only in the one answer that shows them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.effects import Tell
from bot.core.model import Oid, Place, Reason
from bot.core.records import ChatLink, ChatRow, Execution, Session
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.clock import Clock
from bot.ports.directory import Directory
from bot.ports.my_page import ChatKept, CodeSheet, MethodKept, MyView
from bot.ports.sessions import Sessions
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk, SignIns
from bot.ports.store import Over, Store, UnitOfWork
from bot.service.codes import SLOW, CodeBook
from bot.service.grants import granted, grants, spend
from bot.service.identity import link_of, own_words
from bot.service.keys import Keys
from bot.service.link_changes import LinkChanges
from bot.service.notices import notice_job
from bot.service.sightings import known, note

PATH = "/me"
_NOT_SHOWN = frozenset({"password", "temporaryAccessPass"})


class MyPageService:
    """Implements `ports.my_page.MyPage`, and answers its sign-ins."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        sessions: Sessions,
        sign_ins: SignIns,
        directory: Directory,
        book: CodeBook,
        keys: Keys,
        links: LinkChanges,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sessions = sessions
        self._sign_ins = sign_ins
        self._directory = directory
        self._book = book
        self._keys = keys
        self._links = links

    async def view(self, session: Session) -> MyView:
        at = self._clock.now()
        return MyView(
            name=session.name,
            at=at,
            codes=await self._book.kept(session.oid),
            methods=await self._methods(session.oid, at),
            may_make=granted(session, at),
            chats=await self._store.read(lambda work: self._chats(work, session.oid)),
        )

    def _chats(self, work: UnitOfWork, oid: str) -> tuple[ChatKept, ...]:
        found = [row for row in work.find(ChatLink, oid=oid, order="id") if link_of(work, self._keys, row.id)]
        return tuple(ChatKept(row.id, row.channel, row.tenant, row.user, row.at) for row in found)

    async def unlink(self, session: Session, account: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            link = link_of(work, self._keys, account)
            if link is None or link.oid != session.oid:
                raise Refused(Reason.NOT_YOURS)
            place = Place(link.channel, link.tenant, link.user)  # its direct conversation with the bot
            self._links.remove(work, account, place.key, at, actor=session.oid)
            row = work.get(ChatRow, place.key)
            locale = row.locale if row else "en"
            key = f"unlinked/{account}/{int(at.timestamp() * 1000)}"
            work.enqueue([own_words(place, Tell("unlinked"), locale, key, at)])

        await self._store.transact(fn)

    async def _methods(self, oid: str, at: datetime) -> tuple[MethodKept, ...] | None:
        try:
            methods = [m for m in await self._directory.methods(Oid(oid)) if m.type not in _NOT_SHOWN]
        except (TransientError, PermanentError):
            return None

        def fn(work: UnitOfWork) -> dict[str, tuple[datetime, bool]]:
            note(work, oid, [(m.id, m.type, m.label, m.created_at) for m in methods], at)
            return known(work, oid)

        seen = await self._store.transact(fn)
        return tuple(
            MethodKept(m.type, m.label, m.created_at, False)
            if m.created_at
            else MethodKept(m.type, m.label, *seen[m.id])
            for m in methods
        )

    # --- sign-ins --------------------------------------------------------------------------------

    async def sign_in(self, browser_hash: str) -> Redirect:
        return await self._sign_ins.begin(SignInAsk(Purpose.ME, browser_hash))

    async def opened(self, done: Finished) -> Landing:
        """Handler of `Purpose.ME`."""
        value = await self._sessions.open("me", done.who, {})
        return Landing(PATH, session=value, session_kind="me")

    async def enrol(
        self, session: Session, browser_hash: str, *, slow: bool, what: str = "codes"
    ) -> Redirect:
        purpose = Purpose.ENROL_SLOW if slow else Purpose.ENROL
        return await self._sign_ins.begin(
            SignInAsk(
                purpose, browser_hash, subject_ref=session.oid, expected_oid=session.oid,
                payload={"what": what},
            )
        )  # fmt: skip

    async def enrolled(self, done: Finished) -> Landing:
        """Handler of `Purpose.ENROL` and `Purpose.ENROL_SLOW`: a session with one grant."""
        facts = grants(self._clock.now(), strong=done.signing.purpose == Purpose.ENROL)
        value = await self._sessions.open("me", done.who, facts)
        what = str(done.signing.payload.get("what", "codes"))
        return Landing(f"{PATH}#{what}", session=value, session_kind="me")

    # --- codes -----------------------------------------------------------------------------------

    async def make(self, session: Session) -> CodeSheet:
        at = self._clock.now()
        if not granted(session, at):
            raise Refused(Reason.STALE_SIGN_IN)
        oid = session.oid
        codes = self._book.draw()
        rows = await self._book.prepare(oid, codes, at=at, counts_from=at + SLOW)

        def keep(work: UnitOfWork) -> datetime:
            strong = spend(work, session, at)
            recovered = work.count(Execution, subject_oid=oid, started_at=Over(at - SLOW)) > 0
            dated = self._book.dated(work, rows, strong=strong, after_recovery=recovered)
            self._book.keep(work, dated, by=oid, method="sign_in")
            made = f"codes:{rows[0].set_id}"
            work.enqueue([notice_job(made.replace(":", "/"), "codes_made", oid=oid, at=at, stops=made)])
            return dated[0].counts_from

        counts_from = await self._store.transact(keep)
        slow = counts_from - at > timedelta(days=4)
        return CodeSheet(codes, session.name, at, counts_from, slow)
