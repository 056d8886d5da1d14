"""A neutral message as an Adaptive Card 1.5: one small function per element, dicts all the way.

Pure, with golden renders in the tests. Buttons are `Action.Execute`, with an `Action.Submit` for
clients that do not know it; a button that opens a form is marked as such when it is drawn, because
Teams asks for the form before it tells us of the press.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.adapters.teams.inbound import CHOICE, NONCE, REF
from bot.adapters.teams.inputs import field
from bot.adapters.teams.sdk import Outgoing
from bot.adapters.teams.texts import Address, block, escaped, is_plain, lines, literal, rich, styled
from bot.core.elements import (
    MAX_PARAGRAPH,
    Buttons,
    Choice,
    Code,
    Confirm,
    Element,
    Fact,
    Facts,
    Field,
    Heading,
    Image,
    Link,
    LinkButton,
    Look,
    Paragraph,
    Progress,
    SecretRef,
    Status,
    Steps,
    Tone,
    Untrusted,
    plain,
)
from bot.core.message import CONTROLS, Message
from bot.core.text import clean
from bot.ports.words import Words

MAX_BYTES = 80 * 1024
"""Of a whole activity in UTF-16; Teams refuses above about 100 KB."""
MOST_REFRESHED = 60
"""People for whom a card may differ."""
_A_ROW, _AROUND = 40, 4
"""Characters in a row of buttons on a narrow screen, and those that a button's frame takes."""
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
_STYLES = {Look.PRIMARY: "positive", Look.DANGER: "destructive"}
_COLOURS = {Tone.GOOD: "Good", Tone.WARNING: "Warning", Tone.ATTENTION: "Attention"}

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cards:
    """Draws messages. *address* resolves links at this very moment."""

    address: Address
    words: Words

    def outgoing(self, message: Message, *, key: str, refresh: Sequence[str] = ()) -> Outgoing:
        """*message* as Teams takes it: a line of text where that is all it is, else a card."""
        if (text := _only_text(message)) and not refresh:
            return Outgoing(message.fallback, text=text)
        return Outgoing(message.fallback, card=self.card(message, key=key, refresh=refresh))

    def card(self, message: Message, *, key: str, refresh: Sequence[str] = ()) -> Item:
        """*key* is the message's for life and makes the nonces in its buttons; *refresh* are the
        people whose client asks for a view of their own."""
        drawing = _Drawing(self, message, _nonce(key))
        card = drawing.card(message.elements)
        if refresh:
            action = {"type": "Action.Execute", "title": message.fallback[:30], "verb": "refresh", "data": {}}
            card["refresh"] = {"action": action, "userIds": list(refresh)[:MOST_REFRESHED]}
        if _size(card) <= MAX_BYTES:
            return card
        drawing = replace(drawing, old_clients=False)
        left = list(message.elements)
        while _size(card := drawing.card(left)) > MAX_BYTES and len(left) > 1:
            pressable = [n for n, one in enumerate(left) if isinstance(one, CONTROLS)]
            left.pop(pressable[-1] if pressable else -1)  # words are worth more than a fortieth button
        return card

    def form(self, message: Message, choice: str, *, nonce: str, ref: str) -> Item | None:
        """The card of the dialog that *choice* opens: the message's fields and one button to send
        them. None when the message has no such button any more."""
        opening = next((one for one in message.choices() if one.id == choice and one.opens), None)
        fields = [one for one in message.elements if isinstance(one, Field)]
        if opening is None or not fields:
            return None
        drawing = _Drawing(self, message, nonce, ref=ref, dialog=True)
        body = [item for one in fields for item in drawing.field(one)]
        label = self.words.say(message.locale, "common.send")
        body.append(drawing.actions([replace(opening, opens="", label=label, look=Look.PRIMARY)], fills=True))
        return _card(body, message)


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One message being drawn."""

    cards: Cards
    message: Message
    nonce: str
    ref: str = ""
    dialog: bool = False
    old_clients: bool = True

    def card(self, elements: Sequence[Element]) -> Item:
        return _card([item for one in elements for item in self._divided(one)], self.message)

    def _divided(self, one: Element) -> list[Item]:
        items = self._items(one)
        return [{**items[0], "separator": True}, *items[1:]] if one.divider and items else items

    def _items(self, one: Element) -> list[Item]:
        address = self.cards.address
        match one:
            case Heading():
                return [_text(one.text, size="Large", weight="Bolder", style="heading")]
            case Paragraph():
                return [block(one.spans, address)]
            case Untrusted():
                said = "\n".join(clean(line, MAX_PARAGRAPH) for line in one.text.splitlines())
                return [{"type": "Container", "style": "emphasis", "items": lines(said or one.text)}]
            case Steps():
                return [block(item, address, lead=f"{n}. ") for n, item in enumerate(one.items, 1)]
            case Facts():
                return _facts(one.rows)
            case Buttons():
                return [self.actions(row) for row in _rows(one.choices)]
            case LinkButton():
                return self._link(one.label, one.link)
            case SecretRef():
                return self._link(one.label, Link(reference=f"secret:{one.id}"))
            case Image():
                where = address(one.link)
                shown = {"type": "Image", "url": where, "altText": one.alt, "size": "Stretch"}
                return [shown if where else _quiet(one.alt)]
            case Code():
                run = lines(one.text, fontType="Monospace")
                return [{"type": "Container", "style": "emphasis", "items": run}]
            case Status():
                return [_quiet(one.text, one.tone)]
            case Progress():
                return [_quiet(f"{one.text} ({one.done}/{one.total})")]
            case Confirm():
                return [
                    _text(one.question, weight="Bolder"),
                    *(self.actions(row) for row in _rows((one.yes, one.no))),
                ]
            case Field():
                opens = any(choice.opens for choice in self.message.choices())
                submit: Choice | None = getattr(one, "submit", None)
                items = [] if opens else self.field(one)
                return [*items, self.actions([submit], fills=True)] if submit else items
            case _:
                raise TypeError(type(one).__name__)

    # --- what can be pressed -------------------------------------------------------------------

    def actions(self, choices: Sequence[Choice], *, fills: bool = False) -> Item:
        """Buttons in a set of their own; *fills* sends what the card's fields hold along."""
        return {"type": "ActionSet", "actions": [self._action(one, fills) for one in choices]}

    def _action(self, choice: Choice, fills: bool) -> Item:
        data: Item = {CHOICE: choice.id, NONCE: self.nonce}
        if self.ref:
            data[REF] = self.ref
        look: Item = {"style": _STYLES[choice.look]} if choice.look in _STYLES else {}
        inputs: Item = {} if fills else {"associatedInputs": "none"}
        title = literal(choice.label)
        submit: Item = {"type": "Action.Submit", "title": title, "data": data, **look, **inputs}
        if self.dialog:
            return submit
        if choice.opens:
            return {**submit, "data": {**data, "msteams": {"type": "task/fetch"}}, "associatedInputs": "none"}
        execute = {**submit, "type": "Action.Execute", "verb": "choose"}
        return {**execute, "fallback": submit} if self.old_clients else execute

    def _link(self, label: str, link: Link) -> list[Item]:
        where = self.cards.address(link)
        if not where:
            return [_quiet(label)]
        action = {"type": "Action.OpenUrl", "title": literal(label), "url": where}
        return [{"type": "ActionSet", "actions": [action]}]

    def field(self, one: Field) -> list[Item]:
        return field(one, lambda key: self.cards.words.say(self.message.locale, f"teams.{key}"))


