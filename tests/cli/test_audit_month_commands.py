"""``niochat audit partition`` and ``drop-months``, and what ``niochat doctor`` says before."""

import base64
import os
import subprocess
import sys

import pytest

from niochat.adapters.postgres.database import Database
from niochat.cli.doctor.audit_month_check import find_audit_month_problems
from tests.adapters.postgres.old_audit_log import OldLog, old_log

__all__ = ["old_log"]

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(90)]


async def test_doctor_and_the_commands_say_what_the_log_needs(old_log: OldLog) -> None:
    await old_log.leave_as_one_table()
    database = await Database.open(old_log.serving_url)
    (needed,) = await find_audit_month_problems(database)
    await old_log.admin.execute("SET ROLE niochat; SELECT begin_audit_move(); RESET ROLE")
    (unfinished,) = await find_audit_month_problems(database)

    said = [niochat(old_log, "audit", "partition") for _ in range(2)]

    assert "one large table" in needed
    assert "written twice" in unfinished
    assert [each.returncode for each in said] == [0, 0], said
    assert "has a part for each month" in said[0].stdout
    assert "has months already" in said[1].stdout
    assert await find_audit_month_problems(database) == []
    await old_log.admin.execute(
        "SELECT set_config('niochat.part', 'audit_' || to_char((now() + interval '2 months')"
        " AT TIME ZONE 'UTC', 'YYYY_MM'), false)"
    )
    await old_log.admin.execute(
        "DO $$BEGIN EXECUTE 'DROP TABLE ' || current_setting('niochat.part'); END$$"
    )
    (soon,) = await find_audit_month_problems(database)
    assert "niochat migrate" in soon
    dropped = niochat(old_log, "audit", "drop-months", "--before", "2020-01", "--yes")
    assert "Dropped 0 months" in dropped.stdout, dropped
    await database.close()


def niochat(log: OldLog, *words: str) -> "subprocess.CompletedProcess[str]":
    ours = ("NIOCHAT_", "RAY_", "DATABASE_", "REDIS_URL")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return subprocess.run(
        [sys.executable, "-m", "niochat", *words],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        env={
            **kept,
            "DATABASE_URL": log.serving_url,
            "DATABASE_OWNER_URL": log.owner_url,
            "REDIS_URL": "redis://:x@127.0.0.1:1/0",
            "NIOCHAT_VAULT_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}",
            "NIOCHAT_BASE_URL": "http://127.0.0.1:9",
        },
    )
