"""The development issuer: signs a token of any role for whoever is on this host, so that a demo can log in.

Its key is a file in the data folder; whoever can read that can already read everything else there.
"""

import ipaddress
import os
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

from engine.access_keys import IssuerKeys, reader
from engine.access_tokens import Expected, Tokens
from engine.settings import Settings

DEVELOPMENT: Final = "urn:daybook:development"
LIFETIME_S: Final = 8 * 3600
_ALGORITHM: Final = "ES256"


class IssuerRefused(ValueError):
    """The settings do not say whose tokens to believe; the message says what to do."""


class User(NamedTuple):
    """Somebody the development issuer knows: who acts, with which role, and for what."""

    actor: str
    role: str
    name: str
    purpose: str
    """What the user mostly looks for; a request says its own purpose all the same."""


USERS: Final[dict[str, User]] = {
    one.role: one
    for one in (
        User("staff:front-office", "front-office", "Fatima Front", "service"),
        User("staff:complaint-handler", "complaint-handler", "Chen Handler", "complaint-handling"),
        User("staff:campaign-manager", "campaign-manager", "Carla Campaign", "marketing"),
        User("staff:compliance-auditor", "compliance-auditor", "Aino Auditor", "audit"),
        User("staff:investigator", "investigator", "Ines Investigator", "investigation"),
        User("staff:privacy-officer", "privacy-officer", "Pia Privacy", "privacy-request"),
        User("staff:operator", "operator", "Omar Operator", "operations"),
        User("system:importer", "importer", "Import service", "operations"),
    )
}
"""One user for each role, and the account of the importing service."""


def is_loopback(host: str) -> bool:
    """Whether only this host can connect to an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def development(settings: Settings) -> bool:
    """Whether the development issuer is on.

    Raises:
        IssuerRefused: it would be on beside a real issuer or for other hosts, or no issuer is left at all.
    """
    if settings.issuer is None:
        if settings.dev_issuer is False:
            raise IssuerRefused("set DAYBOOK_ISSUER and DAYBOOK_JWKS: without an issuer nobody can log in")
        if not is_loopback(settings.host):
            raise IssuerRefused(
                f"DAYBOOK_HOST={settings.host} would be reached from other hosts, and the development issuer gives a "
                "token to whoever asks: set DAYBOOK_ISSUER and DAYBOOK_JWKS, or use 127.0.0.1, ::1 or localhost"
            )
        return True
    if settings.dev_issuer:
        raise IssuerRefused("DAYBOOK_DEV_ISSUER: refused beside DAYBOOK_ISSUER; unset one of the two")
    if settings.jwks is None:
        raise IssuerRefused("DAYBOOK_JWKS must name the file or URL of the issuer's public keys")
    return False


async def tokens(settings: Settings) -> Tokens:
    """What checks the tokens of the configured issuer.

    Raises:
        IssuerRefused: see `development`.
        KeysUnreadable: the issuer's keys cannot be read.
    """
    if development(settings):
        issuer = DevelopmentIssuer.load_or_create(settings)
        keys = IssuerKeys(issuer.public_keys)
    else:
        keys = IssuerKeys(reader(settings.jwks or ""))
    await keys.load()
    return Tokens(keys, Expected(settings.issuer or DEVELOPMENT, settings.audience))


class DevelopmentIssuer:
    """Signs tokens with the key of a data folder."""

    def __init__(self, key: ECKey, audience: str) -> None:
        self._key = key
        self._audience = audience

    @classmethod
    def load_or_create(cls, settings: Settings) -> "DevelopmentIssuer":
        """The issuer of the data folder; its key is made by whoever comes first.

        Raises:
            IssuerRefused: the settings do not allow it.
        """
        if not development(settings):
            raise IssuerRefused("DAYBOOK_ISSUER is set: get a token from that issuer")
        path = settings.data_dir / "issuer" / "key.json"
        if not path.exists():
            _create(path)
        return cls(ECKey.import_key(orjson.loads(path.read_bytes())), settings.audience)

    def public_keys(self) -> bytes:
        """The JWK set of this issuer."""
        return orjson.dumps({"keys": [self._key.as_dict(private=False) | {"use": "sig", "alg": _ALGORITHM}]})

    def sign(self, actor: str, roles: Collection[str], name: str | None = None, lifetime_s: int = LIFETIME_S) -> str:
        """A token for an actor with these roles."""
        now = int(time.time())
        claims = {
            "iss": DEVELOPMENT, "aud": self._audience, "sub": actor, "roles": sorted(roles),
            "iat": now, "nbf": now, "exp": now + lifetime_s,
        }  # fmt: skip
        header = {"alg": _ALGORITHM, "kid": self._key.kid, "typ": "at+jwt"}
        return jwt.encode(header, claims | ({} if name is None else {"name": name}), self._key)

    def token(self, user: User) -> str:
        """A token for a user of `USERS`."""
        return self.sign(user.actor, [user.role], user.name)


def _create(path: Path) -> None:
    """Whole or not at all: another process may look for the key at the same time, and the first one stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(orjson.dumps(key))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
