"""Fresh sign-ins from ask to landing: one-time, bound to one browser, one person, one decision.

`begin` writes the row (with the digest that will be signed, and its salt) and its audit entry
before the browser leaves; the wire nonce is SHA-256 over digest and salt, so that the authority's
signature attests the digest. `finish` consumes the state in a transaction of its own before it
looks at anything else; then the browser is judged, the code redeemed, the token judged, and the
purpose's handler does its work. A callback that comes again finds the outcome of the first.

The browser is known by the transaction cookie alone: the callback is a cross-site POST, which
carries no SameSite=Lax cookie. It stays for its ten minutes so that a reload is recognised.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.audit import Tag, audit_row
from bot.core.model import Reason
from bot.core.records import Signing, UsedSignIn
from bot.errors import ConflictError, KeyturnError, Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.sign_in import (
    Authority,
    Finished,
    Handler,
    Landing,
    Purpose,
    Redeemed,
    Redirect,
    SignedIn,
    SignInAsk,
)
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id, token
from bot.service.keys import Keys, hashed
from bot.service.purposes import ACTING, FRESH, KEPT

log = logging.getLogger(__name__)

STATE_LIVES = timedelta(minutes=5)
COOKIE_LIVES = timedelta(minutes=10)
COOKIES_KEPT = 3
_COOKIE = "__Host-tx-"
SLACK = timedelta(seconds=5)
"""`auth_time` has whole seconds, and clocks differ a little."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Where each purpose leads. Both mappings are read when needed, so that services which start
    sign-ins and services which answer them can be made in either order.

    *back* says where a browser lands when its sign-in was refused before the handler saw it."""

    handlers: Mapping[Purpose, Handler]
    back: Mapping[Purpose, Callable[[Signing], str]]
    home: str = "/help"


class SignInService:
    """The port `SignIns`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        authority: Authority,
        contexts: Mapping[Purpose, str],
        callback: str,
        ways: Ways,
    ) -> None:
        self._store, self._clock, self._entropy, self._keys = store, clock, entropy, keys
        self._authority, self._contexts, self._callback, self._ways = authority, contexts, callback, ways
        self._running: set[asyncio.Task[Landing]] = set()

    # --- out -----------------------------------------------------------------------------------

    async def begin(self, ask: SignInAsk) -> Redirect:
        now = self._clock.now()
        ident, state, salt = new_id(self._entropy, now), token(self._entropy), token(self._entropy)
        url, flow = await self._authority.begin(
            app="act" if ask.purpose in ACTING else "identity",
            nonce=ask.digest + salt,
            state=state,
            context=self._contexts.get(ask.purpose, ""),
            login_hint=ask.login_hint,
            redirect_uri=self._callback,
            fresh=ask.purpose in FRESH,
        )
        signing = Signing(
            id=ident,
            purpose=ask.purpose.value,
            subject_ref=ask.subject_ref,
            state_hash=hashed(state),
            browser_hash=ask.browser_hash,
            expected_oid=ask.expected_oid.lower(),
            digest=ask.digest,
            salt=salt if ask.digest else "",
            payload=dict(ask.payload),
            started_at=now,
            expires_at=now + STATE_LIVES,
            status="open",
        )
        await self._store.transact(lambda work: self._opened(work, signing))
        sealed = {"id": ident, "browser": ask.browser_hash, "flow": flow}
        return Redirect(
            url=url,
            cookie_name=_cookie_name(signing),
            cookie_value=self._keys.seal("transaction", json.dumps(sealed).encode()),
            max_age=int(COOKIE_LIVES.total_seconds()),
            signing_id=ident,
        )

    def _opened(self, work: UnitOfWork, signing: Signing) -> None:
        older = work.find(
            Signing,
            purpose=signing.purpose,
            subject_ref=signing.subject_ref,
            browser_hash=signing.browser_hash,
            status="open",
        )
        for row in older:
            work.put(replace(row, status="superseded"))
        work.add(signing)
        self._audit(work, Tag.SIGN_IN_ASKED, signing, digest=signing.digest, salt=signing.salt)

    async def close(self) -> None:
        """Let sign-ins that are being finished come to their end."""
        await asyncio.gather(*self._running, return_exceptions=True)

    # --- back ----------------------------------------------------------------------------------

    async def finish(self, form: Mapping[str, str], cookies: Mapping[str, str]) -> Landing:
        """See the port. Goes on to its end when the browser hangs up meanwhile."""
        task = asyncio.create_task(self._finish(dict(form), dict(cookies)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return replace(await asyncio.shield(task), drop_cookie=_to_drop(cookies))

    async def _finish(self, form: Mapping[str, str], cookies: Mapping[str, str]) -> Landing:
        state = form.get("state", "")
        before = await self._store.transact(lambda work: self._consume(work, hashed(state)))
        if before is None:
            return Landing(self._ways.home, refused=Reason.UNKNOWN_STATE)
        flow = self._flow(before, cookies)
        if flow is None:
            return await self._other_browser(before)
        if before.status != "open":
            return await self._again(before)
        signing = replace(before, status="consumed")
        if self._clock.now() >= before.expires_at:
            return await self._refused(signing, Reason.STALE_SIGN_IN)
        try:
            redeemed = await self._authority.redeem(
                app="act" if Purpose(signing.purpose) in ACTING else "identity", flow=flow, form=form
            )
            signing, reason = await self._accepted(signing, redeemed.who)
            if reason is not None:
                return await self._refused(signing, reason, who=redeemed.who)
            landing = await self._handled(signing, redeemed)
        except Refused as err:
            return await self._refused(signing, err.reason)
        except Exception as err:  # noqa: BLE001 -- nothing of it may reach the browser, nor its text the log
            log.error("sign-in %s failed: %s", signing.id, _origin(err))
            return await self._refused(signing, Reason.UNAVAILABLE)
        return await self._closed(signing, landing)

    def _consume(self, work: UnitOfWork, state_hash: str) -> Signing | None:
        """The row as it was before; from now on no other callback finds it open."""
        found = work.first(Signing, state_hash=state_hash)
        row = work.lock(Signing, found.id) if found else None
        if row is not None and row.status == "open":
            work.put(replace(row, status="consumed"))
        return row

    def _flow(self, signing: Signing, cookies: Mapping[str, str]) -> str | None:
        """The authority's flow from this browser's transaction cookie; None for another browser."""
        try:
            sealed = json.loads(self._keys.unseal("transaction", cookies.get(_cookie_name(signing), "")))
        except Refused:
            return None
        same = hmac.compare_digest(sealed["id"] + sealed["browser"], signing.id + signing.browser_hash)
        return str(sealed["flow"]) if same else None

    async def _accepted(self, signing: Signing, who: SignedIn) -> tuple[Signing, Reason | None]:
        """Judge who signed in and how, and spend the sign-in; one transaction."""
        purpose = Purpose(signing.purpose)
        if signing.expected_oid and who.oid != signing.expected_oid:
            return signing, Reason.OTHER_ACCOUNT  # nothing of the other account is used or spent
        needed = self._contexts.get(purpose, "")
        if needed and needed not in who.contexts:
            return signing, Reason.WEAK_SIGN_IN
        if purpose in FRESH and who.auth_time < signing.started_at - SLACK:
            return signing, Reason.STALE_SIGN_IN
        raw = self._keys.seal("id_token", who.raw_id_token.encode()) if purpose in KEPT else ""
        signed = replace(signing, signed_oid=who.oid, auth_time=who.auth_time, sealed_token=raw)

        def spend(work: UnitOfWork) -> bool:
            if purpose in FRESH:
                used = work.lock(UsedSignIn, who.oid)
                if used is not None and who.auth_time <= used.auth_time:
                    return False
                (work.add if used is None else work.put)(UsedSignIn(who.oid, who.auth_time))
            work.put(signed)
            self._audit(work, Tag.SIGN_IN_SIGNED, signed, who=who, digest=signed.digest)
            return True

        try:
            spent = await self._store.transact(spend)
        except ConflictError:  # the same person's very first two at once; the second sees the first's row
            spent = await self._store.transact(spend)
        return (signed, None) if spent else (signing, Reason.USED_SIGN_IN)

    async def _handled(self, signing: Signing, redeemed: Redeemed) -> Landing:
        handler = self._ways.handlers[Purpose(signing.purpose)]
        wanted = redeemed.token if Purpose(signing.purpose) in ACTING else None
        return await handler(Finished(signing, redeemed.who, wanted))

    # --- ends ----------------------------------------------------------------------------------

    async def _refused(self, signing: Signing, reason: Reason, *, who: SignedIn | None = None) -> Landing:
        landing = Landing(self._back(signing), refused=reason)

        def write(work: UnitOfWork) -> None:
            work.put(replace(signing, status="refused", outcome=self._kept(landing)))
            self._audit(work, Tag.SIGN_IN_REFUSED, signing, who=who, reason=reason.value)

        await self._store.transact(write)
        return landing

    async def _closed(self, signing: Signing, landing: Landing) -> Landing:
        row = replace(signing, status="refused" if landing.refused else "done", outcome=self._kept(landing))
        await self._store.transact(lambda work: work.put(row))
        return landing

    async def _other_browser(self, signing: Signing) -> Landing:
        """Whoever finishes a sign-in that another browser began learns nothing and gets nothing."""
        if signing.status == "open":
            await self._refused(replace(signing, status="consumed"), Reason.OTHER_BROWSER)
        else:
            await self._repeated(signing, Reason.OTHER_BROWSER)
        return Landing(self._ways.home, refused=Reason.OTHER_BROWSER)

    async def _repeated(self, signing: Signing, reason: Reason) -> None:
        await self._store.transact(
            lambda work: self._audit(work, Tag.SIGN_IN_REPEATED, signing, reason=reason.value)
        )

    async def _again(self, signing: Signing) -> Landing:
        """A callback that comes again: the outcome there is, without its session."""
        await self._repeated(signing, Reason.USED_STATE)
        if signing.status == "superseded":
            return Landing(self._back(signing), refused=Reason.SUPERSEDED)
        if "path" not in signing.outcome:  # the first is still at work, or was cut short
            return Landing(self._back(signing), refused=Reason.USED_STATE)
        path = self._keys.unseal("landing", signing.outcome["path"]).decode()
        return Landing(path, refused=signing.outcome["refused"])

    def _kept(self, landing: Landing) -> dict[str, str]:
        # Sealed, since a path may hold a page's handle; the session is not kept at all.
        return {"path": self._keys.seal("landing", landing.path.encode()), "refused": landing.refused}

    def _back(self, signing: Signing) -> str:
        back = self._ways.back.get(Purpose(signing.purpose))
        return back(signing) if back else self._ways.home

    def _audit(
        self, work: UnitOfWork, tag: Tag, signing: Signing, *, who: SignedIn | None = None, **body: str
    ) -> None:
        now: datetime = self._clock.now()
        row = audit_row(
            new_id(self._entropy, now),
            now,
            tag,
            case_id=str(signing.payload.get("case_id", "")),
            actor=who.oid if who else "person",
            actor_method=" ".join(sorted(who.contexts)) if who else "",
            actor_auth_time=who.auth_time if who else None,
            subject=signing.expected_oid,
            signing=signing.id,
            purpose=signing.purpose,
            **body,
        )
        work.audit(row)


def _cookie_name(signing: Signing) -> str:
    return _COOKIE + signing.id


def _to_drop(cookies: Mapping[str, str]) -> str:
    """The oldest transaction cookie when they pile up: a browser's header has room for few, and an
    agent on a busy day signs often. Ids sort by time."""
    ours = sorted(name for name in cookies if name.startswith(_COOKIE))
    return ours[0] if len(ours) > COOKIES_KEPT else ""


def _origin(err: BaseException) -> str:
    """Class and place of an error, without its text."""
    if isinstance(err, KeyturnError):
        return err.code
    frame = traceback.extract_tb(err.__traceback__)[-1]
    return f"{type(err).__name__} at {frame.name}:{frame.lineno}"
