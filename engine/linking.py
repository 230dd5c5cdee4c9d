"""Who may be one person with a customer: what of them agrees, which rules that fulfils, and what is shared by many.

Candidates come from the blind index and each is confirmed by its current value, which is a look like any other. Values
are compared and never told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast
from uuid import UUID

from domain.customer import CUSTOMER
from domain.linking_rules import Identifier, IdentifierKind
from domain.person import Person
from domain.search_terms import SEARCHED_CONTACT_POINTS, SearchKind, normalised
from engine.linking_rules import Linking, linking_in_force
from engine.looking import Looker
from engine.program_commands import Program
from engine.searching import SEARCHED_FIELDS, CustomerSearch
from projections.profile_query import Profile
from projections.references import SealedAt

if TYPE_CHECKING:
    from engine.wiring import Daybook

MORE_THAN_SHARED: Final = 20
"""So many more than may share a value are looked at, for some may have it no longer; of even more none is looked at."""

CANDIDATES_MAX: Final = 50

WhyShared = Literal["too-many-people", "role-mailbox"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What agrees, how much it says, and how many people have it."""

    kind: IdentifierKind
    strength: str
    people: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What the customer has in common with so many that it links nobody; `people`: at least so many have it."""

    kind: IdentifierKind
    why: WhyShared
    people: int | None


@dataclass(frozen=True, slots=True)
class KnownLink:
    """What was proposed of the two already: `proposed`, `given-up`, or how the merge stands.

    `compared`: its rule and evidence were held against the record when it was proposed.
    """

    link_id: UUID
    status: str
    compared: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two customers who may be one person, the smaller id first: that is where the link is proposed."""

    customer_id: UUID
    other_id: UUID
    rules: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    link: KnownLink | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """All of a person's; `not_shown`: kinds that whoever asks is not shown, so they were not compared."""

    person: Person
    rules_version: int
    candidates: tuple[Candidate, ...]
    shared: tuple[Shared, ...]
    not_shown: tuple[IdentifierKind, ...]


@dataclass(frozen=True, slots=True)
class _Value:
    identifier: Identifier
    search: SearchKind
    wanted: str


async def link_candidates(daybook: "Daybook", looker: Looker, customer_id: UUID) -> Candidates | None:
    """Candidates for the person of a customer; None: nothing in sight names the customer.

    Raises:
        LookNotRecorded, EnvelopeCorrupt: see `Opener.open`.
    """
    rules = await linking_in_force(daybook.models, daybook.mapper)
    found = await compared(daybook.search, looker, rules, customer_id)
    if found is None:
        return None
    candidates = await _candidates(Program(daybook), found)
    return Candidates(found.who, rules.rules_version, candidates, tuple(found.shared), tuple(found.not_shown))


async def compared(search: CustomerSearch, looker: Looker, rules: Linking, customer_id: UUID) -> "Compared | None":
    """What the person of a customer has in common with others, by these rules; None: nothing names the customer.

    Raises:
        LookNotRecorded, EnvelopeCorrupt: see `Opener.open`.
    """
    people = search.people
    who = (await people.persons([customer_id]))[customer_id]
    known: list[Profile] = []
    for partition, ids in people.record.by_partition(who.customer_ids).items():
        known += await people.profiles(partition, ids, looker.sight)
    if not known:
        return None
    found = Compared(search, looker, rules, who)
    for value in await found.values(known):
        await found.compare(value)
    return found


