"""One trace of an event log in XES (IEEE 1849): its attributes and its events, from bytes to values."""

from typing import Final, NamedTuple
from xml.parsers import expat

from engine.importing.verdict import Reason, Unreadable

EVENTS_MAX: Final = 10_000
ATTRIBUTES_MAX: Final = 200
"""Of a trace, and of an event."""
DEPTH_MAX: Final = 20


class Trace(NamedTuple):
    """Attributes by their keys, as text; those inside lists and of attributes are left out."""

    attributes: dict[str, str]
    events: tuple[dict[str, str], ...]


def trace_of(raw: bytes) -> Trace:
    """Parse one `<trace>` with nothing around it. It may declare nothing, so no entity is ever expanded.

    Raises:
        Unreadable: it is not well-formed, or larger than a trace may be.
    """
    reading = _Reading()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = reading.begin
    parser.EndElementHandler = reading.end
    parser.StartDoctypeDeclHandler = reading.refuse
    try:
        parser.Parse(raw, True)  # expat takes it by place only
    except expat.ExpatError:
        raise Unreadable(Reason("xml-malformed")) from None
    return Trace(reading.attributes, tuple(reading.events))


class _Reading:
    """Takes in elements as they come: attributes of the trace stand at depth 2, those of its events at 3."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}
        self.events: list[dict[str, str]] = []
        self._path: list[str] = []

    def begin(self, tag: str, given: dict[str, str]) -> None:
        path = self._path
        path.append(tag.rpartition(":")[2])
        if len(path) > DEPTH_MAX:
            raise Unreadable(Reason("too-many-values", "depth"))
        if path[1:] == ["event"]:
            self.events.append({})
            if len(self.events) > EVENTS_MAX:
                raise Unreadable(Reason("too-many-values", "event"))
        elif len(path) == 2:  # noqa: PLR2004  # an attribute of the trace
            _add(self.attributes, given)
        elif len(path) == 3 and path[1] == "event":  # noqa: PLR2004
            _add(self.events[-1], given)

    def refuse(self, *_: object) -> None:
        raise Unreadable(Reason("xml-malformed"))

    def end(self, _: str) -> None:
        self._path.pop()


def _add(attributes: dict[str, str], given: dict[str, str]) -> None:
    key, value = given.get("key"), given.get("value")
    if key is None or value is None:  # a list, which has values inside
        return
    if key in attributes:
        raise Unreadable(Reason("value-twice", "attribute"))
    attributes[key] = value
    if len(attributes) > ATTRIBUTES_MAX:
        raise Unreadable(Reason("too-many-values", "attribute"))
