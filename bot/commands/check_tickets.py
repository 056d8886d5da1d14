"""The probes of `keyturn check` for ticket systems and webhooks. A ticket that cannot exist is looked for;
no webhook is called: its receiver would take a test for a case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from bot.commands.check_entra import Line
from bot.errors import PermanentError, TransientError
from bot.ports.clock import Clock
from bot.ports.tickets import TicketSystem
from bot.settings import Settings

_NOWHERE = {"servicenow": "INC0", "jira": "KEYTURN-999999999"}
_NAME = {"servicenow": "ServiceNow", "jira": "Jira"}
_TODO = {
    401: "Renew the credential under tickets; docs/tickets.md says which.",
    403: "Give the user the right to read and write tickets; docs/tickets.md says which.",
}


async def lines(settings: Settings, clock: Clock) -> AsyncIterator[Line]:
    """A line for each ticket system and each webhook; none where there are none."""
    tickets = settings.tickets
    if tickets.servicenow is not None:
        from bot.adapters.tickets.servicenow import ServiceNowTickets

        now = ServiceNowTickets(tickets.servicenow, clock)
        yield await _asked(now)
        await now.aclose()
    if tickets.jira is not None:
        from bot.adapters.tickets.jira import JiraTickets

        jira = JiraTickets(tickets.jira)
        yield await _asked(jira)
        await jira.aclose()
    for one in settings.webhooks:
        events = ", ".join(one.events)
        yield Line(
            "green", "webhook", f"{urlsplit(one.url).netloc} will hear of: {events}. It was not called."
        )


async def _asked(system: TicketSystem) -> Line:
    what = _NAME[system.name]
    try:
        await system.find(_NOWHERE[system.name])
    except PermanentError as err:
        todo = _TODO.get(err.status, "Compare the address under tickets with your site's.")
        return Line("red", what, f"It does not work: {err}.", todo)
    except TransientError as err:
        return Line("amber", what, f"It does not work now: {err}.", "Try again; let this host reach it.")
    made = "makes tickets" if system.creates else "writes to the tickets that agents name"
    return Line("green", what, f"It lets us in. Keyturn {made}.")
