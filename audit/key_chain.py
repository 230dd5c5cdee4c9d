"""Which key may have signed what: keys that are trusted, and those that the record log put in their place."""

from collections.abc import Iterable, Mapping

from audit.checkpoint import Checkpoint
from audit.entries import KeyChanged, ShardBegun
from audit.notes import Note, NoteRefused, Verifier, parse, verified


class KeyChain:
    """The keys of every log; each knows up to which size it may have signed alone (None: it still may)."""

    def __init__(self, trusted: Mapping[str, Iterable[str]]) -> None:
        """`trusted`: verifier keys by origin that the caller believes in."""
        self._until: dict[str, dict[str, int | None]] = {
            origin: dict.fromkeys(vkeys, None) for origin, vkeys in trusted.items()
        }

    def change(self, change: KeyChanged) -> str | None:
        """Take in a changed key, which a key that is known must have had before; else what is wrong with it."""
        origin = change.head.origin
        known = self._until.setdefault(origin, {})
        if change.old_key not in known and change.new_key not in known:
            return f"changes a key that log {origin} does not have"
        if (fault := _misfit(change.new_key, origin)) is not None:
            return fault
        known.setdefault(change.new_key, None)
        if change.old_key in known:
            known[change.old_key] = change.head.size
        return None

    def begin(self, begun: ShardBegun) -> str | None:
        """Take in the key of a new shard; else what is wrong with it."""
        known = self._until.get(begun.origin)
        if known is not None and begun.key not in known:
            return f"begins log {begun.origin} with a key that is not trusted"
        self._until.setdefault(begun.origin, {})[begun.key] = None
        return _misfit(begun.key, begun.origin)

    def knows(self, origin: str) -> bool:
        """Whether any key of a log is known."""
        return bool(self._until.get(origin))

    def in_force(self, origin: str, vkey: str) -> bool:
        """Whether a log signs with this key now."""
        return self._until.get(origin, {}).get(vkey, 0) is None

    def vouches(self, origin: str, note: Note) -> bool:
        """Whether a key of this log has signed a note, which may be another log's."""
        return bool(verified(note, [Verifier.parse(vkey) for vkey in self._until.get(origin, {})]))

    def head_of(self, checkpoint: str, origin: str) -> Checkpoint:
        """The head in a signed checkpoint.

        Raises:
            NoteRefused: it is malformed, is another log's, or no key has signed it that was in force at its size.
        """
        note = parse(checkpoint)
        until = self._until.get(origin, {})
        signers = verified(note, [Verifier.parse(vkey) for vkey in until])
        if not signers:
            raise NoteRefused(f"the checkpoint of log {origin} is not signed by its key")
        head = Checkpoint.parse(note.text)
        if head.origin != origin:
            raise NoteRefused(f"the checkpoint of log {origin} is that of {head.origin}")
        last = [until[one.verifier.vkey] for one in signers]
        if all(size is not None and size < head.size for size in last):
            raise NoteRefused(f"the checkpoint of log {origin} is signed by a key that was changed before it")
        return head


def _misfit(vkey: str, origin: str) -> str | None:
    try:
        name = Verifier.parse(vkey).name
    except NoteRefused as refused:
        return str(refused)
    return None if name == origin else f"gives log {origin} a key that is called {name}"
