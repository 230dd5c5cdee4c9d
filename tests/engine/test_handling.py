import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.complaint import CloseComplaint
from domain.complaint_handling import AcknowledgeComplaint
from domain.complaint_intake import ReceiveComplaint
from domain.customer import CustomerRegistered, RegisterCustomer, SetPreference
from domain.interaction_messages import RecordInteraction
from domain.kernel import Command, Refusal
from engine.answers import Answer, CommandReused
from engine.deciding import Context
from engine.handling import CommandHandler, Unit
from engine.wiring import Daybook
from store.cursor import Cursor
from store.errors import VersionConflict
from store.identity import new_id
from tests.engine.lookers import LOOKER

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def context(**changes) -> Context:
    fields: dict[str, Any] = {
        "actor": "staff:1",
        "command_id": new_id(),
        "request_hmac": b"r",
        "correlation_id": new_id(),
    }
    return Context(**(fields | changes))


def register(customer_id: UUID, **fields) -> RegisterCustomer:
    return RegisterCustomer(customer_id=customer_id, occurred_at=NOW, kind="person", **fields)


def prefer(customer_id: UUID, value: str) -> SetPreference:
    return SetPreference(customer_id=customer_id, occurred_at=NOW, preference="language", value=value)


async def test_a_command_becomes_events_that_name_who_when_and_why(daybook: Daybook) -> None:
    customer = new_id()
    given = context(reason="onboarding")
    answer = await daybook.handler.handle([register(customer, name="Ana Example")], given)
    (recorded,) = await daybook.record.read_stream(customer)
    assert (answer.stream_id, answer.version, answer.position) == (customer, 0, recorded.position)
    assert (recorded.type, recorded.actor, recorded.occurred_at) == ("customer.registered", "staff:1", NOW)
    assert recorded.correlation_id == given.correlation_id
    assert b'"reason":"onboarding"' in recorded.meta


async def test_personal_data_is_beside_the_event_and_opens_at_the_edge(daybook: Daybook) -> None:
    customer = new_id()
    await daybook.handler.handle([register(customer, name="Ana Example")], context())
    (recorded,) = await daybook.record.read_stream(customer)
    assert b"Ana" not in recorded.state
    fact = daybook.mapper.fact(recorded)
    assert isinstance(fact.event, CustomerRegistered)
    assert fact.event.name is None
    assert await daybook.opener.open_facts(LOOKER, recorded.partition, [fact]) == [{"name": "Ana Example"}]


async def test_a_repeated_command_gets_the_same_answer_and_changes_nothing(daybook: Daybook) -> None:
    customer, given = new_id(), context()
    first = await daybook.handler.handle([register(customer)], given)
    again = await daybook.handler.handle([register(customer)], given)
    assert (again.version, again.position, again.events) == (first.version, first.position, first.events)
    assert (first.repeated, again.repeated) == (False, True)
    assert len(await daybook.record.read_stream(customer)) == 1


async def test_twenty_at_once_under_one_command_id_are_one_command(daybook: Daybook) -> None:
    customer, given = new_id(), context()
    answers = await asyncio.gather(*(daybook.handler.handle([register(customer)], given) for _ in range(20)))
    assert len({answer.position for answer in answers}) == 1
    assert sum(not answer.repeated for answer in answers) == 1


async def test_another_request_under_the_same_command_id_is_an_error(daybook: Daybook) -> None:
    customer, given = new_id(), context()
    await daybook.handler.handle([register(customer)], given)
    with pytest.raises(CommandReused):
        await daybook.handler.handle(
            [register(customer)], context(command_id=given.command_id, request_hmac=b"another")
        )


async def test_a_refusal_is_stored_and_repeated_even_if_the_command_could_be_accepted_by_now(daybook: Daybook) -> None:
    customer, given = new_id(), context()
    with pytest.raises(Refusal) as first:
        await daybook.handler.handle([prefer(customer, "pt")], given)
    await daybook.handler.handle([register(customer)], context())
    with pytest.raises(Refusal) as again:
        await daybook.handler.handle([prefer(customer, "pt")], given)
    assert first.value.code == again.value.code == "customer.not-registered"


async def test_a_command_that_changes_nothing_is_answered_with_no_events(daybook: Daybook) -> None:
    customer = new_id()
    await daybook.handler.handle([register(customer), prefer(customer, "pt")], context())
    given = context()
    answer = await daybook.handler.handle([prefer(customer, "pt")], given)
    assert (answer.version, answer.events) == (1, ())
    assert (await daybook.handler.handle([prefer(customer, "pt")], given)).repeated


