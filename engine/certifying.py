"""Certifying that read models have missed nothing of a day, and checking certificates again."""

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from audit.certificate import Certificate, Content
from audit.certificates import Certifier, Issued, check_head, find, keep, read_kept
from audit.moment import moment
from audit.verifying import Finding
from domain import event_types
from projections.models import ReadModels
from replay.no_miss import examine
from replay.no_miss_again import check_again

Progress = Callable[[int, int], None]


class Certified(NamedTuple):
    """A read model, partition and day: the certificate; None where something was found."""

    projection: str
    partition: int
    certificate: Issued | None
    findings: tuple[Finding, ...]


async def certify_no_miss(
    models: ReadModels,
    certifier: Certifier,
    day: date,
    names: Collection[str] | None = None,
    progress: Progress = lambda _done, _total: None,
) -> list[Certified]:
    """Certify a day of these read models (None: all); one that was certified and still says the same stays.

    Raises:
        CutInFuture: the day is not over.
        CertificatesUnavailable, NoteRefused: see `engine.certificates`.
    """
    found: list[Certified] = []
    for one in await examine(models, event_types(), day, names, progress):
        kept = None if one.content is None else await _certificate(models, certifier, one.content)
        found.append(Certified(one.projection, one.partition, kept, one.findings))
    return sorted(found, key=lambda one: one[:2])


async def _certificate(models: ReadModels, certifier: Certifier, content: Content) -> Issued:
    pool, partition = models.record.pool, content["partition"]
    subject = f"{content['projection']}/{partition}/{content['day']}"
    kept = await find(pool, "no-miss/1", subject, partition)
    if kept is not None and _lasting((await read_kept(pool, kept)).content) == _lasting(content):
        return kept
    note = await certifier.sign(pool, "no-miss/1", {**content, "examined_at": moment(datetime.now(UTC))})
    return await keep(pool, "no-miss/1", subject, note, partition)


def _lasting(content: Content) -> Content:
    """What does not change with the moment of asking."""
    leaves: dict[str, Any] = {name: value for name, value in content["leaves"].items() if name not in {"log", "kept"}}
    passing = {"examined_at", "record_log", "leaves"}
    return {"leaves": leaves, **{name: value for name, value in content.items() if name not in passing}}


async def check_certificate(models: ReadModels, certificate: Certificate) -> list[Finding]:
    """What is not as a certificate says, whose signature was checked: of any kind the pinned head, of no-miss all.

    Raises:
        NoteRefused: its content is malformed.
    """
    findings = await check_head(models.record.pool, certificate.content.get("record_log"))
    if certificate.kind == "no-miss/1":
        findings += await check_again(models, event_types(), certificate.content)
    return findings
