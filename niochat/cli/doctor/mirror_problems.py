"""Finds tenants that are not mirrored as they should be."""

from datetime import timedelta
from typing import Any

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries

_SQL = queries("mirror")
MAX_LAG = timedelta(minutes=2)


async def find_mirror_problems(database: Database) -> list[str]:
    """Return a sentence for each mirror that fails, is behind or has refused rows. Raises
    ``UnavailableError``.
    """
    async with database.as_system() as connection:
        rows = await connection.fetch(_SQL["lag"])
    return [sentence for row in rows for sentence in _problems(row)]


def _problems(row: Any) -> list[str]:
    if row["paused_at"] is not None:
        return [
            f"the mirror of {row['slug']} is paused since {row['paused_at']:%d/%m %H:%M} UTC: run "
            f"niochat supabase resume"
        ]
    problems = []
    behind = timedelta(0) if row["oldest_at"] is None else row["now"] - row["oldest_at"]
    if row["failure"] is not None:
        problems.append(
            f"the mirror of {row['slug']} fails since {row['failed_since']:%d/%m %H:%M} UTC: "
            f"{row['failure_detail']}"
        )
    elif behind > MAX_LAG and row["backfill_source"] is None:
        problems.append(
            f"the mirror of {row['slug']} is {behind.total_seconds():.0f} s behind: look whether "
            f"the application mirror runs, and search its logs for mirror_failed"
        )
    if row["dead_letters"]:
        problems.append(
            f"the project of {row['slug']} refuses {row['dead_letters']} rows: niochat supabase "
            f"refused shows why, niochat supabase retry sends them again"
        )
    return problems
