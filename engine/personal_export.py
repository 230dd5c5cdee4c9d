"""All that the bank has on one person, for that person: right of access and data portability (GDPR arts. 15 and 20).

What others are named by is left out: fields whose subject is somebody else are redacted, and free text, which may name
anybody, is marked to be read before it is handed over. Confidential matters out of sight of who exports are not
there at all. Everything that is opened is recorded as a look.
"""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any, Final, get_args
from uuid import UUID

import orjson
from pydantic import StringConstraints

from domain.codes import TEXT_MAX
from domain.kernel import Event, personal_fields
from domain.privacy_rules import RetentionRule, judge
from engine.dossier import Dossier, dossiers_of_person, facts
from engine.looking import Looker
from engine.retention import schedule_in_force
from engine.wiring import Daybook
from projections import looks as look_queries
from projections.fact import Fact
from projections.naming import hidden_references, without
from projections.seeing import hidden_streams
from projections.withheld import Withheld
from store.canonical import canonical_json
from vault.vault import Missing

FORMAT: Final = "daybook-personal-data/1"
REDACTED: Final = "[about another person]"
LOOKS_AT_ONCE: Final = 500
FIELDS_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Export:
    """The export: `json` for machines, `html` for people. `complete`: nothing of the person was masked."""

    customer_id: UUID
    json: bytes
    html: bytes
    events: int
    complete: bool

    @property
    def sha256(self) -> str:
        """Of the JSON, in hex: what the request's answer names as evidence."""
        return sha256(self.json).hexdigest()

    def zip(self) -> bytes:
        """Both in one archive."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("personal-data.json", self.json)
            archive.writestr("personal-data.html", self.html)
        return packed.getvalue()


async def export_of(daybook: Daybook, looker: Looker, customer_id: UUID) -> Export:
    """Gather and open everything; the looks are committed before anything is opened.

    Raises:
        LookNotRecorded: nothing was opened.
    """
    dossiers = await dossiers_of_person(daybook, customer_id)
    ids = frozenset(one.customer_id for one in dossiers)
    events: list[dict[str, Any]] = []
    masked: set[str] = set()
    told_already = set[UUID]()
    for dossier in dossiers:
        for told, hidden in await _events(daybook, looker, dossier, ids, told_already):
            events.append(told)
            masked |= hidden
    schedule = await schedule_in_force(daybook.models, daybook.mapper)
    rules = () if schedule is None else schedule[1].rules
    content = {
        "format": FORMAT,
        "made_at": datetime.now(UTC),
        "customer_ids": sorted(ids),
        "complete": not masked,
        "masked": sorted(masked),
        "events": sorted(events, key=lambda one: (one["occurred_at"], one["event_id"])),
        "disclosures": [told for one in dossiers for told in _disclosures(one)],
        "retention": [told for one in dossiers for told in _retention(one, rules)],
        "looks": [told for one in ids for told in await _looks(daybook, looker, one)],
    }
    text = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=_plain)
    return Export(customer_id, text, _html(content).encode(), len(events), not masked)


def write_export(export: Export, directory: Path) -> None:
    """Write both files.

    Raises:
        OSError: the directory holds something already, or cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty: another person's data may be in it")
    for name, content in (("personal-data.json", export.json), ("personal-data.html", export.html)):
        path = directory / name
        path.touch(mode=0o600)
        path.write_bytes(content)


async def _events(
    daybook: Daybook, looker: Looker, dossier: Dossier, ids: frozenset[UUID], told_already: set[UUID]
) -> list[tuple[dict[str, Any], set[str]]]:
    """The events of one customer id, but those that another one's had told already."""
    streams = {one.recorded.stream_id for one in dossier.entries}
    hidden = await hidden_streams(daybook.record, looker.sight, list(streams))
    hidden |= await hidden_references(daybook.record, looker.sight, [one.recorded for one in dossier.entries])
    by_partition: dict[int, list[Fact]] = {}
    for fact in facts(one for one in dossier.entries if one.recorded.stream_id not in hidden):
        if fact.recorded.event_id not in told_already:
            told_already.add(fact.recorded.event_id)
            by_partition.setdefault(fact.recorded.partition, []).append(fact)
    told: list[tuple[dict[str, Any], set[str]]] = []
    for partition, of in by_partition.items():
        for start in range(0, len(of), FIELDS_AT_ONCE):
            some = of[start : start + FIELDS_AT_ONCE]
            own = [fact._replace(sealed=tuple(ref for ref in fact.sealed if ref.subject_id in ids)) for fact in some]
            opened = await daybook.opener.open_facts(looker, partition, own)
            for fact, fields in zip(some, opened, strict=True):
                event, masked = _event(daybook, fact, fields, looker, ids)
                told.append(({**event, "facts": without(event["facts"], hidden)}, masked))
    return told


