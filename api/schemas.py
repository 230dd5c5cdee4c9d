"""JSON Schemas of bodies and answers, from the classes that they are made of."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, Final, cast, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from api.operations import Operation, operations
from api.problems import PROBLEMS, REFUSALS, TYPE_PREFIX
from domain.kernel import personal_fields
from projections.references import LastEvent, SealedAt

Schema = dict[str, Any]

REF: Final = "#/components/schemas/"
_TEMPLATE: Final = REF + "{model}"
UUID: Final[Schema] = {"type": "string", "format": "uuid"}
TEXT: Final[Schema] = {"type": "string"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
DATE: Final[Schema] = {"type": "string", "format": "date"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
VERSION: Final[Schema] = {"type": "integer", "minimum": 0, "description": "Version of the stream, from 0; its ETag."}
CURSOR: Final[Schema] = {"type": "string", "description": "Opaque."}
OBJECT: Final[Schema] = {"type": "object"}


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": REF + name}


def maybe(schema: Schema) -> Schema:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def list_of(schema: Schema) -> Schema:
    """A list of such."""
    return {"type": "array", "items": schema}


def object_with(properties: Mapping[str, Schema], optional: Collection[str] = (), description: str = "") -> Schema:
    """An object; all that is not optional is always there."""
    required = [name for name in properties if name not in optional]
    made: Schema = {"type": "object", "properties": dict(properties), "required": required}
    return {**made, "description": description} if description else made


def rows(cls: type, without: Collection[str] = (), **more: Schema) -> Schema:
    """The object that a dataclass of a read model is answered as."""
    hints = get_type_hints(cls)
    names = [one.name for one in fields(cls) if one.name not in without]  # pyright: ignore[reportArgumentType]
    return object_with({**{name: _field(hints[name]) for name in names if name not in more}, **more})


def _field(kind: Any) -> Schema:  # noqa: ANN401  # any annotation
    if kind is LastEvent:
        return ref("LastEvent")
    if kind == SealedAt | None:
        return ref("PersonalField")
    return TypeAdapter(kind).json_schema(mode="serialization", ref_template=_TEMPLATE, schema_generator=_Plain)


class _Plain(GenerateJsonSchema):
    """Without titles, which repeat the names; what refers to others is spelled out in `components`."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002
        return False


def page(name: str, of: Schema, **more: Schema) -> Schema:
    """A page of a list, and where to go on."""
    following = {**maybe(CURSOR), "description": "For `after`; null: there is no more."}
    return object_with({name: list_of(of), "next": following, **more})


LAST: Final = ref("LastEvent")
WITHHELD: Final[Schema] = {
    **maybe(object_with({"reason": {"enum": ["group-too-small"]}, "least": COUNT})),
    "description": "Groups are left out that are smaller, or by which a smaller one could be computed; null: none is.",
}
PARKED: Final[Schema] = {**COUNT, "description": "Customers or streams that are left out; incomplete unless it is 0."}


# Bodies of commands


def body(operation: Operation) -> tuple[Schema, Mapping[str, Schema]]:
    """The schema of a command's body, and those that it refers to."""
    schema = operation.command.model_json_schema(ref_template=_TEMPLATE, schema_generator=_Plain)
    definitions: dict[str, Schema] = schema.pop("$defs", {})
    personal = dict(personal_fields(operation.command))
    properties: dict[str, Schema] = {}
    for name in operation.given:
        properties[name] = schema["properties"][name]
        if name in personal:
            properties[name]["x-personal"] = personal[name].record_class
    properties["occurred_at"] = {**TIME, "description": "When it happened; now if it is left out."}
    if operation.own_id:
        properties[operation.own_id] = {**UUID, "description": "Made from the Idempotency-Key if it is left out."}
    made = object_with(properties, operation.optional, operation.command.__doc__ or "")
    return {**made, "additionalProperties": False}, definitions


def bodies() -> dict[str, Schema]:
    """Every command's body by the name of its class, and what they refer to."""
    made: dict[str, Schema] = {}
    for operation in operations().values():
        made[operation.command.__name__], definitions = body(operation)
        made |= definitions
    return _without_classes(made)


