"""Guides read as programs: their code blocks by file name or command, and their numbered steps."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"^(\d+)\. \*\*(.+?)\*\*", re.MULTILINE)


class Guide:
    def __init__(self, name: str) -> None:
        self.text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        blocks = [(language, textwrap.dedent(body)) for _, language, body in _FENCE.findall(self.text)]
        self.files = {
            body.split("\n", 1)[0].removeprefix("# "): body.split("\n", 1)[1]
            for language, body in blocks
            if language == "yaml"
        }
        shell = "".join(body for language, body in blocks if not language).replace("\\\n", " ")
        self.commands = [shlex.split(line) for line in shell.splitlines() if line.strip()]
        self.steps = {int(number): title.strip(". ") for number, title in _STEP.findall(self.text)}

    def keyturn(self, *begins: str) -> list[str]:
        """The words after `keyturn` of the one command that begins so."""
        found = [words[1:] for words in self.commands if words[0] == "keyturn"]
        found = [words for words in found if tuple(words[: len(begins)]) == begins]
        assert len(found) == 1, (begins, found)
        return found[0]
