"""What was aimed at."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """`figure` against `peer` (empty: an absolute figure), at least or at most `ratio`."""

    figure: str
    peer: str
    ratio: float
    at_most: bool = False

    def judged(self, figures: dict[str, Any]) -> str:
        """A row of the page."""
        measured = figures[self.figure] / (figures[self.peer] if self.peer else 1)
        held = measured <= self.ratio if self.at_most else measured >= self.ratio
        sign = "at most" if self.at_most else "at least"
        name = f"`{self.figure}` / `{self.peer}`" if self.peer else f"`{self.figure}`"
        return f"| {name} | {sign} {self.ratio:g} | {measured:.2f} | {'yes' if held else '**no**'} |"


TARGETS: dict[str, tuple[Target, ...]] = {
    "append": (
        Target("append_64_per_s", "eventsourcing_per_s", 25),
        Target("append_256_per_s", "copy_per_s", 0.40),
        Target("append_256_conflicts_per_s", "copy_per_s", 0.30),
    ),
    "import": (Target("import_per_s", "copy_per_s", 0.7),),
    "rebuild": (
        Target("rebuild_per_s", "raw_read_per_s", 0.1),
        Target("rebuild_per_s", "eventsourcing_projection_per_s", 30),
        Target("peak_memory_mb", "", 400, at_most=True),
    ),
    "http": (
        Target("commands_per_s", "bare_route_per_s", 0.35),
        Target("bulk_per_s", "copy_per_s", 0.15),
    ),
    "read": (Target("profile_p99_ms", "bare_route_p99_ms", 1.5, at_most=True),),
    "vault": (
        Target("append_personal_per_s", "append_plain_per_s", 0.7),
        Target("import_personal_per_s", "import_plain_per_s", 0.7),
    ),
    "touches": (Target("touches_per_s", "append_256_per_s", 0.25),),
    "verify": (Target("verify_per_s", "", 150_000),),
    "seal": (
        Target("seal_per_s", "", 50_000),
        Target("commit_to_checkpoint_p99_s", "", 1.5, at_most=True),
        Target("append_p99_with_ms", "append_p99_without_ms", 1.05, at_most=True),
        Target("unsealed_max_last_third", "unsealed_max_first_third", 2, at_most=True),
    ),
    "clocks": (
        Target("board_p99_ms", "", 50, at_most=True),
        Target("pass_due_ms", "", 2000, at_most=True),
        Target("pass_idle_ms", "", 2000, at_most=True),
    ),
}
