"""Promises of the engine that hold for every flow and every order of events."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core import effects as fx
from bot.core.engine import Turn, advance, awaiting, opening
from bot.core.events import Answered, Commanded, Happening, Opened
from bot.core.flow import FlowSet, FlowState
from bot.core.model import ActKind, Command
from bot.core.tables import Verb
from bot.flowfile.pack import pack_root
from bot.flowfile.versions import from_folder
from tests.core.random_flows import flow_sets, happenings
from tests.core.talk import event

Watcher = Callable[[FlowState, Happening, Turn], None]
many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SHIPPED = [
    version.flows for version in from_folder(pack_root() / "flows", pack_root() / "templates").values()
]


def run(data: st.DataObject, flows: FlowSet, watch: Watcher) -> None:
    """A case from its opening through up to 20 events, watched turn by turn."""
    state = opening(flows.flows[flows.main])
    what: Happening = Opened(flows.main, "en")
    for _ in range(data.draw(st.integers(1, 20))):
        turn = advance(flows, state, event(what))
        watch(state, what, turn)
        state = turn.state
        what = data.draw(happenings(flows, state))


def every_turn(flows: FlowSet) -> Watcher:
    """What holds of each turn alone."""

    def watch(before: FlowState, what: Happening, turn: Turn) -> None:
        after = turn.state
        assert advance(flows, before, event(what)) == turn  # the same arguments, the same turn
        assert FlowState.from_json(after.to_json()) == after
        assert after.version >= before.version
        if before.ended:
            assert after == before
            assert all(isinstance(effect, fx.Refuse) for effect in turn.effects)
        if any(isinstance(effect, fx.Refuse) for effect in turn.effects):
            assert after == before
            assert len(turn.effects) == 1
        assert (awaiting(flows, after) is None) == bool(after.ended)
        ends = [effect for effect in turn.effects if isinstance(effect, fx.EndCase)]
        assert len(ends) == int(bool(after.ended) and not before.ended)
        for effect in turn.effects:
            if isinstance(effect, fx.Say):
                assert flows.step(effect.flow, effect.step) is not None

    return watch


def only_proven(flows: FlowSet) -> Watcher:
    """Counts on its own: which acts were said to be proven since the last new start."""
    shown: set[ActKind] = set()

    def watch(before: FlowState, what: Happening, turn: Turn) -> None:
        moved = turn.state != before
        if isinstance(what, Commanded) and what.command in {Command.RESTART, Command.NOT_ME} and moved:
            shown.clear()
        step = flows.step(before.flow, before.step)
        proving = isinstance(what, Answered) and step and step.verb is Verb.PROVE and moved
        if proving and (what.step, what.version) == (before.step, before.version):
            if what.outcome == "ok":
                shown.update(step.acts)
            else:
                shown.difference_update(step.acts)
        for effect in turn.effects:
            if isinstance(effect, fx.OpenRequest):
                assert shown.issuperset(effect.acts)
                assert effect.acts
            if isinstance(effect, fx.EndCase):
                assert not any(isinstance(one, fx.OpenRequest | fx.OpenProof) for one in turn.effects)

    return watch


@many
@given(flow_sets(), st.data())
def test_every_event_in_every_flow_is_answered(flows: FlowSet, data: st.DataObject) -> None:
    """Total, deterministic, storable; a refusal changes nothing; an end is final."""
    run(data, flows, every_turn(flows))


@many
@given(flow_sets(), st.data())
def test_nothing_is_requested_without_proof(flows: FlowSet, data: st.DataObject) -> None:
    """Not even by a flow that no linter has seen: nobody gets a pass on their own word."""
    run(data, flows, only_proven(flows))


@many
@given(st.sampled_from(SHIPPED), st.data())
def test_the_shipped_flows_keep_the_same_promises(flows: FlowSet, data: st.DataObject) -> None:
    """And they never need the engine's own refusal: the linter has proven them."""

    def never_unproven(_before: FlowState, _what: Happening, turn: Turn) -> None:
        aside = turn.state.aside
        assert aside is None or aside.why in {"asked", "not_me"}

    watchers = (every_turn(flows), only_proven(flows), never_unproven)

    def watch(before: FlowState, what: Happening, turn: Turn) -> None:
        for one in watchers:
            one(before, what, turn)

    run(data, flows, watch)
