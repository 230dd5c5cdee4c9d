"""A log grown page by page against the same log made at once."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from audit.growth import Growth
from audit.merkle import HASH_BYTES, root
from audit.tiles import TileHashes, grown

LEAVES = [sha256(b"%d" % n).digest() for n in range(1200)]


@given(st.lists(st.integers(1, 400), max_size=3), st.sets(st.integers(0, 1200), max_size=4))
def test_however_it_is_cut_it_is_the_same_log(pages: list[int], sizes: set[int]) -> None:
    growth, size = Growth(sizes), 0
    for page in pages:
        growth.push(b"".join(LEAVES[size : size + page]), size + page)
        size += page
    tiles = grown({}, 0, LEAVES[:size])
    assert (growth.size, growth.whole) == (size, True)
    assert growth.upper == {at: tile for at, tile in tiles.items() if at.level}
    for at in {size, *(one for one in sizes if one <= size)}:
        assert growth.roots[at] == root(at, TileHashes(tiles))
    assert not [at for at in growth.roots if at > size]


def test_nothing_is_added_after_a_missing_leaf() -> None:
    growth = Growth({3, 300})
    growth.push(b"".join(LEAVES[:256]), 256)
    other = growth.copy()
    growth.push(b"".join(LEAVES[256:260]), 512)
    growth.push(b"".join(LEAVES[512:768]), 768)
    assert (growth.size, growth.whole, growth.roots.keys() & {3, 260, 300}) == (260, False, {3, 260})
    other.push(b"".join(LEAVES[256:300]), 300)
    assert (other.whole, len(other.roots[300])) == (True, HASH_BYTES)
