"""What the customer profile keeps of identity: documents by their ids, and the customer's side of its merges."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from domain.customer_identity import MergeStatus
from domain.identity_messages import (
    CustomersMerged,
    IdentityDocumentRecorded,
    IdentityDocumentWithdrawn,
    IdentityLinked,
    IdentityUnlinked,
    MergeCancelled,
    MergeClaimed,
    MergeReversed,
)
from domain.kernel import Event
from projections.fact import Fact
from projections.references import sealed_at

Kept: TypeAlias = dict[str, Any]
IdentityFold: TypeAlias = Callable[[Kept, Kept, Any, Fact], None]
"""Changes the documents and the merges of a row."""


def _document_recorded(documents: Kept, _: Kept, event: IdentityDocumentRecorded, fact: Fact) -> None:
    expires_on = None if event.expires_on is None else event.expires_on.isoformat()
    told = [event.kind, event.country, expires_on, event.contested, sealed_at(fact, "identity")]
    documents[str(event.document_id)] = told


def _document_withdrawn(documents: Kept, _: Kept, event: IdentityDocumentWithdrawn, _fact: Fact) -> None:
    documents.pop(str(event.document_id), None)


def _linked(_: Kept, _merges: Kept, _event: IdentityLinked | IdentityUnlinked, _fact: Fact) -> None:
    """Nothing is kept but that it was the row's last event, which tells the version of the customer's stream."""


def _merge(status: MergeStatus) -> IdentityFold:
    def fold(
        _: Kept, merges: Kept, event: MergeClaimed | CustomersMerged | MergeCancelled | MergeReversed, _fact: Fact
    ) -> None:
        merges[str(event.merge_id)] = [str(event.other_id), status, event.occurred_at.isoformat()]

    return fold


IDENTITY: Final[Mapping[type[Event], IdentityFold]] = MappingProxyType(
    {
        IdentityDocumentRecorded: _document_recorded,
        IdentityDocumentWithdrawn: _document_withdrawn,
        IdentityLinked: _linked,
        IdentityUnlinked: _linked,
        MergeClaimed: _merge("claimed"),
        CustomersMerged: _merge("merged"),
        MergeCancelled: _merge("cancelled"),
        MergeReversed: _merge("reversed"),
    }
)
