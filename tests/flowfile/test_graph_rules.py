"""G and L: good and bad snippets of reachability and loops."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.flowfile.graph import backwards, cycle, reached
from tests.flowfile.desk import findings, flow, rules


def test_g001_a_step_nothing_leads_to() -> None:
    orphan = "s: {ask: [x], on: {x: over}}\norphan: {say: true, on: {ok: over}}"
    (found,) = findings(flow(orphan))
    assert (found.rule, found.path, found.line) == ("G001", ("orphan",), 6)
    assert rules(flow(orphan.replace("{x: over}", "{x: orphan}"))) == []


def test_g001_counts_defaults_as_ways() -> None:
    """The handoff that only a timeout leads to is reached."""
    assert rules(flow("s: {ask: [x], on: {x: over}}")) == []


def test_g002_a_pair_of_steps_without_a_way_out() -> None:
    pair = (
        "s: {{ask: [x], on: {{x: a, timeout: a, exhausted: a}}}}\n"
        "a: {{wait: 5m, on: {{ok: b}}}}\n"
        "b: {{wait: 5m, on: {{ok: {}}}}}"
    )
    text = flow(
        pair.format("a") + "\nover: {end: over}", closing=False, defaults="{within: 20m, max_visits: 3}"
    )
    assert {(one.rule, one.path[:1]) for one in findings(text)} >= {
        ("G002", ("a",)),
        ("G002", ("b",)),
        ("G002", ("s",)),
    }
    fixed = flow(
        pair.format("over") + "\nover: {end: over}", closing=False, defaults="{within: 20m, max_visits: 3}"
    )
    assert rules(fixed) == []


def test_l001_a_loop_that_waits_for_nobody() -> None:
    loop = "s: {say: true, on: {ok: t, exhausted: over}}\nt: {say: true, on: {ok: s, exhausted: over}}"
    (found,) = [one for one in findings(flow(loop)) if one.rule == "L001"]
    assert found.path == ("s", "t", "s")
    assert "L001" not in rules(flow(loop.replace("t: {say: true, on: {ok: s", "t: {wait: 5m, on: {ok: s")))


def test_l001_a_switch_that_leads_to_itself() -> None:
    assert "L001" in rules(
        flow("q: {ask: [x], on: {x: s}}\ns: {switch: [{if: \"q == 'x'\", then: s}, {else: over}]}")
    )


def test_l001_exhausted_leads_round_at_once() -> None:
    """Both steps full, each hands to the other for ever."""
    text = "s: {ask: [x], on: {x: t, exhausted: t}}\nt: {ask: [x], on: {x: s, exhausted: s}}"
    assert "L001" in rules(flow(text))


def test_l001_a_call_waits_where_its_flow_does() -> None:
    """A loop through a subflow is good when every way to that end asks somebody."""
    caller = flow("c: {call: sub, on: {good: c, bad: over, exhausted: desk}}")
    asking = "q: {ask: [x, y], on: {x: good, y: bad}}\ngood: {end: good}\nbad: {end: bad}\ndesk: {end: bad}"
    at_once = asking.replace("q: {ask", "s: {say: true, on: {ok: good}}\nq: {ask")

    def sub(steps: str) -> str:
        return flow(steps, name="sub", closing=False)

    assert "L001" not in rules(caller, sub(asking))
    assert "L001" in rules(caller, sub(at_once))
    nested = flow(
        "c: {call: sub, on: {good: good, bad: bad}}\ngood: {end: good}\nbad: {end: bad}",
        name="mid",
        closing=False,
    )
    through = caller.replace("call: sub", "call: mid")
    assert "L001" not in rules(through, nested, sub(asking))
    assert "L001" in rules(through, nested, sub(at_once))


def test_l002_a_loop_nobody_counts() -> None:
    loop = "s: {ask: [again, stop], within: 5m, on: {again: s, stop: over, timeout: over, exhausted: over}}"
    (found,) = findings(flow(loop + "\nover: {end: over}", defaults="", closing=False))
    assert (found.rule, found.path) == ("L002", ("s", "s"))
    bounded = loop.replace("within: 5m", "within: 5m, max_visits: 3")
    assert rules(flow(bounded + "\nover: {end: over}", defaults="", closing=False)) == []


def test_l002_a_look_that_polls() -> None:
    text = "s: {look: today, on: {ok: s, unknown: over, error: over}}\nover: {end: over}"
    assert rules(flow(text, defaults="", closing=False)) == ["L002"]


def test_l002_flows_that_call_each_other() -> None:
    def one(name: str, other: str) -> str:
        return flow(
            f"s: {{call: {other}, on: {{over: over}}}}\nover: {{end: over}}", name=name, closing=False
        )

    found = findings(one("a", "b"), one("b", "c"), one("c", "a"))
    assert {finding.rule for finding in found} == {"L002"}
    assert len(found) == 3
    assert rules(one("a", "b"), one("b", "c"), flow("over: {end: over}", name="c", closing=False)) == []


GRAPHS = st.integers(1, 7).flatmap(
    lambda size: st.fixed_dictionaries(
        {str(n): st.lists(st.integers(0, size - 1).map(str), max_size=3).map(tuple) for n in range(size)}
    )
)


@given(GRAPHS)
def test_a_cycle_is_found_exactly_where_there_is_one(graph: dict[str, tuple[str, ...]]) -> None:
    """Against the plain definition: a step that can reach itself."""
    cyclic = {node for node in graph if node in reached(graph, graph[node])}
    found = cycle(graph)
    assert bool(found) == bool(cyclic)
    if found:
        assert found[0] == found[-1]
        assert all(b in graph[a] for a, b in pairwise(found))


@given(GRAPHS)
def test_backwards_turns_every_edge(graph: dict[str, tuple[str, ...]]) -> None:
    back = backwards(graph)
    for node, targets in graph.items():
        assert all(node in back[target] for target in targets)
