"""Teams fits the ports it is there for."""

from __future__ import annotations

from bot.adapters.entra.reader import ManagedTokens
from bot.adapters.teams.chat import Macs, TeamsChat
from bot.adapters.teams.wiring import House
from bot.channels import Parts
from bot.ports.agent_cards import AgentCards
from bot.ports.chat import Chat
from bot.ports.directory import AppTokens
from bot.service.agent_cards import AgentCardService
from bot.service.keys import Keys


def chat(it: TeamsChat) -> Chat:
    return it


def house(it: Parts) -> House:
    return it


def agent_cards(it: AgentCardService) -> AgentCards:
    return it


def macs(it: Keys) -> Macs:
    return it


def managed(it: ManagedTokens) -> AppTokens:
    return it
