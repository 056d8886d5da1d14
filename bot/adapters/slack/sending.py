"""Calling Slack: in time, no faster than it allows, and with its answers in our terms.

Each method has a budget per workspace and minute, each place one message a second; Slack drops from
display what comes faster. A call that would wait long is handed back with the time it is due, so that it
costs nobody a hand. Budgets are this process's own; what replicas spend together, Slack says with 429 and
`Retry-After`, which is believed.

An answer is one of three: done; *not done* (`NotTakenError`, PermanentError); *unknown* (TransientError),
when the connection broke or Slack failed. Only the first two can be acted upon without asking again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.workspaces import Bot, Workspaces
from bot.errors import NotDueError, PermanentError, TransientError
from bot.ports.clock import Clock

log = logging.getLogger(__name__)

Call = Callable[[AsyncWebClient], Awaitable[Any]]
Sleep = Callable[[float], Awaitable[None]]

MINUTE = timedelta(minutes=1)
SPACING = timedelta(seconds=1)
"""Between two messages to one place, and between two changes of one message."""
PATIENCE = 5.0
"""Seconds a call waits for its turn; with more ahead of it, it comes back later, so that one busy place
does not take all hands."""
BUDGETS: Mapping[str, int] = {
    "chat.postEphemeral": 100,  # tier 4
    "chat.postMessage": 240,  # "several hundred"
    "chat.update": 50,  # tier 3
    "conversations.history": 50,
    "conversations.open": 50,
    "conversations.replies": 50,
    "views.open": 100,  # tier 4
    "views.publish": 100,
    "views.update": 100,
}
"""Calls a minute and workspace (Slack's tiers)."""

_UNKNOWN = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})
_LATER = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded", "team_added_to_org"})
_TOKEN = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
_TOKEN_WAIT = 60.0
REMEDIES: Mapping[str, str] = {
    "account_inactive": "The app was removed from the workspace: install it again.",
    "cannot_dm_bot": "Nobody is there: the account is a bot.",
    "channel_not_found": "Check slack.agent_channel, and that the app is a member of it.",
    "edit_window_closed": "Let messages be edited at any time (workspace settings); cards stay as they were.",
    "invalid_auth": "Check slack.bot_token; reinstalling the app makes a new one.",
    "is_archived": "Unarchive the channel, or name another in slack.agent_channel.",
    "missing_scope": "Compare the app's scopes with `keyturn manifest slack` and reinstall it.",
    "not_in_channel": "Invite the app to the channel: /invite @Keyturn.",
    "restricted_action": "Let apps post in this channel (channel settings, posting permissions).",
    "team_access_not_granted": "Add the app to this workspace of the organisation.",
    "token_expired": "Token rotation is on; Keyturn needs an app without it.",
    "token_revoked": "Reinstall the app and replace slack.bot_token.",
}


class NotTakenError(TransientError):
    """Slack did nothing, and may do it later: nothing has to be looked for before trying again."""


class WaitError(NotTakenError, NotDueError):
    """Our own budget for this method or place is used up for now."""


class TooFastError(NotTakenError):
    """Of this method, for now: *retry_after* is Slack's."""


