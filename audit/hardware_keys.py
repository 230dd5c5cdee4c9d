"""The keys that sign checkpoints in a PKCS#11 token (a hardware security module): Ed25519, and they never leave it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, PublicKey, Session
from pkcs11.exceptions import MultipleObjectsReturned, NoSuchKey
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_named_curve_parameters

from audit.errors import SealingStopped
from audit.notes import ED25519, Verifier

T = TypeVar("T")

PREFIX: Final = "daybook-signing/"
_ED25519: Final = "1.3.101.112"
_PUBLIC_BYTES: Final = 32
_OCTET_STRING: Final = b"\x04\x20"
_PRIVATE: Final = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}


class HardwareToken(Protocol):
    """A token that this process is logged in to."""

    def run(self, work: Callable[[Session], T]) -> T:
        """Do something in a session; one at a time."""
        ...


@dataclass(frozen=True, slots=True)
class Pkcs11Signer:
    """Signs inside the token, and checks what came out before it is used."""

    token: HardwareToken
    verifier: Verifier
    label: str

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature.

        Raises:
            SealingStopped: the token signs with another key than the one that it shows.
            PKCS11Error: it cannot sign now.
        """
        signature = self.token.run(lambda session: _sign(session, self.label, message))
        try:
            Ed25519PublicKey.from_public_bytes(self.verifier.public).verify(signature, message)
        except InvalidSignature:
            raise SealingStopped(f"the token's signature for log {self.verifier.name} does not hold") from None
        return signature


class Pkcs11Keys:
    """Keys in a token, under the label `daybook-signing/<origin>`; later ones of a log with `#2`, `#3`, ...."""

    def __init__(self, token: HardwareToken) -> None:
        self._token = token

    def signer(self, origin: str, vkey: str | None = None) -> Pkcs11Signer:
        """The signer of a log, the first or the one with this verifier key.

        Raises:
            SealingStopped: its key is not in the token, or two are.
        """
        found = self._labelled(origin, origin)
        number = 1
        while vkey is not None and found.verifier.vkey != vkey:
            number += 1
            found = self._labelled(origin, f"{origin}#{number}")
        return found

    def renew(self, origin: str) -> Pkcs11Signer:
        """A signer of a log with a further key, under the next label that is free."""
        number = 2
        while True:
            try:
                self._labelled(origin, f"{origin}#{number}")
            except SealingStopped:
                break
            number += 1
        self._token.run(lambda session: _make_missing(session, f"{origin}#{number}"))
        return self._labelled(origin, f"{origin}#{number}")

    def _labelled(self, origin: str, label: str) -> Pkcs11Signer:
        try:
            point = self._token.run(lambda session: _point(session, label))
        except NoSuchKey:
            raise SealingStopped(f"the key of log {origin} is not in the token: {PREFIX}{label}") from None
        except MultipleObjectsReturned:
            raise SealingStopped(f"the token has two keys called {PREFIX}{label}") from None
        public = point.removeprefix(_OCTET_STRING) if len(point) > _PUBLIC_BYTES else point
        if len(public) != _PUBLIC_BYTES:
            raise SealingStopped(f"the key of log {origin} in the token is no Ed25519 key")
        return Pkcs11Signer(self._token, Verifier(origin, ED25519, public), label)

    def create(self, origin: str) -> Pkcs11Signer:
        """The signer of a log, with a new key if it has none."""
        self._token.run(lambda session: _make_missing(session, origin))
        return self.signer(origin)


def _point(session: Session, origin: str) -> bytes:
    key = cast("PublicKey", session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=PREFIX + origin))
    return cast("bytes", key[Attribute.EC_POINT])


def _sign(session: Session, origin: str, message: bytes) -> bytes:
    key = cast("SignMixin", session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=PREFIX + origin))
    return key.sign(message, mechanism=Mechanism.EDDSA)


def _make_missing(session: Session, origin: str) -> None:
    try:
        session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=PREFIX + origin)
    except NoSuchKey:
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(_ED25519)}
        parameters = session.create_domain_parameters(KeyType.EC_EDWARDS, curve, local=True)
        parameters.generate_keypair(
            label=PREFIX + origin,
            store=True,
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
            private_template=_PRIVATE,
        )
    except MultipleObjectsReturned:
        return  # `signer` says so
