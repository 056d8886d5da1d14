"""Every message the product can send, by name, in every language it ships: what the golden renders and
the pictures of each chat platform are made of. Nothing here knows a platform.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bot.core.elements import Heading
from bot.core.message import Message
from bot.core.model import Reason
from bot.core.outcomes import outcomes
from bot.core.tables import LOOKS, Verb
from bot.flowfile.book import of_folder
from bot.flowfile.versions import from_folder
from bot.flowfile.wording import LINKS
from bot.ports.desk import CardView, ProofSeen
from bot.service.card_posts import CardPosts
from bot.service.homes import _Page
from bot.service.speaking import Speaking
from bot.service.word_files import WordFiles, folder_files
from bot.service.words import Desk, WordService
from tests.core.test_message import EVERYTHING, ONE_OF_EACH

ROOT = Path(__file__).parents[2]
LOCALES = ("en", "de")
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NUMBER = "471100"
OFFERS = {"sounds_like": ["new_phone"], "which": ["new_phone"], "alarm_offer": ["new_phone"]}
LINKED = {"voucher_link": "voucher:v1"}
NO_MESSAGE = ("button_", "send", "choose", "also", "in_english", "menu_", "input", "case_link", "unworded")


@cache
def words() -> WordService:
    return WordService(
        WordFiles(folder_files(ROOT / "templates", system=True)),
        desk=Desk("+49 30 5550 0100", "Mon–Fri 8–18"),
        links={name: f"https://keyturn.example/{name}" for name in LINKS},
    )


class Shipped:
    """The shipped flows, as `Speaking` asks for them."""

    def __init__(self) -> None:
        self.versions = from_folder(ROOT / "flows", ROOT / "templates")

    def names(self) -> tuple[str, ...]:
        return tuple(self.versions)

    def live(self, flow: str) -> str | None:
        return self.versions[flow].hash if flow in self.versions else None

    def menu(self, locale: str) -> tuple[tuple[str, str], ...]:
        """In the authors' order: nobody has asked for anything yet."""
        offered = [(name, one) for name, one in self.versions.items() if one.offered]
        flows = {name: one.flows.flows[name] for name, one in offered}
        titled = [(name, words().title(self.words(one.hash), locale, name)) for name, one in offered]
        shown = [one for one in titled if flows[one[0]].in_menu]
        return tuple(sorted(shown, key=lambda one: (flows[one[0]].place or 100, one[1].casefold())))

    def words(self, flow_hash: str) -> WordFiles:
        files = next(one.files for one in self.versions.values() if one.hash == flow_hash)
        return words().flow(flow_hash, lambda: files)


@cache
def messages(locale: str) -> dict[str, Message]:
    """Everything the bot can say in *locale*, by a name that stays."""
    return {
        **dict(_steps(locale)), **dict(_own(locale)), **dict(_refusals(locale)), **dict(_cards(locale)),
    }  # fmt: skip


def kinds() -> dict[str, Message]:
    """A message of each kind of element, one of all, and one as large as messages get."""
    found = {
        type(one).__name__.lower(): Message((Heading("One element"), one), "One element")
        for one in ONE_OF_EACH
    }
    return {**found, "everything": EVERYTHING}


@cache
def homes(locale: str) -> dict[str, Message]:
    """The page that a person has with the bot inside a platform: when nothing is under way, in the middle
    of a case, and as an agent sees it."""
    page = _Page(words(), Shipped(), locale, AT, "https://keyturn.example")  # type: ignore[arg-type]
    case: Any = SimpleNamespace(id="c1", number=NUMBER, flow="new_phone", status="open", opener={})
    methods = (("microsoftAuthenticator", AT - timedelta(days=400)), ("fido2", AT), ("phone", None))
    quiet = [*page.flows(False), *page.account(linked=False, named=False, known=True)]
    busy = [*page.cases([case]), *page.flows(True), *page.methods(methods)]
    agent = [*page.flows(False), *page.queue(tuple(views().values())[:4]), *page.methods(())]
    linked = [*page.account(linked=True, named=False, known=True)]
    foot = list(page.foot(LOCALES))
    return {
        "home.first": page.message([*quiet, *foot]),
        "home.busy": page.message([*busy, *linked, *foot]),
        "home.agent": page.message([*agent, *linked, *foot]),
        "home.nobody": page.message(page.nobody()),
    }


def pressed() -> Message:
    """A question after its answer: nothing left to press."""
    return messages("en")["new_phone.old_phone.text"].settled()


# --- the flows' words -------------------------------------------------------------------------------


