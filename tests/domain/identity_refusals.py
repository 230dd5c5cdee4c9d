"""What is refused about who somebody is: documents, links, merges, and the rules for linking."""

from uuid import UUID

from domain.customer_messages import RegisterCustomer
from domain.identity_messages import (
    AgreeToMerge,
    Comparison,
    CompleteMerge,
    DocumentClaim,
    LinkIdentity,
    MergeCustomers,
    Parties,
    RecordIdentityDocument,
    ReverseMerge,
    UnlinkIdentity,
    WithdrawIdentityDocument,
)
from domain.linking_rules import (
    ActivateLinkingRules,
    ProposeLinkingRules,
    SignOffLinkingRules,
    WithdrawLinkingRules,
)
from tests.domain.access_refusals import Case
from tests.domain.scenario import ANNA, BO, ONE, STREAM, TWO, to

SMALLER = UUID(int=STREAM.int - 1)
HELD, NOT_HELD = DocumentClaim(held=True, reservation_id=TWO), DocumentClaim(held=False, reservation_id=TWO)
GOOD = Parties(erased=False, other_claimed=False, other_known=True)

REGISTER = to(RegisterCustomer, kind="person")
SHOW = to(RecordIdentityDocument, document_id=ONE, kind="resident_id", number="11010519491231002X", claim=HELD)
COMPANYS = to(
    RecordIdentityDocument,
    document_id=ONE, kind="unified_social_credit_code", number="91350100M000100Y43", claim=HELD,
)  # fmt: skip
TAKE_BACK = to(WithdrawIdentityDocument, document_id=ONE, reason="expired")
LINK = to(LinkIdentity, link_id=ONE, other_id=ANNA, reason="registered-twice", linked_by="staff:1")
FOUND = Comparison(agrees=("name", "phone"), rules=("name-and-phone",), rules_version=1, shared=("email",))
BY_RULE = LINK.model_copy(update={"rule": "name-and-phone", "rules_version": 1, "comparison": FOUND})
GIVE_UP = to(UnlinkIdentity, link_id=ONE, reason="father-and-son", unlinked_by="staff:1")
MERGE = to(MergeCustomers, link_id=ONE, reason="registered-twice", merged_by="staff:2", parties=GOOD)
MERGED = [REGISTER, LINK, MERGE, to(CompleteMerge, merge_id=ONE)]
UNDO = to(ReverseMerge, merge_id=ONE, reason="father-and-son", reversed_by="staff:1")
OTHER_LINK = LINK.model_copy(update={"link_id": TWO, "other_id": BO})
OTHER_MERGE = MERGE.model_copy(update={"link_id": TWO})
AGREE = to(AgreeToMerge, merge_id=ONE, other_id=SMALLER, reason="registered-twice", merged_by="staff:2")


def _by_rule(**claims: object) -> LinkIdentity:
    return BY_RULE.model_copy(update=claims)


def _parties(**facts: bool) -> MergeCustomers:
    good = {"erased": False, "other_claimed": False, "other_known": True}
    return MERGE.model_copy(update={"parties": Parties(**{**good, **facts})})


