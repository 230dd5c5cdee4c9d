"""Checks exported logs, proofs and signed notes without Daybook: one file that needs Python 3.11 and `cryptography`.

    python offline.py DIR --policy FILE [--headers FILE]     a directory that `daybook logs export` wrote, or a mirror
    python offline.py DIR --policy FILE --tsa FILE           the same, and whose its timestamps are
    python offline.py PROOF --policy FILE [--header FILE]    a proof of an entry (.tlog-proof), or a receipt (JSON)
    python offline.py NOTE --policy FILE                     a checkpoint, or a certificate
    python offline.py OLD NEW --policy FILE                  any of these together: one log must have one history

It shares no code with the program that writes the logs, on purpose: it repeats every hash, and believes nothing but
the keys in the trust policy (C2SP tlog-policy) and the certificates of --tsa. Each finding is one line that names what
is wrong and where. Exit code: 0 all holds, 1 something does not, 2 it could not be asked. Formats: C2SP tlog-tiles,
tlog-checkpoint, signed-note, tlog-cosignature, tlog-proof; RFC 6962 section 2.1; RFC 3161 in RFC 5652.
"""

import argparse
import base64
import json
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import new as hashing
from hashlib import sha256
from itertools import chain, islice, pairwise, product
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

HASH, WIDTH, LEVELS = 32, 256, 7
PROCESSES: Final = 2
CHUNK: Final = 64
"""Bundles that a process takes at a time."""
FEW: Final = 4 * CHUNK * WIDTH
"""Entries that one process is enough for."""
LOG_KEY, WITNESS_KEY = 1, 4
NOTE_MAX, TEXT_MAX, LINES_MAX, PROOF_MAX = 1_000_000, 16_000_000, 100, 63
BUNDLE_MAX: Final = WIDTH * (2 + 0xFFFF)
NAMED_MAX: Final = 100
"""Findings of one kind that are named one by one in a log."""
UNBOUND_MAX: Final = timedelta(minutes=15)
"""How far the record log may be behind the logs that it binds."""
EMPTY: Final = sha256(b"").digest()
PROOF_HEAD: Final = "c2sp.org/tlog-proof@v1"

TIME: Final = (
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
)
LEAF: Final = re.compile(
    rb'\{"h":"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)","n":(0|[1-9][0-9]{0,18}),"p":(0|[1-9][0-9]{0,4}),'
    rb'"r":"(' + TIME.encode() + rb')","v":1\}'
)
NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
NAME: Final = re.compile(r"[^\s+\x00-\x20\x7f]+")
FILE: Final = re.compile(r"tile/(entries|[0-6])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
ANCHOR: Final = re.compile(r"anchor/(0|[1-9][0-9]{0,18})\.tsr")
PATH: Final = re.compile(rf"{FILE.pattern}|{ANCHOR.pattern}")
ORIGIN: Final = re.compile(r"(?:(reads)/)?(0|[1-9][0-9]{0,4})/(0|[1-9][0-9]{0,4})")
RECORD_LOG: Final = re.compile(r"(.+)/record/(0|[1-9][0-9]{0,4})")


class Refused(Exception):
    """What was given is not valid; the message says what."""


class Missing(Refused):
    """A file is not there."""


class Finding(NamedTuple):
    """What is not as it should be (log, checkpoint, entry, tile, ...), where, and how it shows."""

    what: str
    where: str
    why: str

    def __str__(self) -> str:
        """One line; whatever a stranger put into a name cannot move the cursor of who reads it."""
        return printable(f"{self.what} {self.where}: {self.why}")


def printable(text: str) -> str:
    """The text with everything escaped that is not plainly shown."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


# --- Reading ---------------------------------------------------------------------------------------------------------


def content_of(path: Path, most: int) -> bytes:
    """A regular file of at most so many bytes. A pipe or device in its place is refused, not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refused("is no regular file")
            content = file.read(most + 1) or b""
            while len(content) <= most and (more := file.read(most + 1 - len(content))):
                content += more
    except FileNotFoundError:
        raise Missing("is missing") from None
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}") from None
    if len(content) > most:
        raise Refused(f"is larger than {most:,} bytes")
    return content


def unbase64(text: str, size: int | None = None) -> bytes:
    """Bytes of standard base64, written in the one way that there is."""
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(f"{text[:80]!r} is not base64") from None
    if base64.b64encode(content).decode() != text or size not in {None, len(content)}:
        raise Refused(f"{text[:80]!r} is not base64 of {size or 'so many'} bytes in its one spelling")
    return content


def decoded(content: bytes) -> str:
    """Text from UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Refused("is not UTF-8") from None


def canonical(text: str) -> dict[str, Any]:
    """The object of canonical JSON (RFC 8785); a second spelling, a float or a key that stands twice is refused."""
    value = from_json(text)
    if not text.startswith("{") or spelled(value) != text:
        raise Refused("is no object in canonical JSON")
    return value


def spelled(value: object) -> str:
    """Canonical JSON of what has no floats."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def from_json(text: str) -> Any:  # noqa: ANN401
    """What JSON says."""

    def refuse(number: str) -> None:
        raise Refused(f"has the number {number[:40]}, which is no integer")

    try:
        value = json.loads(text, parse_float=refuse, parse_constant=refuse)
        if "\\u" in text:
            spelled(value).encode()  # halves of characters are no text
    except (ValueError, RecursionError):
        raise Refused("is no JSON") from None
    return value


# --- Timestamps ------------------------------------------------------------------------------------------------------


class Der(NamedTuple):
    """A value of DER: its tag, what is in it, and all its bytes."""

    tag: int
    content: bytes
    whole: bytes


def values_in(content: bytes, shape: str) -> list[Der]:
    """The values of DER that stand there one after another; their tags in hex must be of a shape (a pattern)."""
    found, at = list[Der](), 0
    while at < len(content):
        start, tag, size, at = at, content[at], content[at + 1 : at + 2], at + 2
        if size >= b"\x80":
            count = size[0] - 0x80
            size, at = content[at : at + count], at + count
            if not 1 <= count <= 4 or len(size) < count or size[0] == 0 or (count == 1 and size < b"\x80"):  # noqa: PLR2004
                raise Refused("is no timestamp: a length is not as DER has it")
        end = at + int.from_bytes(size, "big")
        if not size or end > len(content):
            raise Refused("is no timestamp: it ends within a value")
        found.append(Der(tag, content[at:end], content[start:end]))
        at = end
    if not re.fullmatch(shape.replace(" ", ""), "".join(f"{one.tag:02x}" for one in found)):
        raise Refused("is no timestamp: its parts are others than in RFC 3161 and RFC 5652")
    return found


