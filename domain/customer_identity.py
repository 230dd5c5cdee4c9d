"""Customer: what is decided about who somebody is. `domain.customer` takes these functions in.

A merge rewrites nothing: it is a pair of claims, first in the stream of the smaller id, then in the other's, and what
stands in the former counts. Facts keep the customer that they were recorded of.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain.codes import ActorId, CustomerKind
from domain.four_eyes import require_another
from domain.identity_documents import OF_CUSTOMERS, DocumentKind
from domain.identity_messages import (
    AgreeToMerge,
    CancelMerge,
    Comparison,
    CompleteMerge,
    CustomersMerged,
    FollowReversal,
    IdentityDocumentRecorded,
    IdentityDocumentWithdrawn,
    IdentityLinked,
    IdentityUnlinked,
    LinkIdentity,
    MergeCancelled,
    MergeClaimed,
    MergeCustomers,
    MergeReversed,
    RecordIdentityDocument,
    ReverseMerge,
    UnlinkIdentity,
    WithdrawIdentityDocument,
)
from domain.kernel import Command, Event, happened, refusal

MergeStatus = Literal["claimed", "merged", "cancelled", "reversed"]
LinkStatus = Literal["proposed", "given-up", MergeStatus]

# State


@dataclass(frozen=True, slots=True)
class Document:
    """What decisions need of a document."""

    kind: DocumentKind
    reservation_id: UUID
    contested: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A proposal that another customer is the same person; `compared`: its evidence was held against the record."""

    other_id: UUID
    linked_by: ActorId
    given_up: bool = False
    compared: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """The customer's side of a merge."""

    other_id: UUID
    status: MergeStatus


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the customer is, as decisions see it; `merges` by the id of the link that each follows from."""

    documents: Mapping[UUID, Document] = field(default_factory=dict[UUID, Document])
    links: Mapping[UUID, Link] = field(default_factory=dict[UUID, Link])
    merges: Mapping[UUID, Merge] = field(default_factory=dict[UUID, Merge])

    @property
    def claimed(self) -> bool:
        """Whether the customer takes part in a merge that is not completed."""
        return any(one.status == "claimed" for one in self.merges.values())

    def stands(self, link_id: UUID) -> LinkStatus:
        """How one of the links stands: as its merge does, where there is one."""
        merge = self.merges.get(link_id)
        if merge is not None:
            return merge.status
        return "given-up" if self.links[link_id].given_up else "proposed"

    def holds(self, reservation_id: UUID) -> bool:
        """Whether a document of the customer's keeps the place of its number."""
        return any(
            one.reservation_id == reservation_id and not one.contested and not one.withdrawn
            for one in self.documents.values()
        )


NOBODY_ELSE: Final = Identity()
"""A customer who has shown no document and was never linked."""

# Evolve


def _recorded(state: Identity, event: IdentityDocumentRecorded) -> Identity:
    document = Document(event.kind, event.reservation_id, event.contested)
    return replace(state, documents={**state.documents, event.document_id: document})


def _withdrawn(state: Identity, event: IdentityDocumentWithdrawn) -> Identity:
    document = state.documents.get(event.document_id)
    if document is None:
        return state
    return replace(state, documents={**state.documents, event.document_id: replace(document, withdrawn=True)})


def _linked(state: Identity, event: IdentityLinked) -> Identity:
    link = Link(event.other_id, event.linked_by, compared=event.comparison is not None)
    return replace(state, links={**state.links, event.link_id: link})


def _unlinked(state: Identity, event: IdentityUnlinked) -> Identity:
    link = state.links.get(event.link_id)
    if link is None:
        return state
    return replace(state, links={**state.links, event.link_id: replace(link, given_up=True)})


def _merge(
    status: MergeStatus,
) -> Callable[[Identity, MergeClaimed | CustomersMerged | MergeCancelled | MergeReversed], Identity]:
    def evolve_merge(
        state: Identity, event: MergeClaimed | CustomersMerged | MergeCancelled | MergeReversed
    ) -> Identity:
        return replace(state, merges={**state.merges, event.merge_id: Merge(event.other_id, status)})

    return evolve_merge


EVOLVE: Final[Mapping[type[Event], Callable[..., Identity]]] = MappingProxyType(
    {
        IdentityDocumentRecorded: _recorded,
        IdentityDocumentWithdrawn: _withdrawn,
        IdentityLinked: _linked,
        IdentityUnlinked: _unlinked,
        MergeClaimed: _merge("claimed"),
        CustomersMerged: _merge("merged"),
        MergeCancelled: _merge("cancelled"),
        MergeReversed: _merge("reversed"),
    }
)

# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customer.document-kind-unfit": "Customers of this kind have no such document.",
        "customer.document-taken": "Another customer holds this number; search for them, or contest it.",
        "customer.document-id-reused": "This document id names another document.",
        "customer.document-unknown": "The customer has no such document.",
        "customer.document-not-claimed": "The number of the document was not claimed.",
        "customer.link-to-itself": "A customer cannot be linked to itself.",
        "customer.link-from-the-smaller-id": "Link from the customer with the smaller id to the other.",
        "customer.link-id-reused": "This link id names another link.",
        "customer.link-not-compared": "What the record has of both customers was not compared.",
        "customer.link-rules-not-in-force": "Another version of the rules is in force; name that, or leave it out.",
        "customer.link-rule-unmet": "As the record has them, this rule does not propose these two; look at the link "
        "candidates, or link them by your own judgement, without a rule.",
        "customer.link-evidence-shared": "Some of this more people have than may, or a whole desk, so it links nobody; "
        "leave it out.",
        "customer.link-evidence-differs": "As the record has them, the two do not agree in all of this; leave out what "
        "differs.",
        "customer.link-unknown": "The customer has no such link; propose it first.",
        "customer.link-given-up": "The link was given up, or its merge was undone; propose another one.",
        "customer.link-merged": "The customers of the link were merged; reverse the merge.",
        "customer.merge-second-person-required": "Who proposed the link cannot merge its customers.",
        "customer.merge-erased": "Personal data of one of them is erased or is to be, so nobody can tell who it was.",
        "customer.merge-other-unknown": "The other customer is not registered.",
        "customer.merge-under-way": "One of the customers is just being merged; try again when that is done.",
        "customer.merge-unknown": "The customer has no such merge.",
        "customer.merge-not-merged": "The merge is not completed, or was cancelled.",
        "customer.merge-of-the-smaller-id": "A merge is reversed at the customer with the smaller id.",
        "customer.merge-parties-unknown": "What is known of both customers was not looked up.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _record(command: RecordIdentityDocument, state: Identity, kind: CustomerKind | None) -> Sequence[Event]:
    claim = command.claim
    if claim is None:
        raise _refuse("customer.document-not-claimed", "claim")
    if OF_CUSTOMERS.get(command.kind, kind) != kind:
        raise _refuse("customer.document-kind-unfit", "kind")
    known = state.documents.get(command.document_id)
    if known is not None:
        if known.withdrawn or (known.kind, known.reservation_id) != (command.kind, claim.reservation_id):
            raise _refuse("customer.document-id-reused", "document_id")
        return []
    if any(one.reservation_id == claim.reservation_id and not one.withdrawn for one in state.documents.values()):
        return []
    if not claim.held and command.if_taken == "refuse":
        raise _refuse("customer.document-taken", "number")
    told = {"contested": not claim.held, "reservation_id": claim.reservation_id}
    return [happened(IdentityDocumentRecorded, command, **told)]


def _withdraw(command: WithdrawIdentityDocument, state: Identity, _: CustomerKind | None) -> Sequence[Event]:
    document = state.documents.get(command.document_id)
    if document is None:
        raise _refuse("customer.document-unknown", "document_id")
    return [] if document.withdrawn else [happened(IdentityDocumentWithdrawn, command)]


def _link(command: LinkIdentity, state: Identity, _: CustomerKind | None) -> Sequence[Event]:
    if command.other_id == command.customer_id:
        raise _refuse("customer.link-to-itself", "other_id")
    if command.other_id < command.customer_id:
        raise _refuse("customer.link-from-the-smaller-id", "other_id")
    known = state.links.get(command.link_id)
    if known is None:
        if command.is_judged:
            _require_confirmed(command, command.comparison)
        return [happened(IdentityLinked, command)]
    if known != Link(command.other_id, command.linked_by, compared=known.compared):
        raise _refuse("customer.link-id-reused", "link_id")
    return []


def _require_confirmed(command: LinkIdentity, found: Comparison | None) -> None:
    """Refuse a link that claims more than the record confirms."""
    if found is None:
        raise _refuse("customer.link-not-compared", "comparison")
    if command.rules_version not in {None, found.rules_version}:
        raise _refuse("customer.link-rules-not-in-force", "rules_version")
    if command.rule is not None and command.rule not in found.rules:
        raise _refuse("customer.link-rule-unmet", "rule")
    unconfirmed = set(command.evidence).difference(found.agrees)
    if unconfirmed:
        shared = not unconfirmed.isdisjoint(found.shared)
        raise _refuse(f"customer.link-evidence-{'shared' if shared else 'differs'}", "evidence")


