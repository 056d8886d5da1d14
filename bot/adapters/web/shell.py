"""What every page shares: rendering, forms, cookies, sessions, language, visitor, way out.

A page class takes a Shell and the Protocols of its services, and lists its routes. It reads a
request through `form` or `data` (which refuse what did not come from our own page in the same
browser), asks its service, and answers with `page` or `see_other`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from markupsafe import Markup

from bot.adapters.web import security
from bot.adapters.web.forms import Form, json_object, local_path, negotiated
from bot.adapters.web.rendering import Statics, environment
from bot.adapters.web.visitor import Countries, bare_address, device_of, in_app, network_of, nowhere
from bot.core.model import Reason, Visitor
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.clock import Entropy
from bot.ports.outages import Outages
from bot.ports.sessions import Sessions
from bot.ports.sign_in import Landing, Redirect
from bot.ports.words import Words

PANE = web.ResponseKey("pane", bool)
"""Set on a response which the demo may frame."""
LOCALE = web.RequestKey("locale", str)
"""Set on a request whose page knows the person's language; a language chosen here still wins."""
FRAMES = web.ResponseKey("frames", bool)
WISHED = "wished"
"""In the query after a wish to hear of an outage's end."""
"""Set on the demo's front page, which frames others."""


@dataclass(frozen=True, slots=True)
class Site:
    """What pages need of the settings. *address_header*: where the own proxy writes the visitor's
    address (its last entry is taken); empty without a proxy."""

    public_url: str
    authority_url: str
    desk_phone: str
    desk_hours: str
    timezone: str = "UTC"
    demo: bool = False
    locales: tuple[str, ...] = ("en", "de")
    country_header: str = ""
    address_header: str = ""


