"""The tree against the vectors of RFC 6962, its recursive definition, and forged proofs."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import (
    EMPTY_ROOT,
    Node,
    ProofRefused,
    assembled,
    consistency_parts,
    inclusion_parts,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from audit.tiles import TileHashes, grown

RFC_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
RFC_ROOTS = ["6e340b9c", "fac54203", "aeb6bcfe", "d37ee418", "4e3bbb1f", "76e67dad", "ddb89be4", "5dc9da79"]
WORDS = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eit",
    "nain",
    "ten",
    "ileven",
    "twelf",
    "threeten",
    "fourten",
    "fivten",
]
WORDS_ROOTS = {
    1: "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=",
    5: "gy5gl3aksFyiCO95a/1vLXz88A3dRq+0l9Sxte8ZqZQ=",
    15: "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=",
}


def defined(leaves: list[bytes]) -> bytes:
    """MTH as the RFC defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(defined(leaves[:k]), defined(leaves[k:]))


def hashes_of(count: int) -> list[bytes]:
    return [leaf_hash(str(at).encode()) for at in range(count)]


def reader(leaves: list[bytes]) -> TileHashes:
    return TileHashes(grown({}, 0, leaves))


def test_the_vectors_of_rfc_6962() -> None:
    leaves = [leaf_hash(bytes.fromhex(one)) for one in RFC_LEAVES]
    read = reader(leaves)
    assert [root(size, read).hex()[:8] for size in range(1, 9)] == RFC_ROOTS


def test_the_vectors_of_fifteen_words() -> None:
    read = reader([leaf_hash(word.encode()) for word in WORDS])
    assert {size: base64.b64encode(root(size, read)).decode() for size in WORDS_ROOTS} == WORDS_ROOTS


def test_an_empty_log_has_the_hash_of_nothing() -> None:
    assert root(0, reader([])) == EMPTY_ROOT == sha256(b"").digest()


@given(st.integers(1, 600), st.data())
def test_every_proof_of_inclusion_holds_for_its_leaf_alone(size: int, data: st.DataObject) -> None:
    leaves = hashes_of(size)
    read, index = reader(leaves), data.draw(st.integers(0, size - 1))
    proof = assembled(inclusion_parts(index, size), read)
    whole = root(size, read)
    assert whole == defined(leaves)
    verify_inclusion(leaves[index], index, size, proof, whole)
    other = data.draw(st.integers(0, size - 1).filter(lambda one: one != index)) if size > 1 else None
    if other is not None:
        with pytest.raises(ProofRefused):
            verify_inclusion(leaves[index], other, size, proof, whole)
        with pytest.raises(ProofRefused):
            verify_inclusion(leaves[other], index, size, proof, whole)


@given(st.integers(1, 600), st.data())
def test_every_proof_of_consistency_holds_for_its_prefix_alone(size: int, data: st.DataObject) -> None:
    leaves, old = hashes_of(size), data.draw(st.integers(1, size))
    read = reader(leaves)
    proof = assembled(consistency_parts(old, size), read)
    verify_consistency(old, root(old, read), size, root(size, read), proof)
    for at in range(len(proof)):
        broken = [*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :]]
        with pytest.raises(ProofRefused):
            verify_consistency(old, root(old, read), size, root(size, read), broken)
    for cut in ([*proof, leaves[0]], proof[:-1]):
        if cut != proof:
            with pytest.raises(ProofRefused):
                verify_consistency(old, root(old, read), size, root(size, read), cut)
    changed = hashes_of(old)
    changed[data.draw(st.integers(0, old - 1))] = leaf_hash(b"changed")
    with pytest.raises(ProofRefused):
        verify_consistency(old, defined(changed), size, root(size, read), proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_no_proof_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="is not in a log"):
        inclusion_parts(index, size)
    with pytest.raises(ProofRefused):
        verify_inclusion(EMPTY_ROOT, index, size, [], EMPTY_ROOT)


@pytest.mark.parametrize(("old", "size"), [(0, 3), (4, 3)])
def test_no_proof_between_sizes_out_of_order(old: int, size: int) -> None:
    with pytest.raises(ValueError, match="no proof from"):
        consistency_parts(old, size)
    with pytest.raises(ProofRefused):
        verify_consistency(old, EMPTY_ROOT, size, EMPTY_ROOT, [])


def test_hashes_of_other_lengths_are_refused() -> None:
    with pytest.raises(ProofRefused, match="32 bytes"):
        verify_consistency(1, b"short", 2, EMPTY_ROOT, [EMPTY_ROOT])
    with pytest.raises(ProofRefused, match="32 bytes"):
        verify_inclusion(EMPTY_ROOT, 0, 2, [b"short"], EMPTY_ROOT)


def test_one_log_of_one_size_has_one_root() -> None:
    one, two = hashes_of(2)
    with pytest.raises(ProofRefused, match="different roots"):
        verify_consistency(1, one, 1, two, [])


def test_a_node_is_named_by_level_and_number() -> None:
    assert inclusion_parts(0, 3) == [[Node(0, 1)], [Node(0, 2)]]
