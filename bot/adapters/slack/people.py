"""Who spoke: Slack is asked once an hour about each of them, and whoever is not a member is turned away.

A shared channel brings people of other companies, whose clicks and messages look like ours; Slack
says `is_stranger` of hardly any of them. So what counts is whose `team_id` (or, in an organisation, whose
`enterprise_id`) they have, and nothing by which they are called. What Slack leaves unsaid means no.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.adapters.slack.config import CHANNEL, Home
from bot.adapters.slack.workspaces import Workspaces, translated
from bot.core.model import Place
from bot.errors import PermanentError, TransientError
from bot.ports.identity import Account, Claim, Identity, Standing

PATIENCE = 1.5
"""Seconds for Slack to answer: the acknowledgement waits for it, and has three in all."""
LOOK_UP = 0.8
"""Seconds for the directory to say whose a confirmed address is; later it counts from the next time."""

_NOBODY = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
_NO = (False, None)


@dataclass(frozen=True, slots=True)
class Person:
    """A member, and where the talk with them is."""

    place: Place
    user: str
    claim: Claim


class People:
    def __init__(self, home: Home, workspaces: Workspaces, identity: Identity) -> None:
        self._home = home
        self._workspaces = workspaces
        self._identity = identity
        self._asking: dict[str, asyncio.Task[Claim]] = {}
        self._late: set[asyncio.Task[Claim]] = set()

    def place(self, user: str) -> Place:
        """Their DM with the bot, the only place where anything is talked about."""
        return Place(CHANNEL, self._home.tenant, user)

    async def served(self, user: str, workspace: str, enterprise: str, *, key: str) -> Person | None:
        """The member who did *key*; anybody else was turned away. Raises TransientError when it
        cannot be found out now."""
        claim = await self.claim(user, workspace, enterprise)
        if claim.standing is not Standing.MEMBER:
            account = Account(CHANNEL, self._home.tenant, user, claim.standing, claim.locale)
            await self._identity.turn_away(self.place(user), account, dedupe_key=key)
            return None
        return Person(self.place(user), user, claim)

    async def claim(self, user: str, workspace: str, enterprise: str) -> Claim:
        """What is known, or what Slack says now. Of many events of one new person one asks."""
        known = await self._identity.claim(CHANNEL, self._home.tenant, user)
        if known is not None:
            return known
        task = self._asking.get(user)
        if task is None:
            task = asyncio.create_task(self._meet(user, workspace, enterprise))
            self._asking[user] = task
            task.add_done_callback(lambda done: self._answered(user, done))
        return await asyncio.shield(task)

    def _answered(self, user: str, task: asyncio.Task[Claim]) -> None:
        self._asking.pop(user, None)
        if not task.cancelled():
            task.exception()  # seen, should everybody who waited have gone

    async def _meet(self, user: str, workspace: str, enterprise: str) -> Claim:
        account = await self._asked(user, workspace, enterprise)
        if not account.mail:
            return await self._identity.met(account)
        meeting = asyncio.create_task(self._identity.met(account))
        done, _ = await asyncio.wait({meeting}, timeout=LOOK_UP)
        if done:
            return meeting.result()
        self._late.add(meeting)
        meeting.add_done_callback(self._came)
        return await self._identity.met(replace(account, mail=""))

    def close(self) -> None:
        """Wait for no late answer any more."""
        for task in (*self._late, *self._asking.values()):
            task.cancel()

    def _came(self, meeting: asyncio.Task[Claim]) -> None:
        self._late.discard(meeting)
        if not meeting.cancelled():
            meeting.exception()  # a hint that did not come is none

    async def _asked(self, user: str, workspace: str, enterprise: str) -> Account:
        bot = await self._workspaces.bot(workspace, enterprise)
        try:
            async with asyncio.timeout(PATIENCE):
                told = await bot.client.users_info(user=user, include_locale=True)
        except SlackApiError as err:
            why = translated(err, "users.info")
            if isinstance(why, PermanentError) and why.reason in _NOBODY:
                return Account(CHANNEL, self._home.tenant, user, Standing.UNKNOWN)
            raise TransientError(str(why)) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as err:
            raise TransientError(f"users.info: {type(err).__name__}") from None
        found = told.get("user")
        return account_of(found if isinstance(found, Mapping) else {}, user, self._home)


def account_of(told: Mapping[str, Any], user: str, home: Home) -> Account:
    """The account that `users.info` describes."""
    standing = standing_of(told, user, home)
    profile = told.get("profile")
    mail = str(profile.get("email") or "") if isinstance(profile, Mapping) else ""
    confirmed = told.get("is_email_confirmed") is True and standing is Standing.MEMBER
    locale = str(told.get("locale") or "")
    return Account(CHANNEL, home.tenant, user, standing, locale, mail.lower() if confirmed else "")


def standing_of(told: Mapping[str, Any], user: str, home: Home) -> Standing:
    """In this order, so that an outsider is never taken for a guest of ours."""
    if told.get("id") != user:
        return Standing.UNKNOWN
    if told.get("is_bot") not in _NO or told.get("is_workflow_bot") not in _NO or user == "USLACKBOT":
        return Standing.BOT
    if told.get("is_stranger") not in _NO or not _at_home(told, home):
        return Standing.EXTERNAL
    if told.get("deleted") is not False:
        return Standing.GONE if told.get("deleted") is True else Standing.UNKNOWN
    guest = (told.get("is_restricted"), told.get("is_ultra_restricted"))
    if any(flag is not False for flag in guest):
        return Standing.GUEST if True in guest else Standing.UNKNOWN
    return Standing.MEMBER if told.get("is_bot") is False else Standing.UNKNOWN


def _at_home(told: Mapping[str, Any], home: Home) -> bool:
    team = str(told.get("team_id") or "")
    inside = told.get("enterprise_user")
    if not isinstance(inside, Mapping):
        return home.holds(team)
    if home.enterprise_id:
        return inside.get("enterprise_id") == home.enterprise_id
    teams = inside.get("teams")
    return home.holds(team) or (isinstance(teams, list) and home.team_id in teams)
