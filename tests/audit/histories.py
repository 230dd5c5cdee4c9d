"""Logs in memory, to show to witnesses: signed heads at any size, proofs between them, and forks."""

from dataclasses import dataclass, field

from audit.checkpoint import Checkpoint
from audit.merkle import assembled, consistency_parts, leaf_hash, root
from audit.notes import COSIGNATURE, KeySigner, Note, Verifier, signed
from audit.tiles import TileHashes, grown
from audit.witness import Submission

ORIGIN = "bank.example/test/record/0"
LOG_KEY = KeySigner(ORIGIN, bytes([1]) * 32)


def witness_key(number: int) -> KeySigner:
    """The key of a witness."""
    return KeySigner(f"witness{number}.example", bytes([100 + number]) * 32, COSIGNATURE)


@dataclass
class History:
    """A log of made-up entries; two with different `word` share nothing but the key, after `shared` entries."""

    word: str = "one"
    shared: int = 0
    signer: KeySigner = LOG_KEY
    _tiles: dict[int, TileHashes] = field(default_factory=dict)

    def _hashes(self, size: int) -> TileHashes:
        if size not in self._tiles:
            leaves = [leaf_hash(f"{'both' if at < self.shared else self.word} {at}".encode()) for at in range(size)]
            self._tiles[size] = TileHashes(grown({}, 0, leaves))
        return self._tiles[size]

    def head(self, size: int) -> Checkpoint:
        return Checkpoint(self.signer.verifier.name, size, root(size, self._hashes(size)))

    def note(self, size: int) -> Note:
        return signed(self.head(size).text(), [self.signer])

    def proof(self, old: int, size: int) -> list[bytes]:
        return assembled(consistency_parts(old, size), self._hashes(size)) if 0 < old < size else []

    def submission(self, old: int, size: int) -> Submission:
        return Submission(old, tuple(self.proof(old, size)), self.note(size), self.head(size))

    def body(self, old: int, size: int) -> bytes:
        return self.submission(old, size).format().encode()


LOGS: dict[str, list[Verifier]] = {ORIGIN: [LOG_KEY.verifier]}
