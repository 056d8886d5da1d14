"""docs/sandbox.md lists what exists: scripts are written from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox import control
from bot.sandbox.faults import Kind
from bot.sandbox.people import CAST
from bot.sandbox.self_service import KINDS
from bot.sandbox.signing_in import TITLES
from bot.sandbox.switches import SWITCHES

DOCS = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
ROUTES = sorted({f"{route.method} {route.path}" for route in control.routes()})
NAMES = [*SWITCHES, *Kind, *TITLES, *KINDS, *(someone.id for someone in CAST)]


@pytest.mark.parametrize("route", ROUTES)
def test_every_lever_is_documented(route: str) -> None:
    """A route without a line in the manual does not exist for its users."""
    assert route in DOCS


@pytest.mark.parametrize("name", NAMES)
def test_every_switch_fault_method_and_person_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCS
