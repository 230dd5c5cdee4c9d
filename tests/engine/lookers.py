"""Somebody who is shown everything, for tests of what is behind the opening."""

from engine.access import Viewer, first_table
from engine.looking import Looker
from store.identity import new_id

LOOKER = Looker(Viewer("staff:1", frozenset({"investigator"}), "investigation"), first_table(), "test", new_id())
