"""How often somebody may try: wrong tries, openings, typed case numbers.

Guessing ends the attempt and slows the next one; it never locks the real account. A subject has two
pools of wrong tries, strangers' and known browsers', so that neither closes the other, and nothing
that is re-issued (code, digits, attempt) gives a try back. Only a passed proof empties a pool.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.audit import Tag, audit_row
from bot.core.model import Reason
from bot.core.records import Attempt, Case, Limit
from bot.ports.clock import Entropy
from bot.ports.store import UnitOfWork
from bot.service.chance import new_id

_KEPT = timedelta(days=90)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Budgets:
    """The counts; `app.yaml` may lower them."""

    wrong_tries: int = 5
    pool: int = 50
    waits: tuple[timedelta, ...] = (
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(hours=1),
    )
    openings_account: int = 10  # cases without evidence, a chat account a day
    openings_network: int = 60  # the same, a network an hour
    wrong_numbers: int = 10  # typed case numbers, a case an hour
    claims_network: int = 20  # wrong case numbers with an address, a network an hour
    claims_number: int = 10  # the same, a number an hour, whether there is such a case or not
    claims_right: int = 10  # pages of one case, a network an hour
    messages_network: int = 600  # at the front door before any evidence, a network an hour


class Limits:
    def __init__(self, entropy: Entropy, budgets: Budgets | None = None) -> None:
        self._entropy = entropy
        self.budgets = budgets or Budgets()

    # --- wrong tries ---------------------------------------------------------------------------

    def may_try(
        self, work: UnitOfWork, case: Case, attempt: Attempt, at: datetime, *, in_person: bool = False
    ) -> Reason | None:
        """Why a try is refused unseen, or None. *in_person*: an agent is with the person, which no
        pool ever closes."""
        if attempt.wait_until and at < attempt.wait_until:
            return Reason.TOO_SOON
        if not in_person and self._count(work, pool_of(case, attempt)) >= self.budgets.pool:
            return Reason.TOO_MANY
        return None

    def wrong(self, work: UnitOfWork, case: Case, attempt: Attempt, kind: str, at: datetime) -> Attempt:
        """Count a wrong try: a growing wait, and the end of the attempt at the fifth."""
        tries = attempt.wrong_tries + 1
        over = tries >= self.budgets.wrong_tries
        wait = self.budgets.waits[min(tries, len(self.budgets.waits)) - 1]
        attempt = replace(
            attempt,
            wrong_tries=tries,
            wait_until=at + wait,
            status="ended" if over else attempt.status,
            ended_reason="tries" if over else attempt.ended_reason,
            challenge="" if over else attempt.challenge,
            challenge_wire="" if over else attempt.challenge_wire,
        )
        work.put(attempt)
        pool = work.bump(pool_of(case, attempt), until=at + _KEPT)
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.PROOF_FAILED, case_id=case.id, actor="person",
                subject=case.subject_oid, attempt=attempt.id, kind=kind, tries=tries, pool=pool, ended=over,
            )
        )  # fmt: skip
        return attempt

    def passed(self, work: UnitOfWork, case: Case, attempt: Attempt) -> None:
        """A proof passed: its pool starts anew, and the case no longer counts as one without evidence."""
        work.remove(Limit, pool_of(case, attempt))
        if case.proven_at is None:
            for ident in self._openings(account_of(case), case.network, case.opened_at):
                if self._count(work, ident):
                    work.bump(ident, until=case.opened_at + _DAY, by=-1)

    # --- openings and claims -------------------------------------------------------------------

    def opening(self, work: UnitOfWork, *, account: str, network: str, at: datetime) -> Reason | None:
        """Count a case being opened by a chat account (`channel:tenant:user`) from a network, or say
        that there were too many without evidence."""
        most = (self.budgets.openings_account, self.budgets.openings_network)
        idents = self._openings(account, network, at)
        if any(self._count(work, ident) >= n for ident, n in zip(idents, most, strict=False)):
            return Reason.TOO_MANY
        for ident in idents:
            work.bump(ident, until=at + _DAY)
        return None

    def _openings(self, account: str, network: str, at: datetime) -> tuple[str, ...]:
        day, hour = at.strftime("%Y-%m-%d"), at.strftime("%Y-%m-%dT%H")
        return (f"open/account/{account}/{day}", *((f"open/network/{network}/{hour}",) if network else ()))

    def numbers_left(self, work: UnitOfWork, case: Case, at: datetime) -> bool:
        return self._count(work, self._numbers(case, at)) < self.budgets.wrong_numbers

    def wrong_number(self, work: UnitOfWork, case: Case, at: datetime) -> None:
        work.bump(self._numbers(case, at), until=at + _HOUR)

    def _numbers(self, case: Case, at: datetime) -> str:
        return f"number/{case.id}/{at:%Y-%m-%dT%H}"

    # --- the front door ------------------------------------------------------------------------

    def claiming(self, work: UnitOfWork, *, network: str, number: str, at: datetime) -> tuple[bool, bool]:
        """Count somebody who says a case number and an address, before it is looked at: (whether the
        network, whether the number had a try left). The number counts as it was typed, or the count
        would tell which ones exist."""
        counts = [work.bump(ident, until=at + _DAY) for ident in self._claims(network, number, at)]
        return counts[0] <= self.budgets.claims_network, counts[1] <= self.budgets.claims_number

    def claimed(self, work: UnitOfWork, *, network: str, number: str, at: datetime) -> bool:
        """It was right: the try is given back. False where that network has got pages enough of it."""
        for ident in self._claims(network, number, at):
            work.bump(ident, until=at + _DAY, by=-1)
        right = work.bump(f"claim/right/{network}/{number}/{at:%Y-%m-%dT%H}", until=at + _DAY)
        return right <= self.budgets.claims_right

    def _claims(self, network: str, number: str, at: datetime) -> tuple[str, str]:
        hour = f"{at:%Y-%m-%dT%H}"
        return f"claim/network/{network}/{hour}", f"claim/number/{number}/{hour}"

    def talking(self, work: UnitOfWork, *, network: str, at: datetime) -> bool:
        """Count a message at the front door; False when the network has sent too many."""
        count = work.bump(f"talk/network/{network}/{at:%Y-%m-%dT%H}", until=at + _DAY)
        return count <= self.budgets.messages_network

    def _count(self, work: UnitOfWork, ident: str) -> int:
        found = work.get(Limit, ident)
        return found.count if found else 0


def pool_of(case: Case, attempt: Attempt) -> str:
    """The pool a wrong try counts in. Without a subject yet, the case is its own."""
    pool = "known" if attempt.remembered or case.agent_started else "strangers"
    return f"wrong/{pool}/{case.subject_oid or case.id}"


def account_of(case: Case) -> str:
    """The chat account that opened a case."""
    opener = case.opener
    return f"{opener.get('channel', '')}:{opener.get('tenant', '')}:{opener.get('user', '')}"
