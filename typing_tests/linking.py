"""Linking a chat account fits the ports through which chat and pages know it."""

from __future__ import annotations

from bot.ports.linking import AccountLinks, LinkPages
from bot.service.linking import LinkingService


def links(it: LinkingService) -> tuple[AccountLinks, LinkPages]:
    return it, it