def _card(body: list[Item], message: Message) -> Item:
    return {
        "type": "AdaptiveCard", "$schema": _SCHEMA, "version": "1.5", "lang": message.locale,
        "fallbackText": message.fallback, "body": body,
    }  # fmt: skip


def _text(text: str, **style: Any) -> Item:
    return {"type": "TextBlock", "text": escaped(text), "wrap": True, **style}


def _quiet(text: str, tone: Tone = Tone.NEUTRAL) -> Item:
    colour = {"color": _COLOURS[tone]} if tone in _COLOURS else {}
    style: Item = {"size": "Small", "isSubtle": tone is Tone.NEUTRAL, **colour}
    if is_plain(text):
        return {"type": "TextBlock", "text": text, "wrap": True, **style}
    return rich([{"type": "TextRun", "text": literal(text), **style}])


def _facts(rows: Sequence[Fact]) -> list[Item]:
    """A FactSet reads Markdown in its values; what could be read so is written out in full."""
    if all(is_plain(row.label) and is_plain(row.value) for row in rows):
        return [{"type": "FactSet", "facts": [{"title": row.label, "value": row.value} for row in rows]}]
    return [
        rich(
            [
                {"type": "TextRun", "text": f"{literal(row.label)}: ", "weight": "Bolder"},
                {"type": "TextRun", "text": literal(row.value)},
            ]
        )
        for row in rows
    ]


def _rows(choices: Sequence[Choice]) -> list[list[Choice]]:
    """As many to a row as fit: what goes beyond the edge of a card cannot be pressed."""
    rows: list[list[Choice]] = []
    left = 0
    for one in choices:
        left -= len(one.label) + _AROUND
        if left < 0:
            rows.append([])
            left = _A_ROW - len(one.label) - _AROUND
        rows[-1].append(one)
    return rows


def _only_text(message: Message) -> str:
    """The words of a message that is nothing but a paragraph or two without style; else nothing."""
    paragraphs = [one for one in message.elements if isinstance(one, Paragraph) and not one.divider]
    if len(paragraphs) != len(message.elements) or len(paragraphs) > 2:
        return ""
    if any(styled(span) for one in paragraphs for span in one.spans):
        return ""
    return "\n\n".join(plain(one.spans) for one in paragraphs)


def _nonce(key: str) -> str:
    """The same whenever the message is drawn again, so that a repeated press is known as one."""
    return hashlib.sha256(f"keyturn/teams\0{key}".encode()).hexdigest()[:20]


def _size(card: Item) -> int:
    """As part of an activity; its other parts are small."""
    return 2 * len(json.dumps(card, ensure_ascii=False)) + 4096
