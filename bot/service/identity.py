"""Who a chat account says it belongs to, and whether it may talk to us at all.

Three degrees, none of them proof. A *hint*: the platform confirmed an address, and the directory
knows it; looked up once, then kept, since addresses can be changed to somebody else's. A *link*: its
owner signed in once for it (`service.linking`); the row carries a MAC and is checked each time it is
used. An account *named by its object id*, as Teams names people: the platform vouches for it in each
message, so it counts as linked, and the directory is asked whether it is one of ours.

Whoever is not a member is turned away: unknown means no.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from bot.core import effects as fx
from bot.core.audit import Tag, audit_row
from bot.core.model import Oid, Place
from bot.core.records import ChatAccount, ChatLink, EventRow, Job
from bot.errors import PermanentError, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.identity import Account, Claim, Standing
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id
from bot.service.keys import Keys
from bot.service.turns import first_come

log = logging.getLogger(__name__)

FRESH = timedelta(hours=1)
"""How long a member's standing is relied on; somebody deactivated is served no longer than this."""
DOUBTED = timedelta(minutes=1)
"""The same for what could not be found out, so that a directory that was away costs nobody an hour."""
NOTED_A_DAY = 20
"""Entries in the audit log for one account that keeps trying."""
_DAY = timedelta(days=1)


def account_id(channel: str, tenant: str, user: str) -> str:
    """How rows name an account of a platform."""
    return f"{channel}:{tenant}:{user}"


def link_of(work: UnitOfWork, keys: Keys, ident: str) -> ChatLink | None:
    """The account's link. A row that was not written here, or was changed, links nobody."""
    row = work.get(ChatLink, ident)
    if row is None:
        return None
    fits = keys.row_mac_fits(row)  # over its id, too: a good row under another name does not fit
    if not fits:
        log.error("link of %s was changed outside", ident)
    return row if fits else None


class IdentityService:
    """Implements `ports.identity.Identity`. *locales* are those offered."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        keys: Keys,
        clock: Clock,
        entropy: Entropy,
        *,
        locales: Sequence[str],
    ) -> None:
        self._store = store
        self._directory = directory
        self._keys = keys
        self._clock = clock
        self._entropy = entropy
        self._locales = tuple(locales)

    async def claim(self, channel: str, tenant: str, user: str) -> Claim | None:
        at = self._clock.now()
        ident = account_id(channel, tenant, user)
        row, link = await self._store.glance(
            lambda work: (work.get(ChatAccount, ident), link_of(work, self._keys, ident))
        )
        if row is None:
            return None
        span = DOUBTED if row.standing == Standing.UNKNOWN else FRESH
        return _claim(row, link) if timedelta(0) <= at - row.at < span else None

    async def met(self, account: Account) -> Claim:
        known = await self._store.read(lambda work: work.get(ChatAccount, account.id))
        standing, oid = account.standing, known.oid if known else ""
        if standing is Standing.MEMBER and account.oid:
            oid = account.oid.lower()
            standing = await self._in_directory(oid)
        elif standing is Standing.MEMBER and account.mail and not oid:
            oid = await self._found(account.mail)
        row = ChatAccount(
            account.id, account.channel, account.tenant, account.user, standing.value, oid,
            self._offered(account.locale), self._clock.now(),
        )  # fmt: skip

        def fn(work: UnitOfWork) -> ChatLink | None:
            work.save(row)
            link = link_of(work, self._keys, account.id)
            if link is None and (planted := work.get(ChatLink, account.id)) is not None:
                work.enqueue([_alert(planted, row.at)])
            return link

        return _claim(row, await self._store.transact(fn))

    async def turn_away(self, place: Place, account: Account, *, dedupe_key: str) -> None:
        at = self._clock.now()
        ident = new_id(self._entropy, at)
        day = at.date().isoformat()
        doubt = account.standing is Standing.UNKNOWN
        silent = account.standing in (Standing.BOT, Standing.GONE)
        say = fx.Tell("who_unknown" if doubt else "colleagues_only")

        def fn(work: UnitOfWork) -> dict[str, object]:
            seen = work.reply_to(dedupe_key)
            if seen is not None:
                return seen
            body = {"standing": account.standing.value}
            work.add(EventRow(ident, dedupe_key, at, "", "TurnedAway", body, "done", {}))
            times = work.bump(f"away/{account.id}/{doubt}/{day}", until=at + _DAY)
            if times <= NOTED_A_DAY:
                work.audit(
                    audit_row(
                        ident, at, Tag.ACCOUNT_REFUSED, actor="person", account=account.id,
                        standing=account.standing.value, times=times,
                    )
                )  # fmt: skip
            if times == 1 and not silent:
                locale = self._offered(account.locale) or "en"
                work.enqueue([own_words(place, say, locale, f"{ident}/0", at)])
            return {}

        await first_come(self._store, fn)

    async def _in_directory(self, oid: str) -> Standing:
        """What the directory says of an object id that the platform vouched for."""
        try:
            person = await self._directory.person(Oid(oid))
        except (TransientError, PermanentError):
            return Standing.UNKNOWN
        if person is None:
            return Standing.EXTERNAL
        if person.guest or person.external:
            return Standing.GUEST
        return Standing.MEMBER if person.enabled else Standing.GONE

    async def _found(self, mail: str) -> str:
        try:
            person = await self._directory.find(mail)
        except (TransientError, PermanentError):
            return ""
        return person.oid if person else ""

    def _offered(self, locale: str) -> str:
        """The language of ours that a platform's ``de-AT`` or ``de_DE`` means, or none."""
        wanted = locale.replace("_", "-").partition("-")[0].lower()
        return next((one for one in self._locales if one.partition("-")[0] == wanted), "")


def _alert(row: ChatLink, at: datetime) -> Job:
    """Once for each way the row was changed."""
    told = {"what": "link_planted", "case": "", "oid": row.oid}
    return Job(f"link/{row.id}/planted/{row.mac[:22]}", f"alert:{row.id}", "alert", told, "", at, at)


def _claim(row: ChatAccount, link: ChatLink | None) -> Claim:
    standing = Standing(row.standing)
    if link is not None:
        return Claim(standing, link.oid, True, row.locale)
    return Claim(standing, row.oid, named_by_platform(row), row.locale)


def named_by_platform(row: ChatAccount) -> bool:
    """Whether the platform's own name of the account is the object id, as in Teams."""
    return bool(row.oid) and row.oid == row.user.lower()


def own_words(place: Place, say: fx.Tell, locale: str, key: str, at: datetime) -> Job:
    """Something of the bot's own to say there, outside any turn."""
    body = {
        "what": type(say).__name__, "effect": asdict(say), "flow_hash": "", "number": "",
        "locale": locale, "place": place.key,
    }  # fmt: skip
    return Job(key, f"place:{place.key}", "say", body, "", at, at)
