"""The command line's part for merges: proposed by one person, agreed to by another, taken back, and how they stand."""

from typing import Annotated, Any
from uuid import UUID

import typer

from domain.identity_messages import LinkIdentity, MergeCustomers, ReverseMerge
from domain.kernel import Command
from engine.cli_opened import Json, given
from engine.merging import merge_story
from engine.program_commands import Program, now
from engine.reporting import result
from engine.wiring import Daybook
from projections.persons import all_merges, unfinished
from store.identity import new_id

merges = typer.Typer(no_args_is_help=True, help="Merges of customers who are one person: two people agree to each.")

First = Annotated[UUID, typer.Argument(help="The customer with the smaller id.")]
Link = Annotated[UUID, typer.Argument(help="The link; its merge has the same id.")]
Reason = Annotated[str, typer.Option(help="Why, as a code.")]
Actor = Annotated[str, typer.Option(help="Your pseudonym.")]


@merges.command(
    "propose",
    epilog="Example: daybook merges propose 0197f3a0-... 0197f3a1-... --reason registered-twice --actor staff:1",
)
def propose(
    one: Annotated[UUID, typer.Argument(help="A customer.")],
    other: Annotated[UUID, typer.Argument(help="The customer who is the same person.")],
    reason: Reason,
    actor: Actor,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Link two customers by your own judgement; `daybook links confirm` does it by a rule. Another person agrees."""
    first, second = sorted((one, other))
    link = new_id(first)
    command = LinkIdentity(
        occurred_at=now(), customer_id=first, link_id=link, other_id=second, reason=reason, linked_by=actor
    )
    _give(command, actor, first, link, as_json=as_json)


@merges.command(
    "agree",
    epilog="Example: daybook merges agree 0197f3a0-... 0197f3a2-... --reason registered-twice --actor staff:2",
)
def agree(
    customer: First,
    link: Link,
    reason: Reason,
    actor: Annotated[str, typer.Option(help="Your pseudonym: another person than who proposed the link.")],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Merge the customers of a link that another person has proposed."""
    command = MergeCustomers(occurred_at=now(), customer_id=customer, link_id=link, reason=reason, merged_by=actor)
    _give(command, actor, customer, link, as_json=as_json)


@merges.command(
    "reverse", epilog="Example: daybook merges reverse 0197f3a0-... 0197f3a2-... --reason two-people --actor staff:1"
)
def reverse(
    customer: First,
    merge: Link,
    reason: Reason,
    actor: Actor,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Take a merge back, whatever has happened since; that takes one person."""
    command = ReverseMerge(occurred_at=now(), customer_id=customer, merge_id=merge, reason=reason, reversed_by=actor)
    _give(command, actor, customer, merge, as_json=as_json)


@merges.command("show", epilog="Example: daybook merges show 0197f3a0-... 0197f3a2-... --json")
def show(
    customer: First,
    merge: Link,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show how a link and its merge stand, by what it was proposed, and who did what, when and why."""
    _shown(given(lambda daybook: merge_story(daybook, customer, merge)), as_json=as_json)


@merges.command("unfinished", epilog="Example: daybook merges unfinished --json")
def show_unfinished(as_json: Json = False) -> None:  # noqa: FBT002
    """List merges that do not stand alike with both customers yet; `daybook serve` and `follow` go on with them."""

    async def work(daybook: Daybook) -> list[dict[str, Any]]:
        known = await all_merges(daybook.models)
        found = {one.merge_id: one for each, sides in known.items() for one in unfinished(each, sides, known)}
        return [one._asdict() for one in found.values()]

    told = given(work)
    lines = [
        f"{one['since']:%Y-%m-%d %H:%M}  {one['status']:<9} {one['customer_id']} {one['merge_id']}" for one in told
    ]
    result({"unfinished": told}, as_json=as_json, text="\n".join(lines) or "Nothing is unfinished.")


def _give(command: Command, actor: str, customer: UUID, merge: UUID, *, as_json: bool) -> None:
    async def work(daybook: Daybook) -> dict[str, Any]:
        await Program(daybook, actor).give_now(command)
        return await merge_story(daybook, customer, merge)

    _shown(given(work), as_json=as_json)


def _shown(told: dict[str, Any], *, as_json: bool) -> None:
    lines = [f"{told['status']}: {told['customer_id']} and {told['other_id']}, link {told['link_id']}"]
    lines.append(f"  {_vouched(told)}")
    lines += [f"  {one['occurred_at']:%Y-%m-%d %H:%M}  {one['type']}  {one['actor']}" for one in told["steps"]]
    result(told, as_json=as_json, text="\n".join(lines))


def _vouched(told: dict[str, Any]) -> str:
    """By what the two were linked, and whether the record confirmed it."""
    by = f"by the rule {told['rule']}" if told["rule"] else "by the judgement of who linked them"
    found = told["comparison"]
    if found is None:
        return f"{by}; not held against the record" if told["rule"] or told["evidence"] else by
    agreed = ", ".join(found["agrees"])
    return f"{by}; the record agreed by version {found['rules_version']} of the rules: {agreed}"
