"""Who asks: OAuth 2 bearer tokens (RFC 6750) that are signed JWTs (RFC 7519), checked by RFC 8725.

Nothing in a token says how to verify it but a key id and an algorithm, and both must fit a key that
the issuer published: the key's own type decides which algorithms it may be used with.
"""

import base64
import binascii
import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NoReturn, TypeAlias

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from engine.access_keys import IssuerKeys, PublicKey

TOKEN_CHARACTERS_MAX: Final = 8192
LEEWAY_S: Final = 30
REMEMBERED_MAX: Final = 4096

Claims: TypeAlias = Mapping[str, Any]

_PART: Final = re.compile(r"[A-Za-z0-9_-]+")
_ACTOR: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}")
# A header that brings its own key or certificate, changes what is signed, or asks for what we do not know.
_REFUSED_HEADERS: Final = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"})
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
_ALGORITHMS: Final[Mapping[str, frozenset[str]]] = {
    "EC": frozenset({"ES256"}),
    "OKP": frozenset({"EdDSA", "Ed25519"}),
    "RSA": frozenset({"RS256", "PS256"}),
}
ALLOWED: Final = frozenset[str]().union(*_ALGORITHMS.values())


class TokenRefused(Exception):
    """A token that proves nothing; `reason` says why and repeats nothing of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token stands for. `actor` is a pseudonym and goes into the record; `name` never does."""

    actor: str
    roles: frozenset[str]
    name: str | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say of itself."""

    issuer: str
    audience: str


class Tokens:
    """Checks tokens of one issuer. A token that was found good is remembered until it ends or the keys change."""

    def __init__(self, keys: IssuerKeys, expected: Expected, clock: Callable[[], float] = time.time) -> None:
        self.keys = keys
        self._expected = expected
        self._clock = clock
        self._known: OrderedDict[bytes, Identity] = OrderedDict()
        self._generation = keys.generation

    async def identity(self, token: str) -> Identity:
        """Who the token stands for.

        Raises:
            TokenRefused: it is not what this issuer would have signed for this audience and time.
        """
        await self.keys.fresh()
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise TokenRefused("it is too long")
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        found = self._remembered(digest)
        if found is None:
            claims = await self._claims(token)
            found = _identity(claims, self._expected, self._clock())
            self._remember(digest, found)
        if self._clock() >= found.expires_at + LEEWAY_S:
            raise TokenRefused("it has expired")
        return found

    async def _claims(self, token: str) -> Claims:
        header, claims = _parts(token)
        key = await self.keys.find(_key_id(header))
        if key is None:
            raise TokenRefused("its key is not the issuer's")
        algorithm = header["alg"]
        if algorithm not in _ALGORITHMS[key.key_type] or key.get("alg", algorithm) != algorithm:
            raise TokenRefused("its algorithm is not its key's")
        _verify(token, key, algorithm)
        return claims

    def _remembered(self, digest: bytes) -> Identity | None:
        if self._generation != self.keys.generation:
            self._known.clear()
            self._generation = self.keys.generation
        return self._known.get(digest)

    def _remember(self, digest: bytes, found: Identity) -> None:
        self._known[digest] = found
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)


def _parts(token: str) -> tuple[Claims, Claims]:
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  # header, claims, signature; an encrypted token has five
        raise TokenRefused("it is no signed token")
    header, claims, _ = (_octets(part) for part in parts)
    return _object(header), _object(claims)


def _octets(part: str) -> bytes:
    """The octets of base64url that is written in its one canonical way."""
    if not _PART.fullmatch(part):
        raise TokenRefused("it is not base64url")
    try:
        octets = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise TokenRefused("it is not base64url") from None
    if base64.urlsafe_b64encode(octets).rstrip(b"=").decode() != part:
        raise TokenRefused("it is not canonical base64url")
    return octets


def _object(octets: bytes) -> Claims:
    try:
        value = json.loads(octets, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise TokenRefused("it is not JSON") from None
    if not isinstance(value, dict):
        raise TokenRefused("it is no JSON object")
    return value  # pyright: ignore[reportUnknownVariableType]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of a name that comes twice could read two things."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise TokenRefused("it has a name twice")
    return dict(pairs)


def _no_number(_: str) -> NoReturn:
    raise ValueError


def _key_id(header: Claims) -> str:
    """The key id of a header that asks for nothing else."""
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise TokenRefused("its header brings what is not taken from a token")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALLOWED:
        raise TokenRefused("its algorithm is not taken here")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise TokenRefused("it is of another type")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise TokenRefused("it names no key")
    return key_id


def _verify(token: str, key: PublicKey, algorithm: str) -> None:
    # The library tells that RFC 9864 has renamed EdDSA; the two are one with an Ed25519 key.
    try:
        algorithm_used = JWSRegistry.algorithms["Ed25519" if algorithm == "EdDSA" else algorithm]
        head, signature = token.rsplit(".", 1)
        good = algorithm_used.verify(head.encode(), _octets(signature), key)
    except (JoseError, ValueError, TypeError):
        good = False
    if not good:
        raise TokenRefused("its signature is not its key's")


def _identity(claims: Claims, expected: Expected, now: float) -> Identity:
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("it is of another issuer")
    audience = claims.get("aud")
    if expected.audience not in (audience if isinstance(audience, list) else [audience]):
        raise TokenRefused("it is for another audience")
    expires_at = _time(claims, "exp")
    if _time(claims, "iat") > now + LEEWAY_S:
        raise TokenRefused("it was issued in the future")
    if "nbf" in claims and _time(claims, "nbf") > now + LEEWAY_S:
        raise TokenRefused("it is not valid yet")
    if now >= expires_at + LEEWAY_S:
        raise TokenRefused("it has expired")
    actor = claims.get("sub")
    if not isinstance(actor, str) or not _ACTOR.fullmatch(actor):
        raise TokenRefused("its subject is no pseudonym")
    name = claims.get("name")
    return Identity(actor, _roles(claims.get("roles")), name if isinstance(name, str) else None, expires_at)


def _time(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused("one of its times is no time")
    return float(value)


def _roles(told: object) -> frozenset[str]:
    if not isinstance(told, Collection) or isinstance(told, str | bytes):
        raise TokenRefused("it has no list of roles")
    return frozenset(one for one in told if isinstance(one, str))  # pyright: ignore[reportUnknownVariableType]
