"""What else stands in the record log, beside the heads of all logs: keys that were changed, shards that were begun.

Each is canonical JSON with `type`, `v` (1) and `at`. Texts are of people who operate the logs, and name no customer.
"""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeAlias, cast

from audit.checkpoint import Checkpoint
from audit.errors import DecisionRefused
from audit.merkle import HASH_BYTES
from audit.moment import moment
from audit.notes import unbase64
from store.canonical import canonical_json

TEXT_MAX: Final = 500
LEAVES_MAX: Final = 1024
"""Leaf hashes in one entry; an entry has at most 65,535 bytes."""


class Decided(NamedTuple):
    """Who decided something about the logs, who agreed, and why."""

    by: str
    approved_by: str
    why: str


def decided(by: str, approved_by: str, why: str) -> Decided:
    """A decision of two people.

    Raises:
        DecisionRefused: it is one person, or a text is not fit to stand in the record log.
    """
    by, approved_by, why = by.strip(), approved_by.strip(), why.strip()
    for name, text in (("who decides", by), ("who approves", approved_by), ("the reason", why)):
        if not text or len(text) > TEXT_MAX or not text.isprintable():
            raise DecisionRefused(f"{name} is a text of 1 to {TEXT_MAX} characters on one line")
    if by.casefold() == approved_by.casefold():
        raise DecisionRefused(f"a second person must approve: {by} decided it")
    return Decided(by, approved_by, why)


class KeyChanged(NamedTuple):
    """A log signs with another key from now on; `head` is the last that the old key alone may have signed."""

    head: Checkpoint
    old_key: str
    new_key: str
    decided: Decided

    def entry(self) -> bytes:
        """Canonical JSON."""
        keys = {"new_key": self.new_key, "old_key": self.old_key, "reason": self.decided.why}
        return _entry("key-changed", self.decided, {**_head(self.head), **keys})


class CertificateKeyChanged(NamedTuple):
    """Certificates are signed with another key from now on; the old one may have signed what pins heads up to this."""

    record_log: Checkpoint
    old_key: str
    new_key: str
    decided: Decided

    def entry(self) -> bytes:
        """Canonical JSON."""
        keys = {"new_key": self.new_key, "old_key": self.old_key, "reason": self.decided.why}
        return _entry("certificate-key-changed", self.decided, {"record_log": _head(self.record_log), **keys})


class ShardBegun(NamedTuple):
    """A log goes on as another, whose leaves start again at position 0 of the restored record.

    `old`: the last signed head of the shard before, as the fork guard knew it. `kept`: how much of it the restored
    database still had. `restored`: what the new shard begins with.
    """

    origin: str
    key: str
    old: Checkpoint
    kept: Checkpoint
    restored: Checkpoint
    decided: Decided

    def entry(self) -> bytes:
        """Canonical JSON."""
        heads = {name: _size(getattr(self, name)) for name in ("kept", "restored")}
        told = {"origin": self.origin, "key": self.key, "old": _head(self.old), "incident": self.decided.why}
        return _entry("shard-begun", self.decided, {**told, **heads})


class LeavesLost(NamedTuple):
    """Leaf hashes of a shard that was given up, from position `start` on, which only its old tiles still show."""

    origin: str
    start: int
    leaves: tuple[bytes, ...]

    def entry(self) -> bytes:
        """Canonical JSON."""
        leaves = [base64.b64encode(one).decode() for one in self.leaves]
        return _entry("leaves-lost", None, {"origin": self.origin, "start": self.start, "leaves": leaves})


class GuardRebuilt(NamedTuple):
    """The fork guard was lost, and made anew: what was held against the database, and what the guard has now."""

    evidence: tuple[Checkpoint, ...]
    heads: tuple[Checkpoint, ...]
    decided: Decided

    def entry(self) -> bytes:
        """Canonical JSON."""
        heads = {"evidence": [_head(one) for one in self.evidence], "logs": [_head(one) for one in sorted(self.heads)]}
        return _entry("guard-rebuilt", self.decided, {**heads, "incident": self.decided.why})


Entry: TypeAlias = KeyChanged | CertificateKeyChanged | ShardBegun | LeavesLost | GuardRebuilt


def parse_entry(entry: bytes) -> Entry | None:
    """What an entry says; None where it is of type `checkpoints`, or of one that this program does not know.

    Raises:
        ValueError, LookupError, TypeError: it is malformed.
    """
    content = cast("dict[str, Any]", json.loads(entry))
    match content["type"], content["v"]:
        case "key-changed", 1:
            return KeyChanged(
                _checkpoint(content), _text(content, "old_key"), _text(content, "new_key"), _decided(content, "reason")
            )
        case "certificate-key-changed", 1:
            return CertificateKeyChanged(
                _checkpoint(content["record_log"]), _text(content, "old_key"), _text(content, "new_key"),
                _decided(content, "reason"),
            )  # fmt: skip
        case "shard-begun", 1:
            origin, old = _text(content, "origin"), _checkpoint(content["old"])
            kept = _checkpoint({**content["kept"], "origin": old.origin})
            restored = _checkpoint({**content["restored"], "origin": origin})
            return ShardBegun(origin, _text(content, "key"), old, kept, restored, _decided(content, "incident"))
        case "leaves-lost", 1:
            return LeavesLost(_text(content, "origin"), int(content["start"]), tuple(map(_hash, content["leaves"])))
        case "guard-rebuilt", 1:
            evidence, heads = (tuple(map(_checkpoint, content[name])) for name in ("evidence", "logs"))
            return GuardRebuilt(evidence, heads, _decided(content, "incident"))
        case _:
            return None


def chunks(origin: str, start: int, leaves: Sequence[bytes]) -> list[LeavesLost]:
    """Lost leaves as entries that are not too long."""
    return [
        LeavesLost(origin, start + at, tuple(leaves[at : at + LEAVES_MAX])) for at in range(0, len(leaves), LEAVES_MAX)
    ]


def _entry(kind: str, decided: Decided | None, content: dict[str, Any]) -> bytes:
    who = {} if decided is None else {"by": decided.by, "approved_by": decided.approved_by}
    return canonical_json({**content, **who, "at": moment(datetime.now(UTC)), "type": kind, "v": 1})


def _size(head: Checkpoint) -> dict[str, Any]:
    return {"root": base64.b64encode(head.root).decode(), "size": head.size}


def _head(head: Checkpoint) -> dict[str, Any]:
    return {"origin": head.origin, **_size(head)}


def _checkpoint(content: dict[str, Any]) -> Checkpoint:
    size = content["size"]
    if type(size) is not int or size < 0:
        raise ValueError(f"{size!r} is no size of a log")
    return Checkpoint(_text(content, "origin"), size, _hash(content["root"]))


def _decided(content: dict[str, Any], why: str) -> Decided:
    return Decided(_text(content, "by"), _text(content, "approved_by"), _text(content, why))


def _text(content: dict[str, Any], name: str) -> str:
    value = content[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _hash(text: str) -> bytes:
    value = unbase64(text)
    if len(value) != HASH_BYTES:
        raise ValueError(f"{text!r} is no hash")
    return value
