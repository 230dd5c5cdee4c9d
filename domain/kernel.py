"""The vocabulary every aggregate is written in: event, command, refusal, personal field, aggregate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, create_model

from domain.matters import Matter
from domain.search_terms import ByField, SearchKind

S = TypeVar("S")
E = TypeVar("E", bound="Event")
C = TypeVar("C", bound="Command")
_set = object.__setattr__


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field as personal data, kept sealed outside the record.

    `record_class` groups fields that live and are erased together; `subject` names the UUID
    field of the same event that says whose data it is; `mask` is shown to who may not look; `search`
    is what the subject can be found by through this field; where it `waits`, only once a later event puts it in
    force. `alone`: it is large, so it is opened where it is asked for by itself, not wherever its event is shown.
    """

    record_class: str
    subject: str = "customer_id"
    mask: str = "***"
    search: SearchKind | ByField | None = None
    waits: bool = False
    alone: bool = False


class Facts(BaseModel):
    """Fields that a command and its event share, declared once."""


class Message(BaseModel):
    """What events and commands share: immutable, no unknown fields, a stable name, a business time.

    The name is given where the class is declared: `class ComplaintClosed(Event, name="complaint.closed")`.
    """

    # An error text must never carry a personal value into a diagnostic log.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: ClassVar[str]
    occurred_at: AwareDatetime

    def __init_subclass__(cls, *, name: str | None = None, **config: Any) -> None:  # noqa: ANN401 - pydantic's own settings
        """Keep the stable name as `type`."""
        super().__init_subclass__(**config)
        if name is not None:
            cls.type = name

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        masks = {name: personal.mask for name, personal in personal_fields(type(self))}
        return [(key, masks.get(key or "", value)) for key, value in super().__repr_args__()]


class Event(Message):
    """Something that happened: past tense, never changed.

    `class_version` is the schema's version; `upcast_vN_vM` static methods lift older states.
    Personal fields are optional with default None: they are sealed away when the event is
    appended, and read back as None by all who do not open them. `puts_in_force`, of an event that
    lets hold what an earlier one of its stream has sealed: the class of that one, and the field that
    has the same value in both.
    """

    class_version: ClassVar[int] = 1
    puts_in_force: ClassVar["tuple[type[Event], str] | None"] = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        for name, personal in personal_fields(cls):
            if personal.subject not in cls.model_fields:
                message = f"{cls.__name__}.{name}: its subject {personal.subject!r} is no field of the event"
                raise TypeError(message)
            if cls.model_fields[name].is_required():
                message = f"{cls.__name__}.{name}: a personal field needs the default None"
                raise TypeError(message)


class Command(Message):
    """Something that is wanted: imperative; accepted as events, or refused.

    `stream_field` names the field that holds the stream's id. `actor_field` names the field, if
    any, that must hold the acting person: the edge fills it, or checks it, from the request.
    `internal`: only the program itself gives it, with facts that nobody may claim.
    `limits_field` likewise names what must hold how much one person may decide alone: the access
    table in force says it, under the same name; and `given_field` what must hold who gave the command,
    and when. `key_fields`, of a command that opens a stream, name what there is one stream for: the
    stream's id is made from them.
    `clock_field` names what must hold the clock that it starts, by the policy and calendar in force.
    `judged_field` names what the judgement of the policy or plan in force goes into, or what the customer's other
    streams say, when the command is decided; `is_judged`: this one needs it.
    `opens`: it begins a stream, as the aggregate's first command does.
    `spans_field` names what must hold what the decision needs of other partitions: the engine fills it, having claimed
    there what the command wants, and nobody else may.
    """

    stream_field: ClassVar[str]
    actor_field: ClassVar[str | None] = None
    internal: ClassVar[bool] = False
    limits_field: ClassVar[str | None] = None
    given_field: ClassVar[str | None] = None
    key_fields: ClassVar[tuple[str, ...]] = ()
    clock_field: ClassVar[str | None] = None
    judged_field: ClassVar[str | None] = None
    opens: ClassVar[bool] = False
    spans_field: ClassVar[str | None] = None

    @property
    def is_judged(self) -> bool:
        """Whether it is decided with what is seen of the customer's other streams, and only while that holds."""
        return self.judged_field is not None


