"""Reading letters as people do: the newest to an address, and the code in it."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.product import Whole

CODE = re.compile(r"^\s*(\d{4} \d{4})\s*$", re.MULTILINE)


def letters(whole: Whole, person: str, address: str = "") -> list[dict[str, Any]]:
    """What came for that person, newest first; at one address, if named."""
    return [one for one in whole.mail(person) if address in ("", one["to"])]


def codes_in(whole: Whole, person: str, address: str = "") -> list[str]:
    """The codes that letters hold, newest first."""
    found = (CODE.search(one["text"]) for one in letters(whole, person, address))
    return [one[1].replace(" ", "") for one in found if one]