async def test_a_unit_over_two_streams_is_accepted_whole_or_not_at_all(daybook: Daybook) -> None:
    customer = new_id()
    interaction, complaint = new_id(customer), new_id(customer)
    commands: list[Command] = [
        RecordInteraction(
            interaction_id=interaction, occurred_at=NOW, customer_id=customer, channel="phone", direction="inbound",
            purpose="complaint",
        ),
        ReceiveComplaint(
            complaint_id=complaint, occurred_at=NOW, complainant_id=customer, customer_id=customer, channel="phone"
        ),
        AcknowledgeComplaint(complaint_id=complaint, occurred_at=NOW),
    ]  # fmt: skip
    with pytest.raises(Refusal):
        await daybook.handler.handle([*commands, CloseComplaint(complaint_id=complaint, occurred_at=NOW)], context())
    assert await daybook.record.read_customer(customer) == []
    answer = await daybook.handler.handle(commands, context())
    assert [event.type for event in answer.events] == [
        "interaction.recorded", "complaint.received", "complaint.acknowledged",
    ]  # fmt: skip
    assert len({event.partition for event in await daybook.record.read_customer(customer)}) == 1


async def test_if_match_refuses_a_stream_that_moved_on(daybook: Daybook) -> None:
    customer = new_id()
    await daybook.handler.handle([register(customer)], context())
    await daybook.handler.handle([prefer(customer, "pt")], context(), expected_version=0)
    with pytest.raises(VersionConflict) as refused:
        await daybook.handler.handle([prefer(customer, "en")], context(), expected_version=0)
    assert refused.value.found == 1


async def test_on_conflict_it_reads_anew_and_decides_again(daybook: Daybook) -> None:
    """A second process has a state of its own that falls behind."""
    customer = new_id()
    other = CommandHandler(daybook.record, daybook.vault, daybook.mapper)
    await daybook.handler.handle([register(customer)], context())
    await other.handle([prefer(customer, "pt")], context())
    answer = await daybook.handler.handle([prefer(customer, "en")], context())
    assert answer.version == 2
    nothing = await other.handle([prefer(customer, "en")], context())
    assert nothing.events == ()


async def test_an_id_that_names_another_kind_of_stream_is_refused(daybook: Daybook) -> None:
    customer = new_id()
    await daybook.handler.handle([register(customer)], context())
    other = CommandHandler(daybook.record, daybook.vault, daybook.mapper)
    for handler in (other, daybook.handler):  # the state is to be loaded; it is remembered
        with pytest.raises(Refusal) as refused:
            await handler.handle([CloseComplaint(complaint_id=customer, occurred_at=NOW)], context())
        assert refused.value.code == "stream.of-another-kind"


async def test_commands_of_two_kinds_to_one_new_id_are_refused_not_mixed_up(daybook: Daybook) -> None:
    stream = new_id()
    complaint = Unit([CloseComplaint(complaint_id=stream, occurred_at=NOW)], context())
    outcomes = await daybook.handler.handle_copy([Unit([prefer(stream, "pt")], context()), complaint])
    assert all(isinstance(outcome, Refusal) for outcome in outcomes)


async def test_commands_of_a_unit_must_be_of_one_partition(daybook: Daybook) -> None:
    one = new_id()
    other = next(
        made for made in iter(new_id, None) if daybook.record.partition_of(made) != daybook.record.partition_of(one)
    )
    with pytest.raises(ValueError, match="one partition"):
        await daybook.handler.handle([register(one), register(other)], context())


async def test_the_token_names_the_last_event(daybook: Daybook) -> None:
    customer = new_id()
    answer = await daybook.handler.handle([register(customer), prefer(customer, "pt")], context())
    cursor = Cursor.parse(daybook.handler.token(answer))
    assert cursor.next_positions[answer.partition] == answer.position + 1 == 2
    assert sum(cursor.next_positions) == 2


async def test_units_of_an_import_get_their_own_outcomes_in_order(daybook: Daybook) -> None:
    customers = [new_id() for _ in range(50)]
    same = customers[0]
    units = [Unit([register(customer, name="Someone")], context()) for customer in customers]
    units += [Unit([prefer(same, "pt")], context()), Unit([prefer(same, "en")], context())]
    units += [Unit([register(same)], context())]
    outcomes = await daybook.handler.handle_copy(units)
    assert [type(outcome) for outcome in outcomes] == [Answer] * 52 + [Refusal]
    assert isinstance(outcomes[51], Answer)
    assert outcomes[51].version == 2
    again = await daybook.handler.handle_copy(units[:52])
    assert all(isinstance(outcome, Answer) and outcome.repeated for outcome in again)
    end = await daybook.record.end()
    assert sum(end.next_positions) == 52


async def test_an_import_goes_on_where_somebody_else_was_first(daybook: Daybook) -> None:
    customer = new_id()
    other = CommandHandler(daybook.record, daybook.vault, daybook.mapper)
    await daybook.handler.handle([register(customer)], context())
    await other.handle([prefer(customer, "pt")], context())
    (outcome,) = await daybook.handler.handle_copy([Unit([prefer(customer, "en")], context())])
    assert isinstance(outcome, Answer)
    assert outcome.version == 2
