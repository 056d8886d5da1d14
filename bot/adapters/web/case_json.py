"""The JSON twins of the case page's screens (docs/http.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.ports.case_page import CaseView, Challenge, Pulse, SealedPass
from bot.ports.talk import PersonTalk


def view_json(view: CaseView) -> dict[str, Any]:
    """Everything that the page shows, in the words of docs/http.md."""
    return {
        "stage": view.stage.value,
        "version": view.version,
        "number": view.number,
        "present": view.present,
        "ends_at": _time(view.ends_at),
        "key_needed": view.key_needed,
        "thumbprint": view.thumbprint,
        "address_needed": view.address_needed,
        "proofs": [
            {
                "kind": d.kind.value, "open": d.open, "why": d.why.value if d.why else "",
                "hows": [{"how": h, "why": d.shut[h].value if h in d.shut else ""} for h in d.hows],
            }
            for d in view.doors
        ],
        "passed": [{"kind": kind, "at": _time(at)} for kind, at in view.passed],
        "numbers": [{"ref": n.ref, "masked": n.masked, "source": n.source} for n in view.numbers],
        "addresses": [{"id": a.id, "masked": a.masked} for a in view.addresses],
        "contacts": [{"id": c.id, "name": c.name} for c in view.contacts],
        "code_sent": {
            "at": _time(view.code_sent.at), "until": _time(view.code_sent.until),
            "again": view.code_sent.again,
        } if view.code_sent else None,
        "checks": [
            {
                "kind": c.kind, "how": c.how, "signed": c.signed, "digits_until": _time(c.digits_until),
                "taken_by": c.taken_by,
            }
            for c in view.under_way
        ],
        "tries_left": view.tries_left,
        "wait_until": _time(view.wait_until),
        "methods": [
            {"id": m.id, "type": m.type, "label": m.label, "strong": m.strong, "gone": m.ticked}
            for m in view.methods
        ],
        "still_strong": list(view.still_strong),
        "waiting": {
            "since": _time(view.waiting.since), "until": _time(view.waiting.until),
            "agents": view.waiting.agents, "taken_by": view.waiting.taken_by,
        } if view.waiting else None,
        "pass": sealed_json(view.sealed),
        "added": [{"id": a.id, "type": a.type, "label": a.label, "yours": a.yours} for a in view.added],
        "talk": talk_json(view.talk) if view.talk else None,
        "outcome": view.outcome,
        "ended": view.ended,
    }  # fmt: skip


def talk_json(talk: PersonTalk) -> dict[str, Any]:
    """The talk with the help desk; *word* names words of the bot's own, and then there is no *text*."""
    return {
        "open": talk.open,
        "unread": talk.unread,
        "agent": {"name": talk.agent.name, "badge": talk.agent.badge} if talk.agent else None,
        "lines": [
            {
                "seq": line.seq, "at": _time(line.at), "author": line.author, "name": line.name,
                "badge": line.badge, "surface": line.surface, "text": line.text, "word": line.word,
                "masked": line.masked, "gone": line.gone, "new": line.new,
            }
            for line in talk.lines
        ],
    }  # fmt: skip


def pulse_json(pulse: Pulse) -> dict[str, Any]:
    return {
        "version": pulse.version,
        "stage": pulse.stage.value,
        "present": pulse.present,
        "challenge": challenge_json(pulse.challenge),
        "pass": sealed_json(pulse.sealed),
        "at": _time(pulse.at),
    }


def challenge_json(challenge: Challenge | None) -> dict[str, Any] | None:
    return {"wire": dict(challenge.wire), "info": challenge.info} if challenge else None


def sealed_json(sealed: SealedPass | None) -> dict[str, Any] | None:
    """*wire* is there once the pass was taken by POST."""
    if sealed is None or not sealed.id:
        return None
    return {
        "info": sealed.info, "wire": dict(sealed.wire), "taken": sealed.taken,
        "ready_at": _time(sealed.ready_at), "expires_at": _time(sealed.expires_at),
        "minutes": sealed.minutes, "once": sealed.once,
    }  # fmt: skip


def _time(at: datetime | None) -> str:
    return at.isoformat() if at else ""
