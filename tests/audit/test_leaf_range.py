"""Ranges of leaves: shown by RFC 6962 proofs of consistency, and nothing changed is taken for one."""

from hashlib import sha256
from random import Random

import pytest

from audit.checkpoint import Checkpoint
from audit.leaf_range import LeafRange, bound_head, prove_range
from audit.log_tiles import read_tiles
from audit.logs import read_logs
from audit.merkle import EMPTY_ROOT, ProofRefused, verify_consistency
from audit.notes import NoteRefused
from audit.record_log import signed_head
from audit.tiles import At, TileMissing, tiles_of
from tests.audit.conftest import LOG_ID
from tests.audit.made import append, seal_all

ORIGIN = f"{LOG_ID}/1/0"
SIZE = 70


async def leaves_of(database, log) -> bytes:
    tiles = await read_tiles(database, log.name, [at for at, _ in tiles_of(log.signed_size)], log.signed_size)
    return b"".join(tiles[At(0, number)] for number in range(-(-log.signed_size // 256)))


@pytest.fixture
async def sealed(record, hands, logs):
    await append(record, 1, SIZE)
    found = await seal_all(hands)
    log = next(one for one in found.values() if one.origin == ORIGIN)
    return log, signed_head(log), await leaves_of(record.pool, log)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


async def test_every_range_is_shown_and_its_roots_are_those_of_the_rfc(record, sealed):
    log, head, leaves = sealed
    each = [leaves[at : at + 32] for at in range(0, len(leaves), 32)]
    random = Random(1)
    ranges = {(0, 0), (0, SIZE), (SIZE, SIZE), (0, 1), (SIZE - 1, SIZE), (64, 70), (63, 65)}
    ranges |= {tuple(sorted((random.randrange(SIZE + 1), random.randrange(SIZE + 1)))) for _ in range(60)}
    for start, end in sorted(ranges):
        found = await prove_range(record.pool, log, head, start, leaves[start * 32 : end * 32])
        found.check()
        assert (found.start, found.end) == (start, end)
        assert found.subtree_root == naive_root(each[start:end])
        assert found.root_before == naive_root(each[:start])
        assert found.root_after == naive_root(each[:end])
        if start:
            verify_consistency(start, found.root_before, end, found.root_after, found.grown)
        assert LeafRange.read(found.content()) == found


async def test_other_leaves_are_refused(record, sealed):
    log, head, leaves = sealed
    for at in (0, 5, 9):
        other = bytearray(leaves[10 * 32 : 20 * 32])
        other[at * 32] ^= 1
        with pytest.raises(ProofRefused):
            await prove_range(record.pool, log, head, 10, bytes(other))
    with pytest.raises(ProofRefused):
        await prove_range(record.pool, log, head, 10, leaves[9 * 32 : 19 * 32])
    with pytest.raises((ProofRefused, ValueError, TileMissing)):
        await prove_range(record.pool, log, head, SIZE - 1, leaves[:64])


async def test_every_part_of_it_is_held_by_the_proofs(record, sealed):
    log, head, leaves = sealed
    found = await prove_range(record.pool, log, head, 11, leaves[11 * 32 : 47 * 32])
    flipped = bytes([found.root_after[0] ^ 1]) + found.root_after[1:]
    changed = [
        found._replace(start=48), found._replace(start=0), found._replace(start=-1), found._replace(end=SIZE + 1),
        found._replace(root_before=flipped), found._replace(root_after=flipped),
        found._replace(head=head._replace(root=flipped)), found._replace(head=head._replace(size=SIZE // 2)),
        found._replace(grown=found.grown[1:]), found._replace(kept=(*found.kept, flipped)),
        *(found._replace(grown=(*found.grown[:n], flipped, *found.grown[n + 1 :])) for n in range(len(found.grown))),
        *(found._replace(kept=(*found.kept[:n], flipped, *found.kept[n + 1 :])) for n in range(len(found.kept))),
    ]  # fmt: skip
    for one in changed:
        with pytest.raises(ProofRefused):
            one.check()
    empty = await prove_range(record.pool, log, head, 11, b"")
    with pytest.raises(ProofRefused):
        empty._replace(subtree_root=flipped).check()
    nothing = await prove_range(record.pool, log, head, 0, b"")
    for one in (nothing._replace(root_before=flipped), nothing._replace(root_after=flipped)):
        with pytest.raises(ProofRefused):
            one.check()


@pytest.mark.parametrize("change", [
    {"start": "1"}, {"end": True}, {"log": None}, {"log": {"origin": "a", "size": 1}}, {"root_after": "AAAA"},
    {"root_before": 5}, {"grown": ["x"]}, {"kept": 7}, {"subtree_root": None},
])  # fmt: skip
async def test_malformed_ones_are_refused(change):
    good = LeafRange(1, 2, bytes(32), bytes(32), bytes(32), (), Checkpoint("a", 2, bytes(32)), ()).content()
    LeafRange.read(good)
    for content in ({**good, **change}, [], None, "x", {name: good[name] for name in good if name not in change}):
        with pytest.raises(NoteRefused):
            LeafRange.read(content)


async def test_the_head_is_the_one_that_the_record_log_binds(record, hands, logs):
    assert await bound_head(record.pool, await read_logs(record.pool), ORIGIN) is None
    await append(record, 1, 3)
    sealed = await seal_all(hands)
    head = await bound_head(record.pool, list(sealed.values()), ORIGIN)
    assert head is not None
    assert (head.origin, head.size) == (ORIGIN, 3)
