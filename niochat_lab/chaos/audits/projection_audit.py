"""Compares the read model with one that is built anew from the same events."""

from collections.abc import Sequence
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.insights.projection import Projection, ProjectionScope
from niochat.insights.projection_runner import ProjectionRunner
from niochat.insights.projection_store import (
    LogPlace,
    is_before,
    live_generation,
    lock_position,
    read_log_to,
    wait_for_position,
)
from niochat.insights.projector import PROJECTIONS, Projector
from niochat.insights.rebuild import ProjectionRebuilder
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("chaos")
_BATCH = 500
_TABLES: dict[str, Sequence[str]] = {
    "conversations": (
        *("conversation_measures", "human_answers", "rollups"),
        *("answer_rollups", "duration_rollups"),
    ),
    "turns": ("assistant_turns",),
    "deliveries": ("deliveries", "delivery_rollups"),
}


async def find_wrong_projections(database: Database) -> list[str]:
    """Read all events, build every projection anew and return a sentence for each one that has
    stopped or whose rows differ. Raises ``UnavailableError``.
    """
    await Projector(database).run_until_read()
    async with database.as_system() as connection:
        tenants = [row["tenant_id"] for row in await connection.fetch(_SQL["tenant_ids"])]
        stopped = await connection.fetch(_SQL["stopped_projections"])
    wrong = [
        f"wrong: the projection {row['name']} of tenant {row['tenant_id']} has stopped:"
        f" {row['failed_reason']}"
        for row in stopped
    ]
    for tenant_id in tenants:
        for projection in PROJECTIONS:
            wrong += await _compare(database, projection, tenant_id)
    return wrong


async def _compare(database: Database, projection: Projection, tenant_id: UUID) -> list[str]:
    """Compare while nobody moves the live generation, so that both have read the same events."""
    generation = await ProjectionRebuilder(database).build(projection, tenant_id)
    async with database.as_tenant(tenant_id) as connection:
        live = await live_generation(connection, tenant_id, projection)
        upto = await wait_for_position(
            connection, ProjectionScope(tenant_id, live), projection.name
        )
        built = ProjectionScope(tenant_id, generation)
        await _catch_up(database, connection, projection, built, upto)
        differing = {
            table: await connection.fetchval(
                _SQL[f"count_differing_{table}"], tenant_id, live, generation
            )
            for table in _TABLES[projection.name]
        }
    return [
        f"wrong: {count} rows of {table} of tenant {tenant_id} differ from their rebuilt ones"
        for table, count in differing.items()
        if count
    ]


async def _catch_up(
    database: Database,
    connection: Connection,
    projection: Projection,
    scope: ProjectionScope,
    upto: LogPlace,
) -> None:
    runner = ProjectionRunner(database)
    while True:
        position = await lock_position(connection, scope, projection.name)
        if position is None or not is_before(position.place, upto):
            return
        entries = await read_log_to(
            connection, scope.tenant_id, position.place, upto, _BATCH, projection.reads
        )
        if not await runner.apply(connection, projection, scope, entries):
            return
