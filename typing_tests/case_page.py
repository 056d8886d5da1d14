"""The services behind the case page and the live check fit their ports."""

from __future__ import annotations

from bot.ports.case_page import CasePages
from bot.ports.checks import Checks
from bot.service.case_page import CasePageService
from bot.service.checks import LiveChecks


def case_pages(it: CasePageService) -> CasePages:
    return it


def checks(it: LiveChecks) -> Checks:
    return it
