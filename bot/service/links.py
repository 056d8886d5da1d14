"""References in messages to paths of our pages: ``case:<id>``, ``review:<id>``, ``voucher:<id>``,
``link:<id>``, ``helper:<id>``.

The handle in a path is made again from the id at every reading, so that no table holds one.
"""

from __future__ import annotations

import re

from bot.service.keys import Keys

_PATHS = {"case": "/c", "review": "/r", "voucher": "/v", "link": "/link", "helper": "/helper"}
_REFERENCE = re.compile(r"(case|review|voucher|link|helper):([A-Za-z0-9_-]{1,60})")


class PageLinks:
    """Implements `ports.chat_pages.Links`."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def path(self, reference: str) -> str | None:
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            return "/me" if reference == "me" else None
        kind, ident = found.groups()
        return f"{_PATHS[kind]}/{self._keys.handle(kind, ident)}"
