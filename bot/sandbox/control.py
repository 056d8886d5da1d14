"""The sandbox's own levers under `/sandbox`: ledger, faults, switches, people, mail, start over.

Every lever takes JSON (and answers JSON) or a form (and goes back to the tenant page). No answer
ever holds the value of a pass.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.sandbox import faults
from bot.sandbox.directory import Account
from bot.sandbox.pane import tenant_page
from bot.sandbox.portraits import portrait
from bot.sandbox.self_service import NotSignedInError, change, register, remove
from bot.sandbox.state import STATE, State
from bot.sandbox.summary import brief, summary
from bot.sandbox.views import page

Fields = dict[str, Any]
Lever = Callable[[State, web.Request, Fields], Fields]


class LeverError(Exception):
    """The request cannot be carried out; the sentence goes to whoever asked."""

    def __init__(self, message: str, status: int = 400) -> None:
        self.status = status
        super().__init__(message)


def lever(pull: Lever) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A POST, PUT or DELETE: read the fields, pull, answer in kind."""

    async def handle(request: web.Request) -> web.Response:
        state = request.app[STATE]
        html = request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")
        fields = await _fields(request, html)
        person = str(
            fields.get("shown") or request.match_info.get("person") or fields.get("person") or "employee"
        )
        try:
            done = pull(state, request, fields)
        except NotSignedInError as err:
            return _problem(state, html, person, str(err), 403)
        except LeverError as err:
            return _problem(state, html, person, str(err), err.status)
        except (ValueError, TypeError, KeyError) as err:
            return _problem(state, html, person, str(err) or "That does not fit.", 400)
        if html:
            raise web.HTTPSeeOther(f"/sandbox/tenant?person={person}")
        return web.json_response(done)

    return handle


async def _fields(request: web.Request, html: bool) -> Fields:
    if html:
        return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if not request.can_read_body:
        return {}
    try:
        doc = await request.json()
    except ValueError:
        doc = None
    if not isinstance(doc, dict):
        raise web.HTTPBadRequest(text="The body must be a JSON object or a form.")
    return doc


def _problem(state: State, html: bool, person: str, message: str, status: int) -> web.Response:
    if html and state.directory.get(person):
        return tenant_page(state, person, problem=message, status=status)
    return web.json_response({"error": message}, status=status)


def _person(state: State, request: web.Request) -> Account:
    who = state.directory.get(request.match_info["person"])
    if who is None:
        raise LeverError("There is no such person.", 404)
    return who


# --- what is read -------------------------------------------------------------------------------


async def ledger(request: web.Request) -> web.Response:
    after = request.query.get("after", "0")
    return web.json_response(request.app[STATE].journal.ledger(int(after) if after.isdigit() else 0))


async def people(request: web.Request) -> web.Response:
    state = request.app[STATE]
    return web.json_response([brief(state, who) for who in state.directory.all()])


async def one(request: web.Request) -> web.Response:
    state = request.app[STATE]
    who = state.directory.get(request.match_info["person"])
    if who is None:
        return web.json_response({"error": "There is no such person."}, status=404)
    return web.json_response(summary(state, who))


async def photo(request: web.Request) -> web.Response:
    body, etag = portrait(request.match_info["person"])
    headers = {"ETag": f'"{etag}"', "Cache-Control": "max-age=3600"}
    return web.Response(body=body, content_type="image/png", headers=headers)


async def list_faults(request: web.Request) -> web.Response:
    return web.json_response(request.app[STATE].faults.shown())


async def list_switches(request: web.Request) -> web.Response:
    return web.json_response(request.app[STATE].switches.all())


async def about(request: web.Request) -> web.Response:
    """Where the authority and Graph are, and the registrations' ids. Never a secret."""
    state = request.app[STATE]
    return web.json_response(
        {
            "authority": state.authority,
            "issuer": state.issuer,
            "graph": f"http://127.0.0.1:{state.port}/v1.0",
            "apps": {app.name: app.client_id for app in state.apps.values()},
        }
    )


async def country(request: web.Request) -> web.Response:
    """The stub of a country look-up: where everybody is said to be just now."""
    return web.json_response({"country": request.app[STATE].switches["country"]})


async def video(request: web.Request) -> web.Response:
    """The stub of a video room."""
    return page("video.html", room=request.query.get("room", "")[:40])


# --- what is done -------------------------------------------------------------------------------


def add_fault(state: State, request: web.Request, fields: Fields) -> Fields:
    fault = faults.parse({name: value for name, value in fields.items() if name not in ("shown", "person")})
    state.faults.add(fault)
    return fault.shown()