class Refusal(Exception):
    """A command that cannot be accepted now, with a stable code such as `complaint.already-closed`."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        """`field` names the command's field at fault, where there is one."""
        super().__init__(code, message, field)  # all of them, so that it can be pickled
        self.code = code
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return self.message


def refusal(refusals: Mapping[str, str], code: str, field: str | None = None) -> Refusal:
    """Make the refusal of this code, with its message from the aggregate's own list."""
    return Refusal(code, refusals[code], field)


def nobody(_: object) -> Sequence[tuple[UUID, str]]:
    """Answer for events that concern no other customer."""
    return ()


def open_to_all(_: object) -> Matter | None:
    """Answer for streams that are never confidential."""
    return None


@dataclass(frozen=True, eq=False)
class Aggregate(Generic[S]):
    """One kind of stream: its events and commands, and the two pure functions over them.

    `customer_of` gives the stream's customer once the first event is known; `participants_of`
    the other customers of one event with their roles; `ended` whether nothing is left to do;
    `matter_of` what makes the stream confidential; `refusals` maps every code that `decide` may
    raise to its message.
    """

    name: str
    initial: S
    evolve: Callable[[S, Event], S]
    decide: Callable[[Command, S], Sequence[Event]]
    commands: tuple[type[Command], ...]
    events: tuple[type[Event], ...]
    customer_of: Callable[[S], UUID | None]
    ended: Callable[[S], bool]
    participants_of: Callable[[Event], Sequence[tuple[UUID, str]]] = nobody
    matter_of: Callable[[S], Matter | None] = open_to_all
    refusals: Mapping[str, str] = field(default_factory=dict[str, str])


@cache
def personal_fields(message: type[BaseModel]) -> tuple[tuple[str, Personal], ...]:
    """List a class's personal fields as (field, Personal), in declared order."""
    return tuple(
        (name, mark)
        for name, info in message.model_fields.items()
        for mark in info.metadata
        if isinstance(mark, Personal)
    )


@cache
def _clear_fields(facts: type[Facts]) -> tuple[str, ...]:
    sealed = {name for name, _ in personal_fields(facts)}
    return tuple(name for name in facts.model_fields if name not in sealed)


def clear_facts(facts: type[Facts], message: Message) -> tuple[object, ...]:
    """Take the values of the clear fields of `facts` from a message, to tell whether two say the same."""
    return tuple([getattr(message, name) for name in _clear_fields(facts)])


def with_fact(command: C, field: str, value: object) -> C:
    """The command with one more field filled in by the program, which has made the value itself."""
    made = type(command).__new__(type(command))
    _set(made, "__dict__", {**command.__dict__, field: value})
    _set(made, "__pydantic_fields_set__", {*command.model_fields_set, field})
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made


@cache
def _foreign_fields(event: type[Event], command: type[Command]) -> tuple[tuple[str, ...], set[str]]:
    """List the command's fields that the event has not, and the event's own."""
    return tuple(name for name in command.model_fields if name not in event.model_fields), set(event.model_fields)


@cache
def _check(event: type[Event], names: tuple[str, ...]) -> Callable[[object], object]:
    """What validates these fields of the event, all with one call: one for each takes as long as the decision."""
    fields: dict[str, Any] = {name: (event.model_fields[name].rebuild_annotation(), ...) for name in names}
    return create_model(event.__name__, __config__=Message.model_config, **fields).model_validate


def happened(event: type[E], command: Command, **facts: object) -> E:
    """Make the event from the command's fields of the same name, and from `facts`.

    The command was validated when it came in and its fields are declared alike, so they are not validated again: that
    was most of the time of a decision. What `decide` has worked out is: an event that cannot be read would be in the
    record for ever, and nobody could read its stream again.

    Raises:
        ValidationError: one of `facts` is nothing that the event may hold.
    """
    if facts:
        _check(event, tuple(facts))(facts)
    values = command.__dict__.copy()
    foreign, own = _foreign_fields(event, type(command))
    for name in foreign:
        del values[name]
    values.update(facts)
    if len(values) != len(own):  # some fields have their default
        return event.model_validate(values)
    made = event.__new__(event)
    _set(made, "__dict__", values)
    _set(made, "__pydantic_fields_set__", own)  # shared: messages never change
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made
