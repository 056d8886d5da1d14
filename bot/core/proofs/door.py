"""What the case page says of one proof: open or closed, and why in a closed list.

Before the first evidence the list is the same for every name (nobody learns from it who has codes,
a manager or a rank); after it, the page says what is really left to do. Each proof has its own file
beside this one with one pure function `door`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bot.core.model import ProofKind

SET_UP = frozenset({ProofKind.SIGN_IN, ProofKind.SAVED_CODE, ProofKind.MANAGER, ProofKind.LIVE_CHECK})
"""The proofs that need nothing set up; the rest of the vocabulary is closed to everybody without it."""


def set_up(*, mail: bool, contacts: bool = False) -> frozenset[ProofKind]:
    """The proofs that can be given here. *mail*: letters leave, so that codes can."""
    more = {ProofKind.ISSUED_CODE: mail, ProofKind.CONTACT: contacts}
    return SET_UP | {kind for kind, there in more.items() if there}


class Why(StrEnum):
    """Why a proof is closed, or what it waits for. Words live in `case.why`."""

    PASSED = "passed"
    NOT_NEEDED = "not_needed"
    NOT_SET_UP = "not_set_up"
    DESK_CLOSED = "desk_closed"
    NO_CODES = "no_codes"
    YOUNG_CODES = "young_codes"
    NO_ADDRESS = "no_address"
    YOUNG_ADDRESS = "young_address"
    NO_CONTACT = "no_contact"
    YOUNG_CONTACT = "young_contact"
    AFTER_ONE = "after_one"
    NO_MANAGER = "no_manager"
    AFTER_ANOTHER = "after_another"
    UNDER_WAY = "under_way"
    ALL_GONE = "all_gone"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A proof that would still help, in one way (`how`) or in any ("")."""

    kind: ProofKind
    how: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides whether a proof is open on one case page now.

    *wanted* is None before the first evidence: then nothing personal may show. *codes*, *mail*,
    *contacts* and *manager* are None while they are not to be told; the first three are `good`, `young` or
    `none` afterwards.
    """

    passed: frozenset[ProofKind] = frozenset()
    wanted: tuple[Wanted, ...] | None = None
    under_way: frozenset[ProofKind] = frozenset()
    desk_open: bool = False  # an agent on duty, or service hours
    video: bool = False
    counters: bool = True  # whether any counter's screen stands
    codes: str | None = None
    mail: str | None = None
    contacts: str | None = None
    manager: bool | None = None
    strong_left: bool = True
    set_up: frozenset[ProofKind] = SET_UP


@dataclass(frozen=True, slots=True)
class Door:
    """*hows* are the ways a person may choose from, each open unless named in *shut*."""

    kind: ProofKind
    open: bool
    why: Why | None = None
    hows: tuple[str, ...] = ()
    shut: dict[str, Why] = field(default_factory=dict)


def common(kind: ProofKind, c: Circumstances) -> Door | None:
    """What holds for every proof; None when the proof's own rules decide."""
    if kind in c.passed:
        return Door(kind, False, Why.PASSED)
    if kind not in c.set_up:
        return Door(kind, False, Why.NOT_SET_UP)
    if c.wanted is not None and kind is not ProofKind.SIGN_IN and kind not in {w.kind for w in c.wanted}:
        return Door(kind, False, Why.NOT_NEEDED)
    if kind in c.under_way:
        return Door(kind, True, Why.UNDER_WAY)
    return None
