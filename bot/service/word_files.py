"""Words files as read: which text stands where, and in which language it was found.

Files are given as ``{path: text}`` (a stored version) or a folder. Every scalar is a string. A text
missing in the wanted language is looked for in the language without its country, then in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FALLBACK = "en"
_PATH = re.compile(r"(?:.*/)?(?P<locale>[a-z]{2}(?:-[A-Z]{2})?)/(?P<name>(?:system/)?[a-z0-9_]+)\.yaml")
_LOADER: type[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True, slots=True)
class Found:
    """A text and the language it is in."""

    text: str
    locale: str


class WordFiles:
    """Texts by locale, file (``new_phone``, ``system/common``) and keys within it."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._texts: dict[tuple[str, str], Any] = {}
        for path, text in files.items():
            if place := _PATH.fullmatch(path):
                self._texts[place["locale"], place["name"]] = yaml.load(text, Loader=_LOADER) or {}  # noqa: S506 - strings only

    @classmethod
    def of_folder(cls, templates: Path, *, system: bool = True) -> WordFiles:
        """Those below *templates*: the system's (``<locale>/system``) or the flows'."""
        return cls(folder_files(templates, system=system))

    @property
    def locales(self) -> tuple[str, ...]:
        """Languages there are files in, English first."""
        return tuple(sorted({locale for locale, _ in self._texts}, key=lambda one: (one != FALLBACK, one)))

    def find(self, locale: str, name: str, *keys: str) -> Found | None:
        """The text at *keys* in file *name*. A step written as one text is its own ``text``."""
        for wanted in dict.fromkeys((locale, locale.partition("-")[0], FALLBACK)):
            node = self._texts.get((wanted, name))
            for place, key in enumerate(keys):
                if isinstance(node, str) and key == "text" and place == len(keys) - 1:
                    break
                node = node.get(key) if isinstance(node, dict) else None
            if isinstance(node, str):
                return Found(node, wanted)
        return None

    def lists(self, name: str, key: str) -> Iterator[tuple[str, str]]:
        """(locale, entry) of the list at *key* of file *name*, in every language."""
        for (locale, file), texts in self._texts.items():
            if file == name and isinstance(texts, dict) and isinstance(texts.get(key), list):
                yield from ((locale, entry) for entry in texts[key] if isinstance(entry, str))

    def keys(self, locale: str, name: str) -> frozenset[str]:
        """Every dotted key of one file that leads to a text."""
        return frozenset(_dotted(self._texts.get((locale, name), {})))

    def names(self, locale: str) -> frozenset[str]:
        """Every file of one language."""
        return frozenset(name for found, name in self._texts if found == locale)


def folder_files(templates: Path, *, system: bool) -> dict[str, str]:
    """``{"<locale>/<name>.yaml": text}`` of one folder; ``web`` holds pages, not words."""
    pattern = "*/system/*.yaml" if system else "*/*.yaml"
    return {
        path.relative_to(templates).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(templates.glob(pattern))
    }


def _dotted(node: object, before: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for key, below in node.items():
            yield from _dotted(below, f"{before}.{key}" if before else key)
    else:
        yield before
