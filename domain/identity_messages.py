"""Customer: the events and commands about who somebody is: identity documents, links between customers, merges.

What is decided from them stands in `domain.customer_identity`.
"""

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.dataclasses import dataclass

from domain.codes import ActorId, Code, Count, Country
from domain.customer_messages import CustomerCommand
from domain.identity_documents import DocumentKind, DocumentNumber, fault_of, written_plainly
from domain.kernel import Event, Facts, Personal
from domain.linking_rules import IdentifierKind
from domain.search_terms import SEARCHED_DOCUMENTS

Number = Annotated[DocumentNumber | None, Personal("identity", search=SEARCHED_DOCUMENTS)]
IfTaken = Literal["refuse", "contest"]
Kinds = Annotated[tuple[IdentifierKind, ...], Field(max_length=20)]

_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, config=_STRICT)
class DocumentClaim:
    """The reservation of a document's number, and whether the customer has its place."""

    held: bool
    reservation_id: UUID


@dataclass(frozen=True, slots=True, config=_STRICT)
class Parties:
    """What is known of the two customers of a merge when it is asked for: it may have changed when it is carried out.

    `erased`: personal data of one of them is erased, or is to be; `other_claimed`: the other takes part in a merge
    that is not completed; `other_known`: the other is registered.
    """

    erased: bool
    other_claimed: bool
    other_known: bool


@dataclass(frozen=True, slots=True, config=_STRICT)
class Comparison:
    """What the record has of two customers who are to be linked, compared by the rules in force; never a value.

    `agrees`: kinds of what both have, and no more people than may; `shared`: kinds of what the first has in common with
    so many that it links nobody; `rules`: those that propose the two. Fields in alphabetical order.
    """

    agrees: Kinds
    rules: Annotated[tuple[Code, ...], Field(max_length=50)]
    rules_version: Count
    shared: Kinds


# Facts that events and commands share


class DocumentFacts(Facts):
    """A document in clear; `country`: which issued it. The number is personal."""

    customer_id: UUID
    document_id: UUID
    kind: DocumentKind
    country: Country = "CN"
    expires_on: date | None = None


class LinkFacts(Facts):
    """Why two customers may be one person: by which rule of which version, and what of them agrees, without any value.

    Without a rule it is the judgement of who links them. `comparison`: what the record had of the two, by which their
    rule and evidence were accepted. Without it nobody vouches for these but who linked them.
    """

    customer_id: UUID
    link_id: UUID
    other_id: UUID
    rule: Code | None = None
    rules_version: Count | None = None
    evidence: Kinds = ()
    comparison: Comparison | None = None
    reason: Code
    linked_by: ActorId


class MergeFacts(Facts):
    """A merge has the id of the link that it follows from, and names the other customer."""

    customer_id: UUID
    merge_id: UUID
    other_id: UUID


# Events


class IdentityDocumentRecorded(DocumentFacts, Event, name="customer.identity-document-recorded"):
    """The customer has shown a document. `contested`: another customer holds its number, which one of them mistook.

    `reservation_id`: the stream in which the place of its number is kept.
    """

    contested: bool = False
    reservation_id: UUID
    number: Number = None


class IdentityDocumentWithdrawn(Event, name="customer.identity-document-withdrawn"):
    """The document is not the customer's, or is not valid any more."""

    customer_id: UUID
    document_id: UUID
    reason: Code


class IdentityLinked(LinkFacts, Event, name="customer.identity-linked"):
    """Somebody, or a rule, thinks that two customers are one person. Nothing follows from it until they are merged."""


class IdentityUnlinked(Event, name="customer.identity-unlinked"):
    """They are not one person, or it cannot be told."""

    customer_id: UUID
    link_id: UUID
    other_id: UUID
    reason: Code
    unlinked_by: ActorId


class MergeClaimed(MergeFacts, Event, name="customer.merge-claimed"):
    """The customer is about to be merged: in the stream of the smaller id first, then in the other's."""

    reason: Code
    merged_by: ActorId


class CustomersMerged(MergeFacts, Event, name="customer.merged"):
    """Both customers are one person from now on; no fact of either changes. That of the smaller id counts."""


class MergeCancelled(MergeFacts, Event, name="customer.merge-cancelled"):
    """The other customer could not be merged."""

    reason: Code


class MergeReversed(MergeFacts, Event, name="customer.merge-reversed"):
    """They were not one person after all: everything is as if they had never been merged."""

    reason: Code
    reversed_by: ActorId


# Commands


class RecordIdentityDocument(DocumentFacts, CustomerCommand, name="customer.record-identity-document"):
    """Record a document that the customer has shown. Only one customer holds a number.

    `if_taken`: what to do when it is another's: `refuse`, or `contest`, by which both have it until one of them is
    corrected or the two are merged.
    """

    spans_field = "claim"

    number: Annotated[DocumentNumber, AfterValidator(written_plainly), Personal("identity")]
    if_taken: IfTaken = "refuse"
    claim: DocumentClaim | None = None

    @field_validator("number")
    @classmethod
    def _is_a_number(cls, number: str, info: ValidationInfo) -> str:
        told = info.data
        if "kind" in told and "occurred_at" in told:
            fault = fault_of(told["kind"], number, told["occurred_at"])
            if fault is not None:
                raise ValueError(fault)  # the edge tells it in words
        return number


class WithdrawIdentityDocument(CustomerCommand, name="customer.withdraw-identity-document"):
    """Take a document back; its number is free for another customer."""

    customer_id: UUID
    document_id: UUID
    reason: Code


class LinkIdentity(LinkFacts, CustomerCommand, name="customer.link-identity"):
    """Propose that two customers are one person, at the smaller id; the record must confirm the rule and evidence."""

    actor_field = "linked_by"
    judged_field = "comparison"

    @property
    def is_judged(self) -> bool:
        """Whether it says anything that the record can confirm."""
        return self.rule is not None or self.rules_version is not None or bool(self.evidence)


class UnlinkIdentity(CustomerCommand, name="customer.unlink-identity"):
    """Give a proposed link up."""

    actor_field = "unlinked_by"

    customer_id: UUID
    link_id: UUID
    reason: Code
    unlinked_by: ActorId


class MergeCustomers(CustomerCommand, name="customer.merge"):
    """Merge the customers of a link; not for the person who proposed it."""

    actor_field = "merged_by"
    spans_field = "parties"

    customer_id: UUID
    link_id: UUID
    reason: Code
    merged_by: ActorId
    parties: Parties | None = None


class ReverseMerge(CustomerCommand, name="customer.reverse-merge"):
    """Take a merge back, whatever has happened since."""

    actor_field = "reversed_by"

    customer_id: UUID
    merge_id: UUID
    reason: Code
    reversed_by: ActorId


class ProgramCommand(CustomerCommand):
    """A step of a merge between two partitions."""

    internal = True

    customer_id: UUID
    merge_id: UUID


class AgreeToMerge(ProgramCommand, MergeFacts, name="customer.agree-to-merge"):
    """Claim the customer with the larger id too."""

    reason: Code
    merged_by: ActorId


class CompleteMerge(ProgramCommand, name="customer.complete-merge"):
    """Both are claimed, so they are merged."""


class CancelMerge(ProgramCommand, name="customer.cancel-merge"):
    """The other cannot be merged."""

    reason: Code


class FollowReversal(ProgramCommand, MergeFacts, name="customer.follow-reversal"):
    """The merge was reversed in the stream of the smaller id."""

    reason: Code
    reversed_by: ActorId
