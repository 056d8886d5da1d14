"""How long `keyturn flows check` takes for a flow of 30 steps with words in two languages.

    python -m bench.flow_check

Prints the median of 51 runs after imports, reading included, beside a bare YAML parse of the same
files in the same run.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from bot.flowfile.book import of_folder
from bot.flowfile.lint import check
from bot.flowfile.parse import parse
from bot.flowfile.words import needed

DRAWN = "on: {done: pause%d, denied: to_person, expired: to_person, void: request%d, partial: pause%d}"


def flow() -> str:
    """Five rounds of question, look, proof, request, wait and branch, and an end."""
    lines = [
        "flow: long_one",
        "start: ask0",
        "defaults: {within: 20m, remind: [10m], max_visits: 3, on: {timeout: to_person,",
        "  exhausted: to_person, error: to_person, unknown: to_person, fail: to_person, refused: to_person}}",
        "steps:",
    ]
    for n in range(5):
        following = f"ask{n + 1}" if n < 4 else "done"
        lines += [
            f"  ask{n}: {{ask: [a, b, c], on: {{a: look{n}, b: prove{n}, c: to_person}}}}",
            f"  look{n}: {{look: duty, on: {{ok: prove{n}, closed: to_person}}}}",
            f"  prove{n}: {{prove: [issue_pass], on: {{ok: request{n}, working_method: pause{n}}}}}",
            f"  request{n}: {{request: [issue_pass], {DRAWN % (n, n, n)}}}",
            f"  pause{n}: {{wait: method_registered, on: {{ok: {f'pick{n}' if n % 2 else following}}}}}",
        ]
        if n % 2:
            condition = f"ask{n} == 'a' or has(look{n}.agents)"
            lines.append(f'  pick{n}: {{switch: [{{if: "{condition}", then: {following}}}, {{else: done}}]}}')
    lines += [
        "  to_person: {handoff: desk, on: {closed: done, back: ask0, untaken: done}}",
        "  done: {say: true, on: {ok: over}}",
        "  over: {end: over}",
    ]
    return "\n".join(lines) + "\n"


def words(text: str) -> str:
    steps = parse(text, "long_one.yaml").flow.steps.values()
    lines = ['flow: {title: "Long"}']
    for step in steps:
        parts = ", ".join(
            f'{part}: "Call **{{{{ desk.phone }}}}** about {{{{ case.number }}}}."' for part in needed(step)
        )
        if parts:
            lines.append(f"{step.id}: {{{parts}}}")
    return "\n".join(lines) + "\n"


def median(run: Callable[[], object]) -> float:
    times = []
    for _ in range(51):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def run() -> list[tuple[str, str, str]]:
    """Rows of the table: what, measured, wanted."""
    with tempfile.TemporaryDirectory() as name:
        root, text = Path(name), flow()
        (root / "flows").mkdir()
        (root / "flows" / "long_one.yaml").write_text(text)
        for locale in ("en", "de"):
            (root / "templates" / locale).mkdir(parents=True)
            (root / "templates" / locale / "long_one.yaml").write_text(words(text))
        files = [path.read_text() for path in root.rglob("*.yaml")]
        book = of_folder(root / "flows", root / "templates")
        findings = check(book)
        whole = median(lambda: check(of_folder(root / "flows", root / "templates")))
        bare = median(lambda: [yaml.compose(one, Loader=yaml.CBaseLoader) for one in files])
    steps = len(book.flows["long_one"].flow.steps)
    assert not findings, findings
    return [
        ("bare YAML of one flow and its words in two languages", f"{bare:.1f} ms", ""),
        (f"check of this flow of {steps} steps, after imports", f"{whole:.1f} ms", "< 40 ms"),
        ("check against bare YAML", f"{whole / bare:.1f} ×", ""),
    ]


def main() -> None:
    for what, measured, wanted in run():
        print(f"{what:55} {measured:>10}  {wanted}")


if __name__ == "__main__":
    main()