def _event(
    daybook: Daybook, fact: Fact, opened: Mapping[str, Any], looker: Looker, ids: frozenset[UUID]
) -> tuple[dict[str, Any], set[str]]:
    recorded, personal, masked = fact.recorded, dict[str, Any](), set[str]()
    classes = {name: mark.record_class for name, mark in personal_fields(type(fact.event))}
    subjects = {name: ref.subject_id for ref in fact.sealed if ref.subject_id in ids for name in ref.fields}
    for name, value in opened.items():
        personal[name] = _value(value)
        if not isinstance(value, Missing | Withheld) and looker.decide(subjects[name], classes[name], name) != "shown":
            masked.add(f"{recorded.type}.{name}")
    for ref in fact.sealed:
        if ref.subject_id not in ids:
            personal |= dict.fromkeys(ref.fields, REDACTED)
    return {
        "event_id": recorded.event_id,
        "type": recorded.type,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "actor": recorded.actor,
        "stream_id": recorded.stream_id,
        "facts": _without_others(orjson.loads(daybook.mapper.data(fact.event)), fact.event, ids),
        "personal": personal,
        "may_name_others": sorted(set(opened).intersection(_free_text(type(fact.event)))),
    }, masked


def _without_others(data: dict[str, Any], event: Event, ids: frozenset[UUID]) -> dict[str, Any]:
    """The clear facts, in which ids of other customers say nothing to the one who reads."""
    known = {str(one) for one in ids}
    whose = {"customer_id", "complainant_id", "other_id"}
    kept = {name: value if name not in whose or value in known else REDACTED for name, value in data.items()}
    for name in ("customer_ids", "participants", "complained_about"):
        if name in kept and hasattr(event, name):
            kept[name] = REDACTED
    return kept


def _free_text(event: type[Event]) -> set[str]:
    """The personal fields in which anything may be written, of anybody."""
    fields = event.model_fields
    return {name for name, _ in personal_fields(event) if TEXT_MAX in _lengths(fields[name].annotation)}


def _lengths(annotation: object) -> set[int | None]:
    """The greatest lengths that an annotation sets, however deep."""
    own = {annotation.max_length} if isinstance(annotation, StringConstraints) else set[int | None]()
    return own.union(*map(_lengths, get_args(annotation)))


def _value(value: Any) -> Any:  # noqa: ANN401  # a personal field's value
    match value:
        case Missing():
            return {"erased_on": value.at}
        case Withheld():
            return value._asdict()
        case _:
            return value


def _disclosures(dossier: Dossier) -> Iterable[dict[str, Any]]:
    for disclosure_id, event in dossier.disclosures.items():
        yield {
            "disclosure_id": disclosure_id,
            "recipient": event.recipient,
            "recipient_country": event.recipient_country,
            "record_classes": event.record_classes,
            "purpose": event.purpose,
            "basis": event.basis,
            "disclosed_at": event.occurred_at,
        }


def _retention(dossier: Dossier, rules: Sequence[RetentionRule]) -> Iterable[dict[str, Any]]:
    day = datetime.now(UTC).date()
    for of in dossier.held:
        judged = judge(of, rules, day, "request")
        yield {
            "record_class": of.record_class,
            "rules": [one for one in rules if one.record_class == of.record_class],
            "if_erasure_were_requested": {
                "outcome": judged.outcome, "basis": judged.basis, "until": judged.until,
            },
        }  # fmt: skip


async def _looks(daybook: Daybook, looker: Looker, customer_id: UUID) -> list[dict[str, Any]]:
    """Who has looked at this person and why; what the same looks showed of others is left out."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await look_queries.looks(
            daybook.looks.record,
            daybook.record,
            looker.sight,
            customer_id=customer_id,
            after=after,
            limit=LOOKS_AT_ONCE,
        )
        for look in page.looks:
            mine = [one for one in look.looked if one.subject == customer_id]
            found.append(
                {
                    "at": look.recorded_at,
                    "actor": look.actor,
                    "purpose": look.purpose,
                    "looked": [
                        {"record_class": one.record_class, "fields": one.fields, "decision": one.decision}
                        for one in mine
                    ],
                }
            )
        if page.next is None:
            return found
        after = page.next


def _plain(value: object) -> object:
    return orjson.loads(canonical_json(value))


# For people

_HEAD: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Your personal data</title>
<style>body{font:1rem/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}
td,th{border:1px solid #999;padding:.3rem .5rem;text-align:left;vertical-align:top}.review{background:#fff3c4}</style>
</head><body><h1>Your personal data</h1>
"""


def _html(content: Mapping[str, Any]) -> str:
    """One page without scripts and without anything from elsewhere."""
    parts = [_HEAD, f"<p>Made on {content['made_at']:%Y-%m-%d %H:%M} UTC.</p>"]
    if not content["complete"]:
        parts.append("<p class=review>Not complete: some fields were masked when this was made.</p>")
    parts.append("<h2>What happened</h2><table><tr><th>When</th><th>What</th><th>Facts</th><th>Your data</th></tr>")
    for one in content["events"]:
        personal = "<br>".join(
            f"<span{' class=review' if name in one['may_name_others'] else ''}>{escape(name)}: {_cell(value)}</span>"
            for name, value in one["personal"].items()
        )
        parts.append(
            f"<tr><td>{one['occurred_at']:%Y-%m-%d %H:%M}</td><td>{escape(one['type'])}</td>"
            f"<td>{_cell(one['facts'])}</td><td>{personal}</td></tr>"
        )
    parts.append("</table><p class=review>Marked text may name other people.</p>")
    for title, rows in (
        ("Who was given your data", content["disclosures"]),
        ("How long it is kept", content["retention"]),
        ("Who looked at it", content["looks"]),
    ):
        parts.append(f"<h2>{title}</h2>" + _rows(rows))
    return "\n".join([*parts, "</body></html>"])


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "<p>Nothing.</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row.values()) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    if value is None or isinstance(value, str):
        return escape(value or "")
    return escape(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=_plain).decode())
