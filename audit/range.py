"""The second way to a root: a stack of complete subtrees, one per bit of the size, that leaves are pushed onto."""

from collections.abc import Iterable

from audit.merkle import covering, folded, node_hash


class CompactRange:
    """The tree of a growing log, kept as the hashes that cover it. Knows no tiles."""

    def __init__(self, size: int, hashes: Iterable[bytes]) -> None:
        """`hashes`: those of `audit.merkle.covering(0, size)`."""
        self.size = size
        self._hashes = list(hashes)
        if len(self._hashes) != len(covering(0, size)):
            raise ValueError(f"a log of {size} entries is covered by {len(covering(0, size))} hashes")

    def push(self, leaves: bytes) -> None:
        """Add leaf hashes, 32 bytes each, one after the other."""
        hashes, size = self._hashes, self.size
        for at in range(0, len(leaves), 32):
            found, bits = leaves[at : at + 32], size
            while bits & 1:
                found, bits = node_hash(hashes.pop(), found), bits >> 1
            hashes.append(found)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """Root of all leaves so far."""
        return folded(self._hashes)
