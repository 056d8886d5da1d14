"""The words of the pages: complete in both languages, and every word a page asks for exists."""

from __future__ import annotations

import re

import pytest

from bot.service.word_files import WordFiles
from tests.web.house import ROOT

WORDS = WordFiles.of_folder(ROOT / "templates")
AREAS = ("web", "desk", "help", "demo")
TEMPLATES = sorted((ROOT / "templates" / "web").glob("*.html"))


@pytest.mark.parametrize("area", AREAS)
def test_both_languages_say_the_same_things(area: str) -> None:
    """German is no patchwork: each key of one is a key of the other."""
    assert WORDS.keys("de", f"system/{area}") == WORDS.keys("en", f"system/{area}")
    assert WORDS.keys("en", f"system/{area}")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_word_of_a_page_exists(template) -> None:  # type: ignore[no-untyped-def]
    """A missing one would be an error page for somebody."""
    asked = re.findall(r"\bt\('([a-z_]+(?:\.[a-z_]+)+)'[,)]", template.read_text(encoding="utf-8"))
    missing = [
        key
        for key in asked
        for area, *keys in [key.split(".")]
        if not WORDS.find("en", f"system/{area}", *keys)
    ]
    assert not missing


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_pages_hold_no_prose_of_their_own(template) -> None:  # type: ignore[no-untyped-def]
    """Words live in the words files, where they can be translated."""
    html = template.read_text(encoding="utf-8")
    html = re.sub(r"\{% block (?:body_class|width) %\}.*?\{% endblock %\}", "", html)
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]+>", " ", html, flags=re.DOTALL)
    assert set(re.findall(r"[A-Za-zÀ-ÿ]{3,}", bare)) <= {"Microsoft"}  # a name
