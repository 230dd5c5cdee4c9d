"""Corrections, of both kinds of streams that have them: what one person may do alone, and what takes another."""

from collections.abc import Sequence
from typing import Any, NamedTuple, get_args

import pytest

from domain import CUSTOMER, INTERACTION
from domain import customer_messages as customer
from domain import interaction_messages as interaction
from domain.access_rules import CorrectionsAlone, CustomerField, InteractionField
from domain.codes import Change
from domain.kernel import Aggregate, Command, Event, personal_fields
from engine.access import first_table
from tests.domain.scenario import ANNA, ONE, STREAM, TWO, given, it, play, to


class Kind(NamedTuple):
    """One kind; `personal` is its sealed field, `clear` one in clear with another value than it was recorded with."""

    aggregate: Aggregate[Any]
    opened: Event
    personal: str
    clear: tuple[str, str, str]
    messages: Any
    correct: type[Command]
    whose: dict[str, Any]

    def asked(self, **fields: Any) -> Command:
        said = {"correction_id": ONE, "reason": "typo", "requested_by": "staff:1", self.personal: "So it is"}
        return to(self.correct, **{**said, **fields})

    def command(self, what: str, **fields: Any) -> Command:
        kind = f"{what}{self.aggregate.name.title()}Correction"
        return to(getattr(self.messages, kind), **{"correction_id": ONE, **fields})

    def event(self, what: str, **fields: Any) -> Event:
        kind = getattr(self.messages, f"{self.aggregate.name.title()}Correction{what}")
        mine = self.whose if "customer_id" in kind.model_fields else {}
        return it(kind, **{"correction_id": ONE, **mine, **fields})

    def decided(self, before: Sequence[Event], command: Command) -> Sequence[Event]:
        return self.aggregate.decide(command, play(self.aggregate, before))

    def change(self) -> Change:
        name, before, after = self.clear
        return Change(after=after, before=before, field=name)


KINDS = [
    Kind(
        CUSTOMER, it(customer.CustomerRegistered, customer_id=STREAM, kind="person", region="CN-GD", name="Wrong"),
        "name", ("region", "CN-GD", "CN-SH"), customer, customer.CorrectDetails, {"customer_id": STREAM},
    ),
    Kind(
        INTERACTION,
        it(
            interaction.InteractionRecorded,
            customer_id=ANNA, channel="phone", direction="inbound", purpose="servicing", summary="Wrong",
        ),
        "summary", ("channel", "phone", "branch"), interaction, interaction.CorrectInteraction, {"customer_id": ANNA},
    ),
]  # fmt: skip
both = pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.aggregate.name)


@both
def test_a_correction_that_one_may_not_make_alone_is_asked_for_and_changes_nothing(kind):
    name, before, after = kind.clear
    asked = kind.asked(**{name: after})
    requested = kind.event(
        "Requested", reason="typo", requested_by="staff:1", changes=(kind.change(),),
        corrected_personal=(kind.personal,), **{kind.personal: "So it is"},
    )  # fmt: skip
    given(kind.aggregate, kind.opened).when(asked).then(requested)
    given(kind.aggregate, kind.opened, requested).when(asked).then()
    state = play(kind.aggregate, [kind.opened, requested])
    assert (state.details[name], state.given_by) == (before, {})


@both
def test_another_person_puts_it_in_force(kind):
    name, _, after = kind.clear
    before = [kind.opened, kind.decided([kind.opened], kind.asked(**{name: after}))[0]]
    approve = kind.command("Approve", approved_by="staff:2")
    approved = kind.event(
        "Approved", approved_by="staff:2", changes=(kind.change(),), corrected_personal=(kind.personal,)
    )
    given(kind.aggregate, *before).when(approve).then(approved)
    given(kind.aggregate, *before, approved).when(approve).then()
    state = play(kind.aggregate, [*before, approved])
    assert (state.details[name], state.given_by) == (after, {kind.personal: ONE})
    given(kind.aggregate, *before, approved).when(kind.asked(correction_id=TWO, requested_by="staff:2")).then(
        kind.event(
            "Requested",
            correction_id=TWO,
            reason="typo",
            requested_by="staff:2",
            corrected_personal=(kind.personal,),
            **{kind.personal: "So it is"},
        )
    )


@both
@pytest.mark.parametrize(
    ("what", "happened", "by"),
    [
        ("Reject", "Rejected", {"rejected_by": "staff:2", "reason": "no-evidence"}),
        ("Withdraw", "Withdrawn", {"withdrawn_by": "staff:1"}),
    ],
)
def test_what_is_rejected_or_withdrawn_leaves_all_as_it_was_and_makes_way(kind, what, happened, by):
    before = [kind.opened, kind.decided([kind.opened], kind.asked())[0]]
    ended = kind.event(happened, **by)
    given(kind.aggregate, *before).when(kind.command(what, **by)).then(ended)
    given(kind.aggregate, *before, ended).when(kind.command(what, **by)).then()
    state = play(kind.aggregate, [*before, ended])
    assert (state.details, state.given_by) == (play(kind.aggregate, before[:1]).details, {})
    assert kind.decided([*before, ended], kind.asked(correction_id=TWO))


@both
def test_what_the_table_lets_one_decide_alone_is_in_force_at_once_and_only_all_of_it(kind):
    name, _, after = kind.clear
    alone = CorrectionsAlone(**{kind.aggregate.name: (name,)})
    own = kind.asked(**{name: after, kind.personal: None}, corrections_alone=alone)
    mixed = kind.asked(**{name: after}, corrections_alone=alone)
    types = [kind.decided([kind.opened], one)[0].type for one in (own, mixed)]
    at_once = {"customer": "customer.details-corrected", "interaction": "interaction.corrected"}
    assert types == [at_once[kind.aggregate.name], f"{kind.aggregate.name}.correction-requested"]


@both
def test_corrections_of_different_fields_wait_beside_each_other(kind):
    name, _, after = kind.clear
    second = kind.asked(**{name: after, kind.personal: None}, correction_id=TWO)
    before = [kind.opened, kind.decided([kind.opened], kind.asked())[0]]
    assert kind.decided(before, second)
    given(kind.aggregate, *before).when(kind.asked(correction_id=TWO)).refused(
        f"{kind.aggregate.name}.correction-pending"
    )


def test_the_table_names_all_that_can_be_corrected_and_no_more():
    for kind, names in ((KINDS[0], get_args(CustomerField)), (KINDS[1], get_args(InteractionField))):
        fixed = {"occurred_at", "correction_id", "reason", "cleared", "requested_by", "corrections_alone",
                 kind.correct.stream_field}  # fmt: skip
        assert set(names) == set(kind.correct.model_fields) - fixed
        assert [name for name, _ in personal_fields(kind.correct)] == [kind.personal]


def test_by_the_first_table_nobody_corrects_alone_who_somebody_is_or_what_was_said():
    alone = first_table().rules.corrections_alone
    assert {"name", "age_band", "region", "residence_country"}.isdisjoint(alone.customer)
    assert {"summary", "channel", "direction", "purpose", "authentication"}.isdisjoint(alone.interaction)