def _unlink(command: UnlinkIdentity, state: Identity, _: CustomerKind | None) -> Sequence[Event]:
    link = _known_link(command.link_id, state)
    if link.given_up:
        return []
    merge = state.merges.get(command.link_id)
    if merge is not None and merge.status in {"claimed", "merged"}:
        raise _refuse("customer.link-merged", "link_id")
    return [happened(IdentityUnlinked, command, other_id=link.other_id)]


def _known_link(link_id: UUID, state: Identity) -> Link:
    link = state.links.get(link_id)
    if link is None:
        raise _refuse("customer.link-unknown", "link_id")
    return link


def _claim_merge(command: MergeCustomers, state: Identity, _: CustomerKind | None) -> Sequence[Event]:
    link, merge = _known_link(command.link_id, state), state.merges.get(command.link_id)
    if merge is not None and merge.status in {"claimed", "merged"}:
        return []
    if link.given_up or merge is not None:
        raise _refuse("customer.link-given-up", "link_id")
    second = _refuse("customer.merge-second-person-required", "merged_by")
    require_another(command.merged_by, [link.linked_by], second)
    parties = command.parties
    if parties is None:
        raise _refuse("customer.merge-parties-unknown", "parties")
    if not parties.other_known:
        raise _refuse("customer.merge-other-unknown", "link_id")
    if parties.erased:
        raise _refuse("customer.merge-erased", "link_id")
    if state.claimed or parties.other_claimed:
        raise _refuse("customer.merge-under-way", "link_id")
    return [happened(MergeClaimed, command, merge_id=command.link_id, other_id=link.other_id)]


def _agree(command: AgreeToMerge, state: Identity, _: CustomerKind | None) -> Sequence[Event]:
    if command.merge_id in state.merges:
        return []
    if state.claimed:
        raise _refuse("customer.merge-under-way", "merge_id")
    return [happened(MergeClaimed, command)]


def _complete(command: CompleteMerge, state: Identity, _: CustomerKind | None) -> Sequence[Event]:
    merge = _known_merge(command.merge_id, state)
    if merge.status != "claimed":
        return []
    return [happened(CustomersMerged, command, other_id=merge.other_id)]


def _cancel(command: CancelMerge, state: Identity, _: CustomerKind | None) -> Sequence[Event]:
    merge = _known_merge(command.merge_id, state)
    if merge.status != "claimed":
        return []
    return [happened(MergeCancelled, command, other_id=merge.other_id)]


def _reverse(command: ReverseMerge, state: Identity, _: CustomerKind | None) -> Sequence[Event]:
    merge = _known_merge(command.merge_id, state)
    if merge.other_id < command.customer_id:
        raise _refuse("customer.merge-of-the-smaller-id", "merge_id")
    if merge.status == "reversed":
        return []
    if merge.status != "merged":
        raise _refuse("customer.merge-not-merged", "merge_id")
    return [happened(MergeReversed, command, other_id=merge.other_id)]


def _follow(command: FollowReversal, state: Identity, _: CustomerKind | None) -> Sequence[Event]:
    merge = _known_merge(command.merge_id, state)
    return [] if merge.status in {"reversed", "cancelled"} else [happened(MergeReversed, command)]


def _known_merge(merge_id: UUID, state: Identity) -> Merge:
    merge = state.merges.get(merge_id)
    if merge is None:
        raise _refuse("customer.merge-unknown", "merge_id")
    return merge


DECIDE: Final[Mapping[type[Command], Callable[..., Sequence[Event]]]] = MappingProxyType(
    {
        RecordIdentityDocument: _record,
        WithdrawIdentityDocument: _withdraw,
        LinkIdentity: _link,
        UnlinkIdentity: _unlink,
        MergeCustomers: _claim_merge,
        ReverseMerge: _reverse,
        AgreeToMerge: _agree,
        CompleteMerge: _complete,
        CancelMerge: _cancel,
        FollowReversal: _follow,
    }
)
"""Each takes the command, the identity, and the kind of the customer."""


def others_of(event: Event) -> Sequence[tuple[UUID, str]]:
    """The other customer of a link or merge."""
    other_id: UUID | None = getattr(event, "other_id", None)
    return () if other_id is None else ((other_id, "other"),)
