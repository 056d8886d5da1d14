"""Pages of the sandbox: Jinja templates of its own, strict headers, no inline script or style."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

PAGES = Path(__file__).with_name("pages")
STATIC = {"sandbox.css": "text/css", "submit.js": "text/javascript", "live.js": "text/javascript"}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def policy(*, framed: bool, post_to: str = "") -> str:
    """Content-Security-Policy; *post_to* is the address a form may answer to beside this origin."""
    target = urlsplit(post_to)
    there = f" {target.scheme}://{target.netloc}" if target.netloc else ""
    ancestors = "'self' http://127.0.0.1:* http://localhost:*" if framed else "'none'"
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"base-uri 'none'; form-action 'self'{there}; frame-ancestors {ancestors}"
    )


def page(
    template: str, *, status: int = 200, framed: bool = True, post_to: str = "", **values: Any
) -> web.Response:
    """Render a page. Pages of the authority refuse frames, as Entra's do."""
    html = _environment().get_template(template).render(values)
    headers = {
        "Content-Security-Policy": policy(framed=framed, post_to=post_to),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)


async def static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in STATIC:
        raise web.HTTPNotFound
    body = (PAGES / name).read_bytes()
    etag = hashlib.sha256(body).hexdigest()[:16]
    headers = {"ETag": f'"{etag}"', "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return web.Response(body=body, content_type=STATIC[name], headers=headers)
