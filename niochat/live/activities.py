"""Activities: the events of a conversation that screens show as lines between its messages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from niochat.domain.conversation.state import ConversationPriority
from niochat.domain.sla.sla_policy import SlaTarget

ActivityName = Literal[
    "conversation_opened",
    "conversation_handed_off",
    "conversation_assigned",
    "conversation_transferred",
    "conversation_given_back",
    "conversation_snoozed",
    "conversation_woken",
    "conversation_reopened",
    "conversation_reopened_for_team",
    "conversation_resolved",
    "priority_changed",
    "labels_changed",
    "assistant_paused",
    "after_hours_began",
    "after_hours_ended",
    "customer_reminded",
    "threads_linked",
    "rating_answered",
    "rating_commented",
    "rating_failed",
    "sla_warned",
    "sla_breached",
    "contact_opted_out",
    "command_parked",
]
ACTIVITY_NAMES: tuple[str, ...] = get_args(ActivityName)


class LiveActivity(BaseModel):
    """An event of a conversation that is shown as a line between its messages, in the order of
    ``version``. ``by`` is the id of the user or API key that acted; it is null if the product, the
    assistant or the customer did. The other fields are set where the event has them: ``agent`` and
    ``team`` are the new holder, ``queue`` the team whose queue assigned the agent, ``until`` the
    end of a snooze or pause, ``reason`` a code, ``score`` that of a rating; ``target`` is what
    an SLA policy promised, ``due_at`` until when.
    """

    model_config = ConfigDict(from_attributes=True)
    version: int
    at: datetime
    event: ActivityName
    by: str | None = None
    agent: str | None = None
    team: str | None = None
    queue: str | None = None
    until: datetime | None = None
    priority: Literal["low", "normal", "high", "urgent"] | None = None
    labels: list[str] | None = None
    reason: str | None = None
    score: int | None = None
    target: SlaTarget | None = None
    due_at: datetime | None = None


def activity_from_event(
    version: int, name: str, at: datetime, body: Mapping[str, Any]
) -> LiveActivity | None:
    """Returns the activity of a stored event, or ``None`` if screens show no line for it."""
    if name not in ACTIVITY_NAMES:
        return None
    known = LiveActivity.model_fields.keys() - {"version", "at", "event", "priority"}
    values = {field: value for field, value in body.items() if field in known and value != ""}
    if body.get("priority") is not None:
        values["priority"] = ConversationPriority(body["priority"]).name.lower()
    reason = values.get("reason")
    if name == "conversation_resolved" and reason is not None and _is_id(reason):
        values |= {"by": reason, "reason": None}
    elif name == "conversation_assigned" and values.get("queue") is None:
        values["by"] = values.get("by") or values.get("agent")
    return LiveActivity.model_validate({"version": version, "at": at, "event": name, **values})


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
