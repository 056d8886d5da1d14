"""Humans: accounts joined by a configured link, so that alice and adm-alice are one.

Every "not the same" rule asks here. Two accounts are the same human when they share any key: the
account itself, a list in the settings, or the `employeeId` (where the settings trust it).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.facts import Person


@dataclass(frozen=True, slots=True)
class Humans:
    """How accounts are joined. *links* are sets of object ids that belong to one human."""

    links: tuple[frozenset[str], ...] = ()
    by_employee_id: bool = False

    @classmethod
    def of(cls, links: Iterable[Iterable[str]], *, by_employee_id: bool) -> Humans:
        return cls(_joined([frozenset(o.lower() for o in link) for link in links]), by_employee_id)

    def linked(self, person: Person) -> bool:
        """Whether the settings know which human this is; nobody unlinked checks or approves."""
        return bool(self._link(person)) or self._by_id(person) is not None

    def same(self, one: Person, other: Person) -> bool:
        return bool(self.keys(one) & self.keys(other))

    def keys(self, person: Person) -> frozenset[str]:
        """Every name by which this account's human is known."""
        number = self._by_id(person)
        oid = person.oid.lower()
        return frozenset({oid, *self._link(person), *([number] if number else [])})

    def human(self, person: Person) -> str:
        """One name for the human, for rows that may exist once a human."""
        return self._by_id(person) or min(self._link(person), default=person.oid.lower())

    def _link(self, person: Person) -> frozenset[str]:
        oid = person.oid.lower()
        return next((link for link in self.links if oid in link), frozenset())

    def _by_id(self, person: Person) -> str | None:
        number = person.employee_id.strip().casefold()
        return f"employee:{number}" if self.by_employee_id and number else None


def _joined(links: Sequence[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Lists that overlap are one human."""
    found: list[frozenset[str]] = []
    for link in links:
        apart = [f for f in found if not f & link]
        found = [*apart, link.union(*(f for f in found if f & link))]
    return tuple(found)