IDENTITY_CASES: list[Case] = [
    ("customer.document-not-claimed", "claim", [REGISTER], SHOW.model_copy(update={"claim": None})),
    ("customer.document-kind-unfit", "kind", [REGISTER], COMPANYS),
    ("customer.document-taken", "number", [REGISTER], SHOW.model_copy(update={"claim": NOT_HELD})),
    ("customer.document-id-reused", "document_id", [REGISTER, SHOW], SHOW.model_copy(update={"kind": "passport"})),
    ("customer.document-id-reused", "document_id", [REGISTER, SHOW, TAKE_BACK], SHOW),
    ("customer.document-unknown", "document_id", [REGISTER], TAKE_BACK),
    ("customer.link-to-itself", "other_id", [REGISTER], LINK.model_copy(update={"other_id": STREAM})),
    ("customer.link-from-the-smaller-id", "other_id", [REGISTER], LINK.model_copy(update={"other_id": SMALLER})),
    ("customer.link-id-reused", "link_id", [REGISTER, LINK], LINK.model_copy(update={"other_id": BO})),
    ("customer.link-not-compared", "comparison", [REGISTER], _by_rule(comparison=None)),
    ("customer.link-rules-not-in-force", "rules_version", [REGISTER], _by_rule(rules_version=0)),
    ("customer.link-rule-unmet", "rule", [REGISTER], _by_rule(rule="passport")),
    ("customer.link-evidence-shared", "evidence", [REGISTER], _by_rule(evidence=("name", "email"))),
    ("customer.link-evidence-differs", "evidence", [REGISTER], _by_rule(rule=None, evidence=("passport",))),
    ("customer.link-unknown", "link_id", [REGISTER], GIVE_UP),
    ("customer.link-unknown", "link_id", [REGISTER], MERGE),
    ("customer.link-given-up", "link_id", [REGISTER, LINK, GIVE_UP], MERGE),
    ("customer.link-given-up", "link_id", [*MERGED, UNDO], MERGE),
    ("customer.link-merged", "link_id", MERGED, GIVE_UP),
    (
        "customer.merge-second-person-required", "merged_by", [REGISTER, LINK],
        MERGE.model_copy(update={"merged_by": "staff:1"}),
    ),
    (
        "customer.merge-parties-unknown", "parties", [REGISTER, LINK],
        MERGE.model_copy(update={"parties": None}),
    ),
    ("customer.merge-other-unknown", "link_id", [REGISTER, LINK], _parties(other_known=False)),
    ("customer.merge-erased", "link_id", [REGISTER, LINK], _parties(erased=True)),
    ("customer.merge-under-way", "link_id", [REGISTER, LINK], _parties(other_claimed=True)),
    ("customer.merge-under-way", "link_id", [REGISTER, LINK, MERGE, OTHER_LINK], OTHER_MERGE),
    (
        "customer.merge-under-way", "merge_id", [REGISTER, AGREE],
        AGREE.model_copy(update={"merge_id": TWO}),
    ),
    ("customer.merge-unknown", "merge_id", [REGISTER, LINK], UNDO),
    ("customer.merge-not-merged", "merge_id", [REGISTER, LINK, MERGE], UNDO),
    ("customer.merge-of-the-smaller-id", "merge_id", [REGISTER, AGREE, to(CompleteMerge, merge_id=ONE)], UNDO),
]  # fmt: skip

RESIDENT = {"kind": "resident_id", "persons_max": 1, "strength": "strong"}
PHONE = {"kind": "phone", "persons_max": 3, "strength": "weak"}
BY_DOCUMENT = {"name": "document", "needs": ("resident_id",)}
VERSION = {"rules_version": 1, "proposed_by": "staff:1"}
PROPOSE = to(ProposeLinkingRules, **VERSION, identifiers=(RESIDENT, PHONE), rules=(BY_DOCUMENT,))
SIGNED = [to(SignOffLinkingRules, signed_by="staff:2"), to(SignOffLinkingRules, signed_by="staff:3")]
ACTIVATE = to(ActivateLinkingRules, activated_by="staff:2")
DROP = to(WithdrawLinkingRules, reason="mistake")


def _proposal(*rules: dict, identifiers=(RESIDENT, PHONE)) -> ProposeLinkingRules:
    return to(ProposeLinkingRules, **VERSION, identifiers=identifiers, rules=rules)


LINKING_RULES_CASES: list[Case] = [
    ("linking-rules.not-proposed", "linking_rules_id", [], ACTIVATE),
    ("linking-rules.already-proposed", "linking_rules_id", [PROPOSE], PROPOSE),
    ("linking-rules.identifier-repeated", "identifiers", [], _proposal(BY_DOCUMENT, identifiers=(RESIDENT, RESIDENT))),
    ("linking-rules.rule-repeated", "rules", [], _proposal(BY_DOCUMENT, BY_DOCUMENT)),
    ("linking-rules.identifier-unknown", "rules", [], _proposal({"name": "name", "needs": ("name", "phone")})),
    ("linking-rules.too-weak", "rules", [], _proposal({"name": "phone", "needs": ("phone", "phone")})),
    (
        "linking-rules.second-person-required", "signed_by", [PROPOSE],
        to(SignOffLinkingRules, signed_by="staff:1"),
    ),
    ("linking-rules.signatures-missing", None, [PROPOSE, SIGNED[0]], ACTIVATE),
    ("linking-rules.already-active", None, [PROPOSE, *SIGNED, ACTIVATE], DROP),
    ("linking-rules.withdrawn", None, [PROPOSE, DROP], SIGNED[0]),
]  # fmt: skip
