"""Loan logs made up to look like the real one."""

from collections.abc import Sequence

Event = tuple[str, ...]
"""Name with its transition, minutes since midnight, and the resource if there is one."""

APPROVED: list[Event] = [
    ("A_SUBMITTED+COMPLETE", "0", "112.0"), ("A_PARTLYSUBMITTED+COMPLETE", "0", "112.0"),
    ("A_PREACCEPTED+COMPLETE", "1", "112.0"), ("W_Completeren aanvraag+SCHEDULE", "1", "112.0"),
    ("W_Completeren aanvraag+START", "10"), ("A_ACCEPTED+COMPLETE", "12", "10862.0"),
    ("O_SELECTED+COMPLETE", "15", "10862.0"), ("A_FINALIZED+COMPLETE", "15", "10862.0"),
    ("O_CREATED+COMPLETE", "16", "10862.0"), ("O_SENT+COMPLETE", "16", "10862.0"),
    ("W_Nabellen offertes+SCHEDULE", "17"), ("W_Completeren aanvraag+COMPLETE", "17"),
    ("W_Nabellen offertes+START", "30"), ("W_Nabellen offertes+COMPLETE", "32"),
    ("W_Nabellen offertes+START", "90", "10913.0"), ("O_SENT_BACK+COMPLETE", "91", "11049.0"),
    ("W_Nabellen offertes+COMPLETE", "92", "11049.0"), ("O_ACCEPTED+COMPLETE", "120", "10629.0"),
    ("A_REGISTERED+COMPLETE", "120", "10629.0"), ("A_APPROVED+COMPLETE", "120", "10629.0"),
    ("A_ACTIVATED+COMPLETE", "120", "10629.0"),
]  # fmt: skip
DECLINED: list[Event] = [
    ("A_SUBMITTED+COMPLETE", "0", "112.0"), ("A_PARTLYSUBMITTED+COMPLETE", "0", "112.0"),
    ("A_DECLINED+COMPLETE", "1", "112.0"),
]  # fmt: skip


def trace_of(number: str, events: Sequence[Event], amount: str | None = "20000") -> str:
    """One case as the data set writes it."""
    attributes = f'<string key="REG_DATE" value="2011-10-01"/>\n<int key="concept:name" value="{number}"/>\n'
    if amount is not None:
        attributes += f'<int key="AMOUNT_REQ" value="{amount}"/>\n'
    return f"<trace>\n{attributes}{''.join(_event(*event) for event in events)}</trace>\n"


def _event(name: str, minutes: str, resource: str = "nan") -> str:
    at = f"2011-10-01T{int(minutes) // 60:02}:{int(minutes) % 60:02}:00.546+00:00"
    return (
        f'<event>\n<float key="org:resource" value="{resource}"/>\n'
        f'<string key="lifecycle:transition" value="{name.partition("+")[2]}"/>\n'
        f'<string key="concept:name" value="{name}"/>\n<date key="time:timestamp" value="{at}"/>\n</event>\n'
    )


def log_of(*traces: str) -> str:
    """A whole log."""
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<log>\n{''.join(traces)}</log>\n"
