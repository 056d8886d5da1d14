"""What an objection does to something enrolled: from now on it does not count.

It comes back by being enrolled anew, with a fresh sign-in; nobody lifts it. Whoever objects may not be
the owner, but a thief of a mailbox: all they reach is that the owner enrols once more, and is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.core.records import Address, Attempt, Case, Contact, RememberedBrowser, SavedCode
from bot.ports.store import Among, UnitOfWork
from bot.service.identity import link_of
from bot.service.keys import Keys
from bot.service.link_changes import LinkChanges
from bot.service.my_addresses import MyAddresses
from bot.service.my_browsers import MyBrowsers
from bot.service.my_contacts import MyContacts
from bot.service.objections import Stopper

__all__ = ["stoppers", "ways"]


def stoppers(keys: Keys, links: LinkChanges) -> Mapping[str, Stopper]:
    """By the kind that `notice_job(stops=…)` names."""

    def codes(work: UnitOfWork, oid: str, set_id: str, at: datetime) -> bool:
        """A set of saved codes: those not used yet are revoked; an older set counts on, as before it."""
        good = [r for r in work.find(SavedCode, set_id=set_id, status="good") if r.subject_oid == oid]
        for row in good:
            revoked = replace(row, status="revoked")
            work.put(replace(revoked, mac=keys.row_mac(revoked)))
        return bool(good)

    def link(work: UnitOfWork, oid: str, account: str, at: datetime) -> bool:
        """The link of a chat account, whoever's it is by now: the account's chat is in doubt."""
        row = link_of(work, keys, account)
        if row is None:
            return False
        place = f"{row.channel}:{row.tenant}:{row.user}"
        return links.remove(work, account, place, at, actor="person")

    return {"codes": codes, "link": link}


def ways(addresses: MyAddresses, browsers: MyBrowsers, contacts: MyContacts) -> Mapping[str, Stopper]:
    """The same for what is enrolled on my page beside codes."""

    def address(work: UnitOfWork, oid: str, ident: str, at: datetime) -> bool:
        """The address counts no more, nor what was proved with it."""
        row = work.lock(Address, ident)
        if row is None or row.subject_oid != oid or row.status != "good":
            return False
        addresses.taken_away(work, row, at, by="person")
        return True

    def browser(work: UnitOfWork, oid: str, ident: str, at: datetime) -> bool:
        """The browser is forgotten, also where it is at work in a case now."""
        row = work.lock(RememberedBrowser, ident)
        if row is None or row.subject_oid != oid:
            return False
        browsers.forgotten(work, row, at, by="person")
        for case in work.find(Case, subject_oid=oid, status=Among(("open", "with_person"))):
            for attempt in work.find(Attempt, case_id=case.id, status="open"):
                if attempt.remembered and attempt.thumbprint == row.thumbprint:
                    work.put(replace(attempt, remembered=False))
        return True

    def contact(work: UnitOfWork, oid: str, ident: str, at: datetime) -> bool:
        """The contact speaks for this person no more."""
        row = work.lock(Contact, ident)
        if row is None or row.subject_oid != oid or row.status not in ("asked", "good"):
            return False
        contacts.ended(work, row, at, by="person")
        return True

    return {"address": address, "browser": browser, "contact": contact}