def _without_classes(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """The same with ranges in place of the class of control characters, which not every reader of patterns knows."""
    if isinstance(value, dict):
        told = cast("dict[str, Any]", value)
        return {name: _without_classes(one) for name, one in told.items()}
    if isinstance(value, list):
        return [_without_classes(one) for one in cast("list[Any]", value)]
    return value.replace(r"\p{Cc}", r"\x00-\x1f\x7f-\x9f") if isinstance(value, str) else value


# What all share

_EVENT: Final = object_with({"event_id": UUID, "type": TEXT, "version": VERSION})

SHARED: Final[Mapping[str, Schema]] = {
    "LastEvent": object_with(
        {"partition": COUNT, "position": COUNT, "event_id": UUID}, description="The event that last changed it."
    ),
    "PersonalField": {
        "description": "Personal data: the value or a mask, null, or since when it is gone or withheld.",
        "anyOf": [TEXT, {"type": "null"}, ref("Erased"), ref("Withheld")],
    },
    "Erased": object_with({"erased_on": maybe(TIME)}, description="What can never be opened again."),
    "Withheld": object_with(
        {"reason": {"enum": ["erasure-requested", "restricted"]}, "since": TIME, "until": maybe(DATE)},
        description="What is not shown because it is being erased, or because its use is restricted.",
    ),
    "FieldError": object_with(
        {
            "in": {"enum": ["body", "header", "path", "query"]},
            "field": {"type": "string", "description": "In a body a JSON pointer, else a name."},
            "reason": TEXT,
            "hint": TEXT,
        },
        optional=("hint",),
    ),
    "Problem": object_with(
        {
            "type": {"type": "string", "description": f"`{TYPE_PREFIX}` and the code."},
            "title": TEXT,
            "status": {"type": "integer"},
            "code": {"enum": sorted({*PROBLEMS, *REFUSALS})},
            "detail": TEXT,
            "errors": list_of(ref("FieldError")),
            "version": {"type": "integer", "description": "The stream's version, where another was expected."},
            "resume": {**CURSOR, "description": "Where to go on after a restore."},
        },
        optional=("detail", "errors", "version", "resume"),
        description="RFC 9457. No problem ever repeats a value of the request.",
    ),
    "Answer": {
        **object_with(
            {
                "stream_id": UUID,
                "version": VERSION,
                "events": {**list_of(_EVENT), "description": "Empty if what was wanted held already."},
                "token": {**CURSOR, "description": "Give it to a query to see what this command did."},
                "receipt": ref("Receipt"),
            },
            optional=("receipt",),
            description="An accepted command; also has the id of the new thing inside the stream, if one was made.",
        ),
        "additionalProperties": UUID,
    },
    "Receipt": object_with(
        {
            "status": {"enum": ["sealed", "pending", "nothing-to-prove"]},
            "url": {**maybe(TEXT), "description": "Where the proofs are to be had at any time."},
            "proofs": list_of(
                object_with(
                    {
                        "event_id": UUID,
                        "header": {**maybe(TEXT), "description": "What the entry's `h` is the SHA-256 of."},
                        "proof": {"type": "string", "description": "A C2SP tlog-proof; its `extra` is the entry."},
                    }
                )
            ),
        },
        description="Proofs that events are sealed; `nothing-to-prove`: the command changed nothing.",
    ),
    "Verdict": object_with(
        {
            "line": COUNT,
            "index": COUNT,
            "id": TEXT,
            "source": TEXT,
            "verdict": {"enum": ["accepted", "repeated", "refused", "invalid", "failed", "stopped"]},
            "stream_id": UUID,
            "version": VERSION,
            "token": CURSOR,
            "problem": ref("Problem"),
        },
        optional=("line", "index", "id", "source", "stream_id", "version", "token", "problem"),
        description="`failed`: repeat it with the same id; `stopped`: from here on nothing was read.",
    ),
    "BulkLine": {
        **object_with({"command": {"enum": sorted(operations())}, "id": TEXT}, optional=("id",)),
        "additionalProperties": True,
        "description": "A command's body with the stream's id (unless it creates one), the command's type, and a key.",
    },
    "CommandEvent": object_with(
        {
            "specversion": {"const": "1.0"},
            "type": {"enum": [f"daybook.{name}" for name in sorted(operations())]},
            "source": TEXT,
            "id": TEXT,
            "time": TIME,
            "correlationid": UUID,
            "causationid": UUID,
            "data": {**OBJECT, "description": "As a bulk line, without `command` and `id`."},
        },
        optional=("time", "correlationid", "causationid", "data"),
        description="CloudEvents 1.0.",
    ),
    "Event": object_with(
        {
            "event_id": UUID, "type": TEXT, "stream_id": UUID, "version": VERSION, "customer_id": maybe(UUID),
            "occurred_at": TIME, "recorded_at": TIME, "actor": TEXT, "reason": maybe(TEXT), "correlation_id": UUID,
            "causation_id": maybe(UUID), "partition": COUNT, "position": COUNT, "data": maybe(OBJECT),
        },
        description="An event with its personal data.",
    ),
    "FeedEvent": object_with(
        {
            "specversion": {"const": "1.0"}, "id": UUID, "source": TEXT, "type": TEXT, "subject": UUID, "time": TIME,
            "datacontenttype": TEXT, "dataschema": TEXT, "recordedtime": TIME, "partition": COUNT, "sequence": TEXT,
            "streamversion": VERSION, "correlationid": UUID, "causationid": UUID, "customerid": UUID, "authtype": TEXT,
            "authid": TEXT, "dataclassification": TEXT, "data": maybe(OBJECT),
        },
        optional=("causationid", "customerid"),
        description="CloudEvents 1.0. `data` is what was recorded: references to personal data, never the data.",
    ),
}  # fmt: skip
