"""A witness (C2SP tlog-witness): cosigns a log's checkpoint if the log only grew since the last one that it cosigned.

It is run by whoever should not have to trust the log, on a machine that the log's operator does not control. Its whole
promise is one sentence: of a log it never cosigns two checkpoints of which one is not a prefix of the other. So it
remembers what it cosigned, on disk and synced, before it answers. **What it remembers is all that it knows**: if its
state is replaced by an older copy it may cosign a second history, and cannot notice.
"""

import base64
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from audit.checkpoint import Checkpoint
from audit.errors import SealingStopped
from audit.files import locked, private_directory, replace
from audit.merkle import EMPTY_ROOT, HASH_BYTES, ProofRefused, verify_consistency
from audit.notes import Note, NoteRefused, Signer, Verifier, cosign, parse, unbase64, verified

PROOF_LINES_MAX: Final = 63
SUBMISSION_BYTES_MAX: Final = 64 << 10
REASON_MAX: Final = 300
"""Characters of a request that an answer may repeat."""
CONFLICTS_MAX: Final = 100
"""Refused checkpoints that are kept per log; only the log's own key can make one."""
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


class Answer(NamedTuple):
    """What is answered: an HTTP status, a text, and its media type."""

    status: int
    text: str
    media_type: str = "text/plain; charset=utf-8"


