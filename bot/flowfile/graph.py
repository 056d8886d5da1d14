"""A flow as a graph: edges, reachability, cycles. Thirty lines of walking, no library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from bot.core.flow import Flow, Step

Edges = Mapping[str, tuple[str, ...]]


def ways(step: Step) -> Iterator[tuple[str, str]]:
    """Every (outcome, target) of *step*; branches of a `switch` are named by their condition."""
    for branch in step.branches:
        yield (branch.condition.text if branch.condition else "else"), branch.then
    yield from step.on.items()


def edges(flow: Flow, keep: Callable[[Step, str], bool] = lambda _step, _outcome: True) -> Edges:
    """From each step to the steps its kept outcomes lead to; unknown targets are left out."""
    return {
        step.id: tuple(
            dict.fromkeys(to for outcome, to in ways(step) if to in flow.steps and keep(step, outcome))
        )
        for step in flow.steps.values()
    }


def reached(graph: Edges, starts: Iterable[str]) -> frozenset[str]:
    """Everything on a path from *starts*, themselves included."""
    seen: set[str] = set()
    todo = [start for start in starts if start in graph]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo.extend(graph[node])
    return frozenset(seen)


def backwards(graph: Edges) -> Edges:
    back: dict[str, list[str]] = {node: [] for node in graph}
    for node, targets in graph.items():
        for target in targets:
            back[target].append(node)
    return {node: tuple(sources) for node, sources in back.items()}


def cycle(graph: Edges) -> tuple[str, ...]:
    """Some cycle, as the steps on it in order and the first again; empty where there is none."""
    done: set[str] = set()
    for root in graph:
        path: list[str] = []
        todo: list[tuple[str, bool]] = [(root, False)]
        while todo:
            node, leaving = todo.pop()
            if leaving:
                done.add(path.pop())
                continue
            if node in path:
                return (*path[path.index(node) :], node)
            if node in done:
                continue
            path.append(node)
            todo.append((node, True))
            todo.extend((target, False) for target in reversed(graph[node]))
    return ()


def on_cycles(flow: Flow) -> frozenset[str]:
    """Steps that can be entered more than once."""
    graph = edges(flow)
    return frozenset(node for node in graph if node in reached(graph, graph[node]))
