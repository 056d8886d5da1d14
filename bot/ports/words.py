"""Words for people: the one way from a key to a sentence in somebody's language."""

from __future__ import annotations

from typing import Protocol


class Words(Protocol):
    """Plain text of the files under ``templates/<locale>/system``."""

    def say(self, locale: str, key: str, **values: object) -> str:
        """The sentence for *key* (``area.name`` or deeper) in *locale*, with *values* put in as
        literal text. A locale without it falls back to English; an unknown key raises KeyError."""
        ...
