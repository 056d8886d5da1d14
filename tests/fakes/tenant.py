"""A tenant in memory that is both read and changed, with faults at any call and a ledger of all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.core.facts import AccountFacts, LivePass, Method, PassPolicy, Person, Read, Unreadable
from bot.core.model import Oid
from bot.errors import TransientError
from bot.ports.acting import ActsRefused, ActsUnknown, ActToken, IssuedPass
from tests.fakes.clock import FakeClock

CANARY = "canary+PASS"
TOKEN = "canary-TOKEN"


class Died(BaseException):
    """The process is gone, here and now; nothing below may catch it."""


@dataclass
class Fault:
    """*kind*: `refuse:<status>`, `before` (time-out, nothing done), `after` (done, answer lost),
    `die_before`, `die_after`."""

    call: str
    kind: str
    number: int = 1
    times: int = 1


@dataclass
class Tenant:
    clock: FakeClock
    accounts: dict[str, AccountFacts]
    passes: dict[str, LivePass] = field(default_factory=dict)
    policy: Read[PassPolicy] = field(
        default_factory=lambda: PassPolicy(True, 10, 480, 60, False, ("all_users",), ())
    )
    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)  # ids of every pass ever made
    blind: bool = False
    confirms: bool = False  # that everything was signed out

    # --- Directory -----------------------------------------------------------------------------------

    async def facts(self, oid: Oid, *, groups: tuple[str, ...], methods: bool = True) -> AccountFacts:
        found = self.accounts.get(oid)
        if found is None:
            found = replace(next(iter(self.accounts.values())), person=None)
        live = Unreadable("error") if self.blind else self.passes.get(oid)
        return replace(found, read_at=self.clock.now(), live_pass=live)

    async def person(self, oid: Oid) -> Person | None:
        if self.blind:
            raise TransientError("blind")
        found = self.accounts.get(oid)
        return found.person if found and isinstance(found.person, Person) else None

    async def find(self, address: str) -> Person | None:
        return None

    async def manager(self, oid: Oid) -> Person | None:
        return None

    async def photo(self, oid: Oid) -> tuple[str, bytes] | None:
        return "image/png", b"photo"

    async def methods(self, oid: Oid) -> tuple[Method, ...]:
        found = self.accounts[oid].methods
        assert not isinstance(found, Unreadable)
        return found

    async def live_pass(self, oid: Oid) -> LivePass | None:
        return self.passes.get(oid)

    async def sessions_since(self, oid: Oid) -> datetime | None:
        return self.clock.now() if self.confirms and self.count("forget_devices") else None

    async def pass_policy(self) -> Read[PassPolicy]:
        return self.policy

    async def sign_ins(self, oid: Oid) -> Read[tuple[dict[str, object], ...]]:
        return ({"at": self.clock.now(), "error": 0, "country": "DE", "app": "x"},)

    # --- Acting --------------------------------------------------------------------------------------

    async def issue_pass(self, token: ActToken, oid: Oid, *, minutes: int, once: bool) -> IssuedPass:
        after = self._enter("issue_pass", oid, token)
        ident = f"pass-{len(self.made) + 1}"
        self.made.append(ident)
        self.passes[oid] = LivePass(ident, self.clock.now(), True, minutes)
        self._leave(after)
        return IssuedPass(ident, f"{CANARY}{len(self.made)}", minutes, self.clock.now())

    async def remove_method(self, token: ActToken, oid: Oid, *, method_type: str, method_id: str) -> None:
        after = self._enter("remove_method", oid, token)
        account = self.accounts[oid]
        assert not isinstance(account.methods, Unreadable)
        left = tuple(m for m in account.methods if m.id != method_id)
        self.accounts[oid] = replace(account, methods=left)
        self._leave(after)

    async def forget_devices(self, token: ActToken, oid: Oid) -> None:
        self._leave(self._enter("forget_devices", oid, token))

    async def list_passes(self, token: ActToken, oid: Oid) -> LivePass | None:
        after = self._enter("list_passes", oid, token)
        found = self.passes.get(oid)
        self._leave(after)
        return found

    async def withdraw_pass(self, token: ActToken, oid: Oid, pass_id: str) -> None:
        after = self._enter("withdraw_pass", oid, token)
        live = self.passes.get(oid)
        if live is not None and live.id == pass_id:
            del self.passes[oid]
        self._leave(after)

    # --- faults --------------------------------------------------------------------------------------

    def count(self, call: str) -> int:
        return Counter(name for name, _ in self.calls)[call]

    def expire(self, oid: str) -> None:
        """The pass's life ends."""
        if oid in self.passes:
            self.passes[oid] = replace(
                self.passes[oid], usable=False, created_at=self.clock.now() - timedelta(hours=1)
            )

    def _enter(self, call: str, oid: str, token: ActToken) -> Fault | None:
        self.calls.append((call, oid))
        self.tokens.append(token.reveal())
        fault = next(
            (
                f
                for f in self.faults
                if f.call in (call, "*") and f.number <= self._nth(f, call) < f.number + f.times
            ),
            None,
        )
        match fault:
            case Fault(kind="before"):
                raise ActsUnknown("timeout")
            case Fault(kind="die_before"):
                raise Died
            case Fault(kind=kind) if kind.startswith("refuse:"):
                raise ActsRefused(int(kind.removeprefix("refuse:")), "accessDenied")
        return fault

    def _nth(self, fault: Fault, call: str) -> int:
        return len(self.calls) if fault.call == "*" else self.count(call)

    def _leave(self, fault: Fault | None) -> None:
        match fault:
            case Fault(kind="after"):
                raise ActsUnknown("timeout")
            case Fault(kind="die_after"):
                raise Died