class Calls:
    """The one way out: every call that this adapter makes goes through `make`."""

    def __init__(self, workspaces: Workspaces, clock: Clock, *, sleep: Sleep = asyncio.sleep) -> None:
        self._workspaces = workspaces
        self._clock = clock
        self._sleep = sleep
        self._paces: dict[tuple[str, str], _Pace] = {}
        self._places: OrderedDict[str, datetime] = OrderedDict()

    async def bot(self, tenant: str, team: str = "") -> Bot:
        """Ours in *tenant*, a workspace or an organisation, of which *team* is the workspace if known."""
        organisation = tenant.startswith("E")
        try:
            return await self._workspaces.bot(
                team if organisation else tenant, tenant if organisation else ""
            )
        except PermanentError as err:
            if err.reason not in _TOKEN:
                raise
            raise NotTakenError(str(err), retry_after=_TOKEN_WAIT) from None

    async def make(
        self,
        tenant: str,
        method: str,
        call: Call,
        *,
        team: str = "",
        place: str = "",
        patience: float = PATIENCE,
    ) -> Mapping[str, Any]:
        """Call *method* when it is due. *place*: a message to it, which keeps its own distance."""
        bot = await self.bot(tenant, team)
        wait = self.ready(tenant, method, team=team, place=place, patience=patience)
        pace, now = self._pace(tenant, method, team), self._clock.now()
        due = now + timedelta(seconds=wait)
        pace.take(due)
        if place:
            self._places[place] = due
            self._places.move_to_end(place)
        if wait > 0:
            await self._sleep(wait)
        try:
            answer = await call(bot.client)
        except SlackApiError as err:
            no = refusal(err, method)
            if isinstance(no, TooFastError):
                pace.hold(self._clock.now() + timedelta(seconds=no.retry_after or 0.0))
            raise no from None
        except (aiohttp.ClientError, OSError, TimeoutError) as err:
            raise TransientError(f"{method}: {type(err).__name__}", retry_after=1.0) from None
        data = getattr(answer, "data", None)
        return data if isinstance(data, dict) else {}

    def ready(
        self, tenant: str, method: str, *, team: str = "", place: str = "", patience: float = PATIENCE
    ) -> float:
        """Seconds that a call would wait now. Raises WaitError when they are too many, so that nobody
        begins what cannot be done yet."""
        now = self._clock.now()
        due = max(self._pace(tenant, method, team).due(now), self._due(place, now))
        wait = (due - now).total_seconds()
        if wait > patience:
            raise WaitError(f"{method}: not due yet", retry_after=wait)
        return wait

    def _pace(self, tenant: str, method: str, team: str) -> _Pace:
        return self._paces.setdefault((team or tenant, method), _Pace(BUDGETS[method]))

    def _due(self, place: str, now: datetime) -> datetime:
        while self._places and next(iter(self._places.values())) + SPACING <= now:
            self._places.popitem(last=False)
        last = self._places.get(place) if place else None
        return max(now, last + SPACING) if last else now


class _Pace:
    """At most *most* calls in any minute."""

    def __init__(self, most: int) -> None:
        self._taken: deque[datetime] = deque(maxlen=most)
        self._held: datetime | None = None

    def due(self, now: datetime) -> datetime:
        full = len(self._taken) == self._taken.maxlen
        due = max(now, self._taken[0] + MINUTE) if full else now
        return max(due, self._held) if self._held else due

    def take(self, at: datetime) -> None:
        self._taken.append(at)

    def hold(self, until: datetime) -> None:
        """Slack said when to come back."""
        self._held = until


def refusal(err: SlackApiError, method: str) -> TransientError | PermanentError:
    """What Slack said no with. Its words are a short code; texts of the exception may hold a body and
    go nowhere."""
    answer = err.response
    data = getattr(answer, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    status = int(getattr(answer, "status_code", 0) or getattr(answer, "status", 0) or 0)
    if status == 429 or code in _LATER:
        return TooFastError(f"{method}: too fast", retry_after=_retry_after(answer))
    if status >= 500 or code in _UNKNOWN or not code:
        return TransientError(f"{method}: {code or status}", retry_after=1.0)
    remedy = REMEDIES.get(code, "")
    log.warning("%s: %s. %s", method, code, remedy)
    if code in _TOKEN:  # somebody can repair it, and what waits is not lost meanwhile
        return NotTakenError(f"{method}: {code}", retry_after=_TOKEN_WAIT)
    return PermanentError(f"{method}: {code}. {remedy}".rstrip(), status=status, reason=code)


def _retry_after(answer: object) -> float:
    wait = getattr(answer, "headers", {}).get("Retry-After", "")
    return float(wait) if str(wait).isdigit() else 1.0
