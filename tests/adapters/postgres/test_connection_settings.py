"""What a session is opened with, for the day its machine vanishes."""

import pytest

from niochat.adapters.postgres.database import Database

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("setting", "value"),
    [("tcp_keepalives_idle", "5"), ("tcp_keepalives_interval", "2"), ("tcp_keepalives_count", "3")],
)
async def test_the_server_forgets_a_silent_machine_within_eleven_seconds(
    database: Database, setting: str, value: str
) -> None:
    """By default it keeps the session, and its locks, for two hours."""
    async with database.as_system() as connection:
        assert await connection.fetchval("SELECT current_setting($1)", setting) == value
