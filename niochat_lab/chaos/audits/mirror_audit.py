"""Compares the mirror of each tenant with its rows, after everything was sent."""

import asyncio
import time
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.supabase.project_client import ProjectClient
from niochat.domain.errors import NiochatError
from niochat.mirror.mirror_check import MirrorCheck
from niochat_lab.chaos.running_stack import RunningStack
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("chaos")
SENT_WITHIN_S = 120.0
_POLL_S = 1.0


async def find_wrong_mirrors(stack: RunningStack) -> list[str]:
    """Return a sentence for each table and day of a tenant that its project has otherwise, for a
    stack with the Supabase sandbox. Without one there is nothing to compare.
    """
    url = stack.environment.get("NIOCHAT_SUPABASE_URL")
    if not url:
        return []
    database = await Database.open(
        stack.environment["DATABASE_URL"], size=2, timeouts={"timezone": "UTC"}
    )
    project = ProjectClient(url, stack.environment["NIOCHAT_SUPABASE_KEY"])
    try:
        async with database.as_system() as connection:
            tenants = [row["tenant_id"] for row in await connection.fetch(_SQL["mirrored"])]
        if not tenants:
            return ["wrong: no tenant is mirrored"]
        return [
            sentence
            for tenant_id in tenants
            for sentence in await _compare(database, project, tenant_id)
        ]
    finally:
        await project.close()
        database.terminate()


async def _compare(database: Database, project: ProjectClient, tenant_id: UUID) -> list[str]:
    if not await _wait_until_sent(database, tenant_id):
        return [f"wrong: the mirror of tenant {tenant_id} is behind after {SENT_WITHIN_S:g} s"]
    found = await MirrorCheck(database, project, tenant_id).find_differences()
    async with database.as_system() as connection:
        refused = await connection.fetchval(_SQL["refused_rows"], tenant_id)
    wrong = [
        f"wrong: {each.place.table} of tenant {tenant_id} on {each.place.day}: {len(each.missing)}"
        f" missing, {len(each.stale)} others, {len(each.extra)} extra"
        for each in found
    ]
    return wrong + ([f"wrong: {refused} rows of tenant {tenant_id} are refused"] if refused else [])


async def _wait_until_sent(database: Database, tenant_id: UUID) -> bool:
    end = time.monotonic() + SENT_WITHIN_S
    while time.monotonic() < end:
        try:
            async with database.as_system() as connection:
                if await connection.fetchval(_SQL["is_mirrored"], tenant_id):
                    return True
        except NiochatError:
            pass  # it recovers from the last fault
        await asyncio.sleep(_POLL_S)
    return False
