"""Certificates of an installation: who signs them here, and issuing one."""

from typing import TYPE_CHECKING

from audit.certificate import Content, Kind
from audit.certificates import Certifier, Issued, find, keep
from audit.errors import CertificatesUnavailable
from engine.hardware_token import signing_keys
from engine.settings import Settings

if TYPE_CHECKING:
    import asyncpg


async def certifier_of(settings: Settings, pool: "asyncpg.Pool[asyncpg.Record]") -> Certifier:
    """Who signs certificates in this process.

    Raises:
        CertificatesUnavailable: this process has no key to sign with, or no log was begun yet.
    """
    if settings.pkcs11_module is None and not settings.signing.is_dir():
        raise CertificatesUnavailable(
            f"certificates cannot be signed here: {settings.signing} has no keys; set DAYBOOK_SIGNING_DIR to the "
            "folder of the process that seals, or ask that one"
        )
    return await Certifier.open(pool, signing_keys(settings))


async def issue(  # noqa: PLR0913  # what it is, of what, and where it is kept
    settings: Settings,
    pool: "asyncpg.Pool[asyncpg.Record]",
    kind: Kind,
    subject: str,
    content: Content,
    *,
    partition: int = 0,
) -> Issued:
    """Sign a certificate and keep it; its subject's newest one is found again with `audit.certificates.find`.

    `content` must not have `record_log`, under which the head of the record log is pinned. `subject`: see
    `audit.certificates.keep`.

    Raises:
        CertificatesUnavailable: see `certifier_of`.
        NoteRefused: the content is not what a certificate may hold.
    """
    certifier = await certifier_of(settings, pool)
    return await keep(pool, kind, subject, await certifier.sign(pool, kind, content), partition)


async def issue_once(  # noqa: PLR0913  # as `issue`
    settings: Settings,
    pool: "asyncpg.Pool[asyncpg.Record]",
    kind: Kind,
    subject: str,
    content: Content,
    *,
    partition: int = 0,
) -> Issued:
    """The certificate that this subject has already, or a new one: for protocols that are taken up after a crash.

    Raises:
        CertificatesUnavailable, NoteRefused: see `issue`.
    """
    found = await find(pool, kind, subject, partition)
    return found or await issue(settings, pool, kind, subject, content, partition=partition)
