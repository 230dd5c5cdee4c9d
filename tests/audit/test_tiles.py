import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import Node, leaf_hash
from audit.tiles import (
    TILE_BYTES,
    At,
    TileHashes,
    TileMissing,
    bundle,
    bundles_of,
    edge_of,
    edges,
    entries_path,
    grown,
    number_path,
    path_number,
    tile_path,
    tiles_of,
    unbundle,
    width_of,
)


def hashes_of(count: int) -> list[bytes]:
    return [leaf_hash(str(at).encode()) for at in range(count)]


def test_the_worked_example_of_seventy_thousand_entries() -> None:
    tiles = list(tiles_of(70_000))
    by_level = {level: [width for at, width in tiles if at.level == level] for level in range(4)}
    assert (by_level[0].count(256), by_level[0][-1]) == (273, 112)
    assert by_level[1] == [256, 17]
    assert by_level[2] == [1]
    assert by_level[3] == []


@pytest.mark.parametrize(("number", "path"), [(0, "000"), (67, "067"), (1000, "x001/000"), (1234067, "x001/x234/067")])
def test_numbers_in_paths(number: int, path: str) -> None:
    assert number_path(number) == path
    assert path_number(path) == number


@pytest.mark.parametrize("path", ["", "0", "1234", "x000/001", "001/002", "x001", "../000", "x1/000"])
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no tile number"):
        path_number(path)


def test_paths_of_partial_tiles() -> None:
    assert tile_path(At(1, 1), 17) == "tile/1/001.p/17"
    assert tile_path(At(0, 5)) == "tile/0/005"
    assert entries_path(273, 112) == "tile/entries/273.p/112"


@given(st.lists(st.integers(0, 700), min_size=1, max_size=8))
def test_a_log_that_grows_in_steps_has_the_tiles_of_one_that_grew_at_once(steps: list[int]) -> None:
    leaves = hashes_of(sum(steps))
    tiles: dict[At, bytes] = {}
    edge: dict[int, bytes] = {}
    size = 0
    for step in steps:
        new = grown(edge, size, leaves[size : size + step])
        assert set(new) == {at for at, _ in tiles_of(size + step, size)}
        edge = edge_of(new, size + step, edge)
        assert {at.level for at in edges(size + step)} == set(edge)
        tiles |= new
        size += step
    assert tiles == grown({}, 0, leaves)
    assert all(len(tiles[at]) == 32 * width == 32 * width_of(at, size) for at, width in tiles_of(size))


def test_the_second_level_is_the_roots_of_the_first() -> None:
    tiles = grown({}, 0, hashes_of(256 * 2 + 3))
    read = TileHashes(tiles)
    assert read(Node(8, 1)) == tiles[At(1, 0)][32:]
    assert len(tiles[At(0, 0)]) == TILE_BYTES
    with pytest.raises(TileMissing, match="tile/1/000"):
        read(Node(8, 2))


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_give_back_their_entries(entries: list[bytes]) -> None:
    assert unbundle(bundle(entries)) == entries


@pytest.mark.parametrize("content", [b"\x00", b"\x00\x02a", b"\x00\x01ab"])
def test_a_bundle_cut_short_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="cut short"):
        unbundle(content)


def test_an_entry_has_at_most_65535_bytes() -> None:
    assert len(bundle([bytes(65_535)])) == 65_537
    with pytest.raises(ValueError, match=r"65536 bytes|65,536 bytes|at most 65535"):
        bundle([bytes(65_536)])


def test_bundles_that_grew() -> None:
    assert list(bundles_of(300, 256)) == [(1, 44)]
    assert list(bundles_of(300, 10)) == [(0, 256), (1, 44)]
    assert list(bundles_of(300, 300)) == []
