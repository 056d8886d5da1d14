"""Versions: flow, words and examples together, named by their content.

A case pins one for life. The same files have the same hash on every machine; a stored version is
loaded again from its files alone, without the rules of the day: it was checked when it was made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.core.flow import FlowSet
from bot.core.model import FlowHash
from bot.flowfile.book import Book, of_files, of_folder
from bot.flowfile.findings import FlowFileError, errors
from bot.flowfile.lint import check
from bot.flowfile.words import with_parts

_FORMAT = "keyturn/flow/1"


@dataclass(frozen=True, slots=True)
class Version:
    """*files* is `{canonical path: text}`, all that *hash* covers. *offered*: people can start it,
    others only call it."""

    hash: FlowHash
    flow: str
    files: Mapping[str, str]
    flows: FlowSet
    offered: bool


def content_hash(flow: str, files: Mapping[str, str]) -> FlowHash:
    """The name of a version: SHA-256 over the main flow's name and every file."""
    body = json.dumps([_FORMAT, flow, sorted(files.items())], ensure_ascii=False, separators=(",", ":"))
    return FlowHash(hashlib.sha256(body.encode()).hexdigest())


def load(flow: str, files: Mapping[str, str]) -> Version:
    """A version again from its stored files. Raises FlowFileError when they are no flow."""
    book = of_files(files)
    broken = [finding for findings in book.unread.values() for finding in findings]
    broken += [finding for file in book.flows.values() for finding in errors(file.findings)]
    if broken or flow not in book.flows:
        raise FlowFileError(broken)
    return _version(flow, book)


def of_book(book: Book) -> dict[str, Version]:
    """A version of every flow of *book*, in the order of their names. Raises FlowFileError with
    every finding when one is an error."""
    findings = check(book)
    if errors(findings):
        raise FlowFileError(errors(findings))
    return {flow: _version(flow, book) for flow in sorted(book.flows)}


def from_folder(flows: Path, templates: Path | None) -> dict[str, Version]:
    """`of_book` of what a folder holds."""
    return of_book(of_folder(flows, templates))


def _version(flow: str, book: Book) -> Version:
    files = book.of_flow(flow)
    trees = {name: with_parts(book.flows[name].flow, book.words.get(name, {})) for name in book.callees(flow)}
    return Version(content_hash(flow, files), flow, files, FlowSet(flow, trees), book.offered(flow))
