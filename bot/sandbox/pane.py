"""The tenant page: one person's methods, pass, sessions, log, mail and paper, and the switches."""

from __future__ import annotations

from aiohttp import web

from bot.sandbox.state import State
from bot.sandbox.summary import brief, summary
from bot.sandbox.switches import CHOICES, SWITCHES
from bot.sandbox.views import page

CREATING = "POST */temporaryAccessPassMethods"
FAULT_CHOICES = (
    ("timeout_after", CREATING, "Creating a pass: time-out after success"),
    ("html502", CREATING, "Creating a pass: the gateway answers with a page"),
    ("throttle", CREATING, "Creating a pass: too many requests"),
    ("hold", CREATING, "Creating a pass: held until you release it"),
    ("lag", CREATING, "Creating a pass: works only after ten seconds"),
    ("unavailable", "GET */users/*", "Reading a person: service unavailable"),
    ("slow", "GET */users/*", "Reading a person: ten seconds late"),
)
SHOWN_SWITCHES = ("licence", "pim", "pass_enabled", "pass_once", "country")


def tenant_page(
    state: State, person: str, *, problem: str = "", status: int = 200, template: str = "tenant.html"
) -> web.Response:
    who = state.directory.get(person) or state.directory.all()[0]
    return page(
        template,
        status=status,
        who=summary(state, who),
        people=[brief(state, one) for one in state.directory.all()],
        faults=[one for one in state.faults.shown() if one["met"] < one["times"] or one["holding"]],
        fault_choices=FAULT_CHOICES,
        switches=[
            (name, SWITCHES[name][1], state.switches[name], CHOICES.get(name)) for name in SHOWN_SWITCHES
        ],
        problem=problem,
    )
