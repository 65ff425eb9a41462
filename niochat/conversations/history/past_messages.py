"""Messages as they were at an event: with the text and the delivery status of that moment."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries

_SQL = queries("conversation_history")


async def rewind_messages(
    connection: Connection,
    tenant_id: UUID,
    conversation_id: UUID,
    version: int,
    messages: Sequence[dict[str, Any]],
) -> None:
    """Changes the rows of ``messages`` to what they were after the event ``version``.

    ``text_known`` becomes false, and the text stays the current one, where the text of that moment
    was not stored, as before the product stored replaced texts.
    """
    ids = [message["id"] for message in messages]
    first = min((message["version"] for message in messages), default=0)
    events = await connection.fetch(_SQL["message_events"], tenant_id, conversation_id, first, ids)
    texts = await connection.fetch(_SQL["replaced_texts"], tenant_id, ids)
    for message in messages:
        name = str(message["id"])
        _rewind(
            message,
            version,
            [row for row in events if row["body"]["message"] == name],
            [row for row in texts if row["message_id"] == message["id"]],
        )


def _rewind(
    message: dict[str, Any], version: int, events: Sequence[Any], texts: Sequence[Any]
) -> None:
    past = [event for event in events if event["version"] <= version]
    later = [event for event in events if event["version"] > version]
    message["status"] = _status(message, past, later)
    message["edited_at"] = _last_time(past, "message_edited")
    message["deleted_at"] = _last_time(past, "message_deleted")
    replaced = [row for row in texts if row["version"] is None or row["version"] > version]
    edits = [event["version"] for event in later if event["type"] == "message_edited"]
    if replaced:
        message["text"] = replaced[0]["text"]
    message["text_known"] = not edits or edits[0] in [row["version"] for row in replaced[:1]]


def _status(message: dict[str, Any], past: Sequence[Any], later: Sequence[Any]) -> str | None:
    kind = "message_status_changed"
    statuses: list[str] = [event["body"]["status"] for event in past if event["type"] == kind]
    if statuses:
        return statuses[-1]
    if any(event["type"] == kind for event in later):
        return "queued"
    status: str | None = message["status"]
    return status


def _last_time(events: Sequence[Any], kind: str) -> Any:
    times = [event["at"] for event in events if event["type"] == kind]
    return times[-1] if times else None
