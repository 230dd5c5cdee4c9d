"""What a contact policy is, as data: for each purpose what must hold before a customer is contacted.

Caps are per purpose: what counts towards one purpose never holds another back. A purpose that a policy does not name is
not allowed. Nothing here is law by itself: each purpose names its source.
"""

from datetime import timedelta
from typing import Annotated, Final, Literal, get_args

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from domain.clock_rules import TimeOfDay, Zone
from domain.codes import Channel, Code, ContactPointKind, Country, Label, Purpose, Region

Outcome = Literal["pass", "hold", "suppress"]
"""What a rule says of a touch. One that suppresses goes before all that hold; without either it is sent."""

ConsentNeed = Literal["required", "unless-refused", "not-asked"]
"""Whether a consent must have been granted, must only not have been refused, or is not looked at."""

DAYS_MAX: Final = 366
ONE_DAY: Final = timedelta(days=1)
PolicyVersion = Annotated[int, Field(ge=0, le=1_000_000)]
Channels = Annotated[tuple[Channel, ...], Field(max_length=20)]
Zones = Annotated[tuple[Zone, ...], Field(min_length=1, max_length=20)]

KINDS: Final[dict[Channel, tuple[ContactPointKind, ...]]] = {
    "phone": ("phone", "mobile"),
    "sms": ("mobile",),
    "email": ("email",),
    "letter": ("postal_address",),
    "fax": ("phone",),
    "messaging": ("messaging",),
    "social_media": ("social_media",),
    "mobile_app": ("app",),
}
"""The contact points that a channel reaches a customer by; other channels need none."""

ValueChannel = Literal["phone", "sms", "email", "fax"]
VALUE_CHANNELS: Final[frozenset[Channel]] = frozenset(get_args(ValueChannel))
"""By these a customer is reached at a value that can be found again, whoever else has it: a number or an address."""

# Values are dataclasses with their fields in alphabetical order, as in `domain.codes`.
_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, config=_STRICT)
class ContactWindow:
    """At most `limit` contacts of the purpose in so many days in a row, today included, as the customer's days go.

    Contacts are touches, and interactions that went out and carried out none of those. `channels`: of these only, and
    held against these only (none: all). `matter`: those about one matter, such as one debt, are counted by themselves.
    `counts`: what was sent, or what reached the customer (a call that was taken).
    """

    channels: Channels
    counts: Literal["sent", "delivered"]
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)]
    limit: Annotated[int, Field(ge=1, le=1000)]
    matter: bool
    reached: Literal["hold", "suppress"]
    window: Code


@dataclass(frozen=True, slots=True, config=_STRICT)
class ContactHours:
    """When a customer may be contacted, by the clocks of where they are: from and until, the latter not included.

    `channels`: by these only (none: by all).
    """

    channels: Channels
    from_time: TimeOfDay
    until_time: TimeOfDay


@dataclass(frozen=True, slots=True, config=_STRICT)
class SharedWindow:
    """At most `limit` touches of the purpose to one number or address in so many days, whoever the customers are.

    For the phone of a family, or the mailbox of a company. A day has 24 hours here, counted from the touch that was
    sent, for who shares a phone need not be in one time zone. `channels`: of these only, and held against these only
    (none: all that reach a number or an address). `source`: whose rule it is. What was sent under one name of a window
    does not count under another.
    """

    channels: Annotated[tuple[ValueChannel, ...], Field(max_length=4)]
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)]
    limit: Annotated[int, Field(ge=1, le=1000)]
    reached: Literal["hold", "suppress"]
    source: Label
    window: Code

    def counts(self, channel: Channel) -> bool:
        """Whether touches by this channel are of the window."""
        return channel in (self.channels or VALUE_CHANNELS)

    @property
    def lasts(self) -> timedelta:
        """How long a touch counts."""
        return timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class PurposeRules:
    """What holds for touches of one purpose.

    Each of `complaint` (a complaint is open), `ended` (the relationship has), `objection` (to processing, or to how a
    touch was decided), `preference` (the customer prefers another channel, or no contact), `restricted` (data may be
    kept but not used) and `vulnerable` is what happens then. `consent_unset`: nobody ever asked, which is neither
    yes nor no. `held_days_max`: a touch that is held longer expires. `shared`: a cap over all who share a number or an
    address.
    """

    complaint: Outcome
    consent: ConsentNeed
    consent_unset: Outcome
    ended: Outcome
    held_days_max: Annotated[int, Field(ge=1, le=DAYS_MAX)]
    hours: ContactHours | None
    objection: Outcome
    preference: Outcome
    purpose: Purpose
    restricted: Outcome
    shared: SharedWindow | None = None
    source: Label
    vulnerable: Outcome
    windows: Annotated[tuple[ContactWindow, ...], Field(max_length=20)]


@dataclass(frozen=True, slots=True, config=_STRICT)
class RegionZones:
    """The time zones that a customer of a country or subdivision may be in."""

    region: Country | Region
    zones: Zones


@dataclass(frozen=True, slots=True, config=_STRICT)
class ContactRules:
    """A whole policy.

    A customer without a time zone of their own is taken to be in any of those of their region, else of their country,
    else in any of `zones_unknown`: a moment must fit in all of them.
    """

    purposes: Annotated[tuple[PurposeRules, ...], Field(min_length=1, max_length=20)]
    regions: Annotated[tuple[RegionZones, ...], Field(max_length=1000)]
    zones_unknown: Zones

    @property
    def shared(self) -> bool:
        """Whether there is a cap over customers who share a number or an address."""
        return any(one.shared is not None for one in self.purposes)

    @property
    def reach(self) -> timedelta:
        """How long before a moment something may have happened that a window still counts, wherever the customer is."""
        days = max((window.days for one in self.purposes for window in one.windows), default=0)
        return timedelta(days=days) + ONE_DAY  # a day may have 25 hours

    def of(self, purpose: Purpose) -> PurposeRules | None:
        """The rules of a purpose; None: the policy does not allow it."""
        for one in self.purposes:  # `next` over a generator takes twice as long, and every touch asks
            if one.purpose == purpose:
                return one
        return None

    def zones_of(self, regions: tuple[str | None, ...]) -> tuple[str, ...]:
        """The zones of the first of these regions that the policy knows."""
        known = {one.region: one.zones for one in self.regions}
        return next((known[one] for one in regions if one in known), self.zones_unknown)
