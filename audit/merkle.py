"""The Merkle tree of RFC 6962, section 2.1, over SHA-256.

A proof is planned first, as the complete subtrees whose hashes it needs, and put together when they have been read:
so the same code serves a list in memory, tiles in a database and tiles on a web server.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


class ProofRefused(ValueError):
    """A proof does not show what it should; the message says what is wrong with it."""


class Node(NamedTuple):
    """A complete subtree: the `2**level` leaves from `number * 2**level` on."""

    level: int
    number: int


ReadNode = Callable[[Node], bytes]
Parts = list[list[Node]]
"""The hashes of a proof, each as the complete subtrees that make it up, from left to right."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry of the log."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def covering(start: int, end: int) -> list[Node]:
    """The complete subtrees that make up leaves `start` to `end` (not included), largest possible, left to right.

    `start` is where a subtree of the tree begins: a multiple of the largest power of two below `end - start`.
    """
    nodes: list[Node] = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def folded(hashes: Sequence[bytes]) -> bytes:
    """Hash of a range from those of the subtrees that cover it; the empty root for none."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def assembled(parts: Parts, read: ReadNode) -> list[bytes]:
    """The hashes of a planned proof."""
    return [folded([read(node) for node in part]) for part in parts]


def root(size: int, read: ReadNode) -> bytes:
    """Root of the first `size` leaves."""
    return folded([read(node) for node in covering(0, size)])


def inclusion_parts(index: int, size: int) -> Parts:
    """What proves that leaf `index` is in the tree of `size` leaves, from the leaf upwards.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a log of {size} entries")
    parts: Parts = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            parts.append(covering(middle, end))
            end = middle
        else:
            parts.append(covering(start, middle))
            start = middle
    parts.reverse()
    return parts


def consistency_parts(old: int, size: int) -> Parts:
    """What proves that the first `old` leaves of the tree of `size` are the tree of `old`; none if they are equal.

    Raises:
        ValueError: `old` is not from 1 to `size`.
    """
    if not 1 <= old <= size:
        raise ValueError(f"no proof from {old} to {size} entries: the older size is from 1 to the newer")
    parts: Parts = []
    start, end, whole = 0, size, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            parts.append(covering(middle, end))
            end = middle
        else:
            parts.append(covering(start, middle))
            start, whole = middle, False
    if not whole:
        parts.append(covering(start, end))
    parts.reverse()
    return parts


def root_of_inclusion(entry_hash: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a proof of inclusion leads to (RFC 9162, section 2.1.3.2).

    Raises:
        ProofRefused: no such leaf, or the proof is not of the right length.
    """
    _refuse_other_lengths([entry_hash, *proof])
    if not 0 <= index < size:
        raise ProofRefused(f"leaf {index} is not in a log of {size} entries")
    node, last, found = index, size - 1, entry_hash
    for other in proof:
        if last == 0:
            raise ProofRefused("the proof of inclusion is too long")
        if node & 1 or node == last:
            found = node_hash(other, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, other)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof of inclusion is too short")
    return found


def verify_inclusion(entry_hash: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> None:
    """Check that a leaf is in the tree.

    Raises:
        ProofRefused: it is not shown.
    """
    if root_of_inclusion(entry_hash, index, size, proof) != expected_root:
        raise ProofRefused(f"leaf {index} is not in the log of {size} entries with this root")


def verify_consistency(old: int, old_root: bytes, size: int, root_now: bytes, proof: Sequence[bytes]) -> None:
    """Check that an older tree is a prefix of a newer (RFC 9162, section 2.1.4.2).

    Raises:
        ProofRefused: it is not shown.
    """
    _refuse_other_lengths([old_root, root_now, *proof])
    if not 1 <= old <= size:
        raise ProofRefused(f"no proof from {old} to {size} entries: the older size is from 1 to the newer")
    if old == size:
        if proof or old_root != root_now:
            raise ProofRefused(f"two logs of {size} entries have different roots")
        return
    found_old, found_new = _consistent_roots(old, size, old_root, proof)
    if found_old != old_root:
        raise ProofRefused(f"the log of {old} entries is not a prefix: its root is another")
    if found_new != root_now:
        raise ProofRefused(f"the log of {size} entries does not extend the one of {old}: its root is another")


def _consistent_roots(old: int, size: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    hashes = list(proof) if old & (old - 1) else [old_root, *proof]
    if not hashes:
        raise ProofRefused("the proof of consistency is empty")
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    found_old = found_new = hashes[0]
    for other in hashes[1:]:
        if last == 0:
            raise ProofRefused("the proof of consistency is too long")
        if node & 1 or node == last:
            found_old, found_new = node_hash(other, found_old), node_hash(other, found_new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found_new = node_hash(found_new, other)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof of consistency is too short")
    return found_old, found_new


def _refuse_other_lengths(hashes: Sequence[bytes]) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofRefused(f"every hash has {HASH_BYTES} bytes")


def _split(width: int) -> int:
    """Largest power of two below `width`."""
    return 1 << (width - 1).bit_length() - 1
