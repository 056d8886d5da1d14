"""A browser without a window: cookies by host, redirects, forms, and the authority's page.

It keeps `Secure` cookies on loopback as Chromium does, and posts what a page's own form would post.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

PATIENCE = httpx.Timeout(75)
EACH_ITS_OWN = httpx.Limits(max_keepalive_connections=0)
"""Every request on a connection of its own: a killed server leaves none half open."""


@dataclass
class Form:
    """A form of a page: where it goes and what it would send."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(told.get("action", ""), told.get("method", "get").lower()))
        elif tag == "input" and self.forms and told.get("name"):
            kind = told.get("type", "text")
            if kind not in ("radio", "checkbox") or "checked" in told:
                self.forms[-1].fields.setdefault(told["name"], told.get("value", ""))


@dataclass
class Page:
    """Where a browser is."""

    url: str
    status: int
    text: str
    headers: httpx.Headers

    def json(self) -> Any:
        import json

        return json.loads(self.text)

    def form(self, action: str = "") -> Form:
        """The first form, or the first whose action ends with *action*."""
        parser = _Forms()
        parser.feed(self.text)
        return next(f for f in parser.forms if f.action.endswith(action) or not action)

    @property
    def token(self) -> str:
        return next(f.fields["form_token"] for f in self._forms() if "form_token" in f.fields)

    def _forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.text)
        return parser.forms


class Browser:
    """One person's browser. Every answer it ever saw is in `seen`, for canaries."""

    def __init__(self, base: str, *, agent: str = "Mozilla/5.0 (Windows NT 10.0) Chrome/156.0") -> None:
        self.base = base.rstrip("/")
        self._http = httpx.Client(
            timeout=PATIENCE, trust_env=False, follow_redirects=False, limits=EACH_ITS_OWN
        )
        self._agent = agent
        self.cookies: dict[str, dict[str, str]] = {}
        self.seen: list[str] = []

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, *, json: bool = False, follow: bool = True) -> Page:
        return self._go("GET", urljoin(self.base, path), follow=follow, json=json)

    def post(
        self, path: str, fields: dict[str, Any] | None = None, *, data: Any = None, json: bool = False,
        token: str = "", follow: bool = True,
    ) -> Page:  # fmt: skip
        """A form (*fields*) or the JSON of a page's script (*data*, with the form token)."""
        url = urljoin(self.base, path)
        headers = {"X-Form-Token": token} if token else {}
        return self._go("POST", url, fields=fields, data=data, headers=headers, follow=follow, json=json)

    def sign_in(self, page: Page, person: str, method: str = "passkey", **more: str) -> Page:
        """Go through the authority's page: choose the person and how, and come back."""
        asked = dict(parse_qsl(urlsplit(page.url).query))
        where = page.url.partition("?")[0]
        back = self._go("POST", where, fields={**asked, "person": person, "method": method, **more})
        if "/auth/callback" not in back.text:
            return back
        answer = back.form()
        return self._go("POST", answer.action, fields=answer.fields)

    # --- inside --------------------------------------------------------------------------------

    def _go(
        self, method: str, url: str, *, fields: dict[str, Any] | None = None, data: Any = None,
        headers: dict[str, str] | None = None, follow: bool = True, json: bool = False,
    ) -> Page:  # fmt: skip
        for _ in range(10):
            host = urlsplit(url).netloc
            sent = {
                "User-Agent": self._agent,
                "Accept": "application/json" if json else "text/html",
                "Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.get(host, {}).items()),
                **(headers or {}),
            }
            answer = self._http.request(method, url, data=fields, json=data, headers=sent)
            self._keep(host, answer)
            self.seen.append(answer.text)
            if not follow or answer.status_code not in (301, 302, 303):
                return Page(url, answer.status_code, answer.text, answer.headers)
            method, fields, data, headers = "GET", None, None, None
            url = urljoin(url, answer.headers["location"])
        raise AssertionError(f"too many redirects at {url}")

    def _keep(self, host: str, answer: httpx.Response) -> None:
        jar = self.cookies.setdefault(host, {})
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    jar.pop(name, None)
                else:
                    jar[name] = morsel.value
