"""What keeps a page honest: headers, cookies, the Host check and form tokens.

Referrers are never sent (a handle is in the path), so `Origin` is `null` even on our own
forms; a request from elsewhere is told by a form token bound to a cookie, and by
`Sec-Fetch-Site` where the browser sends it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlsplit

from aiohttp import web

from bot.core.model import Reason
from bot.errors import Refused

BROWSER_COOKIE = "__Host-browser"
DOOR_COOKIE = "__Host-door"
FORM_COOKIE = "__Host-form"
LANGUAGE_COOKIE = "__Host-lang"
TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field
TOKEN_HEADER = "X-Form-Token"  # noqa: S105 - the name of a header
WIPE = '"cache", "cookies", "storage"'
"""`Clear-Site-Data` when a shared computer is left: nothing of ours stays there."""
MAX_BODY = 64 * 1024
"""No form of ours comes near; aiohttp answers 413 above it."""


def session_cookie(kind: str) -> str:
    """`__Host-desk`, `__Host-me`, `__Host-voucher`."""
    return f"__Host-{kind}"


def hashed(secret: str) -> str:
    """How a cookie's random value is known to the services: SHA-256, base64url."""
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).rstrip(b"=").decode()


def token_for(form_cookie: str) -> str:
    """The form token that belongs to a browser's form cookie.

    The cookie is random, unreadable to scripts and, by its `__Host-` prefix, unsettable by
    other hosts; so a MAC keyed with it is known only to pages this browser got from us.
    """
    mac = hmac.new(form_cookie.encode(), b"keyturn/form", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def demand_own_form(request: web.Request, token: str) -> None:
    """Raise Refused(FORBIDDEN) unless the request comes from a page of ours in this browser."""
    cookie = request.cookies.get(FORM_COOKIE, "")
    if not cookie or not hmac.compare_digest(token.encode(), token_for(cookie).encode()):
        raise Refused(Reason.FORBIDDEN, detail="form token")
    demand_same_origin(request)


def demand_same_origin(request: web.Request) -> None:
    """Raise Refused(FORBIDDEN) when the browser says that another site sent this."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Refused(Reason.FORBIDDEN, detail="sec-fetch-site")


def host_of(public_url: str) -> str:
    """Host and port as browsers send them."""
    return urlsplit(public_url).netloc.lower()


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def set_cookie(
    response: web.StreamResponse,
    name: str,
    value: str,
    *,
    max_age: int | None = None,
    cross_site: bool = False,
) -> None:
    """A `__Host-` cookie: Secure, HttpOnly, whole host. Lax, save the transaction cookies of a
    sign-in, which must arrive with the authority's cross-site `form_post`."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path="/",
        secure=True,
        httponly=True,
        samesite="None" if cross_site else "Lax",
    )


def drop_cookie(response: web.StreamResponse, name: str, *, cross_site: bool = False) -> None:
    response.del_cookie(name, path="/", secure=True, httponly=True, samesite="None" if cross_site else "Lax")


def headers(*, authority_origin: str, https: bool, framed: bool, frames: bool = False) -> dict[str, str]:
    """The headers of every answer. *framed*: the demo may show this page as a pane; *frames*: this
    is the demo's front page, which shows panes."""
    form_action = f"'self' {authority_origin}".strip()
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        # Chromium applies form-action to redirects too: without the authority's origin the
        # redirect after Approve is blocked.
        "form-action": form_action,
        "frame-ancestors": "'self'" if framed else "'none'",
        "frame-src": "'self'" if frames else "'none'",
        "require-trusted-types-for": "'script'",
    }
    fixed = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN" if framed else "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        "Cache-Control": "no-store",
    }
    if https:
        fixed["Strict-Transport-Security"] = "max-age=31536000"
    return fixed
