"""Cards of messages as the tests draw them, and the golden files they are compared with.

`python -m tests.adapters.teams.drawing` writes the golden files anew; look at the difference, and at
the pictures (`make pictures`), before it is committed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.adapters.teams.cards import Cards
from bot.core.elements import (
    Choice,
    DateInput,
    Link,
    Look,
    MultiChoice,
    Option,
    Paragraph,
    Select,
    Span,
    TextInput,
    TimeInput,
    Toggle,
)
from bot.core.message import Message
from tests.fakes.shipped import LOCALES, homes, kinds, messages, pressed, words

GOLDEN = Path(__file__).parent / "golden"
PEOPLE = ("29:1agent", "29:1agent2")


def address(link: Link) -> str:
    """Where links lead in these drawings."""
    if link.url:
        return link.url
    kind, _, ident = link.reference.partition(":")
    return f"https://keyturn.example/{kind[0]}/handle-of-{ident}"


CARDS = Cards(address, words())

SEND = Choice("f:c1:model:2", "Send", Look.PRIMARY)
OPENS = Choice("f:c1:model:2", "Answer", Look.PRIMARY, opens="model")
COUNTRIES = tuple(Option(f"c{n}", f"Country {n}") for n in range(12))
IN_PLACE = Message(
    (
        Paragraph((Span("Tell me more about the phone."),)),
        Select(name="country", label="Country", options=COUNTRIES, submit=SEND),
        MultiChoice(
            name="gone", label="What is gone?",
            options=(Option("a", "Phone"), Option("b", "Key")), submit=SEND,
        ),
        Toggle(name="shared", label="This is a shared computer", on=True),
        TextInput(name="model", label="Model of the phone", submit=SEND, hint="On the back", longest=80),
        TextInput(name="more", label="What happened?", longest=300, lines=True),
        DateInput(name="day", label="Day", submit=SEND),
        TimeInput(name="hour", label="Hour"),
    ),
    "Tell me more about the phone.",
)  # fmt: skip
FORM = Message(
    (
        Paragraph((Span("Which phone is it?"),)),
        TextInput(name="model", label="Model of the phone", submit=OPENS, hint="On the back", longest=80),
    ),
    "Which phone is it?",
)


def drawn(message: Message, *, key: str = "key", refresh: tuple[str, ...] = ()) -> dict[str, Any]:
    """What is sent: the summary, and a card or a text."""
    what = CARDS.outgoing(message, key=key, refresh=refresh)
    return {"summary": what.summary, **({"card": what.card} if what.card else {"text": what.text})}


def card(message: Message, *, refresh: tuple[str, ...] = ()) -> dict[str, Any]:
    """As a card, even where a line of text would do."""
    return CARDS.card(message, key="key", refresh=refresh)


def groups() -> dict[str, dict[str, dict[str, Any]]]:
    """By golden file: every drawing by its name."""
    found = {
        locale: {name: drawn(one) for name, one in {**messages(locale), **homes(locale)}.items()}
        for locale in LOCALES
    }
    found["kinds"] = {name: drawn(one) for name, one in kinds().items()}
    found["kinds"]["answered"] = drawn(pressed())
    found["kinds"]["filled_in_place"] = drawn(IN_PLACE)
    found["kinds"]["opens_a_form"] = drawn(FORM)
    dialog = CARDS.form(FORM, str(OPENS.id), nonce="nonce", ref="1763800000000")
    assert dialog is not None
    found["kinds"]["form"] = {"summary": FORM.fallback, "card": dialog}
    channel = messages("en")["card.approval"]
    found["kinds"]["card_with_views"] = drawn(channel, refresh=PEOPLE)
    return found


def written(group: dict[str, dict[str, Any]]) -> str:
    """One line a message, so that a difference names it."""
    lines = (f"{name}\t{json.dumps(one, ensure_ascii=False)}\n" for name, one in group.items())
    return "".join(lines)


if __name__ == "__main__":
    for name, group in groups().items():
        (GOLDEN / f"{name}.tsv").write_text(written(group), encoding="utf-8")
