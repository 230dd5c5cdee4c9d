from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent

from domain import event_types
from domain.customer import CustomerRegistered
from domain.kernel import Event
from engine.mapping import EventMapper
from store.envelope import COLUMNS, recorded
from store.errors import NewerSchema, UnknownType
from store.identity import new_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(type_: str, data: bytes, schema: int = 1):
    values = dict.fromkeys(COLUMNS) | {
        "partition": 1, "position": 7, "event_id": new_id(), "originator_id": new_id(), "originator_version": 0,
        "topic": type_, "schema": schema, "occurred_at": NOW, "recorded_at": NOW, "state": data, "meta": b"{}",
    }  # fmt: skip
    return recorded(tuple(values.values()))


class Renamed(Event, name="test.renamed"):
    """Its first schema called the code `kind`, its second had no `weight`."""

    class_version: ClassVar[int] = 3
    code: str
    weight: int

    @staticmethod
    def upcast_v1_v2(state: dict[str, object]) -> None:
        state["code"] = state.pop("kind")

    @staticmethod
    def upcast_v2_v3(state: dict[str, object]) -> None:
        state["weight"] = 1


def test_old_schemas_are_lifted_step_by_step() -> None:
    mapper = EventMapper({"test.renamed": Renamed})
    assert mapper.fact(row("test.renamed", b'{"kind":"a"}')).event == Renamed(occurred_at=NOW, code="a", weight=1)
    assert mapper.fact(row("test.renamed", b'{"code":"b"}', 2)).event == Renamed(occurred_at=NOW, code="b", weight=1)
    newest = b'{"code":"c","weight":5}'
    assert mapper.fact(row("test.renamed", newest, 3)).event == Renamed(occurred_at=NOW, code="c", weight=5)


def test_a_newer_schema_is_named_and_not_guessed() -> None:
    with pytest.raises(NewerSchema, match="position 7 of partition 1 has schema 4; this program knows 3"):
        EventMapper({"test.renamed": Renamed}).fact(row("test.renamed", b"{}", 4))


def test_a_type_outside_the_registry_is_unknown_even_if_it_names_a_class() -> None:
    with pytest.raises(UnknownType):
        EventMapper().fact(row("domain.customer:CustomerRegistered", b"{}"))


def test_what_is_stored_is_validated_when_it_is_read() -> None:
    with pytest.raises(ValueError, match="kind"):
        EventMapper().fact(row("customer.registered", b'{"customer_id":"%s","kind":"robot"}' % str(new_id()).encode()))


def test_personal_fields_are_left_out_of_the_data_and_grouped_by_subject_and_class() -> None:
    customer = new_id()
    event = CustomerRegistered(occurred_at=NOW, customer_id=customer, kind="person", name="Ana", language="pt")
    mapper = EventMapper()
    assert mapper.data(event) == b'{"customer_id":"%s","kind":"person","language":"pt"}' % str(customer).encode()
    (part,) = mapper.personal(event)
    assert (part.subject_id, part.record_class, part.plaintext) == (customer, "identity", b'{"name":"Ana"}')


def test_the_library_reads_through_the_same_mapper() -> None:
    stored = row("customer.registered", b'{"customer_id":"%s","kind":"person"}' % str(UUID(int=5)).encode())
    mapper = EventMapper()
    assert isinstance(mapper.to_domain_event(stored), CustomerRegistered)
    with pytest.raises(TypeError, match="read from the record"):
        mapper.to_domain_event(StoredEvent(UUID(int=5), 1, "customer.registered", b"{}"))


def test_every_event_type_is_in_the_registry() -> None:
    mapper = EventMapper()
    for name, cls in event_types().items():
        assert mapper.personal(cls.model_construct(**dict.fromkeys(cls.model_fields))) == [], name