class Shell:
    """See the module's words. One per process, made at the composition root."""

    def __init__(
        self,
        site: Site,
        words: Words,
        sessions: Sessions,
        entropy: Entropy,
        templates: Path,
        *,
        countries: Countries = nowhere,
    ) -> None:
        """*templates* is the folder that holds ``web``."""
        self.site = site
        self.words = words
        self.statics = Statics(templates / "web" / "static")
        self._sessions = sessions
        self._entropy = entropy
        self._pages = environment(templates / "web")
        self._zone = ZoneInfo(site.timezone)
        self._countries = countries
        self.outages: Outages | None = None  # set by whoever serves them

    # --- out ---------------------------------------------------------------------------------

    def page(
        self, request: web.Request, template: str, *, status: int = 200, pane: bool = False, **values: Any
    ) -> web.Response:
        """Render *template* in the visitor's language. *pane*: the demo may show it in a frame.

        Templates see `t(key, **values)`, `static(name)`, `form_token` (put `{{ form_token }}` once
        in every form), `locale`, `locales`, `path`, `site`, `host`, and *values*; times go through
        the filters `clock` (10:30), `day` (22 November 2026) and `span` (a timedelta in words)."""
        cookie = request.cookies.get(security.FORM_COOKIE, "")
        fresh = not cookie
        if fresh:
            cookie = self._random()
        html = self._render(request, template, cookie, values)
        response = web.Response(text=html, content_type="text/html", status=status)
        if fresh:
            security.set_cookie(response, security.FORM_COOKIE, cookie)
        response[PANE] = pane
        return response

    def fragment(self, request: web.Request, template: str, **values: Any) -> str:
        """A piece of a page, rendered as `page` does, for a script that puts it in."""
        return self._render(request, template, request.cookies.get(security.FORM_COOKIE, ""), values)

    def _render(self, request: web.Request, template: str, cookie: str, values: Mapping[str, Any]) -> str:
        locale = self.locale(request)
        token = security.token_for(cookie)

        def t(key: str, **words: object) -> str:
            return self.words.say(locale, key, **words)

        field = Markup('<input type="hidden" name="{}" value="{}">').format(security.TOKEN_FIELD, token)
        return self._pages.get_template(template).render(
            t=t,
            static=self.statics.address,
            form_token=field,
            locale=locale,
            locales=self.site.locales,
            path=request.path,
            framed=self.in_pane(request),
            site=self.site,
            host=security.host_of(self.site.public_url),
            zone=self._zone,
            outage=self.outages.shown() if self.outages else None,
            wished=WISHED in request.query,
            refused=self._refused(request, locale),
            **values,
        )

    def _refused(self, request: web.Request, locale: str) -> str:
        """What a sign-in that was refused has to say on the page it came back to (`?refused=`)."""
        try:
            return self.words.say(locale, f"reasons.{Reason(request.query.get('refused', '')).value}")
        except ValueError:
            return ""

    def see_other(self, path: str) -> web.Response:
        """After a POST: go and GET *path*, a path of our own."""
        return web.Response(status=303, headers={"Location": local_path(path)})

    def to_authority(self, redirect: Redirect) -> web.Response:
        """Leave for a sign-in, with its one transaction cookie."""
        response = web.Response(status=303, headers={"Location": redirect.url})
        security.set_cookie(
            response, redirect.cookie_name, redirect.cookie_value, max_age=redirect.max_age, cross_site=True
        )
        return response

    def json(self, value: Mapping[str, Any], *, status: int = 200) -> web.Response:
        return web.json_response(dict(value), status=status)

    # --- in ----------------------------------------------------------------------------------

    async def form(self, request: web.Request) -> Form:
        """The posted fields. Raises Refused(FORBIDDEN) unless they come from our own page in this
        browser, Refused(BAD_FORM) when they are no plain form."""
        if request.content_type != "application/x-www-form-urlencoded":
            raise Refused(Reason.BAD_FORM, detail="content type")
        posted = await request.post()
        pairs = [(name, value) for name, value in posted.items() if isinstance(value, str)]
        form = Form(pairs)
        security.demand_own_form(request, form.get(security.TOKEN_FIELD, ""))
        return form

    async def data(self, request: web.Request) -> dict[str, Any]:
        """The posted JSON object of our own script, which sends the page's form token in the
        header `X-Form-Token`. Raises as `form` does."""
        security.demand_own_form(request, request.headers.get(security.TOKEN_HEADER, ""))
        return await json_object(request)

    def visitor(self, request: web.Request) -> Visitor:
        """What the server sees of this browser."""
        address = self._address(request)
        agent = request.headers.get("User-Agent", "")[:400]
        country = self._country(request, address)
        return Visitor(network_of(address), country, device_of(agent), in_app(agent))

    def _address(self, request: web.Request) -> str:
        if self.site.address_header:
            # Some proxies add to the header that a visitor sent, others add a second one.
            told = request.headers.getall(self.site.address_header, [""])[-1]
            return bare_address(told.rpartition(",")[2])
        return request.remote or ""

    def _country(self, request: web.Request, address: str) -> str:
        if self.site.country_header:
            told = request.headers.get(self.site.country_header, "").upper()
            if len(told) == 2 and told.isascii() and told.isalpha():
                return told
        return self._countries(address)

    def locale(self, request: web.Request) -> str:
        """`?lang=`, else the language chosen here before, else what the page knows (`LOCALE`), else
        what the browser asks for, else the first of ours."""
        chosen = request.cookies.get(security.LANGUAGE_COOKIE, "")
        for wish in (request.query.get("lang", ""), chosen, request.get(LOCALE, "")):
            if wish in self.site.locales:
                return wish
        return negotiated(request.headers.get("Accept-Language", ""), self.site.locales)

    # --- browsers and sessions -----------------------------------------------------------------

    def browser_hash(self, request: web.Request) -> str:
        """How services know this browser; empty for one that was never given a cookie."""
        value = request.cookies.get(security.BROWSER_COOKIE, "")
        return security.hashed(value) if value else ""

    def new_browser(self, response: web.StreamResponse) -> str:
        """Give this browser a new random cookie, and return its hash. Only ever on a POST."""
        value = self._random()
        security.set_cookie(response, security.BROWSER_COOKIE, value, max_age=400 * 86400)
        return security.hashed(value)

    def fresh_browser(self) -> tuple[str, str]:
        """(cookie value, hash) for a browser that a service must know before there is a response;
        hand the value to `give_browser`."""
        value = self._random()
        return value, security.hashed(value)

    def give_browser(self, response: web.StreamResponse, value: str) -> None:
        security.set_cookie(response, security.BROWSER_COOKIE, value, max_age=400 * 86400)

    @staticmethod
    def in_pane(request: web.Request) -> bool:
        """Whether this is for a pane of the demo. The authority lets nobody frame it, so whatever
        leads to a sign-in must leave a pane for a tab of its own (`target="_blank"`). A pane's own
        script says so by `?pane=1`."""
        return request.headers.get("Sec-Fetch-Dest") == "iframe" or request.query.get("pane") == "1"

    async def session(self, request: web.Request, kind: str, *, touch: bool = True) -> Session | None:
        """The session of *kind* in this browser. Scripts that poll by themselves pass
        ``touch=False``, or an unattended desk would never fall idle."""
        value = request.cookies.get(security.session_cookie(kind), "")
        return await self._sessions.current(kind, value, touch=touch) if value else None

    def land(self, response: web.StreamResponse, landing: Landing) -> None:
        """Set the cookie of the session that a sign-in opened."""
        if landing.session:
            kept = int(landing.lasts.total_seconds()) if landing.lasts else None
            name = security.session_cookie(landing.session_kind)
            security.set_cookie(response, name, landing.session, max_age=kept)

    async def sign_out(self, request: web.Request, response: web.StreamResponse, kind: str) -> None:
        """End this browser's session of *kind* here and in the store."""
        name = security.session_cookie(kind)
        if value := request.cookies.get(name, ""):
            await self._sessions.close(kind, value)
        security.drop_cookie(response, name)

    def reference(self) -> str:
        """A short reference that a person can read out and the log repeats."""
        return self._entropy.bytes(4).hex().upper()

    def _random(self) -> str:
        return self._entropy.bytes(32).hex()
