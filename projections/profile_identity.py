"""What the customer profile keeps of identity: documents, proposed links, and the customer's side of its merges."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

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


class Kept(NamedTuple):
    """JSON columns of a row, each by ids; of links those that are neither merged nor given up."""

    documents: dict[str, Any]
    links: dict[str, Any]
    merges: dict[str, Any]

    @property
    def linked_since(self) -> datetime | None:
        """When the first of the links was proposed; None: none waits."""
        return min((datetime.fromisoformat(link[1]) for link in self.links.values()), default=None)


IdentityFold: TypeAlias = Callable[[Kept, Any, Fact], None]


def _document_recorded(kept: Kept, event: IdentityDocumentRecorded, fact: Fact) -> None:
    expires_on = None if event.expires_on is None else event.expires_on.isoformat()
    told = [event.kind, event.country, expires_on, event.contested, sealed_at(fact, "identity")]
    kept.documents[str(event.document_id)] = told


def _document_withdrawn(kept: Kept, event: IdentityDocumentWithdrawn, _: Fact) -> None:
    kept.documents.pop(str(event.document_id), None)


def _linked(kept: Kept, event: IdentityLinked, _: Fact) -> None:
    kept.links[str(event.link_id)] = [
        str(event.other_id), event.occurred_at.isoformat(), event.rule, event.rules_version, list(event.evidence),
        event.reason, event.linked_by, event.comparison is not None,
    ]  # fmt: skip


def _unlinked(kept: Kept, event: IdentityUnlinked, _: Fact) -> None:
    kept.links.pop(str(event.link_id), None)


def _merge(status: MergeStatus) -> IdentityFold:
    def fold(kept: Kept, event: MergeClaimed | CustomersMerged | MergeCancelled | MergeReversed, _: Fact) -> None:
        kept.links.pop(str(event.merge_id), None)
        kept.merges[str(event.merge_id)] = [str(event.other_id), status, event.occurred_at.isoformat()]

    return fold


IDENTITY: Final[Mapping[type[Event], IdentityFold]] = MappingProxyType(
    {
        IdentityDocumentRecorded: _document_recorded,
        IdentityDocumentWithdrawn: _document_withdrawn,
        IdentityLinked: _linked,
        IdentityUnlinked: _unlinked,
        MergeClaimed: _merge("claimed"),
        CustomersMerged: _merge("merged"),
        MergeCancelled: _merge("cancelled"),
        MergeReversed: _merge("reversed"),
    }
)
