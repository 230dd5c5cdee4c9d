"""Tiles: the hashes of a log in immutable files of 256, as C2SP tlog-tiles has them.

A tile of level L holds hashes of complete subtrees of `256**L` leaves. A full tile has 256 of them; the last of each
level may be partial. A partial tile is a prefix of the fuller one that follows it.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from audit.merkle import HASH_BYTES, Node, node_hash

WIDTH: Final = 256
LEVEL_BITS: Final = 8
TILE_BYTES: Final = WIDTH * HASH_BYTES
ENTRY_BYTES_MAX: Final = 0xFFFF
LEVEL_MAX: Final = 6
"""The highest level that a log of fewer than 2**56 entries can have."""

_DIGITS: Final = re.compile(r"(?:x\d{3}/)*\d{3}")
_GROUP: Final = 1000


class At(NamedTuple):
    """Which tile: its level, and its number in the level."""

    level: int
    number: int


class TileMissing(LookupError):
    """Hashes that a proof needs are not there."""


def number_path(number: int) -> str:
    """A tile's number as a path: 1234067 is `x001/x234/067`."""
    groups = [f"{number % _GROUP:03d}"]
    while number >= _GROUP:
        number //= _GROUP
        groups.append(f"x{number % _GROUP:03d}")
    return "/".join(reversed(groups))


def path_number(path: str) -> int:
    """A tile's number from its path.

    Raises:
        ValueError: no number is written so.
    """
    if not _DIGITS.fullmatch(path):
        raise ValueError(f"{path!r} is no tile number: groups of three digits, all but the last after an x")
    number = int(path.replace("x", "").replace("/", ""))
    if number_path(number) != path:
        raise ValueError(f"{path!r} is no tile number: it has empty groups at its head")
    return number


def tile_path(at: At, width: int = WIDTH) -> str:
    """Path of a tile of hashes below its log's address."""
    return f"tile/{at.level}/{number_path(at.number)}{_partial(width)}"


def entries_path(number: int, width: int = WIDTH) -> str:
    """Path of a bundle of entries below its log's address."""
    return f"tile/entries/{number_path(number)}{_partial(width)}"


def _partial(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"


def width_of(at: At, size: int) -> int:
    """How many hashes a tile has in a log of `size` entries: 0 to 256."""
    return max(0, min(WIDTH, (size >> LEVEL_BITS * at.level) - at.number * WIDTH))


def tiles_of(size: int, since: int = 0) -> Iterator[tuple[At, int]]:
    """Every tile of a log of `size` entries with its width; with `since`, those that a log of that size lacks."""
    for level in range(LEVEL_MAX + 1):
        hashes, before = size >> LEVEL_BITS * level, since >> LEVEL_BITS * level
        if hashes == 0:
            return
        if hashes > before:
            for number in range(before // WIDTH, -(-hashes // WIDTH)):
                at = At(level, number)
                yield at, width_of(at, size)


def bundles_of(size: int, since: int = 0) -> Iterator[tuple[int, int]]:
    """Every bundle of entries of a log of `size` entries as (number, width); with `since`, those that grew."""
    for number in range(since // WIDTH, -(-size // WIDTH)):
        if size > since:
            yield number, width_of(At(0, number), size)


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries one after the other, each after its length in two bytes.

    Raises:
        ValueError: an entry is longer than 65,535 bytes.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > ENTRY_BYTES_MAX:
            raise ValueError(f"an entry has {len(entry)} bytes, at most {ENTRY_BYTES_MAX} fit")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def unbundle(content: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        ValueError: it is cut short.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(content):
        start = at + 2
        at = start + int.from_bytes(content[start - 2 : start], "big")
        if at > len(content) or start > len(content):
            raise ValueError("a bundle of entries is cut short")
        entries.append(content[start:at])
    return entries


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """One level up: the hashes of pairs; a single one at the end is left out."""
    return [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]


def split(content: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def tile_root(content: bytes) -> bytes:
    """Root of a full tile: a hash of the level above."""
    hashes = split(content)
    while len(hashes) > 1:
        hashes = parents(hashes)
    return hashes[0]


def tiles_for(nodes: Iterable[Node], size: int) -> set[At]:
    """The tiles of a log of `size` entries that hold what is needed to hash these subtrees."""
    needed: set[At] = set()
    for node in nodes:
        at, _, _ = _place(node)
        if width_of(at, size) * HASH_BYTES == 0:
            raise TileMissing(f"no tile of level {at.level} in a log of {size} entries")
        needed.add(at)
    return needed


class TileHashes:
    """Subtree hashes out of tiles; give it to the functions of `audit.merkle` as `read`."""

    def __init__(self, tiles: Mapping[At, bytes]) -> None:
        self._tiles = tiles

    def __call__(self, node: Node) -> bytes:
        """Hash of a complete subtree.

        Raises:
            TileMissing: its tile is absent or too narrow.
        """
        at, first, count = _place(node)
        content = self._tiles.get(at, b"")[first * HASH_BYTES : (first + count) * HASH_BYTES]
        if len(content) != count * HASH_BYTES:
            raise TileMissing(f"{tile_path(at)} lacks hashes {first} to {first + count - 1}")
        return tile_root(content)


def _place(node: Node) -> tuple[At, int, int]:
    """Where a subtree's hashes stand: the tile, the first hash in it, how many."""
    level, above = divmod(node.level, LEVEL_BITS)
    first = node.number << above
    return At(level, first // WIDTH), first % WIDTH, 1 << above


def grown(edge: Mapping[int, bytes], size: int, leaves: Sequence[bytes]) -> dict[At, bytes]:
    """The tiles that a log of `size` entries gets or whose content grows by new leaf hashes.

    `edge` has the partial tile at the right of each level (absent or empty: none).
    """
    changed: dict[At, bytes] = {}
    new: list[bytes] = list(leaves)
    for level in range(LEVEL_MAX + 1):
        if not new:
            break
        number, content = (size >> LEVEL_BITS * level) // WIDTH, edge.get(level, b"") + b"".join(new)
        new.clear()
        for start in range(0, len(content), TILE_BYTES):
            tile = changed[At(level, number + start // TILE_BYTES)] = content[start : start + TILE_BYTES]
            if len(tile) == TILE_BYTES:
                new.append(tile_root(tile))
    return changed


def edge_of(tiles: Mapping[At, bytes], size: int, before: Mapping[int, bytes]) -> dict[int, bytes]:
    """The partial tiles at the right after `grown`: those that changed, and of other levels those before."""
    edge: dict[int, bytes] = {}
    for level in range(LEVEL_MAX + 1):
        hashes = size >> LEVEL_BITS * level
        if hashes % WIDTH:
            edge[level] = tiles.get(At(level, hashes // WIDTH), before.get(level, b""))
    return edge


def edges(size: int) -> Collection[At]:
    """Which tiles at the right of a log of `size` entries are partial."""
    return [
        At(level, (size >> LEVEL_BITS * level) // WIDTH)
        for level in range(LEVEL_MAX + 1)
        if (size >> LEVEL_BITS * level) % WIDTH
    ]
