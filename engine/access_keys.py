"""The issuer's public keys: a JWK set (RFC 7517) from a file or over HTTP, kept, and read anew seldom."""

import asyncio
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, cast
from urllib.parse import urlsplit

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

PublicKey: TypeAlias = ECKey | OKPKey | RSAKey

REFRESH_S_MIN: Final = 30.0
"""An unknown key id leads to at most one reading in so many seconds, whoever sends them."""
AGE_S_MAX: Final = 3600.0
KEYS_BYTES_MAX: Final = 1 << 20
FETCH_S_MAX: Final = 5.0
RSA_BITS_MIN: Final = 2048
_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class KeysUnreadable(ValueError):
    """The issuer's keys cannot be read; the message says where and why."""


class IssuerKeys:
    """The keys of one issuer by key id. `read` gives the bytes of a JWK set; it may block."""

    def __init__(self, read: Callable[[], bytes], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._keys: Mapping[str, PublicKey] = {}
        self._tried_at = float("-inf")
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self.generation = 0
        """Counts readings that changed the keys: what was verified with older ones must be verified anew."""

    async def load(self) -> None:
        """Read the keys for the first time.

        Raises:
            KeysUnreadable: there is nothing to verify a token with.
        """
        self._tried_at = self._clock()
        await self._load()

    async def fresh(self) -> None:
        """Read the keys anew when they are old; what cannot be read now is tried again later."""
        if self._clock() - self._read_at > AGE_S_MAX:
            await self._again()

    async def find(self, key_id: str) -> PublicKey | None:
        """The key of this id; one that is not known is looked for once more, but not more often than allowed."""
        if key_id not in self._keys:
            await self._again()
        return self._keys.get(key_id)

    async def _again(self) -> None:
        async with self._reading:
            now = self._clock()
            if now - self._tried_at < REFRESH_S_MIN:
                return
            self._tried_at = now
            try:
                await self._load()
            except KeysUnreadable:
                return  # the keys that are known go on

    async def _load(self) -> None:
        keys = keys_of(await asyncio.to_thread(self._read))
        if {name: key.as_dict(private=False) for name, key in keys.items()} != {
            name: key.as_dict(private=False) for name, key in self._keys.items()
        }:
            self._keys = keys
            self.generation += 1
        self._read_at = self._clock()


def keys_of(content: bytes) -> dict[str, PublicKey]:
    """The public keys of a JWK set that can verify signatures, by key id; others are passed over.

    Raises:
        KeysUnreadable: it is no JWK set, holds no such key, or one key id twice.
    """
    try:
        listed = cast("list[dict[str, Any]]", orjson.loads(content)["keys"])
        found = [(one["kid"], key) for one in listed if (key := _key(one)) is not None]
    except (ValueError, TypeError, KeyError, JoseError) as error:
        raise KeysUnreadable(f"the issuer's keys are no JWK set: {type(error).__name__}") from error
    keys = dict(found)
    if not keys or len(keys) != len(found):
        raise KeysUnreadable("the issuer's JWK set has no key to verify with, or one key id twice")
    return keys


def _key(told: dict[str, Any]) -> PublicKey | None:
    """A key without its private part; symmetric keys are none: whoever can verify could sign."""
    if not isinstance(told.get("kid"), str) or told.get("use", "sig") != "sig" or "verify" not in _operations(told):
        return None
    public = {name: value for name, value in told.items() if name not in {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}}
    match told.get("kty"), told.get("crv"):
        case "EC", "P-256":
            return ECKey.import_key(public)
        case "OKP", "Ed25519":
            return OKPKey.import_key(public)
        case "RSA", _:
            key = RSAKey.import_key(public)
            return key if key.raw_value.key_size >= RSA_BITS_MIN else None
        case _:
            return None


def _operations(told: dict[str, Any]) -> tuple[str, ...]:
    return tuple(told.get("key_ops", ("verify",)))


def reader(source: str) -> Callable[[], bytes]:
    """What reads a JWK set from a file or a URL; plain HTTP is taken from this host only.

    Raises:
        KeysUnreadable: the URL is of another scheme.
    """
    parts = urlsplit(source)
    if parts.scheme not in {"http", "https"}:
        return lambda: _from_file(Path(source.removeprefix("file://")))
    if parts.scheme == "http" and parts.hostname not in _HOSTS:
        raise KeysUnreadable(f"DAYBOOK_JWKS={source}: use https, or a file; whoever is in between could put in a key")
    return lambda: _from_url(source)


def _from_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeysUnreadable(f"DAYBOOK_JWKS={path}: {error.strerror}") from error


def _from_url(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=FETCH_S_MAX) as answer:  # noqa: S310  # `reader` checks the scheme
            content: bytes = answer.read(KEYS_BYTES_MAX + 1)
    except OSError as error:
        raise KeysUnreadable(f"DAYBOOK_JWKS={url}: {error}") from error
    if len(content) > KEYS_BYTES_MAX:
        raise KeysUnreadable(f"DAYBOOK_JWKS={url}: more than {KEYS_BYTES_MAX} bytes")
    return content