def _steps(locale: str) -> Iterator[tuple[str, Message]]:
    """Each part of each step, with the buttons, question or link that it comes with."""
    shipped = Shipped()
    speaking = Speaking(words(), shipped, {})  # type: ignore[arg-type]
    book = of_folder(ROOT / "flows", ROOT / "templates")
    slots = _slots(book)
    for name, file in book.flows.items():
        flow_hash = shipped.live(name)
        assert flow_hash is not None
        for step in file.flow.steps.values():
            asks = step.what if step.verb is Verb.INPUT else ""
            link = "case" if step.verb in {Verb.PROVE, Verb.REQUEST, Verb.HANDOFF} else ""
            parts = ("text", "invalid", "remind", *outcomes(step).possible)
            for part in (part for part in parts if part not in step.choices):  # those are labels
                if shipped.words(flow_hash).find(locale, name, step.id, part) is None:
                    continue
                asking = part in {"text", "invalid", "remind"}
                effect = {
                    "flow": name, "step": step.id, "part": part, "version": 3, "values": slots,
                    "choices": step.choices if asking else (), "asks": asks if asking else "",
                    "link": link if asking else "",
                }  # fmt: skip
                message = speaking.message(_body("Say", effect, locale, flow_hash), "c1")
                if message is not None:
                    yield f"{name}.{step.id}.{part}", message


def _slots(book: Any) -> dict[str, object]:
    values: dict[str, object] = {}
    for file in book.flows.values():
        for step in file.flow.steps.values():
            fields = LOOKS[step.what].fields if step.verb is Verb.LOOK else ()
            values[step.id] = {"outcome": "ok", **{one: ["Pixel 10", "iPhone 17"] for one in fields}}
    return values


# --- the bot's own words ----------------------------------------------------------------------------


def _own(locale: str) -> Iterator[tuple[str, Message]]:
    speaking = Speaking(words(), Shipped(), {})  # type: ignore[arg-type]
    texts = yaml.safe_load((ROOT / f"templates/{locale}/system/common.yaml").read_text(encoding="utf-8"))
    for key, text in texts.items():
        if not isinstance(text, str) or key.startswith(NO_MESSAGE) or key.endswith("_button"):
            continue
        values = {
            "reference": "AB12CD34", "name": "Amara Osei", "number": NUMBER, "since": "09:12",
            "badge": "4711", "before": 2, "minutes": 4, "names": "Sam", "opens_time": "08:00",
            "opens_day": "mon", "page": False, "what": "sign_in", "text": "", "until": "09:30",
            "outage": "o1", "count": 2,
        }  # fmt: skip
        body = _body("Tell", {"key": key, "values": values}, locale, "")
        body |= {"offer": OFFERS.get(key, []), "link": LINKED.get(key, "")}
        message = speaking.message(body, "c1")
        assert message is not None
        yield f"common.{key}", message


def _refusals(locale: str) -> Iterator[tuple[str, Message]]:
    speaking = Speaking(words(), Shipped(), {})  # type: ignore[arg-type]
    for reason in Reason:
        message = speaking.message(_body("Refuse", {"reason": reason.value}, locale, ""), "")
        assert message is not None
        yield f"reasons.{reason.value}", message


def _body(what: str, effect: dict[str, Any], locale: str, flow_hash: str) -> dict[str, Any]:
    return {
        "what": what, "effect": effect, "locale": locale, "flow_hash": flow_hash, "number": NUMBER,
        "place": "web:demo:employee",
    }  # fmt: skip


# --- the agents' cards ------------------------------------------------------------------------------


def views() -> dict[str, CardView]:
    """A card at each stage of its life."""
    asked = CardView(
        case_id="c1", number=NUMBER, wants="live_check", asked_at=AT - timedelta(minutes=4), locale="de",
        review="/r/x", name="Amara Osei", site="Berlin", rank="standard",
        acts=("issue_pass", "remove_method"),
        passed=(ProofSeen("saved_code", "", AT - timedelta(minutes=3)),),
        missing=("live_check",), claimed=True, present=True,
    )  # fmt: skip
    approval = replace(
        asked, wants="approval", missing=(), deadline=AT + timedelta(minutes=50),
        passed=(*asked.passed, ProofSeen("live_check", "call_back", AT - timedelta(minutes=1))),
    )  # fmt: skip
    return {
        "live_check": asked,
        "approval": approval,
        "taken": replace(approval, taken_by="x", taken_name="Jonas Weber", taken_until=AT),
        "late": replace(approval, escalated=True, present=False),
        "person": replace(asked, wants="person", queue="desk", acts=(), missing=(), passed=()),
        "stranger": replace(asked, name="", site="", rank="", claimed=False, present=False),
        "done": replace(approval, done=True),
    }


def _cards(locale: str) -> Iterator[tuple[str, Message]]:
    writer: Any = CardPosts.__new__(CardPosts)  # only its words are wanted
    writer._words, writer._locale, writer._zone = words(), locale, ZoneInfo("Europe/Berlin")
    for name, view in views().items():
        yield f"card.{name}", writer.message(view, AT)
