"""What all queries share: waiting for a token, saying how far the read model is, pages, answers."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from api.bodies import JSON
from api.outgoing import packed
from api.problems import FieldError, Problem
from api.statements import statement
from domain.codes import Code
from projections.models import Progress, ReadModels
from projections.references import LastEvent
from store.cursor import Cursor
from store.record import Record

LIMIT_MAX: Final = 500
FRESH_S: Final = 0.2
AGE_S_MAX: Final = 1.0
AS_OF: Final = "Daybook-As-Of"
_CODE: Final = TypeAdapter[str](Code)

CURSOR_CHARACTERS_MAX: Final = 40_000
"""More than a cursor of 1,024 partitions has, and less than the 64 KiB of URL that the server's parser takes."""


class Asking(BaseModel):
    """What every query may be told. A parameter that it does not know is refused, for it is mostly a misspelt one."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: str | None = Field(
        default=None,
        max_length=CURSOR_CHARACTERS_MAX,
        description="Token of a command's answer (also taken from the header Daybook-Token): wait until it is seen.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _nothing_that_cannot_be_stored(cls, value: str | list[str]) -> str | list[str]:
        """Refuse what the database takes for no text at all."""
        if any("\x00" in one for one in value):
            raise PydanticCustomError("string_pattern_mismatch", "has a NUL character", {"pattern": r"^[^\x00]*$"})
        return value

    def token_of(self, request: Request) -> str | None:
        """The token, from the header or the query."""
        return request.headers.get("Daybook-Token") or self.token


class Paged(Asking):
    """What every list may be told."""

    after: str | None = Field(default=None, max_length=CURSOR_CHARACTERS_MAX, description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=LIMIT_MAX, description="Entries on a page.")


class HowFar:
    """How far each read model is, as known a moment ago: a lower bound that costs nothing while queries come in."""

    def __init__(self, models: ReadModels) -> None:
        self._models = models
        self._known: dict[str, Progress] = {}
        self._known_of: UUID | None = None
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def of(self, projection: str) -> Cursor:
        """The cursor up to which a read model has at least read."""
        age_s = time.monotonic() - self._looked_at
        if age_s > AGE_S_MAX or self._known_of != self._models.record.incarnation.id or projection not in self._known:
            await self._look()
        elif age_s > FRESH_S and self._looking is None:
            self._looking = asyncio.create_task(self._look_later())
        return Cursor(self._models.record.incarnation.id, self._known[projection].next_positions)

    async def _look_later(self) -> None:
        try:
            await self._look()
        finally:
            self._looking = None

    async def _look(self) -> None:
        incarnation = self._models.record.incarnation.id
        self._known = await self._models.all_progress()
        self._known_of = incarnation
        self._looked_at = time.monotonic()


async def version_shown(record: Record, stream_id: UUID, last: LastEvent, as_of: Cursor) -> int:
    """The version of a stream that its row of a read model shows: not every event of a stream changes the row."""
    before = max(as_of.next_positions[last.partition], last.position + 1)
    return await record.pool.fetchval(statement("version_before"), last.partition, stream_id, before)


def shown(body: Mapping[str, Any], as_of: Cursor | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """A query's answer. It may hold personal data, so nobody on the way may keep it."""
    sent = {"Cache-Control": "no-store", **(headers or {})}
    if as_of is not None:
        sent[AS_OF] = str(as_of)
    return Response(packed(body), 200, sent, JSON)


def page_link(request: Request, following: str | None) -> dict[str, str]:
    """The Link header to the next page, if there is one."""
    if following is None:
        return {}
    query = [(name, value) for name, value in request.query_params.multi_items() if name not in {"after", "token"}]
    return {"Link": f'<{request.url.path}?{urlencode([*query, ("after", following)])}>; rel="next"'}


def path_code(text: str, name: str) -> str:
    """The code in a path.

    Raises:
        Problem: not-found, for what is no code.
    """
    try:
        return _CODE.validate_python(text)
    except ValidationError:
        raise Problem("not-found", errors=(FieldError("path", name, "is not a code"),)) from None


def path_uuid(text: str, name: str) -> UUID:
    """The id in a path.

    Raises:
        Problem: not-found, for what is no UUID.
    """
    try:
        return UUID(text)
    except ValueError:
        raise Problem("not-found", errors=(FieldError("path", name, "is not a UUID"),)) from None
