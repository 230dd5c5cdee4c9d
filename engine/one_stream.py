"""Streams of which there is one for a value: their id is made from it, so that a second one can never begin."""

from collections.abc import Callable, Iterable
from uuid import UUID

from store.identity import derive_id


def one_stream(hmac: Callable[..., bytes], kind: str, values: Iterable[object]) -> UUID:
    """The one stream of this kind for these values, as only this installation can work it out.

    `hmac`: as `Vault.keyed_hmac`. Whoever begins it finds whether somebody else has: both come to the same partition.
    """
    return derive_id(hmac(f"{kind}-entry", *(str(value).encode() for value in values)))
