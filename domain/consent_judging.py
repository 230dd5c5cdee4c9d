"""Which contact point a touch may use, and whether the customer has agreed to it.

A consent is asked for the touch's own topic, and for any. The word on the topic itself goes before the word on any,
except that a grant does not outlast a later refusal of any. Where neither was ever asked for, the consent is unset:
the policy says what that means, and it is neither yes nor no.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from domain.codes import Channel, Code, Purpose
from domain.contact_facts import ConsentWord, ContactFacts
from domain.contact_rules import KINDS, Outcome, PurposeRules

ANY: Final = "any"


class Place(NamedTuple):
    """The contact point, if the channel needs one, and what its rule and that of consent say."""

    contact_point_id: UUID | None
    point_outcome: Outcome
    point_reason: Code
    point_events: tuple[UUID, ...]
    consent_outcome: Outcome
    consent_reason: Code
    consent_events: tuple[UUID, ...]


class _Consent(NamedTuple):
    outcome: Outcome
    reason: Code
    events: tuple[UUID, ...]


_BETTER: Final = {"pass": 0, "hold": 1, "suppress": 2}


def consented(  # noqa: PLR0913, PLR0917  # what a consent is of
    rules: PurposeRules,
    facts: ContactFacts,
    channel: Channel,
    purpose: Purpose,
    topic: Code,
    wished: UUID | None,
    moment: datetime,
) -> Place:
    """The contact point that was asked for, else the first that consent allows, in the order of their adding."""
    kinds = KINDS.get(channel)
    if kinds is None:
        points = {key[0] for key in facts.consents if key[1] == channel and key[2] == purpose}
        words = [word for point in points for word in _words(facts, point, channel, purpose, topic)]
        found = _judged(rules, *_latest_of_each(words, topic), moment)
        return Place(None, "pass", "no-contact-point-needed", (), *found)
    usable = [one for one, point in facts.points.items() if point.kind in kinds and (wished is None or wished == one)]
    if not usable:
        reason = "no-contact-point" if wished is None else "contact-point-unusable"
        unset = _Consent("pass", "not-looked-at", ())
        return Place(wished, "suppress", reason, (), *unset)
    best: tuple[UUID, _Consent] | None = None
    for one in usable:
        found = _judged(rules, *_pair(facts, one, channel, purpose, topic), moment)
        if best is None or _BETTER[found.outcome] < _BETTER[best[1].outcome]:
            best = (one, found)
        if found.outcome == "pass":
            break
    if best is None:  # there is at least one usable point
        raise AssertionError
    return Place(best[0], "pass", "contact-point-usable", (facts.points[best[0]].event_id,), *best[1])


def _pair(
    facts: ContactFacts, point: UUID, channel: Channel, purpose: Purpose, topic: Code
) -> tuple[ConsentWord | None, ConsentWord | None]:
    own = None if topic == ANY else facts.consents.get((point, channel, purpose, topic))
    return own, facts.consents.get((point, channel, purpose, ANY))


def _words(
    facts: ContactFacts, point: UUID, channel: Channel, purpose: Purpose, topic: Code
) -> Sequence[tuple[Code, ConsentWord]]:
    own, general = _pair(facts, point, channel, purpose, topic)
    return [(name, word) for name, word in ((topic, own), (ANY, general)) if word is not None]


def _latest_of_each(
    words: Sequence[tuple[Code, ConsentWord]], topic: Code
) -> tuple[ConsentWord | None, ConsentWord | None]:
    """Of a channel without contact points: the last word on the topic and on any, wherever it was given."""
    last: dict[bool, ConsentWord] = {}
    for name, word in words:
        own = name == topic and topic != ANY
        if own not in last or last[own].place < word.place:
            last[own] = word
    return last.get(True), last.get(False)


def _judged(rules: PurposeRules, own: ConsentWord | None, general: ConsentWord | None, moment: datetime) -> _Consent:
    if rules.consent == "not-asked":
        return _Consent("pass", "consent-not-asked", ())
    word = _deciding(own, general)
    if word is None:
        outcome = "pass" if rules.consent == "unless-refused" else rules.consent_unset
        return _Consent(outcome, "consent-unset", ())
    if word.answer != "granted":
        passes = rules.consent == "unless-refused" and word.answer == "expired"
        return _Consent("pass" if passes else "suppress", f"consent-{word.answer}", (word.event_id,))
    if word.valid_until is not None and moment >= word.valid_until:
        outcome = "pass" if rules.consent == "unless-refused" else "suppress"
        return _Consent(outcome, "consent-expired", (word.event_id,))
    return _Consent("pass", "consent-granted", (word.event_id,))


def _deciding(own: ConsentWord | None, general: ConsentWord | None) -> ConsentWord | None:
    if own is None or general is None:
        return own or general
    if own.answer == "granted" and general.answer in {"denied", "withdrawn"} and general.place > own.place:
        return general
    return own
