"""My page's further ways back in, as one door: addresses, remembered browsers, contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core.model import Reason
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.clock import Clock
from bot.ports.my_ways import KeyTest, WaysView
from bot.ports.store import Store, UnitOfWork
from bot.service.grants import BROWSER, granted
from bot.service.my_addresses import MyAddresses
from bot.service.my_browsers import MyBrowsers
from bot.service.my_contacts import MyContacts


class MyWaysService:
    """Implements `ports.my_ways.MyWays`. *mail*: letters leave here; without them no address is added."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        addresses: MyAddresses,
        browsers: MyBrowsers,
        contacts: MyContacts,
        *,
        mail: bool,
    ) -> None:
        self._store, self._clock, self._contacts = store, clock, contacts
        self._addresses, self._browsers, self._mail = addresses, browsers, mail

    async def view(self, session: Session) -> WaysView:
        at = self._clock.now()
        contacts, named_by = await self._contacts.kept(session.oid)

        def fn(work: UnitOfWork) -> WaysView:
            return WaysView(
                self._addresses.kept(work, session.oid, at),
                self._browsers.kept(work, session.oid, at),
                self._mail,
                granted(session, at),
                granted(session, at, BROWSER),
                contacts,
                named_by,
            )

        return await self._store.read(fn)

    async def add_address(self, session: Session, typed: str) -> None:
        if not self._mail:
            raise Refused(Reason.PROOF_CLOSED)
        await self._addresses.add(session, typed)

    async def prove_address(self, session: Session, ident: str, typed: str) -> None:
        await self._addresses.prove(session, ident, typed)

    async def again(self, session: Session, ident: str) -> None:
        await self._addresses.again(session, ident)

    async def remove_address(self, session: Session, ident: str) -> None:
        await self._addresses.remove(session, ident)

    async def test_browser(self, session: Session, jwk: Mapping[str, Any]) -> KeyTest:
        if not granted(session, self._clock.now(), BROWSER):
            raise Refused(Reason.STALE_SIGN_IN)
        return self._browsers.test(session, jwk)

    async def remember_browser(self, session: Session, *, ticket: str, answer: str, device: str) -> None:
        await self._browsers.remember(session, ticket=ticket, answer=answer, device=device)

    async def forget_browser(self, session: Session, ident: str) -> None:
        await self._browsers.forget(session, ident)

    async def name_contact(self, session: Session, typed: str) -> None:
        await self._contacts.name(session, typed)

    async def agree(self, session: Session, ident: str) -> None:
        await self._contacts.agree(session, ident)

    async def end_contact(self, session: Session, ident: str) -> None:
        await self._contacts.remove(session, ident)
