"""`${env:NAME}` and `${file:path}`: where settings get their secrets from.

A value that came through a reference is a `Resolved`, a string that remembers so; a secret
setting accepts nothing else. Neither type shows its value in a repr.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_REFERENCE = re.compile(r"\$\{(\w+):([^}]*)\}")
_LARGEST = 1 << 20


class Resolved(str):
    """Text that a reference led to; *data* are the bytes it was read from."""

    data: bytes

    def __new__(cls, data: bytes) -> Resolved:
        made = super().__new__(cls, data.decode("utf-8", "surrogateescape"))
        made.data = data
        return made

    def __repr__(self) -> str:
        return "Resolved(…)"


class Secret:
    """A secret setting: shown by nobody, given out only by `reveal` and `reveal_bytes`."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def reveal(self) -> str:
        return self._data.decode()

    def reveal_bytes(self) -> bytes:
        return self._data

    def __repr__(self) -> str:
        return "Secret(…)"


class BadReferenceError(ValueError):
    """A reference leads nowhere; *message* and *remedy* are for the operator."""

    def __init__(self, message: str, remedy: str) -> None:
        self.message, self.remedy = message, remedy
        super().__init__(message)


def resolve(text: str, *, folder: Path, env: Mapping[str, str]) -> str:
    """*text* with every reference replaced: a `Resolved` if there was one, else *text* itself.

    Raises BadReferenceError. Relative paths start at *folder*, that of the settings file.
    """
    if "${" not in text:
        return text
    parts: list[bytes] = []
    end = 0
    for found in _REFERENCE.finditer(text):
        parts.append(text[end : found.start()].encode())
        parts.append(_value(found[1], found[2].strip(), folder=folder, env=env))
        end = found.end()
    if not parts:
        raise BadReferenceError(
            "this reference is not complete.", "Write ${env:NAME} or ${file:path}, closed with a brace."
        )
    parts.append(text[end:].encode())
    return Resolved(b"".join(parts))


def _value(kind: str, name: str, *, folder: Path, env: Mapping[str, str]) -> bytes:
    if kind == "env":
        value = env.get(name, "")
        if not value:
            raise BadReferenceError(
                f"the environment variable {name} is not set.", "Set it where Keyturn is started."
            )
        return value.encode()
    if kind == "file":
        return _file(folder / name)
    raise BadReferenceError(f"“{kind}” is no kind of reference.", "Write ${env:NAME} or ${file:path}.")


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            data = opened.read(_LARGEST)
    except OSError as err:
        raise BadReferenceError(
            f"the file {path} cannot be read ({err.strerror}).",
            "Put the secret there, readable for the user that runs Keyturn and nobody else.",
        ) from None
    with suppress(UnicodeDecodeError):  # text ends with a line break nobody means; a PFX stays as it is
        data = data.decode().rstrip("\r\n").encode()
    if not data:
        raise BadReferenceError(f"the file {path} is empty.", "Put the secret there.")
    return data
