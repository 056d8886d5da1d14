"""Reading what browsers and scripts send, and giving back nothing that leads elsewhere."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from bot.core.model import Reason
from bot.errors import Refused


class Form(dict[str, str]):
    """Fields of a posted form; of a field sent twice, the first, and `all` of them."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(reversed(pairs))
        self._pairs = pairs

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def text(self, name: str, *, longest: int = 200) -> str:
        """A trimmed field, empty when absent. Raises Refused(BAD_FORM) when longer than *longest*."""
        value = self.get(name, "").strip()
        if len(value) > longest:
            raise Refused(Reason.BAD_FORM, detail=name)
        return value

    def __repr__(self) -> str:
        return f"Form({', '.join(sorted(self))})"  # names only: a field may hold a code


async def json_object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object. Raises Refused(BAD_FORM) for anything else."""
    if request.content_type != "application/json":
        raise Refused(Reason.BAD_FORM, detail="content type")
    try:
        value = json.loads(await request.text())
    except (ValueError, RecursionError) as err:
        raise Refused(Reason.BAD_FORM, detail="json") from err
    if not isinstance(value, dict):
        raise Refused(Reason.BAD_FORM, detail="json object")
    return value


def local_path(path: str) -> str:
    """*path* if it is a path of our own, else `/`; nothing a page is given leads elsewhere."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


def negotiated(header: str, locales: tuple[str, ...]) -> str:
    """The best of *locales* for an `Accept-Language` header."""
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        language = tag.strip().lower().partition("-")[0]
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if language in locales and quality > 0:
            wishes.append((-quality, place, language))
    return min(wishes)[2] if wishes else locales[0]
