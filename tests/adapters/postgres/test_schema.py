"""The schema: its twin in Python, and migrating it."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from uuid import UUID

import asyncpg
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.schema_migration import migrate
from niochat.domain.errors import InvalidInputError
from niochat.domain.ids import SHARDS, shard_of
from tests.builders import RowBuilder


def tables(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
    assert row is not None
    return int(row[0])


@given(st.uuids())
def test_every_key_has_one_of_1024_shards(key: UUID) -> None:
    assert 0 <= shard_of(key) < SHARDS == 1024


@pytest.mark.asyncio
async def test_the_database_and_the_code_agree_on_every_shard(
    admin: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    keys: list[UUID] = [UUID(int=0), UUID(int=1023), UUID(int=1024), UUID(int=2**128 - 1)]

    @given(st.lists(st.uuids(), min_size=50, max_size=50))
    def collect(drawn: list[UUID]) -> None:
        keys.extend(drawn)

    collect()
    rows = await admin.fetch("SELECT k, shard_of(k) AS s FROM unnest($1::uuid[]) AS k", keys)

    assert [row["s"] for row in rows] == [shard_of(row["k"]) for row in rows]


@pytest.mark.asyncio
async def test_a_threads_shard_is_that_of_its_id(given: RowBuilder) -> None:
    thread = await given.thread(await given.place())

    assert await given.rows("SELECT shard FROM threads") == [shard_of(thread)]


def test_migrating_twice_is_harmless(empty_database_url: str) -> None:
    migrate(empty_database_url)
    before = tables(empty_database_url)

    migrate(empty_database_url)

    assert tables(empty_database_url) == before > 15


def test_two_processes_that_migrate_at_once_both_find_it_done(empty_database_url: str) -> None:
    with ProcessPoolExecutor(2, get_context("forkserver")) as pool:
        list(pool.map(migrate, [empty_database_url] * 2))

    assert tables(empty_database_url) > 15


@pytest.mark.asyncio
@pytest.mark.parametrize("text", ["nul \x00", "half a surrogate \ud800"])
async def test_text_that_the_database_cannot_hold_is_the_callers_mistake(
    database: Database, text: str
) -> None:
    with pytest.raises(InvalidInputError):
        async with database.as_system() as connection:
            await connection.fetchval("SELECT $1::text", text)
