"""Between domain events and what the record stores: the registry of event types, upcasting, canonical JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

import orjson
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from domain import event_types
from domain.kernel import Event, personal_fields
from projections.fact import Disposed, Fact, SealedRef
from store.canonical import canonical_json
from store.envelope import RecordedEvent
from store.errors import NewerSchema, UnknownType
from vault.vault import Sealed


class PersonalPart(NamedTuple):
    """The personal fields of an event that one subject and record class own, as canonical JSON."""

    subject_id: UUID
    record_class: str
    fields: tuple[str, ...]
    plaintext: bytes


class _Shape:
    """What the mapper knows of an event class, worked out once."""

    __slots__ = ("cls", "dropped", "elsewhere", "groups", "version")

    def __init__(self, cls: type[Event]) -> None:
        self.cls = cls
        self.version = cls.class_version
        self.elsewhere = ("occurred_at", *(name for name, _ in personal_fields(cls)))
        # A field that is None by default is left out when it is None: it was not given.
        self.dropped = tuple(
            name for name, info in cls.model_fields.items() if info.default is None and name not in self.elsewhere
        )
        groups: dict[tuple[str, str], list[str]] = {}
        for name, mark in personal_fields(cls):
            groups.setdefault((mark.record_class, mark.subject), []).append(name)
        self.groups = [(*key, sorted(names)) for key, names in sorted(groups.items())]


class EventMapper(Mapper[UUID]):
    """Maps by a closed registry of type names; a stored name never leads to code by itself."""

    def __init__(self, types: Mapping[str, type[Event]] | None = None) -> None:
        super().__init__(JSONTranscoder())
        self._shapes = {name: _Shape(cls) for name, cls in (types or event_types()).items()}

    # Writing

    def personal(self, event: Event) -> list[PersonalPart]:
        """The personal data of an event, a part for each subject and record class that has a value."""
        parts: list[PersonalPart] = []
        values = event.__dict__
        for record_class, subject, names in self._shapes[event.type].groups:
            given = {name: values[name] for name in names if values[name] is not None}
            if given:
                plaintext = canonical_json(given)
                parts.append(PersonalPart(values[subject], record_class, tuple(given), plaintext))
        return parts

    def has_personal(self, event: Event) -> bool:
        """Whether `personal` would find something."""
        values = event.__dict__
        for _, _, names in self._shapes[event.type].groups:
            for name in names:
                if values[name] is not None:
                    return True
        return False

    def data(self, event: Event, sealed: Sequence[tuple[PersonalPart, Sealed]] = ()) -> bytes:
        """Canonical JSON of the clear fields, and a reference to each sealed blob."""
        shape = self._shapes[event.type]
        fields: dict[str, Any] = event.__dict__.copy()
        for name in shape.elsewhere:
            del fields[name]
        for name in shape.dropped:
            if fields[name] is None:
                del fields[name]
        if sealed:
            fields["sealed"] = [
                {
                    "class": part.record_class,
                    "fields": part.fields,
                    "sha256": blob.sha256.hex(),
                    "subject": part.subject_id,
                }
                for part, blob in sealed
            ]
        return canonical_json(fields)

    # Reading

    def fact(self, recorded: RecordedEvent) -> Fact:
        """The event with its envelope, lifted to the newest schema.

        Raises:
            UnknownType: this program does not know the type.
            NewerSchema: it knows an older schema only.
        """
        if recorded.state is None:  # pyright: ignore[reportUnnecessaryComparison]  # disposed of at the end of retention
            return Fact(recorded, Disposed(occurred_at=recorded.occurred_at), ())
        shape = self._shapes.get(recorded.topic)
        if shape is None:
            raise UnknownType(f"event type {recorded.topic!r} is unknown to this program; update it")
        state = cast("dict[str, Any]", orjson.loads(recorded.state))
        sealed = state.pop("sealed", None)
        if recorded.schema != shape.version:
            _upcast(shape.cls, state, recorded)
        state["occurred_at"] = recorded.occurred_at
        event = shape.cls.model_validate(state)
        return Fact(recorded, event, () if sealed is None else tuple(map(_reference, sealed)))

    def to_domain_event(self, stored_event: StoredEvent) -> Event:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The library's name for reading one event; it needs the record's own columns."""
        if not isinstance(stored_event, RecordedEvent):
            raise TypeError(f"an event read from the record is needed, not {type(stored_event).__name__}")
        return self.fact(stored_event).event


def _upcast(cls: type[Event], state: dict[str, Any], recorded: RecordedEvent) -> None:
    """Lift a state step by step, by the library's convention: `upcast_v1_v2(state)` and so on."""
    if recorded.schema > cls.class_version:
        raise NewerSchema(
            f"{recorded.topic} at position {recorded.position} of partition {recorded.partition} has schema "
            f"{recorded.schema}; this program knows {cls.class_version}: update it"
        )
    for version in range(recorded.schema, cls.class_version):
        getattr(cls, f"upcast_v{version}_v{version + 1}")(state)


def _reference(sealed: dict[str, Any]) -> SealedRef:
    return SealedRef(sealed["class"], UUID(sealed["subject"]), tuple(sealed["fields"]), sealed["sha256"])
