"""Signed notes (C2SP signed-note) and cosignatures (C2SP tlog-cosignature), with Ed25519."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
NOTE_BYTES_MAX: Final = 1_000_000
SIGNATURES_MAX: Final = 100

_PREFIX: Final = "— "
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_ED25519_BYTES: Final = 64
_NAME: Final = re.compile(r"[^\s+]+")
_UNFIT: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteRefused(ValueError):
    """A note, a key or a signature is malformed or not to be trusted; the message says why."""


class Signature(NamedTuple):
    """One signature line: who says to have signed, with which key, and the bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """As it stands in a note."""
        return f"{_PREFIX}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


class Note(NamedTuple):
    """A text, which ends with a line feed, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def format(self) -> str:
        """The note's bytes, as text."""
        return f"{self.text}\n{''.join(one.line() for one in self.signatures)}"


class Signer(Protocol):
    """Who signs a log's checkpoints: a key in a file, or in a token."""

    @property
    def verifier(self) -> "Verifier":
        """The public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        ...


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name, as the verifier key `name+hex(key id)+base64(type, key)` has it."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        """Refuse names that a note could not carry."""
        if not _NAME.fullmatch(self.name):
            raise NoteRefused(f"{self.name!r} is no key name: it has blanks or a plus, or is empty")

    @property
    def key_id(self) -> bytes:
        """Four bytes to find the key by; not a secure fingerprint."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The verifier key, to be handed out."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read a verifier key.

        Raises:
            NoteRefused: it is none, its id is another's, or its type is not known here.
        """
        name, _, rest = vkey.partition("+")
        told_id, _, key = rest.partition("+")
        raw = unbase64(key)
        if len(raw) != 1 + 32 or raw[0] not in {ED25519, COSIGNATURE}:
            raise NoteRefused(f"{vkey!r} is no verifier key of Ed25519")
        verifier = cls(name, raw[0], raw[1:])
        if verifier.key_id.hex() != told_id:
            raise NoteRefused(f"{vkey!r} has the id {told_id}, its key has {verifier.key_id.hex()}")
        return verifier

    def verify(self, text: str, signature: bytes) -> int | None:
        """Check a signature over a text; of a cosignature give the time, in seconds since 1970.

        Raises:
            NoteRefused: it is not this key's signature over this text.
        """
        message, time = text.encode(), None
        if self.kind == COSIGNATURE:
            time = int.from_bytes(signature[:_TIME_BYTES], "big")
            message, signature = cosigned(text, time), signature[_TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise NoteRefused(f"the signature of {self.name} does not fit the text") from None
        return time


class KeySigner:
    """Signs with a private key in memory."""

    def __init__(self, name: str, seed: bytes, kind: int = ED25519) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, kind, self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        return self._key.sign(message)


def signed(text: str, signers: Iterable[Signer]) -> Note:
    """A text signed by each.

    Raises:
        NoteRefused: the text does not end with a line feed, or holds what no note may.
    """
    _refuse_unfit(text)
    return Note(
        text,
        tuple(Signature(one.verifier.name, one.verifier.key_id, one.sign(text.encode())) for one in signers),
    )


def cosigned(text: str, time: int) -> bytes:
    """What a witness signs: the checkpoint with the time (seconds since 1970) that it saw it at."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosign(text: str, signer: Signer, time: int) -> Signature:
    """A witness's signature over a checkpoint's text."""
    key = signer.verifier
    blob = time.to_bytes(_TIME_BYTES, "big") + signer.sign(cosigned(text, time))
    return Signature(key.name, key.key_id, blob)


def parse(content: bytes | str) -> Note:
    """Read a note, without checking signatures.

    Raises:
        NoteRefused: it is malformed.
    """
    text = _decoded(content)
    body, gap, lines = text.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise NoteRefused("a note is a text, an empty line, and signature lines")
    rows = lines.removesuffix("\n").split("\n")
    if len(rows) > SIGNATURES_MAX:
        raise NoteRefused(f"a note has at most {SIGNATURES_MAX} signatures")
    _refuse_unfit(body + "\n")
    return Note(body + "\n", tuple(_signature(row) for row in rows))


def unbase64(text: str) -> bytes:
    """Bytes from standard base64 with padding, in the one way that there is to write them.

    Raises:
        NoteRefused: it is not.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        raise NoteRefused(f"{text!r} is not base64") from None
    if base64.b64encode(content).decode() != text:
        raise NoteRefused(f"{text!r} is not base64 as it is written: bits are left over")
    return content


def _decoded(content: bytes | str) -> str:
    if len(content) > NOTE_BYTES_MAX:
        raise NoteRefused(f"a note has at most {NOTE_BYTES_MAX:,} bytes")
    if isinstance(content, str):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise NoteRefused("a note is UTF-8") from None


def _refuse_unfit(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteRefused("the text of a note ends with a line feed")
    if _UNFIT.search(text):
        raise NoteRefused("a note has no control characters but line feeds")


def _signature(line: str) -> Signature:
    name, blank, blob = line.removeprefix(_PREFIX).partition(" ")
    if not line.startswith(_PREFIX) or not blank or not _NAME.fullmatch(name):
        raise NoteRefused(f"{line!r} is no signature line")
    raw = unbase64(blob)
    if len(raw) <= _ID_BYTES:
        raise NoteRefused(f"{line!r} is no signature line: too short")
    return Signature(name, raw[:_ID_BYTES], raw[_ID_BYTES:])


class Confirmed(NamedTuple):
    """A key whose signature holds, and of a cosignature the time."""

    verifier: Verifier
    time: int | None


def verified(note: Note, verifiers: Sequence[Verifier]) -> list[Confirmed]:
    """The known keys whose signatures hold; lines of unknown keys are passed over.

    Raises:
        NoteRefused: a known key's signature does not hold, or it stands there twice.
    """
    known = {(one.name, one.key_id): one for one in verifiers}
    confirmed: dict[tuple[str, bytes], Confirmed] = {}
    for signature in note.signatures:
        key = signature[:2]
        verifier = known.get(key)
        if verifier is None:
            continue
        if key in confirmed:
            raise NoteRefused(f"{verifier.name} signed twice")
        confirmed[key] = Confirmed(verifier, verifier.verify(note.text, signature.signature))
    return list(confirmed.values())
