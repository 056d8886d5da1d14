"""Linking a chat account to a work account: asked for in the chat, done by a sign-in on a page.

A page that is sent on must not link a stranger. So the number that it asks for is shown in the chat of
the account itself and nowhere else, the page says which account it links, and where the platform's
confirmed address already names somebody in the directory, nobody else's sign-in will do. Reading the
page changes nothing; one page links once, within a quarter of an hour, after at most five tries.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core import effects as fx
from bot.core.audit import Tag, audit_row
from bot.core.facts import Person
from bot.core.model import Oid, Place, Reason
from bot.core.records import ChatAccount, LinkAsk, Signing
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.identity import Standing
from bot.ports.linking import LinkAsked, LinkView
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk, SignIns
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id
from bot.service.identity import account_id, named_by_platform, own_words
from bot.service.keys import Keys, hashed
from bot.service.link_changes import LinkChanges

LIFE = timedelta(minutes=15)
TRIES = 5
ASKS_A_DAY = 5
_DAY = timedelta(days=1)


class LinkingService:
    """Implements `ports.linking.AccountLinks` and `LinkPages`, and answers the page's sign-ins."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        directory: Directory,
        sign_ins: SignIns,
        changes: LinkChanges,
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._directory = directory
        self._sign_ins = sign_ins
        self._changes = changes

    # --- in the chat -----------------------------------------------------------------------------

    def ask(
        self, work: UnitOfWork, place: Place, user: str, *, locale: str, at: datetime
    ) -> LinkAsked | Reason | None:
        account = account_id(place.channel, place.tenant, user)
        row = work.get(ChatAccount, account)
        if row is None or row.standing != Standing.MEMBER or named_by_platform(row):
            return None
        if place.address != user:  # the number is for nobody else's eyes
            return Reason.NOT_YOURS
        if work.bump(f"link/{account}/{at.date().isoformat()}", until=at + _DAY) > ASKS_A_DAY:
            return Reason.TOO_MANY
        for older in work.find(LinkAsk, account=account, status="open"):
            work.put(replace(older, status="over"))
        ident, number = new_id(self._entropy, at), f"{self._entropy.below(1_000_000):06d}"
        work.add(
            LinkAsk(
                ident, hashed(self._keys.handle("link", ident)), account, place.key, locale,
                self._mac(ident, number), at, at + LIFE, "open",
            )
        )  # fmt: skip
        self._audit(work, at, Tag.LINK_ASKED, account, ask=ident)
        return LinkAsked(ident, number)

    def remove(self, work: UnitOfWork, place: Place, user: str, *, at: datetime) -> bool:
        return self._changes.remove(work, account_id(place.channel, place.tenant, user), place.key, at)

    # --- the page --------------------------------------------------------------------------------

    async def view(self, handle: str, browser: str) -> LinkView:
        at = self._clock.now()
        ask = await self._store.read(lambda work: _of(work, handle))
        channel, tenant, user = ask.account.split(":", 2)
        status = "open" if _usable(ask, at) else "over"
        if ask.status == "done" and browser and ask.browser_hash == browser:
            status = "done"
        return LinkView(status, channel, tenant, user, ask.expires_at)

    async def sign(self, handle: str, number: str, browser: str) -> Redirect:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> LinkAsk | Reason:
            ask = work.lock(LinkAsk, _of(work, handle).id)
            if ask is None or not _usable(ask, at):
                return Reason.LINK_OVER
            if not self._keys.mac_fits(ask.code_mac, "link_number", ask.id, "".join(number.split())):
                tries = ask.tries + 1
                over = tries >= TRIES
                work.put(replace(ask, tries=tries, status="over" if over else "open"))
                self._audit(work, at, Tag.LINK_REFUSED, ask.account, ask=ask.id, tries=tries)
                return Reason.LINK_OVER if over else Reason.WRONG_CODE
            ask = replace(ask, browser_hash=browser)
            work.put(ask)
            return ask

        ask = await self._store.transact(fn)
        if isinstance(ask, Reason):
            raise Refused(ask)
        owner = await self._owner(ask.account)
        return await self._sign_ins.begin(
            SignInAsk(
                Purpose.LINK, browser, subject_ref=ask.id, expected_oid=owner.oid if owner else "",
                login_hint=owner.upn if owner else "",
            )
        )  # fmt: skip

    async def _owner(self, account: str) -> Person | None:
        """Whom the platform's confirmed address names, while that account is in use. A person whose
        account was made anew is not bound to the old one."""
        row = await self._store.read(lambda work: work.get(ChatAccount, account))
        person = await self._directory.person(Oid(row.oid)) if row and row.oid else None
        return person if person and person.enabled else None

    # --- the sign-in -----------------------------------------------------------------------------

    async def signed(self, done: Finished) -> Landing:
        """Handler of `Purpose.LINK`."""
        who, signing = done.who, done.signing
        person = await self._directory.person(who.oid)
        ours = person is not None and person.enabled and not (person.guest or person.external)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Reason | None:
            ask = work.lock(LinkAsk, signing.subject_ref)
            if ask is None:
                return Reason.LINK_OVER
            fits = _usable(ask, at) and ask.browser_hash == signing.browser_hash
            reason = None if fits and ours else Reason.LINK_OVER if ours else Reason.FORBIDDEN
            if reason is not None:
                self._audit(
                    work, at, Tag.LINK_REFUSED, ask.account, actor=who.oid, ask=ask.id, reason=reason.value
                )
                return reason
            work.put(replace(ask, status="done", oid=who.oid))
            self._changes.make(work, ask, who, at)
            place = Place.of(ask.place)
            work.enqueue([own_words(place, fx.Tell("linked"), ask.locale, f"link/{ask.id}/said", at)])
            return None

        reason = await self._store.transact(fn)
        if reason is not None:
            raise Refused(reason)
        return Landing(self.back(signing))

    def back(self, signing: Signing) -> str:
        return f"/link/{self._keys.handle('link', signing.subject_ref)}"

    # --- inside ----------------------------------------------------------------------------------

    def _mac(self, ident: str, number: str) -> str:
        return self._keys.mac("link_number", ident, number)

    def _audit(
        self, work: UnitOfWork, at: datetime, tag: Tag, account: str, *, actor: str = "person", **body: Any
    ) -> None:
        work.audit(audit_row(new_id(self._entropy, at), at, tag, actor=actor, account=account, **body))


def _of(work: UnitOfWork, handle: str) -> LinkAsk:
    found = work.first(LinkAsk, handle_hash=hashed(handle))
    if found is None:
        raise Refused(Reason.UNKNOWN_CASE)
    return found


def _usable(ask: LinkAsk, at: datetime) -> bool:
    return ask.status == "open" and at < ask.expires_at
