"""``niochat supabase`` as an operator types it, while a mirror runs beside it."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.cli.doctor.mirror_problems import find_mirror_problems
from tests.mirror.mirror_fixture import MirrorFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, without line breaks, and its exit code."""

    code: int
    text: str


@dataclass
class Operator:
    """Types commands."""

    mirrored: MirrorFixture
    environment: dict[str, str]

    async def types(self, *words: str) -> Said:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "niochat", "supabase", *words),
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode is not None
        return Said(process.returncode, " ".join(output.decode().split()))


@pytest_asyncio.fixture
async def operator(
    mirrored: MirrorFixture, serving_url: str, tmp_path: Path
) -> AsyncIterator[Operator]:
    ours = ("NIOCHAT_", "RAY_", "DATABASE_", "REDIS_URL", "SUPABASE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    yield Operator(
        mirrored,
        kept
        | {
            "NIOCHAT_HOME": str(tmp_path),
            "DATABASE_URL": serving_url,
            "REDIS_URL": "redis://127.0.0.1:9",
            "NIOCHAT_BASE_URL": "http://127.0.0.1:9",
            "NIOCHAT_VAULT_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
            "NIOCHAT_PRIVATE_NETWORKS": "127.0.0.0/8",
            "NIOCHAT_SUPABASE_URL": mirrored.sandbox.url,
            "NIOCHAT_SUPABASE_KEY": mirrored.sandbox.secret_key,
            "COLUMNS": "200",
        },
    )


async def test_a_mirror_is_checked_repaired_paused_and_sent_anew(operator: Operator) -> None:
    mirrored = operator.mirrored
    await mirrored.insights.serve()
    await mirrored.send()
    clean = await operator.types("check")
    await mirrored.project_rows.execute("DELETE FROM mensagens WHERE is_from_customer")
    damaged = await operator.types("check")
    mirror = asyncio.create_task(mirrored.mirror.run())
    repaired = await operator.types("check", "--repair")
    await mirrored.project_rows.execute("TRUNCATE contacts")
    sent = await operator.types("backfill")
    status = await operator.types("status")
    mirror.cancel()
    await asyncio.gather(mirror, return_exceptions=True)
    paused = [await operator.types("pause"), await operator.types("status")]
    resumed = await operator.types("resume")

    assert (clean.code, "no difference" in clean.text) == (0, True), clean
    assert (damaged.code, "mensagens" in damaged.text) == (1, True), damaged
    assert repaired.code == 0, repaired
    assert "2 rows are sent again" in repaired.text
    assert (sent.code, "rows anew" in sent.text) == (0, True), sent
    assert len(await mirrored.rows("contacts")) == 1
    assert "ok" in status.text
    assert ("Paused: 1" in paused[0].text, "paused" in paused[1].text) == (True, True), paused
    assert "Resumed: 1" in resumed.text


async def test_refused_rows_are_listed_and_sent_again(
    operator: Operator, database: Database
) -> None:
    mirrored = operator.mirrored
    await mirrored.sandbox.run_sql(
        "ALTER TABLE public.mensagens ADD CONSTRAINT polite CHECK (content <> 'Bom dia!')"
    )
    await mirrored.insights.serve()
    await mirrored.send()
    refused = await operator.types("refused")
    problems = await find_mirror_problems(database)
    await mirrored.sandbox.run_sql("ALTER TABLE public.mensagens DROP CONSTRAINT polite")
    retried = await operator.types("retry")
    await mirrored.send()

    assert "23514" in refused.text
    assert ["refuses 1 rows" in each for each in problems] == [True]
    assert "1 rows will be sent again" in retried.text
    assert "No row is refused" in (await operator.types("refused")).text
    assert await mirrored.differences() == []
    assert await find_mirror_problems(database) == []


async def test_the_schema_is_pushed_once(operator: Operator) -> None:
    project = operator.mirrored.sandbox.database.admin_url
    await operator.mirrored.project_rows.execute(
        "DROP SCHEMA supabase_migrations CASCADE"  # as in a project without the Supabase CLI
    )
    first = await operator.types("push", "--database-url", project)
    second = await operator.types("push", "--database-url", project)
    nowhere = await operator.types("push", "--database-url", "postgresql://x@127.0.0.1:9/x")
    unnamed = await operator.types("push")

    assert (first.code, "Pushed 20261201000000_niochat_mirror.sql" in first.text) == (0, True)
    assert (second.code, "newest schema already" in second.text) == (0, True)
    assert (nowhere.code, "session pooler" in nowhere.text) == (1, True), nowhere
    assert (unnamed.code, "which project?" in unnamed.text) == (1, True), unnamed


async def test_whoever_is_not_mirrored_is_told_what_to_do(operator: Operator) -> None:
    del operator.environment["NIOCHAT_SUPABASE_URL"]
    checked = await operator.types("check")
    status = await operator.types("status")
    assert (checked.code, "set a project first" in checked.text) == (1, True), checked
    assert "No tenant is mirrored" in status.text
