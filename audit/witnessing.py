"""Asks the witnesses of a trust policy to cosign the record log's checkpoints (C2SP tlog-witness, the log's side).

No witness can harm the log: each is asked apart, for a limited time, its answer is read up to a limited length, and is
believed for nothing but a signature of its own key over exactly this checkpoint. A witness that fails is left alone for
a while. Policy decides what a missing quorum means: the checkpoint waits, or it is published and the lack is shown.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import httpx

from audit.checkpoint import Checkpoint
from audit.notes import Note, NoteRefused, Signature, parse
from audit.policy import Policy, WitnessLine
from audit.witness import Submission

Prove = Callable[[int, int], Awaitable[list[bytes]]]
"""The hashes that show that the log of the first size is a prefix of the log of the second."""

TIMEOUT_S: Final = 3.0
BACKOFF_S_MAX: Final = 30.0
ANSWER_BYTES_MAX: Final = 16 << 10
TROUBLE_MAX: Final = 300
"""Characters of what is told of a failure: part of them may be a witness's."""
CLOCK_S_MAX: Final = 3600
"""How far a witness's clock may be ahead of ours before its cosignatures are refused."""
_ROUNDS: Final = 2
"""A witness says once at which size it is; when it is asked from there, it agrees or it is in trouble."""
_SIZE_DIGITS_MAX: Final = 19
_CONFLICT, _OK = 409, 200

_log = logging.getLogger(__name__)


class WitnessFailed(RuntimeError):
    """A witness did not cosign; the message says why."""


@dataclass(slots=True)
class Asked:
    """A witness, and what came of asking it. `size`: what it cosigned last, as far as is known."""

    line: WitnessLine
    size: int = 0
    text: str = ""
    """The checkpoint of `signature`."""
    signature: Signature | None = None
    cosigned_at: int | None = None
    trouble: str | None = None
    failures: int = 0
    again_at: float = float("-inf")


class Cosigned(NamedTuple):
    """The note with cosignatures; whether they are a quorum; and, by name, why others are missing."""

    note: Note
    reached: bool
    missing: Mapping[str, str]


