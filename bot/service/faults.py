"""What a log may say of an error that nobody expected: class and place, never its text.

The text of an exception can hold what somebody typed.
"""

from __future__ import annotations

import traceback

from bot.errors import KeyturnError


def origin(err: BaseException) -> str:
    """Class and place, such as `KeyError at take (intake.py:12)`; our own by their code."""
    frames = traceback.extract_tb(err.__traceback__)
    if not frames:
        return type(err).__name__
    at = frames[-1]
    name = err.code if isinstance(err, KeyturnError) else type(err).__name__
    return f"{name} at {at.name} ({at.filename.rpartition('/')[2]}:{at.lineno})"
