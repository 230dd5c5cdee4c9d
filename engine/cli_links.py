"""The command line's part for links: who may be one person with a customer, and saying that they are, or are not."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import typer

from domain.identity_messages import LinkIdentity, UnlinkIdentity
from domain.kernel import Refusal
from engine.access import Viewer
from engine.cli_opened import Json, given
from engine.linking import Candidate, Candidates, link_candidates
from engine.looking import Looker
from engine.program_commands import Program, now
from engine.reporting import people, result
from engine.wiring import Daybook
from projections.link_queue import Linked, LinkPage, proposed_links
from store.identity import new_id

links = typer.Typer(no_args_is_help=True, help="Links: customers who may be one person, by which rule and evidence.")

Customer = Annotated[UUID, typer.Argument(help="The customer.")]
Actor = Annotated[str, typer.Option(help="Your pseudonym; every value that is compared is a look of yours.")]
Role = Annotated[str, typer.Option(help="Your role, which says what you are shown.")]
Purpose = Annotated[str, typer.Option(help="What you look for.")]
Reason = Annotated[str, typer.Option(help="Why, as a code.")]
Find: TypeAlias = Callable[[Daybook], Awaitable[Candidates]]


@links.command(
    "list", epilog="Example: daybook links list 0197f3a0-... --actor staff:1 --role front-office --purpose service"
)
def list_links(
    customer: Customer,
    actor: Actor,
    role: Role,
    purpose: Purpose,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show who may be one person with a customer: what rules propose it, what agrees, and what became of it.

    Values are compared and never told.
    """
    found = given(_candidates(customer, Viewer(actor, frozenset({role}), purpose)))
    lines = [
        *map(_line, found.candidates),
        *(f"shared by too many: {one.kind} ({one.why})" for one in found.shared),
        *(f"not compared, for you are not shown it: {kind}" for kind in found.not_shown),
    ]
    told: dict[str, Any] = {
        "canonical_id": found.person.canonical_id,
        "merged_ids": found.person.merged_ids,
        "rules_version": found.rules_version,
        "candidates": [asdict(one) for one in found.candidates],
        "shared": [asdict(one) for one in found.shared],
        "not_shown": found.not_shown,
    }
    result(told, as_json=as_json, text="\n".join(lines) or "No rule proposes anybody.")


@links.command("proposed", epilog="Example: daybook links proposed --json")
def list_proposed(
    after: Annotated[str | None, typer.Option(help="`next` of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Customers on a page.")] = 50,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show links of all customers that are neither merged nor given up, those that wait longest first."""
    page: LinkPage = given(lambda daybook: proposed_links(daybook.models, after=after, limit=limit))
    if page.next is not None:
        people.print(f"There is more: --after {page.next}", markup=False)
    told: dict[str, Any] = {"waiting": [asdict(one) for one in page.waiting], "next": page.next}
    result(told, as_json=as_json, text="\n".join(map(_waiting, page.waiting)) or "No link waits.")


@links.command(
    "confirm",
    epilog="Example: daybook links confirm 0197f3a0-... 0197f3a1-... --reason registered-twice --actor staff:1 "
    "--role front-office --purpose service",
)
def confirm(  # noqa: PLR0913, PLR0917  # options of a command
    customer: Customer,
    other: Annotated[UUID, typer.Argument(help="The other, as `list` names them.")],
    reason: Reason,
    actor: Actor,
    role: Role,
    purpose: Purpose,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Link two customers whom a rule proposes, with the rule and its evidence; another person merges them.

    What it claims is held against the record once more, and the link's event says what was found.

    Whom no rule proposes is linked by your own judgement: `daybook merges propose`.
    """

    async def work(daybook: Daybook) -> LinkIdentity:
        found = await _candidates(customer, Viewer(actor, frozenset({role}), purpose))(daybook)
        one = _proposed(found, other)
        command = LinkIdentity(
            occurred_at=now(), customer_id=one.customer_id, link_id=new_id(one.customer_id), other_id=one.other_id,
            rule=one.rules[0], rules_version=found.rules_version, evidence=tuple(each.kind for each in one.evidence),
            reason=reason, linked_by=actor,
        )  # fmt: skip
        await Program(daybook, actor).give_now(command)
        return command

    made = given(work)
    told = made.model_dump(mode="json", include={"customer_id", "other_id", "link_id", "rule", "evidence"})
    text = f"Linked: {made.link_id}. Another person merges: daybook merges agree {made.customer_id} {made.link_id}"
    result(told, as_json=as_json, text=text)


@links.command(
    "reject", epilog="Example: daybook links reject 0197f3a0-... 0197f3a2-... --reason twins --actor staff:1"
)
def reject(
    customer: Annotated[UUID, typer.Argument(help="The customer with the smaller id.")],
    link: Annotated[UUID, typer.Argument(help="The link, as `list` names it.")],
    reason: Reason,
    actor: Annotated[str, typer.Option(help="Your pseudonym.")],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Give a proposed link up: the two are not one person, or it cannot be told."""
    command = UnlinkIdentity(occurred_at=now(), customer_id=customer, link_id=link, reason=reason, unlinked_by=actor)
    given(lambda daybook: Program(daybook, actor).give_now(command))
    told = {"customer_id": customer, "link_id": link, "status": "given-up"}
    result(told, as_json=as_json, text="The link is given up.")


def _candidates(customer: UUID, viewer: Viewer) -> Find:
    async def find(daybook: Daybook) -> Candidates:
        await daybook.access.look()
        looker = Looker(viewer, daybook.access.table, "customer_link_candidates", new_id())
        found = await link_candidates(daybook, looker, customer)
        if found is None:
            raise Refusal("not-found", "No event names this customer; look for the right id.", "customer")
        return found

    return find


def _proposed(found: Candidates, other: UUID) -> Candidate:
    """The candidate for another customer.

    Raises:
        Refusal: no rule proposes the two, or they are linked already.
    """
    for one in found.candidates:
        if other in {one.customer_id, one.other_id}:
            if one.link is not None and one.link.status != "given-up":
                message = f"They are linked already ({one.link.status}): {one.link.link_id}."
                raise Refusal("link-known", message, "other")
            return one
    raise Refusal("not-proposed", "No rule proposes these two; `daybook merges propose` takes your judgement.", "other")


def _line(one: Candidate) -> str:
    evidence = ", ".join(f"{each.kind} ({each.strength}, of {each.people})" for each in one.evidence)
    became = ""
    if one.link is not None:
        became = f"  link {one.link.link_id}: {one.link.status}{_told(compared=one.link.compared)}"
    return f"{one.customer_id} {one.other_id}  {', '.join(one.rules)}: {evidence}{became}"


def _waiting(one: Linked) -> str:
    return "\n".join(
        f"{each.linked_at:%Y-%m-%d %H:%M}  {one.customer_id} {each.other_id}  link {each.link_id} by {each.linked_by}, "
        f"{each.reason}: {each.rule or 'own judgement'}{_told(compared=each.compared)}"
        for each in one.links
    )


def _told(*, compared: bool) -> str:
    return "" if compared else ", not held against the record"
