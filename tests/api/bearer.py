"""Tokens for tests: the development issuer of the test's own data folder has a key that is made once for the run."""

import uuid
from functools import cache
from pathlib import Path

import httpx
import orjson
from joserfc.jwk import ECKey

from domain.access_rules import ROLES
from engine.issuer import DevelopmentIssuer

KEY = ECKey.generate_key("P-256", auto_kid=True)
ISSUER = DevelopmentIssuer(KEY, "daybook")


def install(data_dir: Path) -> None:
    """Make it the key of a data folder."""
    path = data_dir / "issuer" / "key.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(KEY.as_dict(private=True)))


@cache
def token(actor: str = "staff-1", roles: tuple[str, ...] = ROLES) -> str:
    """A token of an actor, who has every role unless the test says otherwise."""
    return ISSUER.sign(actor, roles)


def headers(actor: str = "staff-1", roles: tuple[str, ...] = ROLES, purpose: str | None = "investigation") -> dict:
    """What such an actor sends; the investigator is shown everything."""
    said = {} if purpose is None else {"Daybook-Purpose": purpose}
    return {"Authorization": f"Bearer {token(actor, roles)}", **said}


class Client(httpx.AsyncClient):
    """Sends what every request needs unless the test says otherwise: a token with every role, and a purpose."""

    def build_request(self, *args, **kwargs) -> httpx.Request:
        request = super().build_request(*args, **kwargs)
        actor = request.headers.pop("Test-Actor", "staff-1")
        if "Authorization" not in request.headers:
            for name, value in headers(actor).items():
                request.headers.setdefault(name, value)
        for name in ("Authorization", "Daybook-Purpose"):
            if request.headers.get(name) == "":
                del request.headers[name]
        return request

    async def command(self, path: str, body=None, *, key: str | None = None, actor: str = "staff-1", **headers: str):
        """POST a command; a header named `if_match` is sent as If-Match; one that is empty not at all."""
        sent = {"Idempotency-Key": f'"{key or uuid.uuid4()}"', "Test-Actor": actor}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.post(path, json=body or {}, headers=sent)
