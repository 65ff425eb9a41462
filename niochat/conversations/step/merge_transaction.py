"""The transaction of a thread merge: the LID and the phone of one person first arrived separately,
so that two threads become one.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.domain_json_codec import (
    event_to_json,
    state_from_json,
    state_to_json,
)
from niochat.adapters.postgres.queries import queries
from niochat.conversations.step.step_commit import write_step
from niochat.conversations.step.step_types import StepPlan
from niochat.domain.conversation import events as e
from niochat.domain.conversation.commands import EndFollowUp, EndRating
from niochat.domain.conversation.decide import decide
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
    """Merges the other thread of ``plan.merge`` into the plan's thread and returns what was done as
    a plan.

    Returns ``None`` if this host does not own the plan's thread or if it was itself merged.

    The older open conversation continues and the other one is resolved as ``merged``. Pending rows,
    queued sends, messages and running turns move. Both conversations get a new version, so that
    stale copies in memory cannot be written. Runs inside the caller's transaction.
    """
    assert plan.merge is not None
    row, other = plan.merge
    tenant, stays = plan.before.tenant_id, plan.before.id
    if not await connection.fetchval(_SQL["owned"], stays, host, plan.epoch):
        return None
    rows = await connection.fetch(_SQL["lock_threads"], tenant, [stays, other])
    threads = {thread["id"]: thread for thread in rows}
    if threads[stays]["merged_into"] is not None:
        return None
    merged = plan
    if other in threads and threads[other]["merged_into"] is None and other != stays:
        merged = await _merge_thread(connection, host, plan, policy, threads[other])
        if threads[other]["contact_id"] != threads[stays]["contact_id"]:
            await _merge_contacts(connection, tenant, threads[stays], threads[other])
        await connection.execute(_SQL["merge"], tenant, other, stays)
    await connection.execute(_SQL["done"], tenant, row)
    return merged


async def _merge_thread(
    connection: Connection, host: str, plan: StepPlan, policy: ConversationPolicy, other: Any
) -> StepPlan:
    tenant, stays = plan.before.tenant_id, plan.before.id
    await _end_waits(connection, host, plan, policy, [stays, other["id"]])
    rows = await connection.fetch(_SQL["lock_conversations"], [stays, other["id"]])
    unresolved = [state_from_json(row["state"], row["schema_version"]) for row in rows]
    if unresolved[1:]:
        # Resolved first, because a thread has at most one open conversation at any moment.
        await _resolve(connection, tenant, unresolved[1], rows[1]["thread_id"])
        await connection.execute(_SQL["rehome_outbox"], tenant, unresolved[1].id, unresolved[0].id)
    remaining = unresolved[0].id if unresolved else None
    await connection.execute(_SQL["keep_timers"], tenant, [stays, other["id"]], remaining)
    for name in (
        "move_messages",
        "move_files",
        "move_readings",
        "move_ratings",
        "move_inbox",
        "move_outbox",
        "move_turns",
        "move_timers",
        "move_unmatched",
        "drop_unmatched",
    ):
        await connection.execute(_SQL[name], tenant, other["id"], stays)
    if not unresolved:
        return replace(plan, before=replace(plan.before, conversation=None), after=None)
    return await _continue_older(connection, host, plan, policy, unresolved)


async def _end_waits(
    connection: Connection,
    host: str,
    plan: StepPlan,
    policy: ConversationPolicy,
    threads: Sequence[UUID],
) -> None:
    """Nobody waits for an answer in a merged thread: its timers go, and the request would stand
    beside another conversation.
    """
    for row in await connection.fetch(_SQL["lock_awaiting"], threads):
        resolved = state_from_json(row["state"], row["schema_version"])
        cause = f"link:{resolved.id}"
        context = DecisionContext(row["thread_id"], cause, plan.now, resolved.protocol, policy)
        rated = decide(resolved, EndRating("merged"), context)
        decision = decide(rated.conversation, EndFollowUp("merged"), context)
        after = decision.conversation
        assert after is not None
        await _write(connection, plan.before.tenant_id, after, row["thread_id"])
        before = replace(plan.before, id=row["thread_id"], conversation=resolved)
        ended = StepPlan(before, plan.epoch, plan.now, after)
        ended.events = [*rated.events, *decision.events]
        ended.effects = [*rated.effects, *decision.effects]
        ended.causes = [f"link_thread:{plan.merge[0] if plan.merge else ''}"] * len(ended.events)
        await write_step(connection, host, ended)


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
    conversations: Sequence[ConversationState],
) -> StepPlan:
    """The older conversation takes over the newer one in the remaining thread."""
    older, newer = conversations[0], conversations[1] if conversations[1:] else None
    decision = _decide(plan, policy, older, newer)
    after = decision.conversation
    assert after is not None
    await _write(connection, plan.before.tenant_id, after, plan.before.id)
    merged = replace(
        plan,
        before=replace(plan.before, conversation=older),
        after=after,
        events=list(decision.events),
        causes=[f"link_thread:{plan.merge[0] if plan.merge else ''}"] * len(decision.events),
        effects=list(decision.effects),
    )
    await write_step(connection, host, merged)
    return merged


def _decide(
    plan: StepPlan,
    policy: ConversationPolicy,
    older: ConversationState,
    newer: ConversationState | None,
) -> Decision:
    context = DecisionContext(plan.before.id, f"link:{older.id}", plan.now, older.protocol, policy)
    builder = DecisionBuilder(older, context)
    merge_conversations(builder, newer)
    return builder.build()


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


async def _merge_contacts(connection: Connection, tenant: UUID, stays: Any, other: Any) -> None:
    """Merges the contacts of both threads and queues the merge of their threads on other
    channels.
    """
    pair = (tenant, other["contact_id"], stays["contact_id"])
    await connection.execute(_SQL["move_identities"], *pair)
    await connection.execute(_INBOX["merge_contacts"], tenant, pair[2], pair[1])
    await connection.execute(_SQL["move_threads"], *pair, other["id"])
    for row in await connection.fetch(_SQL["other_threads"], *pair, other["id"]):
        key = f"link:{row['stays']}:{row['joins']}"
        await connection.execute(
            _SQL["add_merge_command"],
            tenant,
            row["channel_id"],
            row["stays"],
            key,
            str(row["joins"]),
        )
