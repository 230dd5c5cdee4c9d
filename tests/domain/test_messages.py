"""What holds for every event and command class: names, bounds, personal fields, values."""

import re
from typing import Annotated, Any, get_args

import orjson
import pytest
from pydantic import StringConstraints, ValidationError

import domain
from domain import AGGREGATES, aggregate_of, attaching, codes, command_types, event_types, identity_documents
from domain.attaching import CONTENT_BYTES_MAX
from domain.codes import Change, Money, Text
from domain.interaction_messages import InteractionAnnotated, InteractionRecorded, Participant, RecordInteraction
from domain.kernel import Command, Event, Message, Personal, Refusal, happened, personal_fields
from tests.domain.generate import IDS
from tests.domain.scenario import it, to

MESSAGES = [message for a in AGGREGATES for message in (*a.events, *a.commands)]
NAME = re.compile(r"[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*")

PRIVATE = (codes.Text, codes.PersonalLine, attaching.Content, attaching.FileName, identity_documents.DocumentNumber)

every_message = pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
every_aggregate = pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda one: one.name)


@every_message
def test_a_name_is_the_aggregate_and_kebab_case(message):
    assert NAME.fullmatch(message.type)
    assert message.type.partition(".")[0] == aggregate_of(message).name


def test_maps_hold_every_class_under_its_name():
    assert {*event_types().values(), *command_types().values()} == set(MESSAGES)
    assert all(kind.type == name for name, kind in {**event_types(), **command_types()}.items())


def test_a_name_given_twice_is_refused():
    twin = type("Twin", (Event,), {"type": "survey.expired", "__module__": __name__})
    with pytest.raises(ValueError, match=r"both named 'survey\.expired'"):
        domain._by_name([event_types()["survey.expired"], twin])


@every_aggregate
def test_refusal_codes_are_kebab_case_and_say_something(aggregate):
    for code, message in aggregate.refusals.items():
        assert NAME.fullmatch(code)
        assert code.startswith(f"{aggregate.name}.")
        assert message.endswith(".")


@every_aggregate
def test_commands_name_a_stream_and_perhaps_an_actor(aggregate):
    assert len({command.stream_field for command in aggregate.commands}) == 1
    for command in aggregate.commands:
        assert command.stream_field in command.model_fields
        assert command.actor_field is None or command.actor_field in command.model_fields


def schemas(node: Any) -> list[dict[str, Any]]:
    """List a JSON schema and all it contains."""
    if isinstance(node, list):
        return [found for one in node for found in schemas(one)]
    if not isinstance(node, dict):
        return []
    return [node, *(found for one in node.values() for found in schemas(one))]


@every_message
def test_every_text_number_and_list_is_bounded(message):
    for schema in schemas(message.model_json_schema()):
        kind = schema.get("type")
        if kind == "string" and not {"enum", "const", "format"} & schema.keys():
            file = schema["maxLength"] == CONTENT_BYTES_MAX // 3 * 4 and "+/" in schema["pattern"]
            assert file or schema["maxLength"] <= 50_000
        if kind == "integer":
            assert -(2**53) < schema["minimum"] <= schema["maximum"] < 2**53
        if kind == "array":
            assert "maxItems" in schema
        assert kind != "number"
        assert all(name.isascii() for name in schema.get("properties", {}))


def constraints(annotation: Any) -> set[Any]:
    """List the text constraints in an annotation."""
    marks = getattr(annotation, "__metadata__", ())
    found = {mark for mark in marks if isinstance(mark, StringConstraints)}
    return found.union(*(constraints(one) for one in get_args(annotation)), set())


@every_message
def test_free_text_and_personal_lines_are_always_marked_personal(message):
    personal = dict(personal_fields(message))
    private = {mark for kind in PRIVATE for mark in get_args(kind)[1:]}
    for name, info in message.model_fields.items():
        marks = constraints(info.annotation) | {m for m in info.metadata if isinstance(m, StringConstraints)}
        bounds = {getattr(one, "max_length", None) for one in info.metadata} & {mark.max_length for mark in private}
        assert (name in personal) == bool(marks & private or bounds)


