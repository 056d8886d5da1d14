"""What a new, other or removed link of a chat account brings with it, in one transaction.

Linking to another work account than before is what somebody does who took over a chat account, or a
person: the owners of both accounts are told outside chat, security is told, and no open case of that
chat goes on as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from bot.core.audit import Tag, audit_row
from bot.core.records import Case, ChatLink, Job, LinkAsk, Proving
from bot.ports.clock import Entropy
from bot.ports.sign_in import SignedIn
from bot.ports.store import Among, UnitOfWork
from bot.service.chance import new_id
from bot.service.identity import link_of
from bot.service.keys import Keys
from bot.service.notices import notice_job
from bot.service.stops import Stops


class LinkChanges:
    def __init__(self, keys: Keys, entropy: Entropy, stops: Stops) -> None:
        self._keys = keys
        self._entropy = entropy
        self._stops = stops

    def make(self, work: UnitOfWork, ask: LinkAsk, who: SignedIn, at: datetime) -> None:
        """Link the account that asked to the one that signed in."""
        before = link_of(work, self._keys, ask.account)
        owner = before.oid if before else _last_owner(work, ask)
        channel, tenant, user = ask.account.split(":", 2)
        link = ChatLink(ask.account, channel, tenant, user, who.oid, at, "")
        work.save(replace(link, mac=self._keys.row_mac(link)))
        other = owner not in ("", who.oid)
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.LINK_CHANGED if other else Tag.LINK_MADE, actor=who.oid,
                actor_method="sign_in", actor_auth_time=who.auth_time, subject=who.oid, account=ask.account,
                ask=ask.id, before=owner,
            )
        )  # fmt: skip
        if before is None or other:
            self._tell(work, ask.id, "link_made", who.oid, link, at)
        if other:
            self._tell(work, ask.id, "link_moved", owner, link, at)
            told = {"what": "link_changed", "case": "", "oid": owner}
            work.enqueue([Job(f"link/{ask.id}/alert", f"alert:{ask.account}", "alert", told, "", at, at)])
        for case in _open_cases(work, ask.place, user):
            self._follow(work, case, who.oid, ask.id, at)

    def remove(
        self, work: UnitOfWork, account: str, place: str, at: datetime, *, actor: str = "person"
    ) -> bool:
        """Take the link away. What it let the chat see is over at once, also in an open case."""
        row = work.get(ChatLink, account)
        if row is None:
            return False
        genuine = link_of(work, self._keys, account) is not None
        work.remove(ChatLink, account)
        ident = new_id(self._entropy, at)
        work.audit(
            audit_row(
                ident, at, Tag.LINK_REMOVED, actor=actor, subject=row.oid, account=account, genuine=genuine
            )
        )
        if genuine:
            self._tell(work, ident, "link_removed", row.oid, row, at)
        for case in _open_cases(work, place, row.user):
            if case.identified_by == "linked":
                work.put(replace(case, identified_by="hint", touched_at=at))
        return True

    def _follow(self, work: UnitOfWork, case: Case, oid: str, ask_id: str, at: datetime) -> None:
        """The same person as the case is about: now more than a hint. Another: the case's identification
        is undone, and where proving has begun a person must look."""
        if case.subject_oid == oid:
            if case.identified_by == "hint":
                work.put(replace(case, identified_by="linked", touched_at=at))
            return
        if not case.subject_oid or case.status == "frozen":
            return
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.LINK_CHANGED, case_id=case.id, actor=oid,
                subject=case.subject_oid, ask=ask_id, before=case.subject_oid,
            )
        )  # fmt: skip
        if case.proven_at is not None or work.get(Proving, case.id) is not None:
            work.put(case := replace(case, identified_by="", touched_at=at))
            self._stops.stop(work, case, "relinked", at)
        else:
            work.put(replace(case, subject_oid="", identified_by="", touched_at=at))

    def _tell(self, work: UnitOfWork, key: str, what: str, oid: str, link: ChatLink, at: datetime) -> None:
        account = f"{link.channel.title()} {link.user} ({link.tenant})"
        stops = None if what == "link_removed" else f"link:{link.id}"
        told = notice_job(f"link/{key}/{what}", what, oid=oid, at=at, stops=stops, account=account)
        work.enqueue([told])


def _last_owner(work: UnitOfWork, ask: LinkAsk) -> str:
    """Whose the account was until the link was taken away, or nobody's: taking it away first must not
    make another owner look like the first one."""
    done = work.find(LinkAsk, account=ask.account, status="done", order="-asked_at", limit=2)
    return next((one.oid for one in done if one.id != ask.id), "")


def _open_cases(work: UnitOfWork, place: str, user: str) -> Iterator[Case]:
    """Locked, one after the other."""
    found = work.find(Case, place=place, status=Among(("open", "with_person", "frozen")))
    for row in found:
        case = work.case(row.id)
        if case is not None and case.opener.get("user") == user:
            yield case
