"""The audit log's hash tree against the RFC's own recursive definition and known answers."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from bot.core import merkle

leaf_lists = st.lists(st.binary(max_size=8).map(merkle.leaf_hash), min_size=1, max_size=40)


def naive(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 writes it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive(leaves[:k]) + naive(leaves[k:])).digest()


def test_known_answers_of_the_rfc_test_vectors() -> None:
    """The eight leaves that every implementation of RFC 6962 is tried with."""
    data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    data.append("606162636465666768696a6b6c6d6e6f")
    leaves = [merkle.leaf_hash(bytes.fromhex(text)) for text in data]
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaves[0].hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(leaves[:2]).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert merkle.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(leaf_lists)
def test_a_tree_grown_leaf_by_leaf_is_the_tree_of_the_definition(leaves: list[bytes]) -> None:
    """The sequencer and a verifier that knows only the RFC agree on every root on the way."""
    frontier = merkle.Frontier()
    for n, leaf in enumerate(leaves, start=1):
        frontier.append(leaf)
        assert frontier.root() == naive(leaves[:n])
        assert len(frontier.nodes) == n.bit_count()


@given(leaf_lists, st.data())
def test_a_leaf_is_shown_to_be_where_it_is_and_nowhere_else(leaves: list[bytes], data: st.DataObject) -> None:
    """An auditor with only a root can check one row."""
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, tree = merkle.inclusion(leaves, index), naive(leaves)
    assert merkle.included(leaves[index], index, len(leaves), path, tree)
    assert not merkle.included(merkle.leaf_hash(b"another leaf"), index, len(leaves), path, tree)
    assert not merkle.included(leaves[index], index, len(leaves), [*path, tree], tree)
    assert not merkle.included(leaves[index], len(leaves), len(leaves), path, tree)
    if path:
        assert not merkle.included(leaves[index], index, len(leaves), path[:-1], tree)
        assert not merkle.included(leaves[index], index, len(leaves), [merkle.EMPTY, *path[1:]], tree)


@given(leaf_lists, st.data())
def test_a_larger_tree_is_shown_to_begin_with_the_smaller(leaves: list[bytes], data: st.DataObject) -> None:
    """Who kept an old root can see that nothing before it was rewritten."""
    size = data.draw(st.integers(1, len(leaves)))
    proof = merkle.consistency(leaves, size)
    old, new = naive(leaves[:size]), naive(leaves)
    assert merkle.consistent(size, len(leaves), old, new, proof)
    other = merkle.leaf_hash(b"rewritten")
    rewritten = [other, *leaves[1:]]
    if rewritten != leaves:
        assert not merkle.consistent(
            size, len(leaves), old, naive(rewritten), merkle.consistency(rewritten, size)
        )
    assert not merkle.consistent(size, len(leaves), other, new, proof)
    assert not merkle.consistent(size, len(leaves), old, new, [*proof, other])


def test_sizes_that_cannot_be_are_refused() -> None:
    """No proof holds for an empty or shrinking tree."""
    leaf = merkle.leaf_hash(b"x")
    assert not merkle.consistent(0, 1, merkle.EMPTY, leaf, [])
    assert not merkle.consistent(2, 1, leaf, leaf, [])
    assert not merkle.included(leaf, 0, 0, [], merkle.EMPTY)
