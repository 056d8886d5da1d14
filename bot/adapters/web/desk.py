"""`/desk`: the queue and what agents do with it, as one page that keeps itself up to date."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.adapters.web.desk_door import KIND, agent_of, demand_agent, door, wants_json
from bot.adapters.web.forms import Form, local_path
from bot.adapters.web.polling import Polls
from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.desk import TOPIC, Board, Desk

LETTER = 400
"""Characters of a dead letter's key; effects carry their whole key."""
NOTE = 2000
"""Characters of a note as it is posted; the service keeps fewer."""
SHOWS = ("all", "free", "mine")
"""Which cases of the queue are shown."""
POLL_AT_LEAST = 15.0
"""Seconds after which the queue is shown anew even unchanged: ages and presence move by themselves."""


class DeskPage:
    def __init__(self, shell: Shell, desk: Desk, polls: Polls) -> None:
        self._shell = shell
        self._desk = desk
        self._polls = polls

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/desk", self.show),
            web.get("/desk/board", self.board),
            web.post("/desk/sign-in", self.sign_in),
            web.post("/desk/sign-out", self.sign_out),
            web.post("/desk/next", self.next),
            web.post("/desk/take", self.take),
            web.post("/desk/offer", self.offer),
            web.post("/desk/release", self.release),
            web.post("/desk/answer", self.answer),
            web.post("/desk/shift", self.shift),
            web.post("/desk/withdraw", self.withdraw),
            web.post("/desk/letter", self.letter),
        ]

    async def show(self, request: web.Request) -> web.Response:
        agent = await agent_of(self._shell, request)
        board = await self._board(agent) if agent else None
        if agent is None or board is None:
            return door(self._shell, request)
        if wants_json(request):
            return self._shell.json(_plain(board))
        shown = _shown(request, agent, board)
        nobody = "nobody" in request.query
        return self._shell.page(request, "desk.html", pane=True, agent=agent, nobody=nobody, **shown)

    async def board(self, request: web.Request) -> web.Response:
        """For the page's script: waits until the board differs from `after`, then sends it as HTML.
        Does not keep the session awake: nobody may be sitting there."""
        agent = await self._shell.session(request, KIND, touch=False)
        if agent is None:
            return self._shell.json({"over": True})
        after = request.query.get("after", "")
        if after:
            await self._polls.until(TOPIC, POLL_AT_LEAST, self._desk.mark, lambda mark: mark != after)
        board = await self._board(agent)
        if board is None:
            return self._shell.json({"over": True})
        shown = _shown(request, agent, board)
        html = self._shell.fragment(request, "desk_board.html", agent=agent, **shown)
        counts = shown["counts"]
        said = self._shell.words.say(
            self._shell.locale(request), "desk.summary", count=counts["all"], free=counts["free"]
        )
        return self._shell.json({"mark": board.mark, "html": html, "summary": said})

    async def sign_in(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        browser, fresh = self._shell.browser_hash(request), ""
        if not browser:
            fresh, browser = self._shell.fresh_browser()
        back = local_path(form.text("back", longest=300))
        response = self._shell.to_authority(await self._desk.sign_in(browser, back=back))
        if fresh:
            self._shell.give_browser(response, fresh)
        return response

    async def sign_out(self, request: web.Request) -> web.Response:
        await self._shell.form(request)
        response = self._shell.see_other("/desk")
        await self._shell.sign_out(request, response, KIND)
        return response

    async def next(self, request: web.Request) -> web.Response:
        """Takes the most urgent free case and opens its review page."""
        agent, _ = await self._asked(request)
        card = await self._desk.next(agent)
        return self._shell.see_other(card.review if card else "/desk?nobody=1")

    async def take(self, request: web.Request) -> web.Response:
        agent, form = await self._asked(request)
        await self._desk.take(agent, form.text("case"))
        return self._back(request, form.text("case"))

    async def release(self, request: web.Request) -> web.Response:
        agent, form = await self._asked(request)
        await self._desk.release(agent, form.text("case"))
        return self._back(request, form.text("case"))

    async def offer(self, request: web.Request) -> web.Response:
        """Passes a case on to a colleague, with a note."""
        agent, form = await self._asked(request)
        note = form.text("note", longest=NOTE)
        await self._desk.offer(agent, form.text("case"), form.text("to"), note)
        return self._back(request, form.text("case"))

    async def answer(self, request: web.Request) -> web.Response:
        agent, form = await self._asked(request)
        await self._desk.answer(agent, form.text("case"), form.text("outcome"))
        return self._shell.see_other("/desk")

    async def shift(self, request: web.Request) -> web.Response:
        agent, form = await self._asked(request)
        match form.text("do"):
            case "start":
                await self._desk.start_shift(agent)
            case "end":
                await self._desk.end_shift(agent)
            case _:
                raise Refused(Reason.BAD_FORM)
        return self._shell.see_other("/desk")

    async def withdraw(self, request: web.Request) -> web.Response:
        agent, form = await self._asked(request)
        browser, fresh = self._shell.browser_hash(request), ""
        if not browser:
            fresh, browser = self._shell.fresh_browser()
        response = self._shell.to_authority(
            await self._desk.withdraw(agent, browser, form.text("withdrawal"))
        )
        if fresh:
            self._shell.give_browser(response, fresh)
        return response

    async def letter(self, request: web.Request) -> web.Response:
        """A dead letter: `do` is `retry` or `dismiss`."""
        agent, form = await self._asked(request)
        match form.text("do"):
            case "retry":
                try:
                    await self._desk.retry(agent, form.text("letter", longest=LETTER))
                except Refused as err:
                    if err.reason is not Reason.STILL_FAILING:
                        raise
                    return self._shell.see_other(f"/desk?refused={err.reason.value}")
            case "dismiss":
                await self._desk.dismiss(agent, form.text("letter", longest=LETTER))
            case _:
                raise Refused(Reason.BAD_FORM)
        return self._shell.see_other("/desk")

    def _back(self, request: web.Request, case_id: str) -> web.Response:
        """To the list as it was shown, at the case."""
        show = request.query.get("show", "")
        where = f"?show={show}" if show in SHOWS[1:] else ""
        place = f"#c-{case_id}" if case_id.isalnum() else ""
        return self._shell.see_other(f"/desk{where}{place}")

    async def _asked(self, request: web.Request) -> tuple[Session, Form]:
        """The session and the posted fields; Refused(NOT_SIGNED_IN) without a session."""
        form = await self._shell.form(request)
        return await demand_agent(self._shell, request), form

    async def _board(self, agent: Session) -> Board | None:
        """The board; None for somebody who is no agent any more."""
        try:
            return await self._desk.board(agent)
        except Refused as err:
            if err.reason is Reason.NOT_AN_AGENT:
                return None
            raise


def _shown(request: web.Request, agent: Session, board: Board) -> dict[str, Any]:
    """The board with the cards that `?show=` asks for, and how many there are of each kind."""
    wish = request.query.get("show", "")
    show = wish if wish in SHOWS else "all"
    free = [card for card in board.cards if not (card.taken_by or card.offered_to or card.frozen)]
    mine = [card for card in board.cards if agent.oid in (card.taken_by, card.offered_to)]
    cards = {"all": board.cards, "free": free, "mine": mine}
    counts = {kind: len(some) for kind, some in cards.items()}
    counts["next"] = sum(card.subject_oid != agent.oid for card in free)
    counts["next"] += sum(card.offered_to == agent.oid for card in mine)
    return {"board": board, "cards": cards[show], "counts": counts, "show": show}


def _plain(board: Board) -> dict[str, Any]:
    """The board for a script: ids, closed words and times."""
    return {
        "mark": board.mark,
        "on_duty": [one.name for one in board.on_duty],
        "my_shift": board.my_shift,
        "cards": [
            {
                "case": card.case_id,
                "number": card.number,
                "wants": card.wants,
                "review": card.review,
                "name": card.name,
                "rank": card.rank,
                "acts": list(card.acts),
                "passed": [
                    {"kind": seen.kind, "how": seen.how, "at": seen.at.isoformat()} for seen in card.passed
                ],
                "missing": list(card.missing),
                "present": card.present,
                "deadline": card.deadline.isoformat() if card.deadline else "",
                "taken_by": card.taken_name,
                "escalated": card.escalated,
                "frozen": card.frozen,
                "queue": card.queue,
                "words_waiting": card.words_waiting,
                "offered_to": card.offered_name,
            }
            for card in board.cards
        ],
        "withdrawals": [{"id": one.id, "number": one.number, "why": one.why} for one in board.withdrawals],
        "unknown": [{"number": one.number, "next": one.next, "review": one.review} for one in board.voids],
        "thanks": [one.number for one in board.thanks],
        "dead": [
            {"key": one.key, "kind": one.kind, "number": one.number, "error": one.error} for one in board.dead
        ],
    }
