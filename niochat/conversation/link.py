"""LID and phone of one person that first arrived apart: two threads become one."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.codec import event_to_json, state_from_json, state_to_json
from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.conversation.work import Plan
from niochat.domain import events as e
from niochat.domain.conversation import SCHEMA_VERSION, Conversation
from niochat.domain.evolve import evolve

_SQL = queries("link")


async def link_threads(
    connection: Connection, host: str, plan: Plan, row: int, other: UUID
) -> bool:
    """Join the thread ``other`` to the plan's thread; false when the shard is not ours.

    The older live conversation is kept, the other is resolved as ``merged``; pending rows,
    queued sends, messages and running turns move. Runs inside the caller's transaction.
    Both conversations get new versions, so whoever held either in memory loses its writes.
    """
    tenant, stays = plan.before.tenant_id, plan.before.id
    owned = await connection.fetchval(_SQL["owned"], stays, host, plan.epoch)
    if not owned:
        return False
    threads = {t["id"]: t for t in await connection.fetch(
        _SQL["lock_threads"], tenant, [stays, other])}  # fmt: skip
    if other in threads and threads[other]["merged_into"] is None and other != stays:
        await _join(connection, tenant, threads[stays], threads[other])
    await connection.execute(_SQL["done"], tenant, row)
    return True


async def _join(connection: Connection, tenant: UUID, stays: Any, joins: Any) -> None:
    kept = await _join_conversations(connection, tenant, stays["id"], joins["id"])
    for name in ("move_messages", "move_inbox", "move_outbox", "move_unmatched", "move_turns"):
        await connection.execute(_SQL[name], tenant, joins["id"], stays["id"])
    if kept is not None:
        await connection.execute(_SQL["move_timers"], tenant, joins["id"], stays["id"], kept)
    if stays["contact_id"] != joins["contact_id"]:
        await _join_contacts(connection, tenant, stays, joins)
    await connection.execute(
        _SQL["merge"], tenant, joins["id"], stays["id"], joins["contact_id"], stays["contact_id"]
    )


async def _join_conversations(
    connection: Connection, tenant: UUID, stays: UUID, joins: UUID
) -> UUID | None:
    """The older conversation goes on in the thread that stays; its id."""
    rows = await connection.fetch(_SQL["lock_conversations"], [stays, joins])
    if not rows:
        return None
    older = state_from_json(rows[0]["state"], rows[0]["schema_version"])
    newer = state_from_json(rows[1]["state"], rows[1]["schema_version"]) if rows[1:] else None
    if newer is not None:
        # Resolved first: a thread has one live conversation at any moment.
        merged = e.ConversationResolved("merged")
        await _write(connection, tenant, newer, merged, rows[1]["thread_id"])
        await connection.execute(_SQL["settle_turns"], tenant, newer.id)
        await connection.execute(_SQL["drop_timers"], tenant, newer.id)
    linked = e.ThreadsLinked(newer.id if newer is not None else None)
    await _write(connection, tenant, older, linked, stays)
    return older.id


async def _write(
    connection: Connection, tenant: UUID, before: Conversation, event: e.Event, thread: UUID
) -> None:
    after = evolve(before, event)
    await connection.execute(
        _SQL["write_conversation"], tenant, after.id, thread, state_to_json(after),
        after.version, after.status.value,
    )  # fmt: skip
    await connection.execute(
        _SQL["add_event"], tenant, after.id, after.version, thread, event.type,
        event_to_json(event), SCHEMA_VERSION,
    )  # fmt: skip


async def _join_contacts(connection: Connection, tenant: UUID, stays: Any, joins: Any) -> None:
    pair = (tenant, joins["contact_id"], stays["contact_id"])
    await connection.execute(_SQL["move_identities"], *pair)
    await connection.execute(_SQL["move_threads"], *pair, joins["id"])
    for other in await connection.fetch(_SQL["other_threads"], *pair, joins["id"]):
        await connection.execute(
            _SQL["add_link"], tenant, other["channel_id"], other["stays"], other["joins"]
        )
