"""When a proof counts and what overtakes it."""

from __future__ import annotations

import pytest

from bot.core.flow import Flow
from bot.core.model import ActKind
from bot.core.outcomes import ends, outcomes
from bot.core.proven import after, may
from bot.core.tables import FROM_DEFAULTS, LOOKS, Verb
from bot.flowfile.schema import DefaultEdges
from tests.core.talk import MINUTES, PASS, ask, end, flow, step

PROVEN = frozenset(PASS)
NOTHING: frozenset[ActKind] = frozenset()


@pytest.mark.parametrize("outcome", ["working_method", "fail", "timeout", "refused"])
def test_only_ok_proves_and_everything_else_takes_the_proof_away(outcome: str) -> None:
    prove = step("p", Verb.PROVE, acts=PASS)
    assert after(prove, "ok", NOTHING) == PROVEN
    assert after(prove, outcome, PROVEN) == NOTHING


def test_a_proof_says_nothing_about_other_acts() -> None:
    other = frozenset({ActKind.FORGET_DEVICES})
    prove = step("p", Verb.PROVE, acts=PASS)
    assert after(prove, "fail", other) == other
    assert not may(step("r", Verb.REQUEST, acts=PASS), other)


@pytest.mark.parametrize(("outcome", "left"), [("done", NOTHING), ("denied", NOTHING), ("expired", NOTHING),
                                               ("refused", NOTHING), ("void", PROVEN), ("partial", PROVEN),
                                               ("exhausted", PROVEN)])  # fmt: skip
def test_a_decided_request_uses_its_proof_up(outcome: str, left: frozenset[ActKind]) -> None:
    assert after(step("r", Verb.REQUEST, acts=PASS), outcome, PROVEN) == left


@pytest.mark.parametrize(
    ("waiting", "left"),
    [
        (step("w", Verb.WAIT, "method_registered", within=60 * MINUTES), PROVEN),
        (step("w", Verb.WAIT, "method_registered", within=61 * MINUTES), NOTHING),
        (step("w", Verb.WAIT, span=120 * MINUTES), NOTHING),
        (step("w", Verb.HANDOFF, "desk", within=120 * MINUTES), NOTHING),
        (ask("w", within=120, a="b"), NOTHING),
        (step("w", Verb.LOOK, "duty", within=120 * MINUTES), PROVEN),
    ],
)
def test_a_step_that_may_wait_longer_than_evidence_holds_overtakes_it(waiting: object, left: object) -> None:
    assert after(waiting, "ok", PROVEN) == left  # type: ignore[arg-type]


def test_a_prove_step_that_was_not_entered_again_takes_nothing_away() -> None:
    assert after(step("p", Verb.PROVE, acts=PASS), "exhausted", PROVEN) == PROVEN


def test_every_verb_has_its_outcomes() -> None:
    """The table of the flow format, verb by verb."""

    def required(verb: Verb, what: str = "", **more: object) -> tuple[str, ...]:
        return outcomes(step("s", verb, what, **more)).required

    assert required(Verb.SAY) == ("ok",)
    assert outcomes(ask("q", a="x", b="y")).required == ("a", "b", "timeout", "exhausted")
    assert required(Verb.INPUT, "text") == ("ok", "timeout", "exhausted")
    assert required(Verb.LOOK, "duty") == ("ok", "closed", "unknown", "error")
    assert required(Verb.LOOK, "rank") == (*LOOKS["rank"].outcomes, "unknown", "error")
    assert required(Verb.LOOK, "rank", on={"ok": "x"}) == ("ok", "unknown", "error")
    assert required(Verb.LOOK, "odd") == ("ok",)
    assert required(Verb.PROVE) == ("ok", "working_method", "fail", "timeout", "refused")
    assert required(Verb.REQUEST) == ("done", "denied", "expired", "void", "partial", "refused")
    assert required(Verb.WAIT, "pass_used") == ("ok", "timeout")
    assert required(Verb.WAIT, span=5 * MINUTES) == ("ok",)
    assert required(Verb.HANDOFF, "desk") == ("closed", "back", "untaken")
    assert required(Verb.SWITCH) == required(Verb.END) == ()


def test_a_call_has_the_ends_of_its_flow() -> None:
    callee: Flow = flow(ask("q", a="x", b="y"), end("x"), end("y"), step("z", Verb.END, "x"))
    assert ends(callee) == ("x", "y")
    assert outcomes(step("c", Verb.CALL, "main"), callee).required == ("x", "y")
    assert outcomes(step("c", Verb.CALL, "main")).possible == ("exhausted",)


def test_defaults_can_draw_exactly_what_the_format_says() -> None:
    """The vocabulary of files and the table of the core name the same outcomes."""
    assert tuple(DefaultEdges.model_fields) == FROM_DEFAULTS
