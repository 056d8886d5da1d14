"""Whatever a file holds, checking ends in findings, not in a traceback."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowfile.book import of_files, of_folder
from bot.flowfile.findings import FlowFileError, errors
from bot.flowfile.lint import check
from bot.flowfile.pack import pack_root
from bot.flowfile.script_file import read_scripts
from bot.flowfile.versions import of_book

ROOT = pack_root()
SHIPPED = of_folder(ROOT / "flows", ROOT / "templates")
FILES = {
    path: text
    for path, text in SHIPPED.files.items()
    if "/new_phone." in path and not path.startswith("flows/examples")
}
FLOWS = of_book(SHIPPED)["new_phone"].flows
TESTS = (ROOT / "flows" / "tests" / "new_phone.yaml").read_text()
PIECES = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "{}",
    "[]",
    "x",
    "ask:[[a]]",
    "within:1d",
    "switch:[{if:1}]",
    "'",
    '"',
    "|",
    "-",
    "{{x",
    "}}",
    "&a",
    "*a",
    "!x",
    "null",
    "ä",
]
SNIPPETS = st.sampled_from([*PIECES, "", " ", "\n", "\t", "\x00", "on: {}", "call: new_phone", "end: x"])


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """*text* with a few pieces cut out, put in or doubled."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        text = text[:start] + draw(SNIPPETS) + text[end:]
    return text


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_are_checked_to_the_end(data: st.DataObject) -> None:
    """And a flow with an error is never made a version."""
    path = data.draw(st.sampled_from(sorted(FILES)))
    book = of_files({**FILES, path: data.draw(damaged(FILES[path]))})
    found = check(book)
    assert all(one.line >= 1 and one.column >= 1 and one.message and one.remedy for one in found)
    with contextlib.suppress(FlowFileError):
        of_book(book)
        assert errors(found) == []


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_damaged_tests_are_read_to_the_end(data: st.DataObject) -> None:
    scripts, findings = read_scripts(data.draw(damaged(TESTS)), "f", FLOWS)
    assert scripts or findings
