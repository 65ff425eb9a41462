"""LID and phone of one person that first arrived apart: two threads become one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.json_codec import event_to_json, state_from_json, state_to_json
from niochat.adapters.postgres.queries import queries
from niochat.conversations.step.step_commit import write_step
from niochat.conversations.step.step_types import StepPlan
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import Decision, DecisionBuilder, DecisionContext
from niochat.domain.conversation.evolve import evolve
from niochat.domain.conversation.handlers.thread_merge import merge_conversations
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import SCHEMA_VERSION, ConversationState

_SQL = queries("thread_merge")
_INBOX = queries("inbox")


async def merge_threads(
    connection: Connection, host: str, plan: StepPlan, policy: ConversationPolicy
) -> StepPlan | None:
    """Join the other thread of ``plan.link`` to the plan's; what was done, as a plan.

    ``None`` when the thread that stays is not ours, or was itself joined to another one.

    The older live conversation is kept, the other is resolved as ``merged``; pending rows,
    queued sends, messages and running turns move. Runs inside the caller's transaction.
    Both conversations get new versions, so whoever held either in memory loses its writes.
    """
    assert plan.merge is not None
    row, other = plan.merge
    tenant, stays = plan.before.tenant_id, plan.before.id
    if not await connection.fetchval(_SQL["owned"], stays, host, plan.epoch):
        return None
    found = await connection.fetch(_SQL["lock_threads"], tenant, [stays, other])
    threads = {thread["id"]: thread for thread in found}
    if threads[stays]["merged_into"] is not None:
        return None
    joined = plan
    if other in threads and threads[other]["merged_into"] is None and other != stays:
        joined = await _merge_thread(connection, host, plan, policy, threads[other])
        if threads[other]["contact_id"] != threads[stays]["contact_id"]:
            await _merge_contacts(connection, tenant, threads[stays], threads[other])
        await connection.execute(_SQL["merge"], tenant, other, stays)
    await connection.execute(_SQL["done"], tenant, row)
    return joined


async def _merge_thread(
    connection: Connection, host: str, plan: StepPlan, policy: ConversationPolicy, joins: Any
) -> StepPlan:
    tenant, stays = plan.before.tenant_id, plan.before.id
    rows = await connection.fetch(_SQL["lock_conversations"], [stays, joins["id"]])
    live = [state_from_json(row["state"], row["schema_version"]) for row in rows]
    if live[1:]:
        # Resolved first: a thread has one live conversation at any moment.
        await _resolve(connection, tenant, live[1], rows[1]["thread_id"])
        await connection.execute(_SQL["rehome_outbox"], tenant, live[1].id, live[0].id)
    kept = live[0].id if live else None
    await connection.execute(_SQL["keep_timers"], tenant, [stays, joins["id"]], kept)
    for name in (
        "move_messages",
        "move_files",
        "move_readings",
        "move_inbox",
        "move_outbox",
        "move_turns",
        "move_timers",
        "move_unmatched",
        "drop_unmatched",
    ):
        await connection.execute(_SQL[name], tenant, joins["id"], stays)
    if not live:
        return replace(plan, before=replace(plan.before, conversation=None), after=None)
    return await _continue_older(connection, host, plan, policy, live)


async def _resolve(
    connection: Connection, tenant: UUID, newer: ConversationState, thread: UUID
) -> None:
    event = e.ConversationResolved("merged")
    after = evolve(newer, event)
    await _write(connection, tenant, after, thread)
    await connection.execute(
        _SQL["add_event"],
        tenant,
        after.id,
        after.version,
        thread,
        event.type,
        event_to_json(event),
        SCHEMA_VERSION,
    )
    await connection.execute(_SQL["settle_turns"], tenant, newer.id)


async def _continue_older(
    connection: Connection,
    host: str,
    plan: StepPlan,
    policy: ConversationPolicy,
    live: Sequence[ConversationState],
) -> StepPlan:
    """The older conversation takes over in the thread that stays."""
    older, newer = live[0], live[1] if live[1:] else None
    decision = _decide(plan, policy, older, newer)
    after = decision.conversation
    assert after is not None
    await _write(connection, plan.before.tenant_id, after, plan.before.id)
    joined = replace(
        plan,
        before=replace(plan.before, conversation=older),
        after=after,
        events=list(decision.events),
        causes=[f"link_thread:{plan.merge[0] if plan.merge else ''}"] * len(decision.events),
        effects=list(decision.effects),
    )
    await write_step(connection, host, joined)
    return joined


def _decide(
    plan: StepPlan,
    policy: ConversationPolicy,
    older: ConversationState,
    newer: ConversationState | None,
) -> Decision:
    context = DecisionContext(plan.before.id, f"link:{older.id}", plan.now, older.protocol, policy)
    draft = DecisionBuilder(older, context)
    merge_conversations(draft, newer)
    return draft.build()


async def _write(
    connection: Connection, tenant: UUID, after: ConversationState, thread: UUID
) -> None:
    await connection.execute(
        _SQL["write_conversation"],
        tenant,
        after.id,
        thread,
        state_to_json(after),
        after.version,
        after.status.value,
        after.team,
        after.agent,
        after.paused_until,
    )


async def _merge_contacts(connection: Connection, tenant: UUID, stays: Any, joins: Any) -> None:
    pair = (tenant, joins["contact_id"], stays["contact_id"])
    await connection.execute(_SQL["move_identities"], *pair)
    await connection.execute(_INBOX["merge_contacts"], tenant, pair[2], pair[1])
    await connection.execute(_SQL["move_threads"], *pair, joins["id"])
    for other in await connection.fetch(_SQL["other_threads"], *pair, joins["id"]):
        key = f"link:{other['stays']}:{other['joins']}"
        await connection.execute(
            _SQL["add_merge_command"],
            tenant,
            other["channel_id"],
            other["stays"],
            key,
            str(other["joins"]),
        )
