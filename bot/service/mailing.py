"""One letter to each of several addresses: one that fails holds up no other, and nobody gets two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.core.records import Job
from bot.errors import PermanentError, TransientError
from bot.ports.mail import Mail
from bot.ports.store import Store, UnitOfWork
from bot.service.keys import hashed


@dataclass(frozen=True, slots=True)
class Mailed:
    """How many addresses have it, and how many refused it for good."""

    sent: int
    refused: int


def own_of(address: str) -> str:
    """An address as it is remembered: its hash, whatever its spelling. A repeat is recognised by it also
    when another address came first meanwhile."""
    return hashed(address.casefold())[:16]


class Mailing:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def all_of(
        self,
        mail: Mail,
        job: Job,
        addresses: Sequence[str],
        letter: Callable[[str], tuple[str, str]],
        locale: str,
    ) -> Mailed:
        """*letter* gives subject and text for an address's hash. Raises TransientError while an address
        may yet take it; who has it is remembered with the job."""
        before: list[str] = job.body.get("taken", [])
        taken, away, refused = list(before), None, 0
        for address in addresses:
            own = own_of(address)
            if own in before:
                continue
            subject, text = letter(own)
            try:
                await mail.send(address, subject, text, key=f"{job.key}/{own}", locale=locale)
                taken.append(own)
            except TransientError as err:
                away = err
            except PermanentError:
                refused += 1
        if away is None:
            return Mailed(len(taken), refused)
        if len(taken) > len(before) or "taken" not in job.body:
            await self._remember(job, taken)
        raise away

    async def _remember(self, job: Job, taken: list[str]) -> None:
        """Who has it already, so that a slow mailbox brings the others no second letter: few mailboxes
        look for repeats."""

        def keep(work: UnitOfWork) -> None:
            kept = work.lock(Job, job.key)
            if kept is not None and kept.status == "waiting":
                work.put(replace(kept, body={**kept.body, "taken": taken}))

        await self._store.transact(keep)
