"""The tutorial and how-to guides that show answers, run as they stand."""

from pathlib import Path

import pytest

from tests.architecture.pages import Served, run_page

PAGES = {
    "tutorial/first-hour.md": 10,
    "how-to/call-the-api.md": 4,
    "how-to/control-access.md": 4,
    "how-to/survey-customers.md": 2,
    "how-to/measure.md": 4,
    "how-to/make-returns.md": 2,
    "how-to/handle-complaints.md": 14,
    "how-to/time-complaints.md": 5,
    "how-to/sample-interactions.md": 4,
    "how-to/manage-relationships.md": 9,
    "how-to/run-campaigns.md": 7,
    "how-to/merge-customers.md": 6,
}
"""How much each shows at least."""


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_goes_as_it_is_told(name: str, served: Served, project: Path, tmp_path: Path) -> None:
    text = (project / "docs" / name).read_text(encoding="utf-8")
    assert await run_page(text, served, tmp_path) > PAGES[name]
