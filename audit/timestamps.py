"""Timestamps of others over a checkpoint's text (RFC 3161): asked of an authority, and checked.

A timestamp shows that the text existed at a time which nobody at the bank chose. It is over the text of the checkpoint,
not over the note: signatures of witnesses change the note, and anybody who has the entries can make the text again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

TOKEN_BYTES_MAX: Final = 64 << 10
TIMEOUT_S: Final = 10.0
CLOCK_MAX: Final = timedelta(hours=1)
"""How far an authority's clock may be from ours for a new timestamp to be taken."""
_OK: Final = 200


class TimestampRefused(ValueError):
    """A timestamp does not show what it should, or could not be had; the message says why."""


@dataclass(frozen=True, slots=True)
class TrustedCertificates:
    """Whose timestamps are believed: roots, what stands between, and, if any are named, only these authorities."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    authorities: tuple[x509.Certificate, ...] = ()

    @classmethod
    def load(cls, file: Path) -> "TrustedCertificates":
        """Read a PEM file: self-signed certificates are roots, other CAs stand between, the rest are authorities.

        Raises:
            TimestampRefused: it has no root.
        """
        try:
            found = x509.load_pem_x509_certificates(file.read_bytes())
        except ValueError as error:
            raise TimestampRefused(f"{file} is no PEM file of certificates: {error}") from None
        roots = tuple(one for one in found if one.issuer == one.subject)
        between = tuple(one for one in found if one not in roots and _is_ca(one))
        if not roots:
            raise TimestampRefused(f"{file} has no root certificate (one that is signed by itself)")
        return cls(roots, between, tuple(one for one in found if one not in roots and one not in between))


def verify_anchor(text: bytes, token: bytes, trusted: TrustedCertificates, *, nonce: int | None = None) -> datetime:
    """Check a timestamp over a text; the time that it tells.

    `token`: the whole response of the authority, in DER.

    Raises:
        TimestampRefused: it is none, is over another text, or is of nobody who is trusted.
    """
    response = _decoded(token)
    reasons: list[str] = []
    for authority in trusted.authorities or (None,):
        verifier = VerifierBuilder(
            tsa_certificate=authority,
            intermediates=list(trusted.intermediates),
            roots=list(trusted.roots),
            nonce=nonce,
        ).build()
        try:
            verifier.verify_message(response, text)
        except (VerificationError, ValueError) as error:
            reasons.append(str(error))
        else:
            return response.tst_info.gen_time.replace(tzinfo=UTC)
    raise TimestampRefused(f"the timestamp does not hold: {'; '.join(dict.fromkeys(reasons))}")


def _decoded(token: bytes) -> TimeStampResponse:
    if len(token) > TOKEN_BYTES_MAX:
        raise TimestampRefused(f"a timestamp has at most {TOKEN_BYTES_MAX:,} bytes")
    try:
        response = decode_timestamp_response(token)
        if response.status not in {0, 1}:
            said = ", ".join(response.status_string) or "no reason"
            raise TimestampRefused(f"the authority refused with status {response.status}: {said}")
    except ValueError as error:
        if isinstance(error, TimestampRefused):
            raise
        raise TimestampRefused(f"no timestamp: {error}") from None
    return response


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


class TimestampAuthority:
    """An authority at a URL. Answers are taken only if they hold, so it may be reached over plain HTTP."""

    def __init__(
        self,
        url: str,
        trusted: TrustedCertificates,
        *,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Nothing is asked yet.

        Raises:
            TimestampRefused: the URL is of another scheme than http and https.
        """
        if urlsplit(url).scheme not in {"http", "https"}:
            raise TimestampRefused(f"{url!r} is no address of a timestamp authority: http or https")
        self._url = url
        self._trusted = trusted
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=timeout_s, headers={"Accept-Encoding": "identity"})

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()

    async def stamp(self, text: bytes) -> tuple[bytes, datetime]:
        """The authority's response over a text, and the time that it tells.

        Raises:
            TimestampRefused: it answers with something else, or with a time that is not about now.
            httpx.HTTPError: it cannot be reached.
        """
        request = TimestampRequestBuilder(data=text, hash_algorithm=HashAlgorithm.SHA256).build()
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        content = bytearray()
        async with self._client.stream("POST", self._url, content=request.as_bytes(), headers=headers) as answer:
            if answer.status_code != _OK:
                raise TimestampRefused(f"the authority answered {answer.status_code}")
            async for chunk in answer.aiter_raw():
                content += chunk
                if len(content) > TOKEN_BYTES_MAX:
                    raise TimestampRefused(f"a timestamp has at most {TOKEN_BYTES_MAX:,} bytes")
        at = verify_anchor(text, bytes(content), self._trusted, nonce=request.nonce)
        if abs(at - self._clock()) > CLOCK_MAX:
            raise TimestampRefused(f"the authority says it is {at.isoformat()}")
        return bytes(content), at
