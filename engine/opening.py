"""Personal data on its way out: the one place where anything sealed is opened.

For each field the access table decides whether the one who asks is shown it; what is being erased nobody
is shown, and what is restricted only for a few purposes. What was decided is committed as a look, and only
then are the blobs opened that hold a field to be shown; of what is not shown no blob is read and no key is
used, its mask or the reason stands in its place.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

import orjson

from domain.privacy_rules import RESTRICTED_PURPOSES
from engine.access import Decision, mask_of, personal_registry
from engine.looking import Looked, Looker, Looks
from projections.projection import Decode
from projections.references import SealedAt
from projections.withheld import Withheld, withheld
from store.envelope import SealedBlob
from store.record import Record
from vault.vault import Missing, Reference, Vault

if TYPE_CHECKING:
    from projections.fact import Fact

Wanted: TypeAlias = Mapping[SealedAt, tuple[str, ...]]
"""The fields wanted of each sealed part; none named: all that its record class can have."""

Opened: TypeAlias = dict[SealedAt, dict[str, Any]]
"""The fields of each part by name: the value, its mask, `Withheld`, or `Missing` if it is erased; one never given is
absent."""


class Opener:
    """Opens sealed personal data for the one who asks. Nothing opened is kept."""

    def __init__(self, record: Record, decode: Decode, vault: Vault, looks: Looks) -> None:
        self._record = record
        self._decode = decode
        self._vault = vault
        self._looks = looks

    async def open(
        self, looker: Looker, partition: int, wanted: Wanted, blobs: Collection[SealedBlob] | None = None
    ) -> Opened:
        """The wanted fields of each part; `blobs` where the caller has read them with something else.

        Raises:
            LookNotRecorded: the look could not be committed; nothing was opened.
            EnvelopeCorrupt: a blob is not the one that its event committed to.
        """
        if not wanted:
            return {}
        named = {at: names or tuple(sorted(personal_registry()[at.record_class])) for at, names in wanted.items()}
        kept_back = await self._kept_back(looker, named)
        shown = {
            at: frozenset[str]()
            if at in kept_back
            else frozenset(name for name in names if looker.decide(at.subject_id, at.record_class, name) == "shown")
            for at, names in named.items()
        }
        await self._looks.commit(looker, _looked(named, shown))
        texts = await self._texts(partition, [at for at, names in shown.items() if names], blobs)
        return {
            at: dict.fromkeys(names, kept_back[at]) if at in kept_back else _fields(at, names, shown[at], texts.get(at))
            for at, names in named.items()
        }

    async def _kept_back(self, looker: Looker, named: Wanted) -> dict[SealedAt, Withheld]:
        """The parts that this looker is not shown whatever the access table says."""
        found = await withheld(self._record, self._decode, {at.subject_id for at in named})
        if not found:
            return {}
        used = looker.viewer.purpose in RESTRICTED_PURPOSES
        return {
            at: one
            for at in named
            if (one := found.get((at.subject_id, at.record_class))) is not None
            and not (used and one.reason == "restricted")
        }

    async def open_facts(
        self, looker: Looker, partition: int, facts: "Sequence[Fact]", *, but: Collection[str] = ()
    ) -> list[dict[str, Any]]:
        """Each fact's personal fields by name, as `open` gives them, but those of some record classes."""
        parts = [
            {
                SealedAt(fact.recorded.event_id, ref.subject_id, ref.record_class, ref.sha256): ref.fields
                for ref in fact.sealed
                if ref.record_class not in but
            }
            for fact in facts
        ]
        opened = await self.open(looker, partition, {at: names for of_fact in parts for at, names in of_fact.items()})
        return [{name: value for at in of_fact for name, value in opened[at].items()} for of_fact in parts]

    async def _texts(
        self, partition: int, parts: Sequence[SealedAt], blobs: Collection[SealedBlob] | None
    ) -> dict[SealedAt, bytes | Missing]:
        if not parts:
            return {}
        if blobs is None:
            events, classes = {part.event_id for part in parts}, {part.record_class for part in parts}
            blobs = await self._record.read_sealed(partition, events, classes)
        found = {(blob.event_id, blob.subject_id, blob.record_class): blob for blob in blobs}
        references: list[Reference] = []
        for part in parts:
            blob = found.get(part[:3])
            key_id, content = (blob.key_id, blob.blob) if blob else (None, None)
            references.append(Reference(*part[:3], key_id, content, bytes.fromhex(part.sha256)))
        return dict(zip(parts, await self._vault.open_many(partition, references), strict=True))


_DECISIONS: Final[tuple[Decision, Decision]] = ("shown", "masked")


def _looked(named: Wanted, shown: Mapping[SealedAt, frozenset[str]]) -> list[Looked]:
    """What is looked at, the events of one subject, class, fields and decision together."""
    looked: dict[tuple[UUID, str, tuple[str, ...], Decision], set[UUID]] = {}
    for at, names in named.items():
        seen = tuple(name for name in names if name in shown[at])
        hidden = tuple(name for name in names if name not in shown[at])
        for fields, decision in zip((seen, hidden), _DECISIONS, strict=True):
            if fields:
                looked.setdefault((at.subject_id, at.record_class, fields, decision), set()).add(at.event_id)
    return [Looked(*of, tuple(sorted(events))) for of, events in looked.items()]


def _fields(at: SealedAt, names: Sequence[str], shown: frozenset[str], text: bytes | Missing | None) -> dict[str, Any]:
    """What an answer has of a part."""
    masked = {name: mask_of(at.record_class, name) for name in names if name not in shown}
    if text is None or isinstance(text, Missing):
        return masked | dict.fromkeys(sorted(shown), text)
    return masked | {name: value for name, value in orjson.loads(text).items() if name in shown}
