"""Trust policies (C2SP tlog-policy): which keys of logs are believed, which witnesses there are, how many it takes.

    log <verifier key> [url]
    witness <name> <verifier key> [url]
    group <name> <k|any|all> <member>...
    quorum <name|none>

One file serves the sealer (whom to ask), the witness (which logs to look at) and whoever verifies (whom to believe).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from audit.notes import COSIGNATURE, ED25519, Note, NoteRefused, Verifier, verified

NONE: Final = "none"
LINES_MAX: Final = 10_000
_BLANKS: Final = re.compile(r"[ \t]+")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,4}")


class PolicyRefused(ValueError):
    """A trust policy cannot be understood; the message says which line and why."""


class WitnessLine(NamedTuple):
    """A witness of the policy: its name there, its key, and where it can be asked."""

    name: str
    key: Verifier
    url: str | None


class Group(NamedTuple):
    """Members of which some must have signed: names of witnesses and other groups."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a policy says. Made by `parse`."""

    logs: Mapping[str, Sequence[Verifier]]
    """Keys by origin; a log whose key was changed has several."""
    witnesses: tuple[WitnessLine, ...]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Read a policy.

        Raises:
            PolicyRefused: it is none.
        """
        reader = _Reader()
        lines = text.split("\n")
        if len(lines) > LINES_MAX:
            raise PolicyRefused(f"a policy has at most {LINES_MAX:,} lines")
        for number, line in enumerate(lines, 1):
            words = _BLANKS.split(line.strip(" \t\r"))
            if words == [""] or words[0].startswith("#"):
                continue
            try:
                reader.take(words)
            except ValueError as error:  # of ours and of notes
                raise PolicyRefused(f"line {number} of the policy: {error}") from None
        if reader.quorum is None:
            raise PolicyRefused("the policy has no quorum line; without witnesses it is `quorum none`")
        logs = {origin: tuple(keys) for origin, keys in reader.logs.items()}
        return cls(
            MappingProxyType(logs), tuple(reader.witnesses.values()), MappingProxyType(reader.groups), reader.quorum
        )

    def reached(self, names: Collection[str]) -> bool:
        """Whether these witnesses are enough."""
        return self.quorum == NONE or self._counts(self.quorum, names)

    def _counts(self, name: str, names: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in names
        return sum(self._counts(member, names) for member in group.members) >= group.needed

    def witnesses_of(self, note: Note) -> set[str]:
        """The names of the witnesses that have cosigned a note.

        Raises:
            NoteRefused: a known witness's cosignature does not hold.
        """
        names = {one.key: one.name for one in self.witnesses}
        return {names[one.verifier] for one in verified(note, list(names))}


class _Reader:
    """Takes one line after the other; names are defined above where they are used, so there are no circles."""

    def __init__(self) -> None:
        self.logs: dict[str, list[Verifier]] = {}
        self.witnesses: dict[str, WitnessLine] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._publics: set[bytes] = set()
        self._members: set[str] = set()

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                key = self._key(vkey, ED25519)
                self.logs.setdefault(key.name, []).append(key)
            case ["witness", name, vkey, *urls] if len(urls) <= 1:
                self._refuse_taken(name)
                self.witnesses[name] = WitnessLine(
                    name, self._key(vkey, COSIGNATURE), _checked_url(urls[0]) if urls else None
                )
            case ["group", name, count, *members] if members:
                self._refuse_taken(name)
                self.groups[name] = self._group(count, members)
            case ["quorum", name]:
                if self.quorum is not None:
                    raise PolicyRefused("there is one quorum line")
                if name != NONE and name not in self._known():
                    raise PolicyRefused(f"{name} is not defined above")
                self.quorum = name
            case _:
                raise PolicyRefused(f"{' '.join(words)[:100]!r} is no line of a policy (log, witness, group, quorum)")

    def _known(self) -> set[str]:
        return {*self.witnesses, *self.groups}

    def _refuse_taken(self, name: str) -> None:
        if name in self._known() or name == NONE:
            raise PolicyRefused(f"the name {name} is taken")

    def _key(self, vkey: str, kind: int) -> Verifier:
        key = Verifier.parse(vkey)
        if key.kind != kind:
            raise NoteRefused(f"{vkey} is a key of type {key.kind:02x}; logs have 01, witnesses 04")
        if key.public in self._publics:
            raise NoteRefused(f"{vkey} has a key that stands in another line too: nobody counts twice")
        self._publics.add(key.public)
        return key

    def _group(self, count: str, members: list[str]) -> Group:
        unknown = [one for one in members if one not in self._known()]
        if unknown:
            raise PolicyRefused(f"{unknown[0]} is not defined above")
        for one in members:
            if one in self._members:
                raise PolicyRefused(f"{one} is a member already: nobody counts twice")
            self._members.add(one)
        needed = {"all": len(members), "any": 1}.get(count) or (int(count) if _COUNT.fullmatch(count) else 0)
        if not 1 <= needed <= len(members):
            raise PolicyRefused(f"{count} of {len(members)} members cannot be: a number from 1 to that, any, or all")
        return Group(needed, tuple(members))


def _checked_url(url: str) -> str:
    """A witness's address without a slash at its end. Plain HTTP will do: an answer is believed for its signature."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise PolicyRefused(f"{url!r} is no address of a witness: http or https, without query")
    return url.rstrip("/")
