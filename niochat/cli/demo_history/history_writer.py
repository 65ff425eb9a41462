"""Writes the generated days to the database, each in one transaction.

A day is there completely or not at all, so a run that was killed is completed by the next one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.domain_json_codec import policy_from_row
from niochat.adapters.postgres.queries import queries
from niochat.cli.demo_history.agent_shifts import HistoryAgent, PresenceChange, StaffedAgent
from niochat.cli.demo_history.history_customers import (
    MAX_CUSTOMERS,
    RETURN_PERIOD_DAYS,
    customer_thread_id,
)
from niochat.cli.demo_history.history_generator import (
    HistoryGenerator,
    HistorySettings,
    RatingRequests,
)
from niochat.cli.demo_history.history_rows import HISTORY_HOST, HistoryRows
from niochat.domain.conversation.state import SCHEMA_VERSION
from niochat.domain.errors import NotFoundError, OperationRefusedError
from niochat.domain.ids import ThreadId

_SQL = queries("demo_history")
MAX_ROWS_PER_STATEMENT = 4_000
"""A statement must end within seconds, also on a slow machine."""


@dataclass(frozen=True, slots=True)
class FilledDay:
    """What was written for one day, in rows."""

    day: date
    conversations: int
    messages: int
    events: int


@dataclass(frozen=True, slots=True)
class HistoryProvider:
    """The provider to fill, as stored."""

    settings: HistorySettings
    channel_id: UUID


async def load_provider(
    database: Database, tenant_id: UUID, agents: tuple[HistoryAgent, ...], seed: int, per_day: int
) -> HistoryProvider:
    """Loads the provider. Raises ``NotFoundError`` if it has no channel, no team, or none of the
    agents.
    """
    logins = {agent.login: agent for agent in agents}
    async with database.as_tenant(tenant_id) as connection:
        row = await connection.fetchrow(_SQL["find_provider"], tenant_id)
        users = await connection.fetch(_SQL["list_users"], tenant_id, list(logins))
    if row is None or row["channel_id"] is None or not row["teams"] or not users:
        raise NotFoundError("the provider has no channel, no team or no agents")
    staffed = sorted((user["login"], user["id"]) for user in users)
    settings = HistorySettings(
        tenant_id=tenant_id,
        timezone=ZoneInfo(row["timezone"]),
        policy=policy_from_row(row["status"], row["policy"]),
        teams=frozenset(row["teams"]),
        agents=tuple(StaffedAgent(logins[login], UUID(str(id_))) for login, id_ in staffed),
        present=row["present"],
        seed=seed,
        per_day=per_day,
    )
    return HistoryProvider(settings, UUID(str(row["channel_id"])))


class HistoryWriter:
    """Fills the days of one provider."""

    def __init__(self, database: Database, provider: HistoryProvider) -> None:
        self._database, self._settings = database, provider.settings
        self._tenant_id, self._channel_id = provider.settings.tenant_id, provider.channel_id
        self._generator = HistoryGenerator(provider.settings)
        self._customers = {
            customer_thread_id(self._tenant_id, number): number for number in range(MAX_CUSTOMERS)
        }

    @asynccontextmanager
    async def missing_days(self, days: int) -> AsyncIterator[list[date]]:
        """Yields those of the last ``days`` days, today included, that are not filled, oldest
        first. Within the block no other process can fill this provider: ``OperationRefusedError``.
        """
        async with self._database.system_session() as connection:
            if not await connection.fetchval(_SQL["lock_history"], self._tenant_id):
                raise OperationRefusedError(
                    "another process is filling this provider: wait until it has ended",
                    code="history_running",
                )
            missing = await self._list_missing_days(days)
            if missing:
                await self._hold_index(connection, self._start_of(missing[0]))
            yield missing

    async def fill_day(self, day: date) -> FilledDay:
        """Fills a day of ``missing_days``, within that block and in that order."""
        rows, changes = await self._generate(day)
        tables = rows.tables
        # The role of the message path, because only steps write ratings.
        async with self._database.system_transaction() as connection:
            await self._insert(connection, tables)
            await self._insert_presence(connection, day, changes)
        return FilledDay(
            day, *(len(tables[name]) for name in ("conversations", "messages", "events"))
        )

    async def _list_missing_days(self, days: int) -> list[date]:
        zone = self._settings.timezone
        async with self._database.as_tenant(self._tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["list_filled_days"], self._tenant_id, list(self._customers), zone.key
            )
        filled = {row["day"] for row in rows}
        today = self._settings.present.astimezone(zone).date()
        listed = (today - timedelta(days=n) for n in range(days - 1, -1, -1))
        return [day for day in listed if day not in filled]

    async def _hold_index(self, connection: Connection, since: datetime) -> None:
        """Keeps the search indexer away while the session lives, and deletes what it has of later
        messages. It indexes in the order of time and never goes back, so it makes that anew.
        """
        await connection.execute(_SQL["lock_index"], self._tenant_id)
        await connection.execute(_SQL["drop_later_blocks"], self._tenant_id, since)

    async def _generate(self, day: date) -> tuple[HistoryRows, list[PresenceChange]]:
        """Generates a day outside of the transaction, which must not be idle for long."""
        threads = list(self._customers)
        async with self._database.as_tenant(self._tenant_id) as connection:
            busy = await connection.fetch(_SQL["list_busy_threads"], self._tenant_id, threads)
            numbers = frozenset(self._customers[ThreadId(each["thread_id"])] for each in busy)
            plans = self._generator.plan(day, numbers)
            requests = await self._load_requests(connection, day)
            drawn = await connection.fetch(_SQL["draw_numbers"], len(plans))
        rows = HistoryRows(self._tenant_id, self._channel_id)
        for played in self._generator.play(plans, [each["number"] for each in drawn], requests):
            rows.add(played)
        return rows, self._generator.presence_changes(day)

    async def _load_requests(self, connection: Connection, day: date) -> RatingRequests:
        """Loads the requests for ratings that may be too close to those of ``day``."""
        days = timedelta(days=self._settings.policy.ratings.ask_again_days + RETURN_PERIOD_DAYS)
        start = self._start_of(day)
        span = (start - days, start + days)
        rows = await connection.fetch(
            _SQL["list_rating_requests"], self._tenant_id, list(self._customers), *span
        )
        requests: dict[int, list[datetime]] = {}
        for row in rows:
            number = self._customers[ThreadId(row["thread_id"])]
            requests.setdefault(number, []).append(row["sent_at"])
        return requests

    async def _insert(self, connection: Connection, tables: dict[str, list[Any]]) -> None:
        tenant = self._tenant_id
        await connection.execute(
            _SQL["insert_customers"], tenant, self._channel_id, tables["customers"]
        )
        for name in ("conversations", "messages", "events", "outbox", "turns", "timers", "ratings"):
            for start in range(0, len(tables[name]), MAX_ROWS_PER_STATEMENT):
                part = tables[name][start : start + MAX_ROWS_PER_STATEMENT]
                await connection.execute(*_statement(name, tenant, part))

    async def _insert_presence(
        self, connection: Connection, day: date, changes: list[PresenceChange]
    ) -> None:
        rows = [
            {"user_id": c.user_id, "at": c.at, "state": c.state.value, "reason": c.reason}
            for c in changes
        ]
        span = (self._start_of(day), self._start_of(day + timedelta(days=1)))
        await connection.execute(_SQL["insert_presence_changes"], self._tenant_id, rows, *span)

    def _start_of(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self._settings.timezone)


def _statement(table: str, tenant: UUID, rows: list[Any]) -> tuple[Any, ...]:
    """Returns the statement that inserts the rows, and its arguments."""
    match table:
        case "conversations":
            return _SQL["insert_conversations"], tenant, SCHEMA_VERSION, rows
        case "messages":
            return _SQL["insert_messages"], tenant, rows
        case "events":
            return _SQL["insert_events"], tenant, SCHEMA_VERSION, rows
        case "outbox":
            return _SQL["insert_outbox"], tenant, HISTORY_HOST, rows
        case "turns":
            return _SQL["insert_turns"], tenant, HISTORY_HOST, rows
        case "timers":
            return _SQL["insert_timers"], tenant, rows
        case "ratings":
            return _SQL["insert_ratings"], tenant, rows
        case _:
            raise ValueError(f"no table of the history: {table}")
