"""Who may stand in for whom: the directory manager, configured deputies, the helpers' group.

Read when somebody is named, when they sign in, and in every decision; whoever cannot be read may not.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.facts import Person, Read, Unreadable
from bot.core.humans import Humans
from bot.core.law import Stand
from bot.core.model import Oid, Reason
from bot.core.records import Attempt
from bot.errors import KeyturnError
from bot.ports.directory import Directory


class HelperSet:
    def __init__(self, directory: Directory, group: str, deputies: Mapping[str, tuple[str, ...]]) -> None:
        """*group* is the id of the helpers' group, "" for none; *deputies* by the manager's object id."""
        self._directory = directory
        self._group = group
        self._deputies = deputies

    async def stand(self, helper: str, subject: str) -> Stand:
        """Who *helper* is and why they may stand in for *subject*, read now."""
        try:
            person: Read[Person | None] = await self._directory.person(Oid(helper))
        except KeyturnError:
            person = Unreadable("error")
        return Stand(helper, person, await self.role(helper, subject))

    async def role(self, helper: str, subject: str) -> Read[str]:
        """`manager`, `deputy`, `group` or ""."""
        try:
            manager = await self._directory.manager(Oid(subject)) if subject else None
        except KeyturnError:
            return Unreadable("error")
        if manager is not None and manager.oid == helper:
            return "manager"
        if manager is not None and helper in self._deputies.get(manager.oid, ()):
            return "deputy"
        if not self._group:
            return ""
        facts = await self._directory.facts(Oid(helper), groups=(self._group,), methods=False)
        if isinstance(facts.groups, Unreadable):
            return facts.groups
        return "group" if self._group in facts.groups else ""


async def not_the_helper(
    directory: Directory, humans: Humans, attempt: Attempt, person: Person | None
) -> Reason | None:
    """Why *person* may neither check nor vouch in this attempt: they stand in for its browser, so that
    one human would be alone with the page and with the word that it is the right person."""
    if not attempt.helper_oid:
        return None
    try:
        helper = await directory.person(Oid(attempt.helper_oid))
    except KeyturnError:
        return Reason.FACTS_UNREADABLE
    if helper is None or person is None:
        return Reason.FACTS_UNREADABLE
    return Reason.WAS_HELPER if humans.same(helper, person) else None