@pytest.mark.parametrize("value", [Money(1, "EUR"), Change("a", None, "topic"), Participant(IDS[0], "agent")])
def test_values_are_written_in_the_order_of_canonical_json(value):
    written = orjson.dumps(value)
    assert orjson.dumps(orjson.loads(written), option=orjson.OPT_SORT_KEYS) == written


@pytest.mark.parametrize(("minor", "currency"), [(2**53, "EUR"), (-(2**53), "EUR"), (1.5, "EUR"), (1, "euro"), (1, "")])
def test_money_refuses_what_it_cannot_hold(minor, currency):
    with pytest.raises(ValidationError):
        Money(minor, currency)


def a_note(**fields: Any) -> InteractionAnnotated:
    return it(InteractionAnnotated, **{"note_id": IDS[0], "customer_id": IDS[1], **fields})


def test_personal_values_stay_out_of_representations_and_errors():
    assert "divorce" not in repr(a_note(note="asked about the divorce"))
    assert "***" in str(a_note(note="asked about the divorce"))
    with pytest.raises(ValidationError) as caught:
        a_note(note="asked about the divorce\x00")
    assert "divorce" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"occurred_at": "2026-11-02T09:00:00"},
        {"colour": "red"},
        {"note": ""},
        {"note": "\x00"},
        {"note": "\ud800"},
        {"note": "x" * 50_001},
        {"note_id": "seven"},
    ],
)
def test_an_event_refuses_what_it_does_not_declare(wrong):
    with pytest.raises(ValidationError):
        a_note(**wrong)


def test_messages_never_change():
    with pytest.raises(ValidationError, match="frozen"):
        a_note().note = "other"


def test_a_personal_field_without_its_subject_is_refused_when_declared():
    marked = Annotated[Text | None, Personal("survey")]
    with pytest.raises(TypeError, match="its subject 'customer_id' is no field"):
        type("Lost", (Event,), {"__annotations__": {"verbatim": marked}, "verbatim": None, "__module__": __name__})


def test_a_personal_field_that_cannot_be_sealed_away_is_refused_when_declared():
    annotations = {"customer_id": str, "verbatim": Annotated[Text, Personal("survey")]}
    with pytest.raises(TypeError, match="needs the default None"):
        type("Stuck", (Event,), {"__annotations__": annotations, "__module__": __name__})


def test_personal_fields_are_listed_once_a_class():
    assert personal_fields(InteractionAnnotated) == (("note", Personal("interaction")),)
    assert personal_fields(InteractionAnnotated) is personal_fields(InteractionAnnotated)


def test_a_refusal_says_its_message():
    refusal = Refusal("touch.not-held", "Only a held touch can be released.", "touch_id")
    assert str(refusal) == refusal.message
    assert refusal.args == ("touch.not-held", "Only a held touch can be released.", "touch_id")


@pytest.mark.parametrize("kind", [Event, Command, Message])
def test_only_concrete_messages_have_a_name(kind):
    assert not hasattr(kind, "type")


def test_times_need_their_zone():
    contact = {"customer_id": IDS[0], "channel": "phone", "direction": "inbound", "purpose": "servicing"}
    with pytest.raises(ValidationError, match="timezone"):
        to(RecordInteraction, **contact, occurred_at="2026-11-02T09:00:00")


def test_what_a_decision_works_out_must_fit_its_event():
    """It could be recorded and never be read again, and nothing of its stream with it."""
    recorded = to(RecordInteraction, customer_id=IDS[0], channel="phone", direction="inbound", purpose="servicing")
    assert happened(InteractionRecorded, recorded, withheld_from=("staff:1",)).withheld_from == ("staff:1",)
    with pytest.raises(ValidationError, match="at most 20 items"):
        happened(InteractionRecorded, recorded, withheld_from=tuple(f"staff:{one}" for one in range(21)))
