"""`keyturn flows check|test|try`: what an author runs while writing a flow.

PATH is a flow file or a folder of them; by default ./flows, else the shipped pack. Words are sought
in `templates` beside it. Exit codes: 0 clean, 1 findings (or a failed test), 2 unusable.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import UnusableError

if TYPE_CHECKING:
    from bot.flowfile.book import Book
    from bot.flowfile.findings import Finding


def add_parser(subparsers: Any) -> None:
    parser = subparsers.add_parser("flows", help="check, test and try guided flows")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    about = "a flow file or a folder of them (default: ./flows, else the shipped flows)"
    check = actions.add_parser("check", help="find what is wrong with flows and their words")
    test = actions.add_parser("test", help="hold the conversations of flows/tests")
    for action in (check, test):
        action.add_argument("paths", metavar="PATH", nargs="*", type=Path, help=about)
        action.add_argument("--format", choices=("text", "json"), default="text")
    attempt = actions.add_parser("try", help="hold a conversation in this console")
    attempt.add_argument(
        "flow", metavar="FLOW", nargs="?", default="", help="which flow (default: the first)"
    )
    attempt.add_argument("--path", type=Path, help=about)
    attempt.add_argument("--locale", default="en", help="language of the words")


def run(args: argparse.Namespace) -> int:
    match args.action:
        case "check":
            return _check(args.paths, args.format)
        case "test":
            return _test(args.paths, args.format)
        case _:
            from bot.commands.flows_try import converse

            return converse(targets([args.path] if args.path else [])[0], args.flow, args.locale)


# --- where ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """A folder of flows with its words; *only* is one file of it, or None for all."""

    flows: Path
    templates: Path | None
    only: Path | None = None

    def book(self) -> Book:
        """Everything the folder holds. Raises UnusableError where a file cannot be read."""
        from bot.flowfile.book import of_folder

        try:
            return of_folder(self.flows, self.templates)
        except OSError as err:
            place = str(err.filename or self.flows)
            raise UnusableError(place, f"It cannot be read ({err.strerror}).", "Check its rights.") from err


def targets(paths: list[Path]) -> list[Target]:
    """What the given paths mean. Raises UnusableError for what is not there."""
    from bot.flowfile.pack import pack_root

    here = Path("flows")
    chosen = paths or [here if here.is_dir() else pack_root() / "flows"]
    return [_target(path) for path in chosen]


def _target(path: Path) -> Target:
    remedy = "Name a flow file or a folder of flow files."
    try:
        if path.is_dir():
            folder = path if _holds_flows(path) or not (path / "flows").is_dir() else path / "flows"
            if not _holds_flows(folder):
                raise UnusableError(str(path), "There is no flow file in this folder.", remedy)
            return Target(folder, _templates(folder))
        if not path.exists():
            raise UnusableError(str(path), "There is no such file or folder.", remedy)
        if path.suffix not in {".yaml", ".yml"}:
            raise UnusableError(str(path), "This is not a flow file.", remedy)
        path.read_bytes()
        return Target(path.parent, _templates(path.parent), path)
    except OSError as err:
        raise UnusableError(str(path), f"It cannot be read ({err.strerror}).", remedy) from err


def _holds_flows(folder: Path) -> bool:
    return any(path.suffix in {".yaml", ".yml"} for path in folder.iterdir())


def _templates(folder: Path) -> Path | None:
    beside = [folder.resolve().parent / "templates", folder / "templates"]
    if folder.name != "flows":
        beside.reverse()
    found = next((path for path in beside if path.is_dir()), None)
    return _as_given(found, folder) if found else None


def _as_given(templates: Path, folder: Path) -> Path:
    """The templates as the author would name them from here."""
    return folder.parent / "templates" if templates == folder.resolve().parent / "templates" else templates


# --- check ------------------------------------------------------------------------------------


def _check(paths: list[Path], form: str) -> int:
    try:
        found, unusable, count = _findings(targets(paths))
    except UnusableError as err:
        if form == "json":
            print(json.dumps([_missing(err)], indent=2))
        raise
    if form == "json":
        print(json.dumps([finding.to_json() for finding in found], indent=2, ensure_ascii=False))
    else:
        for finding in found:
            print(finding)
        print(f"{_counted(count, 'flow')}, {_counted(len(found), 'finding')}.")
    if unusable:
        print(f"keyturn: unusable: {', '.join(unusable)}", file=sys.stderr)
        return 2
    return 1 if found else 0


def _findings(chosen: list[Target]) -> tuple[list[Finding], list[str], int]:
    """All findings, the files that are no flows or words at all, and how many flows were checked."""
    from bot.flowfile.lint import check

    found: dict[Finding, None] = {}
    unusable: dict[str, None] = {}
    count = 0
    for target in chosen:
        book = target.book()
        unread = dict(book.unread)
        names: list[str] | None = None
        if target.only:
            unread = {path: one for path, one in unread.items() if one and one[0].file == str(target.only)}
            names = [name for name, file in book.flows.items() if file.file == str(target.only)]
            extra = [one for one in book.findings if one.file == str(target.only)]
            found |= dict.fromkeys([*extra, *(one for findings in unread.values() for one in findings)])
        found |= dict.fromkeys(check(book, names))
        unusable |= dict.fromkeys(finding.file for findings in unread.values() for finding in findings)
        for name in book.flows if names is None else names:
            count += 1
            words = book.words.get(name, {}).values()
            unusable |= dict.fromkeys(one.file for one in words if one.document.unreadable)
    return list(found), list(unusable), count


def _missing(err: UnusableError) -> dict[str, Any]:
    from bot.flowfile.findings import Finding, Severity

    return Finding(err.place, 1, 1, "F001", Severity.ERROR, err.message, err.remedy).to_json()


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


# --- test -------------------------------------------------------------------------------------


def _test(paths: list[Path], form: str) -> int:
    from bot.flowfile.findings import FlowFileError

    worst = 0
    results: list[dict[str, Any]] = []
    for target in targets(paths):
        try:
            results += _played(target)
        except FlowFileError as err:
            worst = 1
            print(err, file=sys.stderr)
    if form == "json":
        print(json.dumps(results, indent=2, ensure_ascii=False))
    else:
        for result in results:
            _print(result)
    failed = any(result["findings"] or any(t["problems"] for t in result["tests"]) for result in results)
    return 1 if failed else worst


def _played(target: Target) -> list[dict[str, Any]]:
    """The tests of every chosen flow. Raises FlowFileError where the flows themselves are faulty."""
    from bot.flowfile.script import play, untaken
    from bot.flowfile.script_file import read_scripts
    from bot.flowfile.versions import of_book

    results = []
    book = target.book()
    for flow, version in of_book(book).items():
        if target.only and book.flows[flow].file != str(target.only):
            continue
        path = target.flows / "tests" / f"{flow}.yaml"
        text = path.read_text(encoding="utf-8") if path.is_file() else "[]"
        scripts, findings = read_scripts(text, str(path), version.flows)
        plays = [play(version.flows, script) for script in scripts]
        left = untaken(version.flows, plays)
        steps = version.flows.flows[flow].steps.values()
        results.append(
            {
                "flow": flow,
                "findings": [finding.to_json() for finding in findings],
                "tests": [
                    {"name": one.script.name, "end": one.end, "problems": list(one.problems),
                     "file": str(path), "line": one.script.place[0]}
                    for one in plays
                ],
                "outcomes": sum(len(step.on) + len(step.branches) for step in steps),
                "untaken": [f"{one.step}.{one.outcome}" for one in left],
            }
        )  # fmt: skip
    return results


def _print(result: dict[str, Any]) -> None:
    for finding in result["findings"]:
        print(f"{finding['file']}:{finding['line']}: {finding['message']} {finding['remedy']}")
    for one in result["tests"]:
        print(f"{'FAILED' if one['problems'] else 'ok    '} {result['flow']}: {one['name']}")
        for problem in one["problems"]:
            print(f"       {one['file']}:{one['line']}: {problem}")
    taken = result["outcomes"] - len(result["untaken"])
    tests = _counted(len(result["tests"]), "test")
    print(f"{result['flow']}: {tests}, {taken} of {result['outcomes']} outcomes taken.")
    if result["untaken"]:
        print(f"  untaken: {', '.join(result['untaken'])}")
