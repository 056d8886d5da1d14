"""Snippets of flows, checked in one call."""

from __future__ import annotations

from textwrap import dedent, indent

from bot.flowfile.book import Book, of_files
from bot.flowfile.findings import Finding
from bot.flowfile.lint import check
from bot.flowfile.words import needed

DEFAULTS = (
    "{within: 20m, max_visits: 3, on: {timeout: desk, exhausted: desk, error: desk, unknown: desk, "
    "fail: desk, refused: desk}}"
)
CLOSING = """\
desk: {handoff: desk, on: {closed: over, back: over, untaken: over}}
over: {end: over}
"""


def flow(
    steps: str, *, name: str = "demo", start: str = "", defaults: str = DEFAULTS, closing: bool = True
) -> str:
    """A flow file around *steps*; the first step is the start."""
    body = dedent(steps).strip() + "\n" + (CLOSING if closing else "")
    first = start or body.split(":", 1)[0].strip()
    given = f"defaults: {defaults}\n" if defaults else ""
    return f"flow: {name}\nstart: {first}\n{given}steps:\n{indent(body, '  ')}"


def words(book: Book, name: str, extra: str = "") -> str:
    """The least words a flow needs, then *extra*, which replaces the step it names."""
    replaced = {line.split(":", 1)[0] for line in extra.splitlines() if line and not line.startswith(" ")}
    lines = [] if "flow" in replaced else [f'flow: {{title: "{name}"}}']
    for step in book.flows[name].flow.steps.values():
        parts = ", ".join(f'{part}: "Some text"' for part in needed(step))
        if parts and step.id not in replaced:
            lines.append(f"{step.id}: {{{parts}}}")
    return "\n".join([*lines, extra])


def book(*texts: str, extra: str = "", untitled: tuple[str, ...] = (), **templates: str) -> Book:
    """The flows with English words made up for them; *templates* are whole words files as
    `de_demo=…`."""
    files = {}
    for text in texts:
        name = text.splitlines()[0].removeprefix("flow: ")
        files[f"flows/{name}.yaml"] = text
    plain = of_files(files)
    for number, name in enumerate(plain.flows):
        made = words(plain, name, extra if number == 0 else "")
        if name in untitled:
            made = made.replace(f'flow: {{title: "{name}"}}', "")
        files[f"templates/en/{name}.yaml"] = made
    for key, text in templates.items():
        locale, _, name = key.partition("_")
        files[f"templates/{locale}/{name}.yaml"] = dedent(text)
    return of_files(files)


def findings(*texts: str, **more: object) -> list[Finding]:
    return check(book(*texts, **more))  # type: ignore[arg-type]


def rules(*texts: str, **more: object) -> list[str]:
    """The rules broken, each once, in order."""
    return list(dict.fromkeys(sorted(finding.rule for finding in findings(*texts, **more))))
