"""Slack fits the ports it is there for."""

from __future__ import annotations

from bot.adapters.slack.chat import SlackChat
from bot.adapters.slack.installations import Installed
from bot.adapters.slack.workspaces import OneToken, Workspaces
from bot.ports.chat import Chat
from bot.ports.sealing import Seals
from bot.service.keys import Keys


def chat(it: SlackChat) -> Chat:
    return it


def seals(it: Keys) -> Seals:
    return it


def workspaces(it: OneToken | Installed) -> Workspaces:
    return it
