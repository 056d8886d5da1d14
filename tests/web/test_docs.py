"""docs/http.md lists every route and every field of every form; an undocumented one fails here."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from bot.adapters.web import (
    app,
    callback,
    case,
    case_ticket,
    chat,
    counter,
    demo,
    desk,
    desk_open,
    health,
    help,  # noqa: A004
    helper,
    history,
    linking,
    me,
    moving,
    outage,
    review,
    stop,
    talk,
    thanks,
    threat,
    voucher,
)
from bot.adapters.web.shell import Site
from tests.web.house import ROOT

DOCS = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
PAGES = (
    app._Frame,
    callback.Callback,
    case.CasePage,
    chat.Chat,
    counter.CounterPage,
    demo.DemoPage,
    desk.DeskPage,
    desk_open.DeskOpen,
    health.Health,
    help.HelpPage,
    helper.HelperPage,
    history.HistoryPage,
    linking.LinkPage,
    me.Me,
    moving.MovePage,
    outage.OutagePage,
    review.ReviewPage,
    case_ticket.CaseTicket,
    stop.StopPage,
    threat.ThreatPage,
    talk.TalkPage,
    thanks.ThanksPage,
    voucher.Voucher,
)


class Hollow:
    """Stands where a page's neighbours would: routes are asked for, never called."""

    site = Site("http://127.0.0.1:1", "http://localhost:1", "", "")

    def __getattr__(self, name: str) -> Any:
        return Hollow()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return Hollow()


def routes() -> list[str]:
    found = []
    for page in PAGES:
        signature = inspect.signature(page)
        values = {
            name: "" if one.annotation == "str" else Hollow()
            for name, one in signature.parameters.items()
            if one.default is one.empty
        }
        found += [f"{route.method} {route.path}" for route in page(**values).routes()]
    return [one.replace("{rest:.*}", "{rest}") for one in found]


def test_every_route_is_documented() -> None:
    """What is not on the page does not exist for whoever writes a script."""
    missing = [route for route in routes() if f"`{route}`" not in DOCS]
    assert not missing


def test_every_documented_route_exists() -> None:
    """No row outlives its route."""
    documented = set(re.findall(r"^\| `((?:GET|POST|\*) /[^`]*)`", DOCS, re.MULTILINE))
    assert documented == set(routes())


@pytest.mark.parametrize(
    "template", sorted(path.name for path in (ROOT / "templates" / "web").glob("*.html"))
)
def test_every_field_of_every_form_is_documented(template: str) -> None:
    """A field has a name in a form, and a place in the docs."""
    html = (ROOT / "templates" / "web" / template).read_text(encoding="utf-8")
    names = re.findall(r'<(?:input|select|textarea|button)\b[^>]*?\bname="([^"{]+)"', html)
    assert not [name for name in names if f"`{name}`" not in DOCS]
