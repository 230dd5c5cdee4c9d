"""What can go wrong with read models."""


class ReadModelError(Exception):
    """Something is wrong with a read model."""


class LeaseLost(ReadModelError):
    """Another process has the lease; what is held in memory is of no use any more."""


class CodeMismatch(ReadModelError):
    """The live version was filled by other folding code than this program has."""

    def __init__(self, projection: str, live_code: int, own_code: int) -> None:
        super().__init__(
            f"{projection}: its live tables were filled by code {live_code}, this program has {own_code}; "
            "run `daybook rebuild`"
        )
        self.projection = projection


class BookmarkAhead(ReadModelError):
    """A bookmark stands in events that a restore of the record has removed."""

    def __init__(self, projection: str, partition: int, position: int, known: int) -> None:
        super().__init__(
            f"{projection}, partition {partition}: the bookmark is at {position}, but since the record was restored "
            f"only what is before {known} is known to be the same; run `daybook rebuild`"
        )


class NotLive(ReadModelError):
    """There is no version to go back to, or none of this name."""


class MeasureRefused(ReadModelError):
    """A KPI or return was asked for something it does not have; the message says what it has.

    `text` has places for `values`, so that it can be said in the language of whoever asked.
    """

    def __init__(self, text: str, /, **values: object) -> None:
        super().__init__(text.format(**values) if values else text)
        self.text = text
        self.values = values