class Submission(NamedTuple):
    """A request to cosign: the size that the log believes was cosigned last, the proof from there, the checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    head: Checkpoint

    def format(self) -> str:
        """The body of the request."""
        lines = [f"old {self.old}", *(base64.b64encode(one).decode() for one in self.proof)]
        return "\n".join(lines) + f"\n\n{self.note.format()}"


def parse_submission(body: bytes) -> Submission:
    """Read the body of a request.

    Raises:
        NoteRefused: it is malformed.
    """
    if len(body) > SUBMISSION_BYTES_MAX:
        raise NoteRefused(f"a request has at most {SUBMISSION_BYTES_MAX:,} bytes")
    head, gap, note_part = body.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise NoteRefused("the lines before the checkpoint are ASCII") from None
    old = _OLD.fullmatch(lines[0])
    if not gap or old is None:
        raise NoteRefused("a request is a line `old <size>`, the lines of the proof, an empty line, the checkpoint")
    if len(lines) > 1 + PROOF_LINES_MAX:
        raise NoteRefused(f"a proof has at most {PROOF_LINES_MAX} lines")
    proof = tuple(unbase64(line) for line in lines[1:])
    if any(len(one) != HASH_BYTES for one in proof):
        raise NoteRefused(f"each line of a proof is a hash of {HASH_BYTES} bytes in base64")
    note = parse(note_part)
    return Submission(int(old[1]), proof, note, Checkpoint.parse(note.text))


class WitnessState:
    """The last cosigned checkpoint of each log, as signed notes in files of one private directory."""

    def __init__(self, directory: Path, key: Verifier) -> None:
        self.directory = private_directory(directory)
        self._key = key
        self._logs = private_directory(directory / "logs")
        self._conflicts = private_directory(directory / "conflicts")

    def latest(self, origin: str) -> Note | None:
        """The last checkpoint of a log that this witness cosigned; None before the first.

        Raises:
            SealingStopped: the file is not what was written.
        """
        path = self._logs / quote(origin, safe="")
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            note = parse(content)
            own = Checkpoint.parse(note.text).origin == origin and verified(note, [self._key])
        except NoteRefused as refused:
            raise SealingStopped(f"the state of the witness is damaged: {path}: {refused}") from refused
        if not own:
            raise SealingStopped(f"the state of the witness is damaged: {path}: {self._key.name} did not cosign it")
        return note

    def origins(self) -> list[str]:
        """The logs of which something was cosigned or refused."""
        cosigned = {unquote(path.name) for path in self._logs.iterdir() if path.suffix != ".new"}
        return sorted(cosigned | {unquote(path.name.partition("+")[0]) for path in self._conflicts.iterdir()})

    def put(self, origin: str, note: Note) -> None:
        """Remember a cosigned checkpoint; it outlasts a crash when this returns. The caller holds the lock."""
        replace(self._logs / quote(origin, safe=""), note.format().encode())

    def keep_conflict(self, head: Checkpoint, note: Note) -> None:
        """Keep a checkpoint that its log signed and this witness refused: beside the cosigned one it is evidence."""
        prefix = quote(head.origin, safe="")
        path = self._conflicts / f"{prefix}+{head.size}+{head.root.hex()[:16]}"
        if not path.exists() and sum(1 for _ in self._conflicts.glob(f"{prefix}+*")) < CONFLICTS_MAX:
            replace(path, note.format().encode())

    def conflicts(self, origin: str) -> list[Note]:
        """The checkpoints of a log that were refused though the log had signed them."""
        return [parse(path.read_bytes()) for path in sorted(self._conflicts.glob(f"{quote(origin, safe='')}+*"))]


class Witness:
    """Checks and cosigns. Its calls block for as long as a disk takes to sync, and may come from several threads."""

    def __init__(
        self,
        signer: Signer,
        logs: Mapping[str, Sequence[Verifier]],
        state: WitnessState,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`logs`: the keys of each log by origin.

        Raises:
            SealingStopped: the state of a log is damaged: nothing is begun then.
        """
        self._signer = signer
        self._logs = logs
        self._state = state
        self._clock = clock
        for origin in logs:
            state.latest(origin)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a request to cosign.

        Raises:
            SealingStopped, OSError: the state can be neither read nor written; nothing was cosigned.
        """
        try:
            asked = parse_submission(body)
        except NoteRefused as refused:
            return Answer(400, f"{str(refused)[:REASON_MAX]}\n")
        keys = self._logs.get(asked.head.origin)
        if keys is None:
            return Answer(404, f"log {asked.head.origin[:REASON_MAX]} is not known here\n")
        try:
            confirmed = verified(asked.note, keys)
        except NoteRefused as refused:
            return Answer(403, f"{refused}\n")
        if not confirmed:
            return Answer(403, f"no key of log {asked.head.origin} that is known here has signed\n")
        asked = asked._replace(note=_signed_by(asked.note, [one.verifier for one in confirmed]))
        if asked.old > asked.head.size:
            return Answer(400, f"old is {asked.old}, the checkpoint has {asked.head.size} entries\n")
        with locked(self._state.directory):  # from the look at the state to its change nobody else is in here
            return self._advance(asked)

    def _advance(self, asked: Submission) -> Answer:
        note = self._state.latest(asked.head.origin)
        latest = Checkpoint(asked.head.origin, 0, EMPTY_ROOT) if note is None else Checkpoint.parse(note.text)
        if asked.head.size == latest.size and asked.head.root != latest.root:
            self._state.keep_conflict(asked.head, asked.note)
        if asked.old != latest.size:
            return Answer(409, f"{latest.size}\n", "text/x.tlog.size")
        try:
            _refuse_other_history(latest, asked)
        except ProofRefused as refused:
            self._state.keep_conflict(asked.head, asked.note)
            return Answer(422, f"{refused}\n")
        line = cosign(asked.note.text, self._signer, int(self._clock()))
        self._state.put(asked.head.origin, Note(asked.note.text, (*asked.note.signatures, line)))
        return Answer(200, line.line())


def _signed_by(note: Note, keys: Sequence[Verifier]) -> Note:
    """The note without the lines of keys that nobody here knows: they could be many, and say nothing."""
    known = {(key.name, key.key_id) for key in keys}
    return Note(note.text, tuple(one for one in note.signatures if one[:2] in known))


def _refuse_other_history(latest: Checkpoint, asked: Submission) -> None:
    """ProofRefused unless the log that was cosigned last is a prefix of the one that is asked about."""
    if latest.size > 0:
        verify_consistency(latest.size, latest.root, asked.head.size, asked.head.root, asked.proof)
        return
    if asked.proof:
        raise ProofRefused("the proof from 0 entries is empty")
    if asked.head.size == 0 and asked.head.root != EMPTY_ROOT:
        raise ProofRefused("a log of 0 entries has the empty root")
