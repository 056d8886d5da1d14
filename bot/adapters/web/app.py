"""The web application: pages in, one aiohttp Application out.

Around every page lie three middlewares, from the outside in: the headers and the log line, the
Host check, and the error page. Logs name the route's pattern, never the path (a handle is in it),
and of an exception its class and its place, never its text.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.adapters.web import security
from bot.adapters.web.forms import Form, local_path
from bot.adapters.web.shell import FRAMES, PANE, Shell
from bot.core.model import Reason
from bot.errors import ConflictError, PermanentError, Refused, TransientError

log = logging.getLogger("keyturn.web")

FROM_ANY_HOST = frozenset({"/healthz", "/readyz", "/metrics"})
"""Probes and scrapers come by address, not by name."""

_NOT_FOUND = frozenset({Reason.UNKNOWN_CASE})
_FORBIDDEN = frozenset(
    {Reason.FORBIDDEN, Reason.NOT_AN_AGENT, Reason.NOT_SIGNED_IN, Reason.OTHER_BROWSER, Reason.NOT_YOURS}
)
_LATE = frozenset({Reason.TOO_MANY, Reason.TOO_SOON})


class Page(Protocol):
    """A group of routes."""

    def routes(self) -> list[web.RouteDef]: ...


def status_of(reason: Reason) -> int:
    """The HTTP status that goes with a refusal; the words are what counts for people."""
    if reason in _NOT_FOUND:
        return 404
    if reason in _FORBIDDEN:
        return 403
    if reason in _LATE:
        return 429
    return 400 if reason is Reason.BAD_FORM else 409


def build(shell: Shell, pages: Sequence[Page]) -> web.Application:
    """The application of *pages*, with the frame that all of them share."""
    app = web.Application(
        middlewares=[_outside(shell), _host_check(shell), _errors(shell)],
        client_max_size=security.MAX_BODY,
    )
    for page in (_Frame(shell), *pages):
        app.add_routes(page.routes())
    return app


class _Frame:
    """The static files and the language switch."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/static/{build}/{name}", self.static), web.post("/language", self.language)]

    async def static(self, request: web.Request) -> web.Response:
        statics = self._shell.statics
        file = statics.files.get(request.match_info["name"])
        if file is None or request.match_info["build"] != statics.build:
            raise web.HTTPNotFound
        return web.Response(
            body=file.body,
            content_type=file.content_type,
            charset="utf-8" if file.content_type.startswith("text/") else None,
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )

    async def language(self, request: web.Request) -> web.Response:
        form: Form = await self._shell.form(request)
        response = self._shell.see_other(local_path(form.text("back", longest=500)))
        if (locale := form.text("locale")) in self._shell.site.locales:
            security.set_cookie(response, security.LANGUAGE_COOKIE, locale, max_age=400 * 86400)
        return response


def _outside(shell: Shell) -> Middleware:
    https = shell.site.public_url.startswith("https:")
    authority = security.origin_of(shell.site.authority_url)

    @web.middleware
    async def outside(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        if shell.outages is not None and request.path not in FROM_ANY_HOST:
            await shell.outages.freshen()
        response = await handler(request)
        if not response.prepared:
            fixed = security.headers(
                authority_origin=authority,
                https=https,
                framed=shell.site.demo and bool(response.get(PANE)),
                frames=bool(response.get(FRAMES)),
            )
            for name, value in fixed.items():
                response.headers.setdefault(name, value)
        if log.isEnabledFor(logging.INFO):
            took = (time.perf_counter() - began) * 1000
            log.info("%s %s %d %.0f ms", request.method, pattern_of(request), response.status, took)
        return response

    return outside


def _host_check(shell: Shell) -> Middleware:
    expected = security.host_of(shell.site.public_url)

    @web.middleware
    async def host_check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host.lower() != expected and request.path not in FROM_ANY_HOST:
            return web.Response(status=421, text="421")
        return await handler(request)

    return host_check


def _errors(shell: Shell) -> Middleware:
    @web.middleware
    async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as err:
            log.info("refused %s on %s", err.reason.value, pattern_of(request))
            return _failed(shell, request, status_of(err.reason), "refused", reason=err.reason)
        except web.HTTPNotFound:
            return _failed(shell, request, 404, "not_found")
        except web.HTTPMethodNotAllowed as err:
            response = _failed(shell, request, 405, "method")
            response.headers["Allow"] = ", ".join(sorted(err.allowed_methods))
            return response
        except web.HTTPRequestEntityTooLarge:
            return _failed(shell, request, 413, "too_large")
        except ConflictError:
            return _failed(shell, request, 409, "busy")
        except (TransientError, PermanentError) as err:
            return _noted(shell, request, err, 503, "unavailable")
        except web.HTTPException:
            raise
        except Exception as err:  # noqa: BLE001 - the last net: the person gets a page and a reference
            return _noted(shell, request, err, 500, "broken")

    return errors


def _noted(shell: Shell, request: web.Request, err: Exception, status: int, key: str) -> web.Response:
    reference = shell.reference()
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(err.__traceback__)]
    trail = " < ".join(reversed(places[-6:]))
    log.error("%s: %s on %s at %s", reference, type(err).__name__, pattern_of(request), trail)
    return _failed(shell, request, status, key, reference=reference)


def _failed(
    shell: Shell,
    request: web.Request,
    status: int,
    key: str,
    *,
    reason: Reason | None = None,
    reference: str = "",
) -> web.Response:
    """The error page, or its short JSON twin for a script."""
    code = reason.value if reason else key
    if request.content_type == "application/json" or "application/json" in request.headers.get("Accept", ""):
        return shell.json({"error": code, "reference": reference}, status=status)
    locale = shell.locale(request)
    say = shell.words.say
    sentence = say(locale, f"reasons.{reason.value}") if reason else say(locale, f"web.error.{key}_text")
    return shell.page(
        request,
        "error.html",
        status=status,
        pane=True,
        heading=say(locale, f"web.error.{key}"),
        sentence=sentence,
        nothing_changed=reason is not None,
        reference=reference,
        code=code,
    )


def pattern_of(request: web.Request) -> str:
    """The route's pattern, such as `/c/{handle}`; the path itself may hold a handle."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"