OBJECTS: Final = {
    "2a864886f70d010702": "signed data", "2a864886f70d0109100104": "timestamp", "2a864886f70d010903": "content type",
    "2a864886f70d010904": "digest", "2a864886f70d010910020c": "certificate", "2a864886f70d010910022f": "certificate 2",
    "608648016503040201": "sha256", "608648016503040202": "sha384", "608648016503040203": "sha512",
    "2a864886f70d010101": "rsa", "2a864886f70d01010b": "rsa sha256", "2a864886f70d01010c": "rsa sha384",
    "2a864886f70d01010d": "rsa sha512", "2a8648ce3d040302": "ec sha256", "2a8648ce3d040303": "ec sha384",
    "2a8648ce3d040304": "ec sha512",
}  # fmt: skip
"""Object identifiers, as DER has them."""
UNREADABLE: Final = (ValueError, x509.InvalidVersion, x509.DuplicateExtension, UnsupportedAlgorithm)
HASHES: Final = {"sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512()}


def only_timestamps(_: verification.Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    """What an authority's key must be for."""
    if [*usage] != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ValueError("its certificate is not for timestamps alone")


CAS: Final = verification.ExtensionPolicy.webpki_defaults_ca().may_be_present(
    x509.ExtendedKeyUsage, verification.Criticality.AGNOSTIC, None
)
STAMPS: Final = verification.ExtensionPolicy.permit_all().require_present(
    x509.ExtendedKeyUsage, verification.Criticality.CRITICAL, only_timestamps
)


def named(oid: Der) -> str:
    """What an object identifier stands for; itself in hex, if it is not known here."""
    return OBJECTS.get(oid.content.hex(), oid.content.hex())


def algorithm(content: bytes) -> str:
    """The name of an algorithm without parameters."""
    name = named(values_in(content, "06(05)?")[0])
    if name.rpartition(" ")[2] not in {*HASHES, "rsa"}:
        raise Refused(f"uses the algorithm {name}, which is not known here; ask `openssl ts -verify`")
    return name


class Authorities(NamedTuple):
    """Whose timestamps are believed: roots, what stands between, and, if any are named, only these authorities."""

    roots: list[x509.Certificate]
    between: list[x509.Certificate]
    named: list[x509.Certificate]

    @classmethod
    def load(cls, content: bytes) -> Self:
        """Of a PEM file: self-signed certificates are roots, other CAs stand between, the rest are authorities."""
        try:
            found = x509.load_pem_x509_certificates(content)
            ca = [one for one in found if any(getattr(of.value, "ca", False) for of in one.extensions)]
        except UNREADABLE as error:
            raise Refused(f"--tsa is no PEM file of certificates: {error}") from None
        roots = [one for one in found if one.issuer == one.subject]
        if not roots:
            raise Refused("--tsa has no root certificate (one that is signed by itself)")
        return cls(roots, [one for one in ca if one not in roots], [one for one in found if one not in {*ca, *roots}])

    def vouch(self, authority: x509.Certificate, at: datetime, beside: Iterable[x509.Certificate]) -> None:
        """Refuse an authority of whom they do not say, at that time, that it may give timestamps."""
        if self.named and authority not in self.named:
            raise Refused("is of an authority that is not among the named ones")
        builder = verification.PolicyBuilder().store(verification.Store(self.roots)).time(at)
        builder = builder.extension_policies(ca_policy=CAS, ee_policy=STAMPS)
        try:
            builder.build_client_verifier().verify(authority, [*beside, *self.between])
        except verification.VerificationError as error:
            raise Refused(f"is of an authority for which no root of --tsa vouches: {error}") from None


class Timestamp(NamedTuple):
    """What an authority says (TSTInfo): that this hash existed at this time; and how it signs that (SignerInfo)."""

    said: bytes
    hash: str
    imprint: bytes
    at: datetime
    signer: list[Der]
    certificates: list[x509.Certificate]

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the whole response of an authority."""
        (response,) = values_in(content, "30")
        status, *token = values_in(response.content, "30 (30)?")
        if values_in(status.content, "02 (30)? (03)?")[0].content not in {b"\0", b"\1"} or not token:
            raise Refused("is no timestamp: the authority refused")
        kind, wrapped = values_in(token[0].content, "06 a0")
        data = values_in(values_in(wrapped.content, "30")[0].content, "02 31 30 (a0)? (a1)? 31")
        of, inner = values_in(data[2].content, "06 a0")
        if (named(kind), named(of)) != ("signed data", "timestamp"):
            raise Refused("is no timestamp: something else is signed")
        said = values_in(inner.content, "04")[0].content
        info = values_in(values_in(said, "30")[0].content, "02 06 30 02 18 (30)? (01)? (02)? (a0)? (a1)?")
        by, imprint = values_in(info[2].content, "30 04")
        time = re.fullmatch(rb"([0-9]{8})([0-9]{6}(?:\.[0-9]*[1-9])?Z)", info[4].content)
        (signer,) = values_in(data[-1].content, "30")
        signed = values_in(signer.content, "02 (30|80) 30 a0 30 04 (a1)?")
        ders = values_in(data[3].content, "(30|a[0-3])*") if data[3].whole.startswith(b"\xa0") else []
        try:
            at = datetime.fromisoformat(b"T".join(time.groups()).decode() if time else "")
            certificates = [x509.load_der_x509_certificate(one.whole) for one in ders if one.whole.startswith(b"\x30")]
        except UNREADABLE as error:
            raise Refused(f"is no timestamp: {error}") from None
        return cls(said, algorithm(by.content), imprint.content, at, signed, certificates)

    def is_over(self, text: bytes) -> bool:
        """Whether it is about this text."""
        return self.hash in HASHES and hashing(self.hash, text).digest() == self.imprint

    def check(self, trusted: Authorities) -> str:
        """The name of the authority that signed it; Refused if it did not, or nobody who is trusted vouches for it."""
        by, attributes, method, signature = self.signer[2:6]
        hashed, signs = algorithm(by.content), algorithm(method.content)
        pairs = [values_in(one.content, "06 31") for one in values_in(attributes.content, "(30)*")]
        told = {named(oid): values.content for oid, values in pairs}
        over = values_in(told.get("digest", b""), "04")[0].content
        if (
            len(told) != len(pairs)
            or hashed not in HASHES
            or named(values_in(told.get("content type", b""), "06")[0]) != "timestamp"
            or hashing(hashed, self.said).digest() != over
            or signs not in {"rsa", f"rsa {hashed}", f"ec {hashed}"}
        ):
            raise Refused("is not what its signature is over")
        authority, message = self._authority(told, trusted), b"\x31" + attributes.whole[1:]
        try:
            key = authority.public_key()
            if isinstance(key, RSAPublicKey) and signs.startswith("rsa"):
                key.verify(signature.content, message, PKCS1v15(), HASHES[hashed])
            elif isinstance(key, EllipticCurvePublicKey) and signs.startswith("ec"):
                key.verify(signature.content, message, ECDSA(HASHES[hashed]))
            else:
                raise Refused("is signed with another kind of key than its authority has")
        except (InvalidSignature, *UNREADABLE):
            raise Refused("its signature does not hold") from None
        trusted.vouch(authority, self.at, self.certificates)
        return authority.subject.rfc4514_string()

    def _authority(self, told: Mapping[str, bytes], trusted: Authorities) -> x509.Certificate:
        """The certificate that the signature names by its hash (RFC 5035)."""
        newer = "certificate 2" in told
        (names,) = values_in(told.get("certificate 2" if newer else "certificate", b""), "30")
        first = values_in(values_in(names.content, "30 (30)?")[0].content, "(30)+")[0]
        *by, told_hash = values_in(first.content, "(30)? 04 (30)?")[: 2 if first.content[:1] == b"\x30" else 1]
        name = algorithm(by[0].content) if by else "sha256" if newer else "sha1"
        for one in (*self.certificates, *trusted.named):
            if hashing(name, one.public_bytes(Encoding.DER)).digest() == told_hash.content:
                return one
        raise Refused("is signed by somebody whose certificate is neither in it nor in --tsa")


# --- Keys, policy, notes ---------------------------------------------------------------------------------------------


class Key(NamedTuple):
    """A verifier key."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Its first four bytes stand in front of each signature."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @classmethod
    def parse(cls, vkey: str, kind: int) -> "Key":
        """Read `name+id+base64`."""
        name, _, rest = vkey.partition("+")
        told, _, raw = rest.partition("+")
        content = unbase64(raw)
        key = cls(name, content[0] if content else 0, content[1:])
        if not NAME.fullmatch(name) or key.kind != kind or len(key.public) != HASH or key.id.hex() != told:
            raise Refused(f"{vkey[:200]!r} is no Ed25519 verifier key of type {kind}")
        return key

    def holds(self, text: str, blob: bytes) -> bool:
        """Whether the signature is this key's over the text."""
        message = text.encode()
        if self.kind == WITNESS_KEY:
            moment, blob = int.from_bytes(blob[:8], "big"), blob[8:]
            message = f"cosignature/v1\ntime {moment}\n".encode() + message
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(slots=True)
class Policy:
    """Whom the verifier believes: keys of logs by origin, witnesses, and how many of them it takes."""

    logs: dict[str, list[Key]] = field(default_factory=dict)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str | None = None
    ended: dict[Key, tuple[int, int]] = field(default_factory=dict)
    """Keys of certificates that were changed, and the last place in the record log that each may pin."""
    authorities: Authorities | None = None
    seen: set[Any] = field(default_factory=set)

    @classmethod
    def parse(cls, content: bytes) -> "Policy":
        """Read a policy; Refused if it is none."""
        if found := re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", content):
            raise Refused(f"the policy has the control character {found[0]!r}")
        policy = cls()
        for number, line in enumerate(decoded(content).split("\n"), 1):
            words = [word for word in re.split(r"[ \t]+", line) if word]
            if not words or words[0].startswith("#"):
                continue
            try:
                policy.add(words)
            except Refused as refused:
                raise Refused(f"line {number} of the policy: {refused}") from None
        if policy.quorum is None:
            raise Refused("the policy has no quorum line; without witnesses it is `quorum none`")
        if not policy.logs:
            raise Refused("the policy names no log: it has lines `log <verifier key>`")
        return policy

    def add(self, words: Sequence[str]) -> None:
        """Take in a line."""
        match list(words):
            case ["log", vkey, *url] if len(url) <= 1:
                key = Key.parse(vkey, LOG_KEY)
                if {"", ".", ".."} & {*key.name.split("/")}:
                    raise Refused(f"{key.name!r} can be no log's origin")
                self._once(key.public, (*key[:2], key.id))
                self.logs.setdefault(key.name, []).append(key)
            case ["witness", name, vkey, *url] if len(url) <= 1:
                key = Key.parse(vkey, WITNESS_KEY)
                self._once(key.public, (*key[:2], key.id), self._new(name))
                self.witnesses[name] = key
            case ["group", name, count, *members] if members:
                for one in members:
                    if one not in self.witnesses and one not in self.groups:
                        raise Refused(f"{one} is not defined above")
                    self._once(("member", one))
                self._once(self._new(name))
                needed = {"all": str(len(members)), "any": "1"}.get(count, count)
                if not NUMBER.fullmatch(needed) or not 1 <= int(needed) <= len(members):
                    raise Refused(f"{count} of {len(members)} members cannot be")
                self.groups[name] = (int(needed), members)
            case ["quorum", name] if self.quorum is None and (name in {"none", *self.witnesses, *self.groups}):
                self.quorum = name
            case _:
                raise Refused(f"cannot be understood: {' '.join(words)[:80]}")

    def reached(self, signed: Collection[str]) -> bool:
        """Whether these witnesses are enough."""
        counts = {name: name in signed for name in self.witnesses} | {"none": True}
        for name, (needed, members) in self.groups.items():  # which name only what stands above them
            counts[name] = sum(counts[one] for one in members) >= needed
        return counts[str(self.quorum)]

    def _new(self, name: str) -> tuple[str, str]:
        if name == "none":
            raise Refused("nothing can be called none")
        return ("name", name)

    def _once(self, *things: Any) -> None:  # noqa: ANN401
        for one in things:
            if one in self.seen:
                raise Refused("a key, name or member stands there a second time")
            self.seen.add(one)


class Signed(NamedTuple):
    """A note that logs signed, and which witnesses did, each with its time (seconds since 1970)."""

    text: str
    keys: list[Key]
    witnesses: dict[str, int]

    @property
    def signers(self) -> set[str]:
        """The names of the logs that signed it: mostly one."""
        return {key.name for key in self.keys}


def opened(content: str, policy: Policy) -> Signed:
    """A note that a log of the policy signed; Refused if none has, or a known key's signature does not hold."""
    text, gap, block = content.rpartition("\n\n")
    text += "\n"
    lines = block.removesuffix("\n").split("\n")
    if not gap or not block.endswith("\n") or len(lines) > LINES_MAX or len(content) > NOTE_MAX:
        raise Refused("is no signed note: a text, an empty line, signature lines")
    if re.search(r"[\x00-\x09\x0b-\x1f]", text):
        raise Refused("is no signed note: it has control characters")
    known = {(key.name, key.id): (key, "") for keys in policy.logs.values() for key in keys}
    known |= {(key.name, key.id): (key, name) for name, key in policy.witnesses.items()}
    signed, witnesses, seen = list[Key](), dict[str, int](), set[tuple[str, bytes]]()
    for line in lines:
        name, blob = _signature(line)
        key, witness = known.get((name, blob[:4]), (None, ""))
        if key is None:
            continue  # as the format wants
        if (name, blob[:4]) in seen:
            raise Refused(f"the key of {name} signed twice")
        seen.add((name, blob[:4]))
        if not key.holds(text, blob[4:]):
            raise Refused(f"the signature of {name} does not fit the text")
        if witness:
            witnesses[witness] = int.from_bytes(blob[4:12], "big")
        else:
            signed.append(key)
    if not signed:
        raise Refused("is not signed by a log of the policy")
    return Signed(text, signed, witnesses)


def _signature(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    if len(parts) != len(("mark", "name", "blob")) or parts[0] != "\u2014" or not NAME.fullmatch(parts[1]):
        raise Refused(f"{line[:80]!r} is no signature line")
    blob = unbase64(parts[2])
    if len(blob) <= 4:  # noqa: PLR2004
        raise Refused(f"{line[:80]!r} is no signature line")
    return parts[1], blob


class Head(NamedTuple):
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes


def head_of(signed: Signed, vouching: Collection[str] = ()) -> Head:
    """The checkpoint in a note, which its own log must have signed, or one that vouches for it."""
    lines = signed.text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not NUMBER.fullmatch(lines[1]) or "" in lines:  # noqa: PLR2004
        raise Refused("is no checkpoint: origin, size and root")
    head = Head(lines[0], int(lines[1]), unbase64(lines[2], HASH))
    if signed.signers.isdisjoint({head.origin, *vouching}):
        raise Refused(f"is that of {head.origin}, and {', '.join(sorted(signed.signers))} signed it")
    if head.size == 0 and head.root != EMPTY:
        raise Refused("has no entries, and not the root of none")
    return head


# --- Merkle trees ----------------------------------------------------------------------------------------------------


def leaf_hash(entry: bytes) -> bytes:
    """Hash of an entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def levels_over(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """All levels of complete subtrees over up to 256 hashes."""
    levels = [list(hashes)]
    while len(below := levels[-1]) > 1:
        levels.append([sha256(b"\x01" + a + b).digest() for a, b in zip(below[::2], below[1::2], strict=False)])
    return levels


def prefix(levels: Sequence[Sequence[bytes]], width: int) -> list[bytes]:
    """The hashes of the complete subtrees that cover the first `width`, largest first."""
    found, start = list[bytes](), 0
    for level in range(width.bit_length() - 1, -1, -1):
        if width >> level & 1:
            found.append(levels[level][start >> level])
            start += 1 << level
    return found


def folded(hashes: Sequence[bytes]) -> bytes:
    """One root over subtrees, largest first."""
    if not hashes:
        return EMPTY
    total = hashes[-1]
    for left in reversed(hashes[:-1]):
        total = node_hash(left, total)
    return total


def root_over(hashes: Iterable[bytes]) -> bytes:
    """The root of these leaves alone, one after another."""
    covered = list[bytes]()
    for count, one in enumerate(hashes, 1):
        covered.append(one)
        for _ in range((count & -count).bit_length() - 1):
            right = covered.pop()
            covered[-1] = node_hash(covered[-1], right)
    return folded(covered)


def root_of_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a proof of inclusion leads to (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise Refused(f"entry {index} is not in a log of {size} entries")
    at, last, found = index, size - 1, leaf
    for one in proof:
        if not last:
            raise Refused("the proof is too long")
        if at & 1 or at == last:
            found = node_hash(one, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, one)
        at, last = at >> 1, last >> 1
    if last:
        raise Refused("the proof is too short")
    return found


def check_consistency(old: Head, new: Head, proof: Sequence[bytes]) -> None:
    """Refuse two heads of which the older is not shown to be a prefix of the newer (RFC 9162, 2.1.4.2)."""
    if not 1 <= old.size <= new.size:
        raise Refused(f"no proof leads from {old.size} to {new.size} entries")
    if old.size == new.size:
        if proof or old.root != new.root:
            raise Refused(f"there are two histories of {old.size} entries")
        return
    hashes = list(proof) if old.size & (old.size - 1) else [old.root, *proof]
    at, last = old.size - 1, new.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    found_old = found_new = hashes[0] if hashes else b""
    for one in hashes[1:]:
        if not last:
            raise Refused("the proof is too long")
        if at & 1 or at == last:
            found_old, found_new = node_hash(one, found_old), node_hash(one, found_new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found_new = node_hash(found_new, one)
        at, last = at >> 1, last >> 1
    if last or (found_old, found_new) != (old.root, new.root):
        raise Refused(f"the {old.size} entries are not shown to be a prefix of the {new.size}")


class Tree:
    """The tiles above the entries of a log, from the roots of its whole tiles of level 0."""

    def __init__(self, tiles: Sequence[bytes]) -> None:
        self._rows: list[list[list[list[bytes]]]] = []
        row = list(tiles)
        while row:
            self._rows.append([levels_over(row[at : at + WIDTH]) for at in range(0, len(row), WIDTH)])
            row = [levels[8][0] for levels in self._rows[-1] if len(levels[0]) == WIDTH]

    def tiles(self) -> Iterator[tuple[int, int, list[bytes]]]:
        """Each tile above level 0: level, number and hashes."""
        for level, row in enumerate(self._rows, 1):
            for number, levels in enumerate(row):
                yield level, number, levels[0]

    def root(self, size: int, part: Sequence[bytes]) -> bytes:
        """The root at a size, whose last tile is covered by `part`."""
        if not size:
            return EMPTY
        count, parts = (size - 1) // WIDTH, [list(part)]
        for row in self._rows:
            if count % WIDTH:
                parts.append(prefix(row[count // WIDTH], count % WIDTH))
            count //= WIDTH
        return folded(list(chain.from_iterable(reversed(parts))))


# --- Tiles and bundles of a log --------------------------------------------------------------------------------------


def width_of(level: int, number: int, size: int) -> int:
    """How many hashes a tile has in a log of `size` entries; those of a bundle are level 0."""
    return max(0, min(WIDTH, (size >> 8 * level) - number * WIDTH))


def file_name(kind: str | int, number: int, width: int) -> str:
    """Path of a tile (`kind`: its level) or bundle below its log."""
    digits = f"{number % 1000:03d}"
    while number := number // 1000:
        digits = f"x{number % 1000:03d}/{digits}"
    return f"tile/{kind}/{digits}" + (f".p/{width}" if width < WIDTH else "")


def files_of(size: int) -> Iterator[tuple[str, int, int]]:
    """Kind, number and width of every tile and bundle of a log."""
    for level in range(LEVELS):
        for number in range(-(-(size >> 8 * level) // WIDTH)):
            for kind in ("entries", "0") if level == 0 else (str(level),):
                yield kind, number, width_of(level, number, size)


def entries_in(content: bytes) -> list[bytes]:
    """The entries of a bundle."""
    entries, at, end = list[bytes](), 0, len(content)
    while at < end:
        start = at + 2
        at = start + (content[start - 2] << 8 | content[start - 1] if start <= end else 0)
        if at > end:
            raise Refused("ends within an entry")
        entries.append(content[start:at])
    return entries


class Job(NamedTuple):
    """Bundles of one log for one process. `partition`: of logs whose entries are leaves of events."""

    below: str
    origin: str
    size: int
    first: int
    partition: int | None
    stops: tuple[int, ...]
    headers: dict[int, bytes]


@dataclass(slots=True)
class Done:
    """What a process found: roots of whole tiles, covering subtrees at each stop, first and last time."""

    count: int = 0
    whole: bool = True
    tiles: list[bytes] = field(default_factory=list)
    parts: dict[int, list[bytes]] = field(default_factory=dict)
    first: bytes = b""
    last: bytes = b""
    forms: list[Finding] = field(default_factory=list)
    differing: list[Finding] = field(default_factory=list)
    """Tiles that are not made of the entries, unless it is the entries that are wrong."""


def work(job: Job) -> Done:
    """Hash some bundles, and compare their tiles."""
    done, below = Done(), Path(job.below)
    for number in range(job.first, min(job.first + CHUNK, -(-job.size // WIDTH))):
        width, start = width_of(0, number, job.size), number * WIDTH
        try:
            entries = entries_in(content_of(below / file_name("entries", number, width), BUNDLE_MAX))
        except Refused:
            entries = []
        if job.partition is not None:
            _check_leaves(entries, start, job.partition, job, done)
        if len(entries) != width:
            done.whole = False  # and `diagnosed` tells it
            continue
        done.count += width
        hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
        done.differing += compared(below, job.origin, file_name(0, number, width), hashes)
        levels = levels_over(hashes)
        for stop in job.stops:
            if start < stop <= start + width:
                done.parts[stop] = prefix(levels, stop - start)
        if width == WIDTH:
            done.tiles.append(levels[8][0])
    return done


def _check_leaves(entries: Sequence[bytes], start: int, partition: int, job: Job, done: Done) -> None:
    last = done.last
    for index, entry in enumerate(entries, start):
        fault, leaf = "", LEAF.fullmatch(entry)
        if leaf is None:
            fault = "is no leaf of an event"
        else:
            header, position, told, at = leaf.groups()
            if int(position) != index or int(told) != partition:
                fault = f"says it is event {position.decode()} of partition {told.decode()}"
            elif at < last:
                fault = f"was recorded at {at.decode()}, before the one in front of it"
            elif index in job.headers and job.headers[index] != header:
                fault = "commits to another header than the one given"
            done.first, last = done.first or at, at
        if fault and len(done.forms) < NAMED_MAX:
            done.forms.append(Finding("entry", f"{job.origin} {index}", fault))
    done.last = last


def compared(below: Path, origin: str, name: str, hashes: Sequence[bytes]) -> list[Finding]:
    """What is wrong with a tile that should have these hashes."""
    try:
        same = content_of(below / name, WIDTH * HASH) == b"".join(hashes)
    except Refused as refused:
        return [Finding("tile", f"{origin} {name}", str(refused))]
    return [] if same else [Finding("tile", f"{origin} {name}", "is not what was sealed")]


class Diagnosis:
    """Why a log does not lead to its signed root: from the root downwards, what is proven and what is not.

    A tile may be as it is stored, as its children are, or as the entries make it. The first that leads to the hash
    which was proven above it is the truth, and the others are named. Slow; only what is broken needs it.
    """

    def __init__(self, below: Path, head: Head) -> None:
        self._head = head
        self._below = below
        self._stored: dict[tuple[int, int], list[bytes]] = {}
        self._faults: dict[str, str] = {}
        self._made: dict[tuple[int, int], list[bytes]] = {}
        """From the entries."""
        self.findings: list[Finding] = []
        self.wrong = set[str]()
        """Tiles and bundles by name."""
        self._read()
        self._climb()
        self._descend()

    def _read(self) -> None:
        for kind, number, width in files_of(self._head.size):
            name = file_name(kind, number, width)
            try:
                content = content_of(self._below / name, BUNDLE_MAX if kind == "entries" else WIDTH * HASH)
                if kind == "entries":
                    self._made[0, number] = [leaf_hash(entry) for entry in entries_in(content)]
                    if (count := len(self._made[0, number])) != width:
                        self._faults[name] = f"has {count} entries, not {width}"
                elif len(content) != width * HASH:
                    self._faults[name] = f"has {len(content):,} bytes, not {width * HASH:,}"
                else:
                    self._stored[int(kind), number] = [content[at : at + HASH] for at in range(0, len(content), HASH)]
            except Refused as refused:
                self._faults[name] = str(refused)

    def _climb(self) -> None:
        for level in range(1, LEVELS):
            for number in range(-(-(self._head.size >> 8 * level) // WIDTH)):
                width = width_of(level, number, self._head.size)
                rows = [self._made.get((level - 1, number * WIDTH + at), []) for at in range(width)]
                if all(len(row) == WIDTH for row in rows):
                    self._made[level, number] = [levels_over(row)[8][0] for row in rows]

    def _candidates(self, level: int, number: int) -> list[list[bytes]]:
        """What the tile may be."""
        width = width_of(level, number, self._head.size)
        children = [self._stored.get((level - 1, number * WIDTH + at), []) for at in range(width if level else 0)]
        below = [levels_over(row)[8][0] for row in children if len(row) == WIDTH]
        found = (self._stored.get((level, number)), self._made.get((level, number)), below)
        return [row for row in found if row and len(row) == width]

    def _descend(self) -> None:
        head = self._head
        edges = [(level, head.size >> 8 * level) for level in range(LEVELS) if (head.size >> 8 * level) % WIDTH]
        choices = [self._candidates(level, count // WIDTH) for level, count in edges]
        proven: dict[tuple[int, int], list[bytes]] = {}
        for rows in product(*choices):
            parts = [prefix(levels_over(row), len(row)) for row in rows]
            if folded(list(chain.from_iterable(reversed(parts)))) == head.root:
                proven = {(level, count // WIDTH): row for (level, count), row in zip(edges, rows, strict=True)}
                break
        else:
            self._add("checkpoint", head.origin, "is signed over another history than tiles and entries show")
        for level in range(LEVELS - 1, 0, -1):
            for number in range(-(-(head.size >> 8 * level) // WIDTH)):
                for at, expected in enumerate(proven.get((level, number), ())):
                    for row in self._candidates(level - 1, number * WIDTH + at):
                        if levels_over(row)[8][0] == expected:
                            proven[level - 1, number * WIDTH + at] = row
                            break
        for kind, number, width in files_of(head.size):
            before, name = len(self.findings), file_name(kind, number, width)
            self._judge(kind, number, name, proven)
            if len(self.findings) > before:
                self.wrong.add(name)

    def _judge(self, kind: str, number: int, name: str, proven: Mapping[tuple[int, int], list[bytes]]) -> None:
        level, what = (0, "entries") if kind == "entries" else (int(kind), "tile")
        where, truth = f"{self._head.origin} {name}", proven.get((level, number))
        made, stored = self._made.get((level, number), []), self._stored.get((level, number), [])
        if name in self._faults:
            self._add(what, where, self._faults[name])
        if proven and truth is None and made == stored:
            self._add(what, where, "is not what was sealed")
        if kind == "entries":
            how = "is not what was sealed" if truth else "or its tile is not what was sealed"
            for at, expected in enumerate((truth or stored) if made else ()):
                if made[at : at + 1] != [expected]:
                    entry = f"{self._head.origin} {number * WIDTH + at}"
                    self._add("entry", entry, how if at < len(made) else "is missing")
        elif stored and truth and stored != truth:
            self._add(what, where, "is not what was sealed")
        elif stored and made and not truth and stored != made:
            self._add(what, where, "or what it is made of is not what was sealed")

    def _add(self, what: str, where: str, why: str) -> None:
        self.findings.append(Finding(what, where, why))


# --- The record log --------------------------------------------------------------------------------------------------


class Binding(NamedTuple):
    """An entry of the record log that binds the heads of other logs: where it stands, when, and the heads."""

    where: str
    at: datetime
    heads: dict[str, Head]


def binding_of(where: str, log_id: str, content: dict[str, Any]) -> Binding:
    """An entry of type `checkpoints`; Refused if it is malformed or does not bind as many logs as it says."""
    heads = dict[str, Head]()
    logs: list[dict[str, Any]] = content.get("logs") or []
    partitions, at = content.get("partitions"), str(content.get("at"))
    if type(logs) is not list or any(type(one) is not dict for one in logs) or content.get("v") != 1:
        raise Refused("is no entry of version 1 with logs")
    for one in logs:
        origin, size, root = one.get("origin"), one.get("size"), one.get("root")
        if not isinstance(origin, str) or type(size) is not int or not isinstance(root, str) or size < 0:
            raise Refused("names a log without origin, size or root")
        if not ORIGIN.fullmatch(origin.removeprefix(f"{log_id}/")) or not origin.startswith(f"{log_id}/"):
            raise Refused(f"binds {origin}, which is no log of this record")
        heads[origin] = Head(origin, size, unbase64(root, HASH))
        if size == 0 and heads[origin].root != EMPTY:
            raise Refused(f"binds {origin} without entries, and not with the root of none")
    if [one["origin"] for one in logs] != sorted(heads):
        raise Refused("has a log twice, or its logs are out of order")
    events = [origin for origin in heads if not origin.startswith(f"{log_id}/reads/")]
    if type(partitions) is not int or len({one.rpartition("/")[0] for one in events}) != partitions != len(events):
        raise Refused(f"says {partitions} partitions, and binds the logs of {len(events)}")
    return Binding(where, moment_of(at), heads)


def moment_of(text: str) -> datetime:
    """A time as canonical JSON has it."""
    try:
        if re.fullmatch(TIME, text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise Refused(f"{text[:80]!r} is no time")


def order_of(bindings: Sequence[Binding]) -> Iterator[Finding]:
    """Where a log shrinks, changes or is left out from one entry of the record log to the next."""
    before = dict[str, Head]()
    for where, _, heads in bindings:
        for origin, old in before.items():
            new = heads.get(origin)
            stem, _, shard = origin.rpartition("/")
            later = (other.rpartition("/") for other in heads)
            if new is None and not any(one == stem and int(number) > int(shard) for one, _, number in later):
                yield Finding("entry", where, f"leaves out {origin}, which the entry before it bound")
            elif new is not None and new.size < old.size:
                yield Finding("entry", where, f"{origin} shrinks from {old.size} to {new.size} entries")
            elif new is not None and new.size == old.size and new.root != old.root:
                yield Finding("entry", where, f"{origin} has another root at the same {old.size} entries")
        before = heads


# --- A directory of logs ---------------------------------------------------------------------------------------------


class Sighting(NamedTuple):
    """A head that somebody signed, and where it was seen."""

    seen: str
    head: Head


@dataclass(slots=True)
class Report:
    """What was checked, and what was found."""

    entries: int = 0
    logs: dict[str, dict[str, Any]] = field(default_factory=dict)
    proofs: list[dict[str, Any]] = field(default_factory=list)
    certificates: list[dict[str, Any]] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    """Entries of the record log that bind nothing, by type."""
    headers: int = 0
    anchors: int = 0
    """Timestamps that are over a checkpoint of their log."""
    stamped: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The newest timestamp of each log whose authority is trusted: of how many entries, when, by whom."""
    ranges: int = 0
    """Certificates whose leaves were compared with a log that was given."""
    ignored: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, what: str, where: str, why: str) -> None:
        """Something is not as it should be."""
        self.findings.append(Finding(what, where, why))


class Directory:
    """Exported logs. `roots`: of logs that are whole, the root at each size that was asked for."""

    def __init__(self, path: Path, policy: Policy, report: Report) -> None:
        self.path = path
        self.heads: dict[str, Head] = {}
        self.notes = list[Path]()
        """Beside the logs: certificates."""
        self.roots: dict[str, dict[int, bytes]] = {}
        self._policy = policy
        self._report = report
        self._origins = {origin for origin in policy.logs if not origin.endswith("/certificates")}
        self._there: dict[str, set[str]] = {origin: set() for origin in self._origins}
        self._until: dict[Key, int] = {}
        """Keys that were changed, and up to which size each may have signed."""
        self._newest: dict[str, str] = {}
        self._wrong = set[str]()
        """Files of the log that was checked last with which no other can be compared."""
        self._walk()
        record_logs = {origin for origin in self._there if self._vouching(origin) or origin in self._origins}
        record_logs = {origin for origin in record_logs if RECORD_LOG.fullmatch(origin)}
        self._origins |= record_logs
        for origin in sorted(record_logs):
            self._open(origin)
        entries = list(self._record_entries(record_logs))
        for where, log_id, content in entries:
            self._learn(where, log_id, content)
        for origin in sorted(self._origins - record_logs):
            self._open(origin)
        for origin in sorted({*self._there} - self._origins):
            report.add("log", origin, "is in the directory, and in no line of the policy")
        self._bindings = list(self._bound(entries))

    def sightings(self) -> list[Sighting]:
        """The heads of its logs."""
        return [Sighting(str(self.path), head) for head in self.heads.values()]

    def _below(self, origin: str) -> Path:
        return self.path.joinpath(*origin.split("/"))

    def _walk(self) -> None:
        """Which files each log has; logs that the policy does not know are findings, other strangers are counted."""
        for folder, _, names in os.walk(self.path):
            parts = Path(folder).relative_to(self.path).parts
            origins = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
            origin = next((one for one in origins if one in self._there), None)
            if origin is None and "checkpoint" in names and parts:
                origin = "/".join(parts)
                self._there[origin] = set()
            if origin is not None:
                inner = "".join(f"{part}/" for part in parts[len(origin.split("/")) :])
                self._there[origin].update(inner + name for name in names)
                continue
            self.notes += [Path(folder, name) for name in sorted(names) if name.endswith(".note")]
            self._report.ignored += sum(not name.endswith(".note") for name in names)

    def _open(self, origin: str) -> None:
        report, below = self._report, self._below(origin)
        if not self._there[origin]:
            report.add("log", origin, "is missing")
            return
        try:
            signed = opened(decoded(content_of(below / "checkpoint", NOTE_MAX)), self._policy)
            head = head_of(signed, self._vouching(origin) if origin not in self._policy.logs else ())
            if head.origin != origin:
                raise Refused(f"is that of {head.origin}")
            if all(self._until.get(key, head.size) < head.size for key in signed.keys):
                raise Refused("is signed by a key that was changed before it")
        except Refused as refused:
            report.add("checkpoint", origin, str(refused))
            return
        self.heads[origin] = head
        if head.size >= report.logs.get(origin, {"size": 0})["size"]:  # of several directories the longest is shown
            root = base64.b64encode(head.root).decode()
            report.logs[origin] = {"size": head.size, "root": root, "bound": None, "witnesses": signed.witnesses}
        if wants_quorum(origin) and not self._policy.reached(signed.witnesses):
            names = ", ".join(sorted(signed.witnesses)) or "nobody"
            report.add("witness", origin, f"the policy wants more witnesses than have signed: {names}")

    def _vouching(self, origin: str) -> set[str]:
        """Of a record log the ones before it: after a restore the key of one of them has signed it as well."""
        found = RECORD_LOG.fullmatch(origin)
        if found is None:
            return set()
        others = {one: RECORD_LOG.fullmatch(one) for one in self._policy.logs}
        return {
            one for one, other in others.items() if other and other[1] == found[1] and int(other[2]) < int(found[2])
        }

    def _record_entries(self, record_logs: Collection[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """The entries of all record logs in their order: where each stands, the log id, its content."""
        named = [(found, origin) for origin in record_logs if (found := RECORD_LOG.fullmatch(origin))]
        for found, origin in sorted(named, key=lambda one: (one[0][1], int(one[0][2]))):
            size = self.heads[origin].size if origin in self.heads else 0
            for number in range(-(-size // WIDTH)):
                name = file_name("entries", number, width_of(0, number, size))
                try:
                    entries = entries_in(content_of(self._below(origin) / name, BUNDLE_MAX))
                except Missing:
                    break  # which is told where the log is checked
                except Refused:
                    continue
                for index, entry in enumerate(entries, number * WIDTH):
                    try:
                        content = canonical(decoded(entry))
                        if type(content.get("type")) is not str:
                            raise Refused("has no type")
                        yield f"{origin} {index}", found[1], content
                    except Refused as refused:
                        self._report.add("entry", f"{origin} {index}", str(refused))

    def _learn(self, where: str, log_id: str, content: Mapping[str, Any]) -> None:
        """Keys that the record log puts in the place of others, and those of shards that it begins."""
        kind, origin = content["type"], str(content.get("origin"))
        if kind == "certificate-key-changed":
            self._learn_of_certificates(where, log_id, content)
        if kind not in {"key-changed", "shard-begun"}:
            return
        known = self._policy.logs.get(origin, [])
        try:
            key = Key.parse(str(content.get("new_key" if kind == "key-changed" else "key")), LOG_KEY)
            if key.name != origin or not origin.startswith(f"{log_id}/"):
                raise Refused(f"gives log {origin} a key that is called {key.name}")
            if kind == "key-changed":
                old, size = Key.parse(str(content.get("old_key")), LOG_KEY), content.get("size")
                if (old not in known and key not in known) or type(size) is not int:
                    raise Refused(f"changes a key that log {origin} does not have")
                self._until[old] = size
            elif known and key not in known:
                raise Refused(f"begins log {origin} with a key that is not trusted")
            self._origins.add(origin)
            self._there.setdefault(origin, set())
            if key not in known:
                self._policy.logs[origin] = [*known, key]
        except Refused as refused:
            self._report.add("entry", where, str(refused))

    def _learn_of_certificates(self, where: str, log_id: str, content: Mapping[str, Any]) -> None:
        """A key that signs certificates from then on."""
        name = f"{log_id}/certificates"
        known = self._policy.logs.get(name, [])
        if not known:
            return  # then certificates are not believed anyway
        try:
            old, new = (Key.parse(str(content.get(which)), LOG_KEY) for which in ("old_key", "new_key"))
            (pinned,) = pinned_in(where, dict(content))
            if {old.name, new.name} != {name} or (old not in known and new not in known):
                raise Refused("changes a key that certificates do not have")
            self._policy.ended[old] = place_of(pinned.head)
            if new not in known:
                self._policy.logs[name] = [*known, new]
        except Refused as refused:
            self._report.add("entry", where, str(refused))
        except ValueError:
            self._report.add("entry", where, "changes a key without the head of the record log up to which it signed")

    def _bound(self, entries: Sequence[tuple[str, str, dict[str, Any]]]) -> Iterator[Binding]:
        """The bindings of all record logs in their order; entries of other types are counted."""
        for where, log_id, content in entries:
            kind = content["type"]
            if kind != "checkpoints":
                self._report.others[kind] = self._report.others.get(kind, 0) + 1
                continue
            try:
                yield binding_of(where, log_id, content)
            except Refused as refused:
                self._report.add("entry", where, str(refused))

    # Hashing

    def verify(self, pool: "Workers", headers: Mapping[str, dict[int, bytes]], asked: Sequence[Sighting]) -> None:
        """Check every log; afterwards `roots` has what was asked for."""
        bound = self._against_bindings()
        heads = {**self._last_bound(), **self.heads}
        jobs = list[list[Job]]()
        for origin, head in heads.items():
            stops = {*bound.get(origin, ()), head.size}
            stops |= {size for size, _ in self._anchors(origin) if 0 < size <= head.size}
            stops |= {one.head.size for one in asked if one.head.origin == origin and one.head.size <= head.size}
            if self._files(origin, head):
                jobs.append(_jobs(self._below(origin), head, stops, headers.get(origin, {})))
        done = iter(pool.map(work, list(chain.from_iterable(jobs))))
        for of_log in jobs:
            origin = of_log[0].origin
            self._conclude(heads[origin], of_log, list(islice(done, len(of_log))), bound.get(origin, {}))
            self._outgrown(origin, heads[origin].size)
        self._freshness()

    def _anchors(self, origin: str) -> Iterator[tuple[int, str]]:
        """Timestamps of a log: which size each is of, and its file."""
        for name in sorted(self._there[origin]):
            if anchor := ANCHOR.fullmatch(name):
                yield int(anchor[1]), name

    def _last_bound(self) -> dict[str, Head]:
        """What can be said of logs whose checkpoint is no good."""
        heads = self._bindings[-1].heads if self._bindings else {}
        return {origin: head for origin, head in heads.items() if self._there.get(origin)}

    def _files(self, origin: str, head: Head) -> bool:
        """Name files that do not belong to a log, and ones that are missing; whether it can be hashed at all."""
        there = self._there[origin]
        for name in sorted(there - {"checkpoint"}):
            if anchor := ANCHOR.fullmatch(name):
                if int(anchor[1]) > head.size and origin in self.heads:
                    self._report.add(
                        "checkpoint", origin, f"{name} lies beyond its {head.size} entries: it is an old one"
                    )
                continue
            found = FILE.fullmatch(name)
            number = int(found[2].replace("x", "").replace("/", "")) if found else 0
            told = int(found[3] or WIDTH) if found else 0
            if (
                found is None
                or told > WIDTH
                or file_name(found[1], number, told) != name
                or (found[3] and told == WIDTH)
            ):
                if name.endswith(".new") and (name == "checkpoint.new" or PATH.fullmatch(name[:-4])):
                    self._report.ignored += 1  # of an export that was broken off
                else:
                    self._report.add("file", f"{origin} {name}", "is no file of a log")
                continue
            width = width_of(0 if found[1] == "entries" else int(found[1]), number, head.size)
            if told > width and origin in self.heads:
                why = f"lies beyond the {head.size} entries of the checkpoint: it is an old one, or an export broke off"
                self._report.add("checkpoint", origin, f"{name} {why}")
        missing = islice((file_name(*one) for one in files_of(head.size) if file_name(*one) not in there), 1001)
        lacking = list(missing)
        if len(lacking) > 1000:  # noqa: PLR2004
            self._report.add("log", origin, f"lacks most of the files of {head.size} entries, from {lacking[0]} on")
        return head.size > 0 and len(lacking) <= 1000  # noqa: PLR2004

    def _outgrown(self, origin: str, size: int) -> None:
        """Partial tiles and bundles that were exported earlier must be the beginning of the later ones."""
        for name in sorted(self._there[origin]):
            found = FILE.fullmatch(name)
            if found is None or found[3] is None:
                continue
            level, number = int(found[1]) if found[1] != "entries" else 0, int(re.sub("[x/]", "", found[2]))
            fuller = file_name(found[1], number, width_of(level, number, size))
            if name == fuller or fuller in self._wrong or int(found[3]) > width_of(level, number, size):
                continue
            try:
                content = content_of(self._below(origin) / name, BUNDLE_MAX)
                count = len(entries_in(content)) if found[1] == "entries" else len(content) / HASH
                if count != int(found[3]) or not content_of(self._below(origin) / fuller, BUNDLE_MAX).startswith(
                    content
                ):
                    raise Refused("is not the beginning of the fuller one")
            except Refused as refused:
                self._report.add("entries" if found[1] == "entries" else "tile", f"{origin} {name}", str(refused))

    def _conclude(self, head: Head, jobs: Sequence[Job], done: Sequence[Done], bound: Mapping[int, Any]) -> None:
        report, below, whole = self._report, self._below(head.origin), all(one.whole for one in done)
        report.entries += sum(one.count for one in done)
        report.findings += chain.from_iterable(one.forms for one in done)
        for before, after, job in zip(done, done[1:], jobs[1:], strict=False):
            if after.first and after.first < before.last:
                report.add("entry", f"{head.origin} {job.first * WIDTH}", "was recorded before the one in front of it")
        self._newest[head.origin] = next((one.last.decode() for one in reversed(done) if one.last), "")
        tree = Tree([root for one in done for root in one.tiles]) if whole else None
        parts = {stop: part for one in done for stop, part in one.parts.items()}
        if tree is None or tree.root(head.size, parts[head.size]) != head.root:
            diagnosis = Diagnosis(below, head)
            report.findings += diagnosis.findings
            self._wrong = diagnosis.wrong
            return
        differing = list(chain.from_iterable(one.differing for one in done))
        for level, number, hashes in tree.tiles():
            differing += compared(below, head.origin, file_name(level, number, len(hashes)), hashes)
        report.findings += differing
        self._wrong = {one.where.rpartition(" ")[2] for one in differing}
        roots = self.roots[head.origin] = {stop: tree.root(stop, part) for stop, part in parts.items()}
        for size, name in self._anchors(head.origin):
            root = roots.get(size, EMPTY) if size <= head.size else None
            if root is not None:
                self._check_anchor(head.origin, name, Head(head.origin, size, root))
        for size, (root, where) in bound.items():
            if size in roots and roots[size] != root:
                report.add("log", head.origin, f"has another root at {size} entries than entry {where} bound")

    def _check_anchor(self, origin: str, name: str, head: Head) -> None:
        """A timestamp must be over this checkpoint, and of an authority that is trusted, if any was named."""
        text = f"{head.origin}\n{head.size}\n{base64.b64encode(head.root).decode()}\n"
        try:
            timestamp = Timestamp.parse(content_of(self._below(origin) / name, NOTE_MAX))
            if not timestamp.is_over(text.encode()):
                raise Refused(f"is a timestamp of something else than the checkpoint of {head.size} entries")
            if self._policy.authorities is not None:
                by, at = timestamp.check(self._policy.authorities), timestamp.at.isoformat()
                if self._report.stamped.get(origin, {"size": 0})["size"] <= head.size:
                    self._report.stamped[origin] = {"size": head.size, "at": at, "by": by}
            self._report.anchors += 1
        except Refused as refused:
            self._report.add("anchor", f"{origin} {name}", str(refused))

    # What certificates say

    def check_leaves(self, leaves: "Leaves") -> None:
        """The leaves of a certificate must be those of this log, and all that the log has of that day."""
        origin, size = leaves.head.origin, self.heads[leaves.head.origin].size
        hashes = list[bytes]()
        for number in range(max(leaves.start - 1, 0) // WIDTH, -(-min(leaves.end + 1, size) // WIDTH)):
            name = file_name("entries", number, width_of(0, number, size))
            for index, entry in enumerate(
                entries_in(content_of(self._below(origin) / name, BUNDLE_MAX)), number * WIDTH
            ):
                inside, leaf = leaves.start <= index < leaves.end, LEAF.fullmatch(entry)
                at = leaf[4].decode()[:10] if leaf else ""
                if inside != (at == leaves.day) and leaves.start - 1 <= index <= leaves.end:
                    raise Refused(f"says that entry {index} of {origin} is {'' if inside else 'not '}of {leaves.day}")
                hashes += [leaf_hash(entry)] * inside
        if root_over(hashes) != leaves.root:
            raise Refused(f"is about other leaves than {leaves.start} to {leaves.end} of {origin}")

    # What the record log says

    def _against_bindings(self) -> dict[str, dict[int, tuple[bytes, str]]]:
        """Compare which logs there are with those that are bound; the bound sizes of each, with root and entry."""
        report = self._report
        report.findings += order_of(self._bindings)
        bound = dict[str, dict[int, tuple[bytes, str]]]()
        ends = dict[str, tuple[int, str]]()
        for where, _, heads in self._bindings:
            for origin, head in heads.items():
                if head.size > ends.get(origin, (-1, ""))[0]:
                    ends[origin] = head.size, where
                bound.setdefault(origin, {}).setdefault(head.size, (head.root, where))
        for origin, (size, where) in ends.items():
            if origin not in self._origins:
                report.add("log", origin, f"is bound by entry {where}, and in no line of the policy")
            elif not self._there[origin]:
                continue  # it is missing, which is told
            elif origin in self.heads and self.heads[origin].size < size:
                why = f"ends at {self.heads[origin].size} entries, entry {where} bound {size}: it was set back"
                report.add("log", origin, why)
                bound[origin] = {at: one for at, one in bound[origin].items() if at <= self.heads[origin].size}
            if origin in self.heads and report.logs[origin]["size"] == self.heads[origin].size:
                report.logs[origin]["bound"] = size
        self._unbound(ends)
        return bound

    def _unbound(self, ends: Collection[str]) -> None:
        record_logs = {origin for origin in self._origins if RECORD_LOG.fullmatch(origin)}
        ids = {origin.rpartition("/record/")[0] for origin in record_logs}
        for origin, head in self.heads.items():
            of = next((one for one in ids if ORIGIN.fullmatch(origin.removeprefix(f"{one}/"))), None)
            if of is not None and head.size and origin not in ends and any(one in self.heads for one in record_logs):
                self._report.add("log", origin, "has entries, and the record log knows nothing of it")
        leaves = [origin for origin in self._origins if partition_of(origin) is not None]
        if leaves and not record_logs:
            self._report.add("policy", leaves[0], "no record log is in the policy: a withheld log would not show")

    def _freshness(self) -> None:
        """The record log must not stay behind the logs that it binds."""
        if not self._bindings:
            return
        last = self._bindings[-1]
        for origin in last.heads:
            told = self._newest.get(origin)
            if not told or origin not in self.heads or self.heads[origin].size <= last.heads[origin].size:
                continue
            try:
                behind = moment_of(told) - last.at
            except Refused as refused:
                self._report.add("entry", f"{origin} {self.heads[origin].size - 1}", str(refused))
                continue
            if behind > UNBOUND_MAX:
                why = f"was last bound at {last.at.isoformat()}, and has entries up to {told}: the record log is old"
                self._report.add("log", origin, why)


def wants_quorum(origin: str) -> bool:
    """Whether the policy's quorum is about this log: of a record's logs only the record log is witnessed."""
    return partition_of(origin) is None


def partition_of(origin: str) -> int | None:
    """The partition whose events are the entries of a log; None of other logs."""
    if RECORD_LOG.fullmatch(origin):
        return None
    found = re.fullmatch(rf".+/{ORIGIN.pattern}", origin)
    return None if found is None else int(found[2])


def _jobs(below: Path, head: Head, stops: Collection[int], headers: Mapping[int, bytes]) -> list[Job]:
    jobs, span = list[Job](), CHUNK * WIDTH
    of_chunk, named = dict[int, list[int]](), dict[int, dict[int, bytes]]()
    for stop in stops:
        of_chunk.setdefault((stop - 1) // span, []).append(stop)
    for position, header in headers.items():
        named.setdefault(position // span, {})[position] = header
    for at in range(-(-head.size // span)):
        some = tuple(of_chunk.get(at, ()))
        jobs.append(
            Job(str(below), head.origin, head.size, at * CHUNK, partition_of(head.origin), some, named.get(at, {}))
        )
    return jobs


class Workers:
    """Two processes, begun when there is enough to do; progress on stderr for who waits."""

    def __enter__(self) -> Self:
        """Begin with none."""
        self._pool: ProcessPoolExecutor | None = None
        return self

    def __exit__(self, *_: object) -> None:
        """End them."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def map(self, task: Callable[[Job], Done], jobs: Sequence[Job]) -> Iterator[Done]:
        """Results in the order of jobs."""
        if self._pool is None and sum(min(CHUNK * WIDTH, job.size - job.first * WIDTH) for job in jobs) > FEW:
            self._pool = ProcessPoolExecutor(PROCESSES)
        results = map(task, jobs) if self._pool is None else self._pool.map(task, jobs)
        said, checked = time.monotonic(), 0
        for done in results:
            checked += done.count
            if time.monotonic() - said > 2:  # noqa: PLR2004
                said = time.monotonic()
                sys.stderr.write(f"{checked:,} entries checked\n")
            yield done


# --- Proofs, certificates, checkpoints -------------------------------------------------------------------------------


def check_proof(text: str, header: str | None, policy: Policy) -> tuple[Head, dict[str, Any]]:
    """The head that a proof of one entry leads to, and what it shows."""
    top, gap, note = text.partition("\n\n")
    lines = top.split("\n")
    if not gap or lines[0] != PROOF_HEAD or len(lines) < 3 or not lines[1].startswith("extra "):  # noqa: PLR2004
        raise Refused(f"is no proof of an entry: {PROOF_HEAD}, extra, index, hashes, an empty line, the checkpoint")
    entry, index = unbase64(lines[1].removeprefix("extra ")), lines[2].removeprefix("index ")
    if not lines[2].startswith("index ") or not NUMBER.fullmatch(index) or len(lines) > PROOF_MAX + 3:
        raise Refused("has no line `index N`, or too many hashes")
    hashes = [unbase64(line, HASH) for line in lines[3:]]
    signed = opened(note, policy)
    head = head_of(signed)
    if root_of_inclusion(leaf_hash(entry), int(index), head.size, hashes) != head.root:
        raise Refused(f"does not show that entry {index} is in {head.origin}: entry, index or a hash was changed")
    if wants_quorum(head.origin) and not policy.reached(signed.witnesses):
        raise Refused("the policy wants more witnesses than have signed its checkpoint")
    told: dict[str, Any] = {"log": head.origin, "index": int(index), "size": head.size, "witnesses": signed.witnesses}
    if (partition := partition_of(head.origin)) is not None:
        leaf = LEAF.fullmatch(entry)
        if leaf is None or (int(leaf[2]), int(leaf[3])) != (int(index), partition):
            raise Refused("its entry is no leaf of an event in this place")
        told["recorded_at"] = leaf[4].decode()
        if header is not None and base64.b64encode(sha256(header.encode()).digest()) != leaf[1]:
            raise Refused("its entry commits to another header than the one given")
        told["header"] = None if header is None else canonical(header)
    elif header is not None:
        raise Refused(f"entries of {head.origin} have no header")
    return head, told


def check_certificate(signed: Signed) -> dict[str, Any]:
    """Kind and content of a certificate."""
    lines = signed.text.split("\n")
    if len(lines) != 4 or signed.signers != {lines[0]} or not lines[1]:  # noqa: PLR2004
        raise Refused("is no certificate: who signs, its kind, canonical JSON")
    return {"signer": lines[0], "kind": lines[1], "content": canonical(lines[2])}


def pinned_in(name: str, content: dict[str, Any]) -> list[Sighting]:
    """The head of the record log that a certificate pins, if it does."""
    pinned: dict[str, Any] | None = content.get("record_log")
    if pinned is None:
        return []
    told = [pinned.get(one) for one in ("origin", "size", "root")] if type(pinned) is dict else []
    if [type(one) for one in told] != [str, int, str]:
        raise Refused("pins a record log without origin, size and root")
    return [Sighting(name, Head(str(told[0]), int(str(told[1])), unbase64(str(told[2]), HASH)))]


def place_of(head: Head) -> tuple[int, int]:
    """The shard of a record log and a size in it: in this order they follow each other."""
    found = RECORD_LOG.fullmatch(head.origin)
    if found is None:
        raise Refused(f"pins {head.origin}, which is no record log")
    return int(found[2]), head.size


def refuse_ended(signed: Signed, pinned: Sequence[Sighting], policy: Policy) -> None:
    """A certificate whose key was changed before the head that it pins: then it cannot have been signed so early."""
    at = max((place_of(one.head) for one in pinned), default=(0, 0))
    if all(key in policy.ended and policy.ended[key] < at for key in signed.keys):
        raise Refused("is signed by a key that was changed before the head of the record log that it pins")


class Leaves(NamedTuple):
    """Leaves `start` to `end` of a log, of which a no-miss certificate says that they are those of a day (UTC)."""

    seen: str
    day: str
    start: int
    end: int
    root: bytes
    head: Head


def leaves_in(name: str, content: Mapping[str, Any], given: "Given") -> None:
    """Check the proofs and the sums of a no-miss certificate; its heads and leaves are to be compared with the log."""
    try:
        told, types, day = content["leaves"], content["types"], content["day"]
        log, start, end = told["log"], told["start"], told["end"]
        proofs = [[unbase64(one, HASH) for one in told[each]] for each in ("grown", "kept")]
        roots = [unbase64(told[each], HASH) for each in ("root_before", "root_after", "subtree_root")]
        counts = [[one[each] for each in ("recorded", "folded", "passed_over", "parked")] for one in types]
        numbers = [start, end, log["size"], *chain.from_iterable(counts), content["partition"]]
        origin, head = log["origin"], Head(log["origin"], log["size"], unbase64(log["root"], HASH))
        if any(type(one) is not int or one < 0 for one in numbers) or type(day) is not str or type(origin) is not str:
            raise TypeError
        parked = len(content["parked"])
    except (KeyError, TypeError, AttributeError):
        raise Refused("is no certificate of the kind that it says: a part is missing or malformed") from None
    heads = [Head(origin, start, roots[0]), Head(origin, end, roots[1]), head]
    if partition_of(origin) != content["partition"] or not start <= end <= head.size:
        raise Refused(f"has no leaves {start} to {end} in {head.size} of partition {content['partition']}")
    for old, new, proof in zip(heads, heads[1:], proofs, strict=False):
        if old.size:
            check_consistency(old, new, proof)
        elif proof or old.root != EMPTY or (not new.size and new.root != EMPTY):
            raise Refused("has a proof that a log grew from nothing, which needs none")
        given.consistencies.append(Consistency(origin, old.size, new.size, proof))
    sums = [sum(one) for one in zip(*counts, strict=True)] or [0, 0, 0, 0]
    if sums[0] != end - start or any(one[0] != sum(one[1:]) for one in counts) or sums[3] != parked:
        raise Refused(f"does not add up to the {end - start} entries that it is about")
    given.sightings += [Sighting(name, one) for one in heads]
    given.leaves.append(Leaves(name, day, start, end, roots[2], head))


class Consistency(NamedTuple):
    """Hashes that show one log to be a prefix of another."""

    log: str
    old: int
    size: int
    hashes: list[bytes]


@dataclass(slots=True)
class Given:
    """What stands on the command line, opened."""

    directories: list[Directory] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    consistencies: list[Consistency] = field(default_factory=list)
    leaves: list[Leaves] = field(default_factory=list)


def take(path: Path, policy: Policy, header: str | None, report: Report, given: Given) -> None:
    """Open one thing that was given, and check what can be checked of it alone."""
    if path.is_dir():
        given.directories.append(Directory(path, policy, report))
        for note in given.directories[-1].notes:
            take(note, policy, None, report, given)
        return
    what = "note"
    try:
        text = decoded(content_of(path, TEXT_MAX))
        if text.startswith((PROOF_HEAD, "{")):
            what = "proof"
            for one in proofs_in(text):
                if "hashes" in one:
                    given.consistencies.append(_consistency(one))
                    continue
                head, shown = check_proof(one["proof"], one.get("header") if header is None else header, policy)
                report.proofs.append({"file": path.name, **shown})
                given.sightings.append(Sighting(path.name, head))
            return
        signed = opened(text, policy)
        if all(name.endswith("/certificates") for name in signed.signers):
            certificate = check_certificate(signed)
            pinned = pinned_in(path.name, certificate["content"])
            refuse_ended(signed, pinned, policy)
            report.certificates.append({"file": path.name, **certificate})
            given.sightings += pinned
            if certificate["kind"] == "no-miss/1":
                leaves_in(path.name, certificate["content"], given)
            return
        head = head_of(signed)
        if wants_quorum(head.origin) and not policy.reached(signed.witnesses):
            raise Refused("the policy wants more witnesses than have signed it")
        given.sightings.append(Sighting(path.name, head))
    except Refused as refused:
        report.add(what, str(path), str(refused))


def proofs_in(text: str) -> list[dict[str, Any]]:
    """What is in a file: one .tlog-proof, a proof, those of a receipt, those of an answer with a receipt."""
    if not text.startswith("{"):
        return [{"proof": text}]
    content: dict[str, Any] = from_json(text)
    receipt: dict[str, Any] = content.get("receipt") or content
    some: list[dict[str, Any]] = receipt.get("proofs", [receipt]) if type(receipt) is dict else []
    if type(some) is not list or not some or any(type(one) is not dict for one in some):
        raise Refused("has no proof")
    for one in some:
        one.setdefault("header", None)
        if "hashes" not in one and (type(one.get("proof")) is not str or type(one["header"]) not in {str, type(None)}):
            raise Refused("has no proof, or a header that is no text")
    return some


def _consistency(content: Mapping[str, Any]) -> Consistency:
    log, old, size = content.get("log"), content.get("old_size"), content.get("size")
    hashes: list[str] = content.get("hashes") or []
    if not isinstance(log, str) or type(old) is not int or type(size) is not int or type(hashes) is not list:
        raise Refused("is no proof of consistency: log, old_size, size, hashes")
    if len(hashes) > PROOF_MAX + 1 or any(type(one) is not str for one in hashes):
        raise Refused("has too many hashes, or ones that are no text")
    return Consistency(log, old, size, [unbase64(one, HASH) for one in hashes])


def compare(given: Given, report: Report) -> None:
    """All heads of one log must be of one history."""
    by_log = dict[str, list[Sighting]]()
    for one in chain(given.sightings, *(directory.sightings() for directory in given.directories)):
        by_log.setdefault(one.head.origin, []).append(one)
    for origin, seen in by_log.items():
        there = [one for one in given.directories if origin in one.heads]
        longest = max(there, key=lambda one: one.heads[origin].size, default=None)
        seen.sort(key=lambda one: one.head.size)
        if longest is None:
            for old, new in pairwise(seen):
                _compare_pair(old, new, given.consistencies, report)
            continue
        for one in seen:
            root = longest.roots.get(origin, {}).get(one.head.size)
            if one.head.size > longest.heads[origin].size:
                why = f"ends at {longest.heads[origin].size} entries in {longest.path}, {one.seen} has {one.head.size}"
                report.add("log", origin, f"{why}: it was set back, or is older")
            elif one.head.size and root is not None and root != one.head.root:
                why = f"has two histories: at {one.head.size} entries {one.seen} has another root than {longest.path}"
                report.add("log", origin, why)


def compare_leaves(given: Given, report: Report) -> None:
    """Leaves of certificates must be those of the logs that are there and whole; certificates of one day share them."""
    held = set[tuple[Any, ...]]()
    for one in given.leaves:
        key = (one.head.origin, *one[1:5])
        there = [log for log in given.directories if log.roots.get(one.head.origin)]
        there = [log for log in there if log.heads[one.head.origin].size >= one.head.size]
        try:
            if there and key not in held:
                there[0].check_leaves(one)
                held.add(key)
            report.ranges += bool(there)
        except Refused as refused:
            report.add("note", one.seen, str(refused))


def _compare_pair(old: Sighting, new: Sighting, proofs: Sequence[Consistency], report: Report) -> None:
    (first, one), (second, two) = old, new
    if not one.size:
        return  # the beginning of everything
    wanted = (one.origin, one.size, two.size)
    found = [proof for proof in proofs if proof[:3] == wanted]
    if not found and one.size != two.size:
        why = f"{first} and {second} cannot be compared without a directory or a proof of consistency"
        report.add("log", one.origin, why)
        return
    try:
        check_consistency(one, two, found[0].hashes if found else [])
    except Refused as refused:
        report.add("log", one.origin, f"{first} and {second}: {refused}")


def headers_in(path: Path, report: Report) -> dict[str, dict[int, bytes]]:
    """Hashes of headers by log and position, from lines of JSON with `log`, `position` and `header`."""
    found = dict[str, dict[int, bytes]]()
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for number, line in enumerate(file, 1):
            try:
                content = from_json(line)
                log, position, header = (content.get(name) for name in ("log", "position", "header"))
                if not isinstance(log, str) or type(position) is not int or not isinstance(header, str) or position < 0:
                    raise Refused("has no log, position and header")
                canonical(header)
                told = base64.b64encode(sha256(header.encode()).digest())
                if found.setdefault(log, {}).setdefault(position, told) != told:
                    raise Refused("has another header for the same entry")
                report.headers += 1
            except (Refused, AttributeError) as error:
                report.add("header", f"line {number}", str(error))
    return found


# --- The command line ------------------------------------------------------------------------------------------------


def verify(paths: Sequence[Path], policy: Policy, *, headers: Path | None = None, header: str | None = None) -> Report:
    """Check all that is given, each by itself and against each other."""
    report, given = Report(), Given()
    for path in sorted(paths, key=lambda one: not one.is_dir()):  # record logs may tell of keys
        take(path, policy, header, report, given)
    of_logs = headers_in(headers, report) if headers is not None else {}
    asked = [*given.sightings, *chain.from_iterable(one.sightings() for one in given.directories)]
    with Workers() as pool:
        for directory in given.directories:
            directory.verify(pool, of_logs, asked)
    for origin, positions in of_logs.items():
        size = max((one.heads[origin].size for one in given.directories if origin in one.heads), default=0)
        for position in sorted(one for one in positions if one >= size):
            report.add("header", f"{origin} {position}", "no log that was given has such an entry")
    compare(given, report)
    compare_leaves(given, report)
    report.findings = capped(report.findings)
    return report


def capped(findings: Sequence[Finding]) -> list[Finding]:
    """Each finding once, and of one kind in one log no more than people read."""
    counts, kept = dict[tuple[str, str], int](), list[Finding]()
    for one in dict.fromkeys(findings):
        key = one.what, one.where.partition(" ")[0]
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= NAMED_MAX:
            kept.append(one)
    return kept + [
        Finding(what, where, f"and {count - NAMED_MAX:,} more")
        for (what, where), count in counts.items()
        if count > NAMED_MAX
    ]


def text_of(report: Report) -> str:
    """The report for people."""
    lines = [str(finding) for finding in report.findings]
    for one in report.proofs:
        lines.append(f"entry {one['index']:,} of {one['log']} is in its {one['size']:,} entries")
        header: dict[str, Any] = one.get("header") or {}
        lines += [f"  {name}: {value}" for name, value in header.items()]
    for one in report.certificates:
        lines.append(f"certificate {one['kind']} by {one['signer']}: {spelled(one['content'])}")
    for origin, log in report.logs.items():
        signers = f", signed by {', '.join(sorted(log['witnesses'])) or 'no witness'}" if wants_quorum(origin) else ""
        lines.append(f"log {origin}: {log['size']:,} entries, root {log['root']}{signers}")
    for origin, one in report.stamped.items():
        lines.append(f"log {origin}: {one['size']:,} entries were there at {one['at']}, says {one['by']}")
    if report.anchors:
        whose = "" if report.stamped else "; --tsa FILE says whose are believed, and nobody was asked"
        lines.append(f"{report.anchors:,} timestamps are over checkpoints of these logs{whose}")
    if report.ranges:
        lines.append(f"{report.ranges:,} certificates have the leaves of these logs, all that there are of their days")
    lines.append(f"{report.entries:,} entries checked, {len(report.findings):,} findings")
    return "".join(f"{printable(line)}\n" for line in lines)


def json_of(report: Report) -> str:
    """The report for programs."""
    content = {
        "ok": not report.findings,
        "entries": report.entries,
        "logs": report.logs,
        "proofs": report.proofs,
        "certificates": report.certificates,
        "other_record_log_entries": report.others,
        "headers": report.headers,
        "anchors": report.anchors,
        "anchored": report.stamped,
        "certificates_compared": report.ranges,
        "files_ignored": report.ignored,
        "findings": [finding._asdict() for finding in report.findings],
    }
    return json.dumps(content, separators=(",", ":")) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="+", type=Path, metavar="DIR|PROOF|NOTE")
    parser.add_argument("--policy", required=True, type=Path, help="the trust policy (C2SP tlog-policy)")
    parser.add_argument("--headers", type=Path, help="lines of JSON with log, position and header, to be checked")
    parser.add_argument("--header", type=Path, help="the header of the event that a proof is about")
    parser.add_argument("--tsa", type=Path, metavar="FILE", help="certificates (PEM) whose timestamps are believed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    told = parser.parse_args(arguments)
    try:
        policy = Policy.parse(content_of(told.policy, NOTE_MAX))
        policy.authorities = None if told.tsa is None else Authorities.load(content_of(told.tsa, TEXT_MAX))
        header = None if told.header is None else decoded(content_of(told.header, TEXT_MAX)).removesuffix("\n")
        for path in (*told.targets, *([told.headers] if told.headers else [])):
            if not path.exists():
                raise Refused(f"{path} is missing")
    except Refused as refused:
        sys.stderr.write(printable(f"offline: {refused}") + "\n")
        return 2
    report = verify(told.targets, policy, headers=told.headers, header=header)
    text, encoding = json_of(report) if told.json else text_of(report), sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
