"""What a person was told in a conversation, in a form that can be compared between channels.

A message is its words in order, what could be pressed, what could be filled in, and where links led.
How it looked is none of it: numbers of steps, emphasis, the order of buttons and text within a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.core.elements import Field, Steps
from bot.core.message import Message, texts
from bot.core.model import Place
from tests.fakes.product import Whole
from tests.fakes.slack.house import SlackHouse
from tests.fakes.slack.reading import controls, words
from tests.fakes.teams.cards import inputs_of, text_of, walk
from tests.fakes.teams.connector import card_of
from tests.fakes.teams.people import TeamsUser


@dataclass(frozen=True, slots=True)
class Told:
    """One message as it was when it arrived."""

    words: tuple[str, ...]
    choices: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def told(text: str, choices: list[str], fields: list[str], urls: list[str]) -> Told:
    """Whatever is another one each time (case numbers and ids, handles) is taken out."""
    plain = re.sub(r"(?m)^\s*\d+\.\s", "", re.sub(r"\d{6}", "NUMBER", text))
    ids = [re.sub(r"^([sf]):[^:]+:", r"\1:CASE:", one) for one in choices]
    pages = [urlsplit(url).path.rsplit("/", 1)[0] or urlsplit(url).path for url in urls]
    return Told(tuple(re.findall(r"\w+", plain)), tuple(ids), tuple(fields), tuple(pages))


async def on_the_web(whole: Whole, place: Place) -> list[Told]:
    """From the transcript's rows."""
    _, lines = await whole.product.chat.since(place, 0)
    return [_neutral(line.message) for line in lines if line.author == "bot" and line.message]


def _neutral(message: Message) -> Told:
    bare = message.settled()
    text = "\n".join("\n".join(texts(one)) if isinstance(one, Steps) else " ".join(texts(one))
                     for one in bare.elements)  # fmt: skip
    names = [one.name for one in message.elements if isinstance(one, Field)]
    urls = [link.link.url or f"http://x/{link.link.reference[0]}/x" for link in message.links()]
    return told(text, [one.id for one in message.choices()], names, urls)


def in_slack(house: SlackHouse, person: str) -> list[Told]:
    """What the workspace kept: the first version of each message."""
    found = []
    for message in house.user(person).dm.messages:
        if message.bot_id:
            text, blocks = message.earlier[0] if message.earlier else (message.text, message.blocks)
            found.append(_of_blocks(text, blocks))
    return found


def _of_blocks(text: str, blocks: list[dict[str, Any]]) -> Told:
    pressed = [one for one in controls(blocks) if one.kind == "button" and "url" not in one.element]
    fields = [one.action.removeprefix("field:") for one in controls(blocks) if one.kind != "button"]
    legible = []
    for block in blocks:
        if block["type"] == "actions":
            legible += [one["text"]["text"] for one in block["elements"] if "url" in one]
        elif block["type"] != "input":
            legible.append(words([block]))
    urls = [one.element["url"] for one in controls(blocks) if "url" in one.element]
    ids = [str(one.element["value"]) for one in pressed]
    return told("\n".join(legible) if blocks else text, ids, fields, urls)


def in_teams(user: TeamsUser) -> list[Told]:
    """What the connector was sent: the first version of each message."""
    return [_of_activity(one.versions[0]) for one in user.connector.of(user.conversation)]


def _of_activity(activity: dict[str, Any]) -> Told:
    card = card_of(activity)
    if card is None:
        return told(activity["text"], [], [], [])
    legible, ids, urls = [], [], []
    for kind, node in walk(card):
        if kind in {"TextBlock", "RichTextBlock", "Fact", "Image"}:
            legible.append(text_of(node))
        for action in node["actions"] if kind == "ActionSet" else ():
            if action["type"] == "Action.OpenUrl":
                legible.append(action["title"])
                urls.append(str(action["url"]))
            else:
                ids.append(str(action["data"]["_c"]))
    fields = [str(one["id"]).removeprefix("f_") for one in inputs_of(card)]
    return told("\n".join(legible), ids, fields, urls)
