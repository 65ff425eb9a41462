"""The state of a tenant's mirror, as people see it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.mirror.mirror_settings import MirrorSettings, MirrorSettingsStore

_SQL = queries("mirror_settings")

MAX_REASONS = 50
"""Maximum number of groups of refused rows that are shown."""


class MirrorState(StrEnum):
    """``off``: not mirrored, ``paused`` by somebody, ``waiting``: not begun yet, ``failing``: the
    last batch was not sent, ``active``.
    """

    OFF = "off"
    PAUSED = "paused"
    WAITING = "waiting"
    FAILING = "failing"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """How many rows a backfill has sent, and about how many it will send."""

    running: bool
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class MirrorFailure:
    """Why nothing is sent since when, and when it is tried again."""

    code: str
    detail: str
    since: datetime
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeadLetterGroup:
    """Rows of one source that the project refuses with the same code."""

    source: str
    code: str
    reason: str
    counted: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """``lag`` is the age of the oldest change that is not sent, zero if all is sent."""

    state: MirrorState
    lag: timedelta
    backfill: BackfillProgress
    failure: MirrorFailure | None
    mirrored_at: datetime | None
    rows_sent: int
    dead_letters: tuple[DeadLetterGroup, ...]


class MirrorStatusReader:
    """Reads the state of a tenant's mirror."""

    def __init__(self, database: Database, settings: MirrorSettingsStore) -> None:
        self._database = database
        self._settings = settings

    async def read(self, tenant_id: UUID) -> MirrorStatus:
        """Return the state. Raises ``UnavailableError``."""
        settings = await self._settings.find(tenant_id)
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["status"], tenant_id)
            groups = await connection.fetch(_SQL["count_dead_letters"], tenant_id, MAX_REASONS)
        dead_letters = tuple(DeadLetterGroup(**dict(each)) for each in groups)
        if row is None:
            none = BackfillProgress(running=False, done=0, total=0)
            state = _state(settings, None)
            return MirrorStatus(state, timedelta(0), none, None, None, 0, dead_letters)
        return MirrorStatus(
            state=_state(settings, row),
            lag=_lag(row),
            backfill=BackfillProgress(
                running=row["backfill_source"] is not None,
                done=row["backfill_done"],
                total=max(row["backfill_total"], row["backfill_done"]),
            ),
            failure=_failure(row),
            mirrored_at=row["mirrored_at"],
            rows_sent=row["rows_sent"],
            dead_letters=dead_letters,
        )


def _state(settings: MirrorSettings, row: Any) -> MirrorState:
    if not settings.enabled or not (settings.url or settings.has_installation_project):
        return MirrorState.OFF
    if settings.paused_at is not None:
        return MirrorState.PAUSED
    if row is None:
        return MirrorState.WAITING
    return MirrorState.ACTIVE if row["failure"] is None else MirrorState.FAILING


def _lag(row: Any) -> timedelta:
    if row["oldest_at"] is None:
        return timedelta(0)
    age: timedelta = row["now"] - row["oldest_at"]
    return max(timedelta(0), age)


def _failure(row: Any) -> MirrorFailure | None:
    if row["failure"] is None:
        return None
    return MirrorFailure(
        row["failure"], row["failure_detail"] or "", row["failed_since"], row["retry_at"]
    )
