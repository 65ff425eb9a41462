"""Reads from the log who showed interest, complained, opted out or came back.

It follows the log as a projection does, but its rows are facts: messages were sent because of them,
so nothing rebuilds them.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection, fetch_one
from niochat.adapters.postgres.domain_json_codec import policy_from_row
from niochat.adapters.postgres.queries import queries
from niochat.domain.follow_up.buying_interest import (
    CHANGE_REQUEST_TOOL,
    TOOLS_WITH_INTEREST,
    ToolCall,
    find_interest,
)
from niochat.insights.projection import LogEntry, ProjectionScope

_SQL = queries("follow_ups")

COMPLAINT_REASONS = ("cancellation", "complaint_body", "anger")
"""Reasons of handoffs that are complaints; see ``EscalationReason``."""


class FollowUpTracker:
    """The projection of the log into follow-ups."""

    name = "follow_ups"
    revision = 1
    reads: frozenset[str] | None = frozenset(
        {
            "turn_finished",
            "message_received",
            "conversation_handed_off",
            "rating_low",
            "contact_opted_out",
        }
    )
    needs_others = False

    async def apply(
        self, connection: Connection, scope: ProjectionScope, entries: Sequence[LogEntry]
    ) -> None:
        """See ``Projection``."""
        tenant_id = scope.tenant_id
        await _note_interest(connection, tenant_id, entries)
        complaints = [_place(each) for each in entries if _is_complaint(each)]
        if complaints:
            await connection.execute(_SQL["note_complaints"], tenant_id, complaints)
        # First: who opts out comes back too, but was not won back.
        refusals = [each.thread_id for each in entries if each.type == "contact_opted_out"]
        if refusals:
            await connection.execute(_SQL["stop_opted_out"], tenant_id, refusals)
        messages = [_place(each) for each in entries if each.type == "message_received"]
        if messages:
            row = await fetch_one(connection, _SQL["load_policy"], tenant_id, what="provider")
            window = policy_from_row(row["status"], row["policy"]).follow_ups.window
            await connection.execute(_SQL["note_messages"], tenant_id, messages, window)

    async def delete_some(self, connection: Connection, scope: ProjectionScope, limit: int) -> int:
        """See ``Projection``. These rows are facts, and stay."""
        return 0


def _place(entry: LogEntry) -> dict[str, Any]:
    return {
        "conversation_id": entry.conversation_id,
        "thread_id": entry.thread_id,
        "at": entry.at,
    }


def _is_complaint(entry: LogEntry) -> bool:
    handed_off = entry.type == "conversation_handed_off"
    return entry.type == "rating_low" or (
        handed_off and entry.body.get("reason") in COMPLAINT_REASONS
    )


async def _note_interest(
    connection: Connection, tenant_id: UUID, entries: Sequence[LogEntry]
) -> None:
    """Stores the interest of the conversations in which a turn called one of the tools that tell
    it.
    """
    turns = {
        str(entry.body.get("turn")): entry for entry in entries if entry.type == "turn_finished"
    }
    if not turns:
        return
    tools = [*TOOLS_WITH_INTEREST, CHANGE_REQUEST_TOOL]
    rows = await connection.fetch(_SQL["load_calls"], tenant_id, list(turns), tools)
    interested = []
    for row in rows:
        calls = [ToolCall(*each) for each in row["calls"]]
        found = find_interest(calls)
        interested.append(
            {
                "conversation_id": row["conversation_id"],
                "interest": found and found.interest,
                "plan": found.plan if found else "",
                "plan_value": str(found.value) if found and found.value is not None else None,
                "at": max(
                    entry.at
                    for entry in turns.values()
                    if entry.conversation_id == row["conversation_id"]
                ),
            }
        )
    if interested:
        await connection.execute(_SQL["note_interest"], tenant_id, interested)
