"""Flow files and their words, read together: what the linter checks and a version is made of.

Paths inside are canonical whatever the folder: `flows/<flow>.yaml`, `templates/<locale>/<flow>.yaml`,
`flows/examples/<locale>/<flow>.txt`. That is also how a stored version keeps its files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from bot.core.tables import Verb
from bot.flowfile.findings import Finding
from bot.flowfile.parse import FlowFile, parse
from bot.flowfile.words import TITLE, WordsFile, read_words

_FLOW = re.compile(r"flows/(?P<name>[^/]+)\.ya?ml")
_WORDS = re.compile(r"templates/(?P<locale>[a-z]{2,3}(?:-[A-Za-z]{2,4})?)/(?P<name>[^/]+)\.ya?ml")


@dataclass(frozen=True, slots=True)
class Book:
    """*flows* by id, *words* by flow id and locale, *files* by canonical path. *unread* holds files
    that are no flows, with what is wrong."""

    flows: Mapping[str, FlowFile]
    words: Mapping[str, Mapping[str, WordsFile]]
    files: Mapping[str, str]
    locales: tuple[str, ...] = ()
    unread: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def callers(self, flow: str) -> tuple[str, ...]:
        """Flows with a step that calls *flow*."""
        return tuple(
            name
            for name, file in self.flows.items()
            if any(step.verb is Verb.CALL and step.what == flow for step in file.flow.steps.values())
        )

    def callees(self, flow: str) -> tuple[str, ...]:
        """Every flow that *flow* calls, directly or not, itself first; cycles end."""
        found: dict[str, None] = {}
        todo = [flow]
        while todo:
            name = todo.pop(0)
            if name in found or name not in self.flows:
                continue
            found[name] = None
            steps = self.flows[name].flow.steps.values()
            todo += [step.what for step in steps if step.verb is Verb.CALL]
        return tuple(found)

    def offered(self, flow: str) -> bool:
        """Whether people can start *flow*: it has a title. One without is only ever called."""
        return any(TITLE in words.texts for words in self.words.get(flow, {}).values())

    def of_flow(self, flow: str) -> dict[str, str]:
        """The files that make up *flow*: its own, its callees', words and examples."""
        names = self.callees(flow)
        return {
            path: text
            for path, text in self.files.items()
            if PurePath(path).stem in names and not path.startswith("flows/tests/")
        }


def of_files(files: Mapping[str, str], shown: Mapping[str, str] | None = None) -> Book:
    """A book of files by canonical path; *shown* maps a path to the name findings carry."""
    names = shown or {}
    flows: dict[str, FlowFile] = {}
    unread: dict[str, tuple[Finding, ...]] = {}
    words: dict[str, dict[str, WordsFile]] = {}
    findings: list[Finding] = []
    locales: set[str] = set()
    for path in sorted(files):
        name = names.get(path, path)
        if _FLOW.fullmatch(path):
            file = parse(files[path], name)
            if not file.usable or file.flow.id == "":
                unread[path] = file.findings
            elif file.flow.id in flows:
                findings.append(_twice(file, flows[file.flow.id]))
            else:
                flows[file.flow.id] = file
        elif found := _WORDS.fullmatch(path):
            locales.add(found["locale"])
            one = read_words(files[path], name, found["locale"])
            words.setdefault(found["name"], {})[found["locale"]] = one
    return Book(flows, words, dict(files), tuple(sorted(locales)), unread, tuple(findings))


def of_folder(flows: Path, templates: Path | None) -> Book:
    """A book of `flows/*.yaml` with the words in *templates* and the examples beside the flows."""
    files: dict[str, str] = {}
    shown: dict[str, str] = {}

    def take(paths: Iterable[Path], root: Path, prefix: str) -> None:
        for path in paths:
            canonical = f"{prefix}/{path.relative_to(root).as_posix()}"
            files[canonical] = path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n")
            shown[canonical] = str(path)

    take(
        (p for p in sorted(flows.iterdir()) if p.suffix in {".yaml", ".yml"} and p.is_file()), flows, "flows"
    )
    take(sorted(flows.glob("examples/*/*.txt")), flows, "flows")
    if templates is not None:
        take(
            (p for p in sorted(templates.glob("*/*.yaml")) if p.parent.name != "web"), templates, "templates"
        )
    return of_files(files, shown)


def _twice(file: FlowFile, first: FlowFile) -> Finding:
    place = file.document.positions.value("flow")
    message = f"The flow “{file.flow.id}” is already in {first.file}."
    return file.document.finding("F008", place, message, "Give each flow a file and a name of its own.")
