"""What the desk looks at: conversations that somebody may see, and what was said in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import Invalid, NotFound

_SQL = queries("desk")


@dataclass(frozen=True, slots=True)
class Sight:
    """How far somebody sees: ``scope`` is own, team or all."""

    scope: str
    user: str
    teams: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations; None is any. ``sort``: changed or waiting. ``after``: where the page
    before ended.
    """

    status: str | None = None
    team: str | None = None
    agent: str | None = None
    label: str | None = None
    sort: str = "changed"
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


class DeskViews:
    """Reads for one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, tenant_id: UUID, sight: Sight, wanted: Wanted) -> list[dict[str, Any]]:
        """Newest change first, or who waits longest; without a status those that go on."""
        query = {"waiting": "waiting"}.get(wanted.sort, "live")
        if wanted.status == "resolved":
            query = "resolved"
        at, last = wanted.after or (None, None)
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL[query], tenant_id, sight.scope, sight.user, sorted(sight.teams),
                wanted.status, wanted.team, wanted.agent, wanted.label, at, last, wanted.limit,
            )  # fmt: skip
        return [dict(row) for row in rows]

    async def refused(
        self,
        tenant_id: UUID,
        *,
        code: str | None = None,
        after: tuple[datetime, UUID] | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Texts of the assistant that did not leave, newest first."""
        at, last = after or (None, None)
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["refused"], tenant_id, at, last, code, limit)
        return [dict(row) for row in rows]

    async def counts(self, tenant_id: UUID, sight: Sight) -> dict[str, int]:
        """``mine``, ``unassigned``, ``with_assistant``, ``all`` of those that go on."""
        seen = (sight.scope, sight.user, sorted(sight.teams))
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["counts"], tenant_id, *seen)
        return dict(row) if row is not None else {}

    async def one(self, tenant_id: UUID, conversation_id: UUID) -> dict[str, Any]:
        """One of them, whoever may see it, with its thread and channel. Raises ``NotFound``."""
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["one"], tenant_id, conversation_id)
        if row is None:
            raise NotFound("there is no such conversation")
        return dict(row)

    async def messages(
        self, tenant_id: UUID, conversation_id: UUID, before: int | None, limit: int
    ) -> list[dict[str, Any]]:
        """What was said, the newest first."""
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["messages"], tenant_id, conversation_id, before, limit
            )
        return [dict(row) for row in rows]

    async def message(
        self, tenant_id: UUID, conversation_id: UUID, message_id: UUID
    ) -> dict[str, Any]:
        """One thing said. Raises ``NotFound``."""
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["message"], tenant_id, conversation_id, message_id)
        if row is None:
            raise NotFound("there is no such message in this conversation")
        return dict(row)

    async def check(self, tenant_id: UUID, team: str | None, users: list[UUID]) -> None:
        """Raises ``Invalid`` for a team there is not, or somebody who does not work here."""
        async with self._database.tenant(tenant_id) as connection:
            row: Any = await connection.fetchrow(_SQL["known"], tenant_id, team, users)
        if team is not None and not row["teams"]:
            raise Invalid(f"there is no team {team}: GET /api/v1/teams lists them", code="no_team")
        missing = set(users) - set(row["users"])
        if missing:
            named = ", ".join(sorted(str(each) for each in missing))
            raise Invalid(f"nobody of these works here now: {named}", code="no_user")
