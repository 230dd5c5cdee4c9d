"""How many examples of hypothesis a test tries: few, for the tests are run often; `make test-long` tries more."""

import os
from typing import Final

TIMES: Final = int(os.environ.get("DAYBOOK_TEST_EXAMPLES", "1"))


def examples(count: int) -> int:
    """So many, or in a long run several times as many."""
    return count * TIMES
