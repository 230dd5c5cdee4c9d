"""A log grown from its leaf hashes a page at a time: its roots at some sizes, and its tiles but the lowest.

What is kept is an eighth of a byte for each leaf: the tiles above the lowest.
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import Self

from audit.merkle import EMPTY_ROOT, HASH_BYTES
from audit.range import CompactRange
from audit.tiles import At, edge_of, grown, split


class Growth:
    """`whole` until a leaf was missing; from then on nothing is added."""

    def __init__(self, sizes: Iterable[int]) -> None:
        """`sizes`: those at which a root is wanted."""
        self.roots: dict[int, bytes] = {0: EMPTY_ROOT}
        self.upper: dict[At, bytes] = {}
        self.whole = True
        self._tree = CompactRange(0, ())
        self._edge: dict[int, bytes] = {}
        self._sizes = sorted(sizes)

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._tree.size

    def copy(self) -> Self:
        """Another one that goes its own way from here."""
        return deepcopy(self)

    def push(self, leaves: bytes, end: int) -> None:
        """Add leaf hashes, 32 bytes each; where they do not reach to `end`, the next one is missing."""
        if not self.whole:
            return
        start, reached = self.size, self.size + len(leaves) // HASH_BYTES
        for stop in [*(size for size in self._sizes if start < size < reached), reached]:
            self._tree.push(leaves[(self.size - start) * HASH_BYTES : (stop - start) * HASH_BYTES])
            self.roots[stop] = self._tree.root()
        self.whole = reached == end
        tiles = grown(self._edge, start, split(leaves))
        self._edge = edge_of(tiles, reached, self._edge)
        self.upper.update((at, tile) for at, tile in tiles.items() if at.level)
