"""What an invoke is answered with, in Teams' words."""

from __future__ import annotations

from typing import Any

from bot.adapters.teams.sdk import CARD, Answer

DONE = Answer(200)
UNKNOWN = Answer(501)


def view(card: dict[str, Any]) -> Answer:
    """This client shows *card* from now on, and nobody else."""
    return _action(200, CARD, card)


def line(text: str) -> Answer:
    """A short note; the card stays as it is."""
    return _action(200, "application/vnd.microsoft.activity.message", text)


def failed(text: str) -> Answer:
    """Shown in red; the press counts for nothing."""
    error = {"code": "Unavailable", "message": text}
    return _action(500, "application/vnd.microsoft.error", error)


def dialog(title: str, card: dict[str, Any]) -> Answer:
    """Open a form."""
    attachment = {"contentType": CARD, "content": card}
    value = {"title": title, "height": "medium", "width": "small", "card": attachment}
    return Answer(200, {"task": {"type": "continue", "value": value}})


def note(text: str) -> Answer:
    """In place of a form."""
    return Answer(200, {"task": {"type": "message", "value": text}})


def _action(status: int, kind: str, value: Any) -> Answer:
    return Answer(200, {"statusCode": status, "type": kind, "value": value})
