"""The built-in encoder and the softmax head on top: plain numpy, no model file, no network.

A text becomes counts of its character runs and words, hashed into a fixed number of columns. That
sees through endings, typing errors and word order well enough to put the right flow among three
buttons, and it treats every script alike.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

COLUMNS = 4096
_RUNS = (2, 3, 4, 5)
_WORD_WEIGHT = 1.6
_LONGEST = 400
_GLUE = "'’`´"  # "don't" is one word


class NgramEncoder:
    """Implements `ports.routing.Encoder`."""

    name = "ngram-1"

    def encode(self, texts: Sequence[str]) -> Rows:
        rows = np.zeros((len(texts), COLUMNS), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature, count in _features(text).items():
                spot = zlib.crc32(feature.encode())
                weight = _WORD_WEIGHT if feature[0] == "=" else 1.0
                rows[row, spot % COLUMNS] += (
                    weight * (1 + math.log(count)) * (1 if spot & 0x8000_0000 else -1)
                )
        return unit(rows)


def words_of(text: str) -> list[str]:
    """Lower-case words without accents, at most a few hundred characters of them."""
    plain = unicodedata.normalize("NFKD", text[:_LONGEST]).casefold()
    kept = (
        char if char.isalnum() else "" if char in _GLUE or unicodedata.combining(char) else " "
        for char in plain
    )
    return "".join(kept).split()


def _features(text: str) -> Counter[str]:
    words = words_of(text)
    found: Counter[str] = Counter(f"={word}" for word in words)
    found.update(f"={one}+{two}" for one, two in itertools.pairwise(words))
    for word in words:
        edged = f"<{word}>"
        for size in _RUNS:
            found.update(edged[at : at + size] for at in range(len(edged) - size + 1))
    return found


def unit(rows: Rows) -> Rows:
    """Each row at length one; an empty row stays zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Head:
    """A softmax over labels, with the weight of each column (rare ones say more)."""

    labels: tuple[str, ...]
    weights: Rows
    bias: Rows
    scale: Rows

    def probabilities(self, rows: Rows) -> Rows:
        return softmax(unit(rows * self.scale) @ self.weights + self.bias)


def softmax(logits: NDArray[np.floating[Any]]) -> Rows:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Material:
    """Examples made ready to fit heads to: scaled rows and how alike each two of them are."""

    inputs: Rows
    kernel: Rows
    scale: Rows

    @classmethod
    def of(cls, rows: Rows) -> Material:
        scale = np.log((1 + len(rows)) / (1 + (rows != 0).sum(axis=0))).astype(np.float32) + 1
        inputs = unit(rows * scale)
        return cls(inputs, inputs @ inputs.T, scale)


def fitted(material: Material, labels: Sequence[str], *, decay: float = 1e-4, rounds: int = 200) -> Head:
    """Fit a head to the examples' *labels*, every label weighing the same.

    Solved in the dual (one weight an example instead of one a column) with Nesterov's momentum:
    a few hundred small matrix products, no randomness, the same head for the same examples."""
    names = tuple(sorted(set(labels)))
    wanted = np.array([[name == label for name in names] for label in labels], dtype=np.float32)
    share = (wanted @ (1 / wanted.sum(axis=0)) / len(names)).astype(np.float32)[:, None]
    dual = np.zeros_like(wanted)
    ahead, bias = dual.copy(), np.zeros((1, len(names)), dtype=np.float32)
    step = np.float32(1 / (0.125 * float(share.max()) * len(labels) + decay))
    for turn in range(rounds):
        wrong = (softmax(material.kernel @ ahead + bias) - wanted) * share
        moved = ahead - step * (wrong + np.float32(decay) * ahead)
        ahead = moved + np.float32(turn / (turn + 3)) * (moved - dual)
        dual = moved
        bias = bias - wrong.sum(axis=0, keepdims=True)
    return Head(names, material.inputs.T @ dual, bias, material.scale)