def clear_faults(state: State, request: web.Request, fields: Fields) -> Fields:
    return {"released": state.faults.clear()}


def set_switches(state: State, request: web.Request, fields: Fields) -> Fields:
    name, value = fields.pop("name", None), fields.pop("value", None)
    fields.pop("shown", None)
    for switch, wanted in ({name: value} if name else fields).items():
        state.switches.set(str(switch), wanted)
    return state.switches.all()


def deliver(state: State, request: web.Request, fields: Fields) -> Fields:
    """A letter for a person, named by id or by any address of theirs."""
    to = str(fields.get("to", "")).strip().lower()
    for who in state.directory.all():
        addresses = [who.user["mail"], *who.user["otherMails"]]
        if to == who.id or to in (one.lower() for one in addresses):
            address = to if "@" in to else who.user["mail"]
            subject, text = str(fields.get("subject", "")), str(fields.get("text", ""))
            state.journal.deliver(who.id, address, subject[:300], text[:20_000], str(fields.get("key", "")))
            return {"delivered": who.id}
    raise LeverError("Nobody here has that address.", 404)


def put_codes(state: State, request: web.Request, fields: Fields) -> Fields:
    """The printed sheet, laid into the drawer by the demo that made it."""
    codes = fields.get("codes")
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes) or len(codes) > 20:
        raise LeverError("codes is a list of at most twenty texts.")
    state.journal.put_sheet(_person(state, request).id, codes, str(fields.get("printed_at", "")))
    return {"codes": len(codes)}


def add_method(state: State, request: web.Request, fields: Fields) -> Fields:
    return {"id": register(state, _person(state, request), fields)}


def remove_method(state: State, request: web.Request, fields: Fields) -> Fields:
    remove(state, _person(state, request), request.match_info["method"], fields)
    return {}


def hand(state: State, request: web.Request, fields: Fields) -> Fields:
    there = str(fields.get("in_hand", "")).lower() in ("true", "1", "on", "yes")
    if not state.methods.hand(_person(state, request).id, request.match_info["method"], there):
        raise LeverError("There is no such method.", 404)
    return {"in_hand": there}


def change_person(state: State, request: web.Request, fields: Fields) -> Fields:
    who = _person(state, request)
    change(state, who, {name: value for name, value in fields.items() if name not in ("shown", "person")})
    return summary(state, who)


def start_over(state: State, request: web.Request, fields: Fields) -> Fields:
    person = str(fields.get("person", ""))
    if person and state.directory.get(person) is None:
        raise LeverError("There is no such person.", 404)
    state.start_over(person)
    return {"started_over": person or "everybody"}


def rotate(state: State, request: web.Request, fields: Fields) -> Fields:
    return {"kid": state.keys.rotate(keep=fields.get("keep", True) not in (False, "false", "0"))}


async def tenant(request: web.Request) -> web.Response:
    return tenant_page(request.app[STATE], request.query.get("person", "employee"))


async def live(request: web.Request) -> web.Response:
    return tenant_page(
        request.app[STATE], request.query.get("person", "employee"), template="tenant_live.html"
    )


def routes() -> list[web.RouteDef]:
    each = "/sandbox/people/{person}"
    return [
        web.get("/sandbox/about", about),
        web.get("/sandbox/ledger", ledger),
        web.get("/sandbox/faults", list_faults),
        web.post("/sandbox/faults", lever(add_fault)),
        web.delete("/sandbox/faults", lever(clear_faults)),
        web.post("/sandbox/faults/clear", lever(clear_faults)),
        web.get("/sandbox/switches", list_switches),
        web.post("/sandbox/switches", lever(set_switches)),
        web.post("/sandbox/mail", lever(deliver)),
        web.post("/sandbox/start-over", lever(start_over)),
        web.post("/sandbox/keys/rotate", lever(rotate)),
        web.get("/sandbox/country", country),
        web.get("/sandbox/video", video),
        web.get("/sandbox/tenant", tenant),
        web.get("/sandbox/tenant/live", live),
        web.get("/sandbox/people", people),
        web.get(each, one),
        web.get(f"{each}/photo", photo),
        web.put(f"{each}/codes", lever(put_codes)),
        web.post(f"{each}/change", lever(change_person)),
        web.post(f"{each}/methods", lever(add_method)),
        web.delete(f"{each}/methods/{{method}}", lever(remove_method)),
        web.post(f"{each}/methods/{{method}}/remove", lever(remove_method)),
        web.post(f"{each}/methods/{{method}}/hand", lever(hand)),
    ]
