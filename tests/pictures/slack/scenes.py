"""The two pictures of docs/slack.md: a person's conversation, and a card with its story.

python -m tests.pictures.slack.scenes        writes docs/pictures/slack-*.png
"""

from __future__ import annotations

import sys
from html import escape

from playwright.sync_api import sync_playwright

from bot.core.elements import Status
from bot.core.message import Message
from tests.adapters.slack.renders import message
from tests.fakes import shipped
from tests.pictures.slack.__main__ import IMAGE, ROOT, drawn, install, picture
from tests.web.conftest import CHROMIUM, FLAGS

Line = tuple[str, Message]
"""Who says it (`said` for a line of the thread), and what."""


def person() -> list[Line]:
    """From the first question to the page where proofs are given."""
    said = shipped.messages("en")
    return [
        ("Amara", Message.line("i got a new phone and cant log in")),
        ("", chosen(said["common.sounds_like"], 0)),
        ("", chosen(said["new_phone.old_phone.text"], 1)),
        ("", said["new_phone.identity.text"]),
    ]


def chosen(question: Message, number: int) -> Message:
    """A question after its answer."""
    label = question.choices()[number].label
    line = Status(shipped.words().say("en", "slack.chose", label=label))
    return Message((*question.settled().elements, line), question.fallback, question.locale)


def agents() -> list[Line]:
    """What agents see of it."""
    say, name = shipped.words().say, "Jonas Weber"
    story = {"claimed": "09:52", "check_asked": "09:56", "taken": "09:57", "requested": "09:59"}
    lines = [say("en", f"desk.history.{key}", at=at, name=name) for key, at in story.items()]
    return [
        ("", shipped.messages("en")["card.taken"]),
        *(("said", Message.line(line)) for line in lines),
    ]


def drawn_scene(lines: list[Line]) -> str:
    html = drawn({str(n): message(one) for n, (_, one) in enumerate(lines)}, "light")
    return "".join(_line(who, html[str(n)]) for n, (who, _) in enumerate(lines))


def _line(who: str, html: str) -> str:
    if who == "said":
        return f'<div class="thread"><i>K</i><div class="body">{html}</div></div>'
    badge = "" if who else "<span>APP</span>"
    name = escape(who or "Keyturn")
    return (
        f'<div class="case message{" person" if who else ""}"><i>{name[0]}</i>'
        f'<div class="body"><b class="who">{name}{badge}</b>{html}</div></div>'
    )


def main() -> int:
    install()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": 752, "height": 300}, device_scale_factor=1.25)
        page.route("**/*", lambda route: route.fulfill(path=IMAGE))
        for name, scene in {"person": person(), "agents": agents()}.items():
            picture(page, drawn_scene(scene), "light", ROOT / "docs" / "pictures" / f"slack-{name}.png")
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
