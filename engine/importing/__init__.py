"""Importers: files of facts recorded by others become commands; what cannot be read goes to quarantine.

summary = await run_import("cfpb", path, daybook, progress=lambda done, expected: ...)
quarantine = Quarantine(daybook.record, daybook.vault)   # .imports(), .rows(import_id), .open(import_id, row)
"""

from engine.importing.quarantine import Quarantine, QuarantinedImport, QuarantinedRow
from engine.importing.rows import Limits
from engine.importing.run import Kind, run_import
from engine.importing.verdict import ImportRefused, ImportSummary, Reason, Verdict

__all__ = [
    "ImportRefused",
    "ImportSummary",
    "Kind",
    "Limits",
    "Quarantine",
    "QuarantinedImport",
    "QuarantinedRow",
    "Reason",
    "Verdict",
    "run_import",
]
