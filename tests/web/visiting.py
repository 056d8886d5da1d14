"""The whole product served, and a browser in which people of the sandbox sign in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.fakes.entra import signed_in
from tests.fakes.product import Whole
from tests.web.browsing import Answer, Browser


@asynccontextmanager
async def serving(whole: Whole) -> AsyncIterator[str]:
    """The product's pages on its own address."""
    runner = web.AppRunner(whole.product.web(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", whole.port).start()
    try:
        yield f"http://127.0.0.1:{whole.port}"
    finally:
        whole.product.polls.close()
        await runner.cleanup()


class Visitor(Browser):
    """Somebody's browser."""

    def __init__(self, whole: Whole) -> None:
        super().__init__(f"http://127.0.0.1:{whole.port}")
        self.whole = whole

    async def leaves(self, path: str, /, **form: str) -> Answer:
        """Press what leads to a sign-in."""
        self.whole.clock.go(seconds=2)  # each sign-in is later than the one before
        answer = await self.post(path, form)
        assert answer.status == 303, answer.text[-400:]
        return answer

    async def comes_back(self, left: Answer, person: str, method: str = "") -> Answer:
        """Sign in at the authority as *person*; the answer of our callback."""
        posted = await signed_in(left.headers["Location"], person, method)
        return await self.ask("POST", "/auth/callback", data=posted)

    async def signs_in(self, path: str, person: str, with_: str = "", /, **form: str) -> str:
        """Press, sign in, land: the path where the browser goes next."""
        landed = await self.comes_back(await self.leaves(path, **form), person, with_)
        assert landed.status == 303, landed.text[-400:]
        return str(landed.headers["Location"])

    async def told(self, path: str) -> dict[str, Any]:
        """The JSON twin of a page."""

        answer = await self.ask("GET", path, headers={"Accept": "application/json"})
        assert answer.status == 200, answer.text
        return dict(json.loads(answer.text))
