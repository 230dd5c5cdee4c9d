"""Which groups of an answer are withheld, so that nothing is told of a handful of people, nor can be subtracted.

A group of fewer than the least size is left out, and with it others until what is left out is no handful itself: then
a total less all that is told says nothing of any one of them. A group that is left out is not named, not even as
withheld, so it cannot be told from one that has nobody in it.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, TypeVar

G = TypeVar("G", bound=Hashable)

TOGETHER_MIN: Final = 2
"""What is left out is at least so many groups, or a total would tell the one."""


def withheld(counts: Mapping[G, Sequence[int]], least: int) -> set[G]:
    """The groups that are not told; `counts` has of each what it counts, such as numerator and denominator.

    Each count is judged by itself, and by itself alone: figures that share one withhold the same groups for its sake.
    """
    columns = zip(*counts.values(), strict=True)
    return set[G]().union(*(_of_one(dict(zip(counts, column, strict=True)), least) for column in columns))


def _of_one(counts: Mapping[G, int], least: int) -> set[G]:
    there = sorted((group for group, count in counts.items() if count), key=str)
    small = [n for n, group in enumerate(there) if counts[group] < least]
    if not small:
        return set()
    # Those that follow by name, not the next larger ones: their sizes would tell by being chosen.
    others = [n for n in (*range(small[0], len(there)), *range(small[0])) if n not in small]
    hidden = {there[n] for n in small}
    while others and not _hides(sum(counts[one] for one in hidden), len(hidden), least):
        hidden.add(there[others.pop(0)])
    return hidden


def _hides(people: int, groups: int, least: int) -> bool:
    # Of groups that are known to be there, as many as there are people in them, each would have one.
    return groups >= TOGETHER_MIN and people >= max(least, groups + 1)


def told_of(least: int, *, left_out: bool) -> dict[str, Any] | None:
    """What an answer says of what it leaves out; None: nothing."""
    return {"reason": "group-too-small", "least": least} if left_out else None
