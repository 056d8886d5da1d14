"""How an objection code is written: twelve signs that can be read out, typed and misread.

Eleven carry 55 bits; the twelfth is a check sign (Luhn, modulo 32), which finds every single wrong
sign before anybody is told that a code is wrong. The alphabet is Crockford's base 32: no I, L, O, U.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BITS = 55
_SIGNS = BITS // 5
_LIKE = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
_VALUE = {sign: value for value, sign in enumerate(ALPHABET)}


def code_of(secret: bytes) -> str:
    """The code made of the first 55 bits of *secret*."""
    number = int.from_bytes(secret[:8]) >> (64 - BITS)
    signs = "".join(ALPHABET[number >> shift & 31] for shift in range(BITS - 5, -1, -5))
    return signs + _check(signs)


def grouped(code: str) -> str:
    """In groups of four, as it is shown."""
    return "-".join(code[n : n + 4] for n in range(0, len(code), 4))


def plain(typed: str) -> str:
    """A typed code as it was made; "" for what cannot be one. Dashes, spaces, case and look-alikes are
    forgiven."""
    signs = "".join(sign for sign in typed.upper().translate(_LIKE) if sign not in " -\t.–")
    well = len(signs) == _SIGNS + 1 and set(signs) <= _VALUE.keys() and _check(signs[:-1]) == signs[-1]
    return signs if well else ""


def _check(signs: str) -> str:
    total = 0
    for place, sign in enumerate(reversed(signs)):
        value = _VALUE[sign] * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]
