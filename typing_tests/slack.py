"""Slack fits the ports it is there for."""

from __future__ import annotations

from bot.adapters.slack.chat import SlackChat
from bot.ports.chat import Chat


def chat(it: SlackChat) -> Chat:
    return it