class Compared:
    """What the values of a person have found."""

    def __init__(self, search: CustomerSearch, looker: Looker, rules: Linking, who: Person) -> None:
        self._search = search
        self._looker = looker
        self._rules = rules
        self.who = who
        self.evidence: dict[UUID, dict[IdentifierKind, Evidence]] = {}
        self.shared: list[Shared] = []
        self.not_shown: list[IdentifierKind] = []

    def rules_with(self, other_id: UUID) -> tuple[str, ...]:
        """The rules that propose the person and another customer."""
        return tuple(one.name for one in self._rules.met_by(frozenset(self.evidence.get(other_id, ()))))

    async def values(self, known: Sequence[Profile]) -> list[_Value]:
        """The person's values of the kinds that the rules know, each once; which kinds are not shown is noted."""
        values: dict[tuple[IdentifierKind, str], _Value] = {}
        hidden: dict[IdentifierKind, None] = {}
        by_kind = {one.kind: one for one in self._rules.identifiers}
        for of in known:
            wanted = [told for told in _sealed(of) if told[0] in by_kind]
            partition = self._search.people.record.partition_of(of.customer_id)
            fields = {at: (SEARCHED_FIELDS[search][1],) for _, search, at in wanted}
            opened: Mapping[SealedAt, dict[str, Any]] = await self._search.opener.open(self._looker, partition, fields)
            for kind, search, at in wanted:
                record_class, name = SEARCHED_FIELDS[search]
                if self._looker.decide(at.subject_id, record_class, name) != "shown":
                    hidden[kind] = None
                    continue
                value = opened[at].get(name)
                text = normalised(search, value) if isinstance(value, str) else ""
                if text:
                    values[kind, text] = _Value(by_kind[kind], search, text)
        self.not_shown = list(hidden)
        return list(values.values())

    async def compare(self, value: _Value) -> None:
        """Note everybody else who has this value now, unless it is shared."""
        kind, most = value.identifier.kind, value.identifier.persons_max
        if kind == "email" and self._rules.shared_mailbox(value.wanted):
            self.shared.append(Shared(kind, "role-mailbox", None))
            return
        limit = most + len(self.who.customer_ids) + MORE_THAN_SHARED
        candidates = await self._search.ever_had(value.search, value.wanted, limit + 1)
        if len(candidates) > limit:
            self.shared.append(Shared(kind, "too-many-people", most + 1))
            return
        having = await self._search.have_now(self._looker, value.search, value.wanted, candidates)
        having = [one for one in having if _has_kind(one, kind)]
        people = await self._search.people.persons([one.customer_id for one in having])
        others = {one: of for one, of in people.items() if of != self.who}
        count = len({of.canonical_id for of in others.values()}) + 1
        if value.identifier.strength == "weak" and count > most:
            self.shared.append(Shared(kind, "too-many-people", count))
            return
        for one in others:
            told = Evidence(kind, value.identifier.strength, count)
            self.evidence.setdefault(one, {})[kind] = told


async def _candidates(program: Program, found: Compared) -> tuple[Candidate, ...]:
    """Those whom a rule proposes, the most rules first."""
    candidates: list[Candidate] = []
    for other, evidence in found.evidence.items():
        rules = found.rules_with(other)
        if rules:
            smaller, larger = sorted((found.who.canonical_id, other))
            link = await _known_link(program, smaller, larger)
            told = tuple(evidence[kind] for kind in sorted(evidence))
            candidates.append(Candidate(smaller, larger, rules, told, link))
    return tuple(sorted(candidates, key=lambda one: (-len(one.rules), one.customer_id, one.other_id))[:CANDIDATES_MAX])


async def _known_link(program: Program, smaller: UUID, larger: UUID) -> KnownLink | None:
    identity = (await program.story(CUSTOMER, smaller)).state.identity
    of_both = [link_id for link_id, link in identity.links.items() if link.other_id == larger]
    if not of_both:
        return None
    last = of_both[-1]
    return KnownLink(last, identity.stands(last), identity.links[last].compared)


def _has_kind(of: Profile, kind: IdentifierKind) -> bool:
    """Whether a customer with the value has it as this kind: two kinds of documents may have the same number."""
    documents = {one.kind for one in of.documents}
    return kind in documents or kind in {"name", "phone", "email"}


def _sealed(of: Profile) -> Iterator[tuple[IdentifierKind, SearchKind, SealedAt]]:
    """Where a customer's identifiers are sealed."""
    if of.name is not None:
        yield "name", "name", of.name
    kinds = dict(SEARCHED_CONTACT_POINTS.kinds)
    for point in of.contact_points:
        kind = kinds.get(point.kind)
        if kind is not None and point.value is not None:
            yield cast("IdentifierKind", kind), kind, point.value
    for document in of.documents:
        if document.number is not None:
            yield cast("IdentifierKind", document.kind), "document", document.number
