"""Every shipped message as Slack gets it, kept beside this file: `golden/<locale>.json` for all that is
said, `golden/kinds.json` for one of each element, forms and homes.

    python -m tests.adapters.slack.renders        writes them anew, to be read in the diff
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.adapters.slack.blocks import fallback, rendered
from bot.adapters.slack.fitting import messages
from bot.adapters.slack.home import home_view
from bot.adapters.slack.modals import form_view
from bot.core.elements import Choice, DateInput, Link, Option, Paragraph, Select, Span, TextInput, Toggle
from bot.core.message import Message
from tests.fakes import shipped

GOLDEN = Path(__file__).parent / "golden"
Rendered = dict[str, Any]


def address(link: Link) -> str:
    """Where links lead in these renders."""
    if link.url:
        return link.url
    return "" if link.reference.startswith("gone:") else f"https://keyturn.example/{link.reference}"


def message(one: Message) -> Rendered:
    """What goes to `chat.postMessage`, in one part unless it is too much for one."""
    parts = messages(rendered(one, address))
    return {"text": fallback(one), "blocks": parts[0], **({"more": parts[1:]} if parts[1:] else {})}


FORM = Message(
    (
        Paragraph((Span("Which phone is it, and since when?"),)),
        Select(
            name="phone",
            label="Model",
            options=(Option("pixel", "Pixel 10"), Option("iphone", "iPhone 17")),
            submit=Choice("f:c1:phone:3", "Tell us", opens="phone"),
        ),
        DateInput(name="since", label="Missing since"),
        TextInput(name="where", label="Where did you have it last?", lines=True, hint="A few words will do."),
        Toggle(name="looked", label="I looked everywhere"),
    ),
    "Which phone is it, and since when?",
)
"""A message whose fields are asked in a form."""


def inline(one: Message) -> Message:
    """The same with its fields in the message instead of in a form."""
    data = json.loads(json.dumps(one.to_json()))
    for element in data["elements"]:
        element.get("submit", {}).pop("opens", None)
    return Message.from_json(data)


def goldens() -> dict[str, dict[str, Rendered]]:
    """Everything, by file and name."""
    found = {locale: _said(locale) for locale in shipped.LOCALES}
    kinds = {name: message(inline(one)) for name, one in shipped.kinds().items()}
    form = form_view(FORM, "f:c1:phone:3", ref="D1:1.2")
    assert form is not None
    found["kinds"] = {
        **kinds,
        "pressed": message(shipped.pressed()),
        "form.inline": message(inline(FORM)),
        "form.button": message(FORM),
        "form.open": form,
    }
    return found


def _said(locale: str) -> dict[str, Rendered]:
    said = {name: message(one) for name, one in sorted(shipped.messages(locale).items())}
    return said | {name: home_view(one, address) for name, one in shipped.homes(locale).items()}


def written(renders: dict[str, Rendered]) -> str:
    """As JSON with a line for each block, so that a difference can be read."""
    return "{\n" + ",\n".join(f"{_json(name)}: {_one(one)}" for name, one in renders.items()) + "\n}\n"


def _one(one: Rendered) -> str:
    blocks = ",\n".join(f"  {_json(block)}" for block in one["blocks"])
    rest = [f"{_json(key)}: {_json(value)}" for key, value in one.items() if key != "blocks"]
    return "{" + ", ".join([*rest, f'"blocks": [\n{blocks}]']) + "}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, renders in goldens().items():
        (GOLDEN / f"{name}.json").write_text(written(renders), encoding="utf-8")
