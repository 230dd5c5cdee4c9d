"""The access table that is in force."""

from engine.access import AccessTable, first_table


class InForce:
    """Holds the table that decisions are made by now."""

    def __init__(self) -> None:
        self.table: AccessTable = first_table()