class Witnesses:
    """The witnesses of a policy that can be asked. Closed by `close`."""

    def __init__(
        self,
        policy: Policy,
        *,
        timeout_s: float = TIMEOUT_S,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policy = policy
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=timeout_s, headers={"Accept-Encoding": "identity"})
        self.asked = [Asked(line) for line in policy.witnesses if line.url is not None]

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()

    async def cosign(self, head: Checkpoint, note: Note, prove: Prove) -> Cosigned:
        """Ask all witnesses at once; takes at most the timeout, and raises nothing that a witness could cause."""
        await asyncio.gather(*(self._ask_one(one, head, note, prove) for one in self.asked))
        held = [one for one in self.asked if one.text == note.text and one.signature is not None]
        lines = tuple(one.signature for one in held if one.signature is not None)
        missing = {one.line.name: one.trouble or "was not asked yet" for one in self.asked if one not in held}
        missing |= {line.name: "has no address in the policy" for line in self._policy.witnesses if line.url is None}
        reached = self._policy.reached({one.line.name for one in held})
        return Cosigned(Note(note.text, (*note.signatures, *lines)), reached, missing)

    def due(self, text: str) -> bool:
        """Whether a witness lacks this checkpoint and may be asked now."""
        now = self._monotonic()
        return any(one.text != text and one.again_at <= now for one in self.asked)

    async def _ask_one(self, one: Asked, head: Checkpoint, note: Note, prove: Prove) -> None:
        if one.text == note.text or one.again_at > self._monotonic():
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                signature, cosigned_at = await self._cosignature(one, head, note, prove)
        except Exception as error:  # noqa: BLE001  # whatever a witness does, the log goes on
            self._failed(one, _said(error, self._timeout_s)[:TROUBLE_MAX])
            return
        one.text, one.signature, one.cosigned_at = note.text, signature, cosigned_at
        one.size, one.failures, one.trouble, one.again_at = head.size, 0, None, float("-inf")

    def _failed(self, one: Asked, why: str) -> None:
        if one.trouble != why:
            _log.warning("witness %s: %s", one.line.name, why)
        one.trouble = why
        one.failures += 1
        one.again_at = self._monotonic() + min(BACKOFF_S_MAX, 0.5 * 2 ** min(one.failures, 10))

    async def _cosignature(self, one: Asked, head: Checkpoint, note: Note, prove: Prove) -> tuple[Signature, int]:
        for _ in range(_ROUNDS):
            size = min(one.size, head.size)
            proof = await prove(size, head.size) if 0 < size < head.size else []
            status, media_type, content = await self._post(one, Submission(size, tuple(proof), note, head))
            if status == _OK:
                return self._believed(one.line, note.text, content)
            if status != _CONFLICT:
                raise WitnessFailed(f"answered {status}: {_shown(content)}")
            self._resync(one, head, media_type, content)
        raise WitnessFailed("says another size each time that it is asked")

    async def _post(self, one: Asked, submission: Submission) -> tuple[int, str, bytes]:
        async with self._client.stream("POST", f"{one.line.url}/add-checkpoint", content=submission.format()) as answer:
            content = bytearray()
            async for chunk in answer.aiter_raw():
                content += chunk
                if len(content) > ANSWER_BYTES_MAX:
                    raise WitnessFailed(f"answered with more than {ANSWER_BYTES_MAX:,} bytes")
            return answer.status_code, answer.headers.get("content-type", ""), bytes(content)

    def _resync(self, one: Asked, head: Checkpoint, media_type: str, content: bytes) -> None:
        digits = content.removesuffix(b"\n")
        if media_type.partition(";")[0].strip() != "text/x.tlog.size" or not _is_size(digits):
            raise WitnessFailed(f"answered 409 without a size: {_shown(content)}")
        size = int(digits)
        if size > head.size:
            raise WitnessFailed(
                f"has cosigned {size} entries of {head.origin}, here are {head.size}: this log was set back, or "
                "somebody signs another history with its key"
            )
        if size < one.size:
            _log.warning(
                "witness %s cosigned %s entries and now says %s: was it set back?", one.line.name, one.size, size
            )
        one.size = size

    def _believed(self, line: WitnessLine, text: str, content: bytes) -> tuple[Signature, int]:
        """The cosignature in an answer: by the witness's key, over our text, of about now."""
        try:
            lines = parse(f"{text}\n{content.decode()}").signatures
        except (NoteRefused, UnicodeDecodeError) as error:
            raise WitnessFailed(f"answered with no signature lines: {error}") from None
        for one in lines:
            if (one.name, one.key_id) == (line.key.name, line.key.key_id):
                try:
                    at = line.key.verify(text, one.signature) or 0
                except NoteRefused as refused:
                    raise WitnessFailed(str(refused)) from None
                if not 0 < at <= self._clock() + CLOCK_S_MAX:
                    raise WitnessFailed(f"says it cosigned at {at} seconds since 1970, which is not now")
                return one, at
        raise WitnessFailed("answered without a signature of its key")


def _is_size(digits: bytes) -> bool:
    return digits.isdigit() and len(digits) <= _SIZE_DIGITS_MAX and (digits == b"0" or not digits.startswith(b"0"))


def _shown(content: bytes) -> str:
    return repr(content[:200].decode("utf-8", "replace").strip())


def _said(error: Exception, timeout_s: float) -> str:
    match error:
        case WitnessFailed():
            return str(error)
        case TimeoutError() | httpx.TimeoutException():
            return f"did not answer within {timeout_s:g} s"
        case httpx.HTTPError():
            return f"cannot be reached: {error!r}"
        case _:
            return f"could not be asked: {error!r}"
