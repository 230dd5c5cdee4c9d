"""Which event's sealed values another one has put in force: an approval says so by the id that it shares with it."""

from typing import Final
from uuid import UUID

from domain.kernel import Event
from projections.fact import Fact
from projections.projection import Decode
from store.reading import Reader

PAGE: Final = 500


async def put_in_force(record: Reader, decode: Decode, stream_id: UUID, event: Event) -> Fact | None:
    """The event of the same stream; None: this one puts nothing in force, or the other's data is disposed of."""
    if event.puts_in_force is None:
        return None
    requested, key = event.puts_in_force
    after = -1
    while page := await record.read_stream(stream_id, after, PAGE):
        for one in page:
            if one.topic == requested.type:
                fact = decode(one)
                if getattr(fact.event, key, None) == getattr(event, key):
                    return fact
        after = page[-1].version
    return None
