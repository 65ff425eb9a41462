"""Labels of the history for screens: who caused an event, its summary code, and its effects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, cast, get_args
from uuid import UUID


class HistoryActorKind(StrEnum):
    """Who caused an event. ``whatsapp`` reports deliveries; ``operator`` runs the installation."""

    CUSTOMER = "customer"
    ASSISTANT = "assistant"
    AGENT = "agent"
    PHONE = "phone"
    INTEGRATION = "integration"
    WHATSAPP = "whatsapp"
    TIMER = "timer"
    QUEUE = "queue"
    OPERATOR = "operator"
    SYSTEM = "system"


HistorySummary = Literal[
    "conversation_opened",
    "customer_wrote",
    "seen_from_phone",
    "seen_from_integration",
    "seen_from_automatic",
    "assistant_paused",
    "message_edited",
    "message_deleted",
    "message_reacted",
    "message_change_failed",
    "file_stored",
    "file_missing",
    "file_read",
    "file_not_read",
    "assistant_replied",
    "agent_replied",
    "system_replied",
    "note_added",
    "customer_reminded",
    "message_queued",
    "message_uncertain",
    "message_failed",
    "message_sent",
    "message_delivered",
    "message_read",
    "message_played",
    "timer_set",
    "turn_started",
    "turn_restarted",
    "turn_cancelled",
    "turn_answered",
    "turn_failed",
    "handed_off",
    "taken_over",
    "assigned_by_queue",
    "transferred_to_team",
    "transferred_to_agent",
    "left_by_offline_agent",
    "returned_to_assistant",
    "conversation_snoozed",
    "unsnoozed_due",
    "unsnoozed_customer_wrote",
    "priority_changed",
    "labels_changed",
    "conversation_reopened",
    "conversation_reopened_for_team",
    "after_hours_began",
    "after_hours_ended",
    "resolved_by_agent",
    "resolved_assistant",
    "resolved_inactivity",
    "resolved_merged",
    "threads_merged",
    "rating_scheduled",
    "rating_skipped",
    "rating_requested",
    "rating_sent",
    "rating_failed",
    "rating_expired",
    "rating_answered",
    "rating_commented",
    "rating_low",
    "sla_warned",
    "sla_breached",
    "follow_up_queued",
    "follow_up_skipped",
    "follow_up_ended",
    "contact_opted_out",
    "command_failed",
    "other",
]
"""The codes of sentences about events; ``other`` stands for one of a newer version."""


@dataclass(frozen=True, slots=True)
class HistoryActor:
    """The kind of the actor, and the id of the user or the slug of the team, if known."""

    kind: HistoryActorKind
    id: str | None = None


_KINDS = {
    "receive_message": HistoryActorKind.CUSTOMER,
    "receive_edit": HistoryActorKind.CUSTOMER,
    "receive_deletion": HistoryActorKind.CUSTOMER,
    "receive_phone_message": HistoryActorKind.PHONE,
    "receive_echo": HistoryActorKind.INTEGRATION,
    "receive_receipt": HistoryActorKind.WHATSAPP,
    "receive_notice": HistoryActorKind.WHATSAPP,
    "settle_send": HistoryActorKind.WHATSAPP,
    "finish_assistant_turn": HistoryActorKind.ASSISTANT,
    "end_rating": HistoryActorKind.CUSTOMER,
    "end_follow_up": HistoryActorKind.CUSTOMER,
    "record_opt_out": HistoryActorKind.CUSTOMER,
    "fire_timer": HistoryActorKind.TIMER,
    "hand_over_conversation": HistoryActorKind.OPERATOR,
}
"""By command. A command that is not here comes from an agent or from the product itself."""
_CHANGES_BY_AGENTS = frozenset({"message_edited", "message_deleted", "message_reacted"})
"""Changes that an agent requested and the gateway has accepted. Who it was is not stored."""
_AGENT_COMMANDS = frozenset(
    {
        "assign_conversation",
        "give_back_conversation",
        "reply_to_customer",
        "edit_reply",
        "delete_reply",
        "react_to_message",
        "leave_note",
        "transfer_conversation",
        "snooze_conversation",
        "prioritise_conversation",
        "label_conversation",
        "resolve_conversation",
        "reopen_conversation",
    }
)


def parse_cause(cause: str | None) -> tuple[str | None, str | None]:
    """Splits a cause into the command and its reference: ``receive_message:12`` into
    ``receive_message`` and ``12``.
    """
    if not cause:
        return None, None
    command, _, reference = cause.partition(":")
    return command, reference or None


def actor_of(
    command: str | None, event: Mapping[str, Any], caller: str | None, author: str | None
) -> HistoryActor:
    """Returns who caused an event. ``caller`` is the user or API key that gave the command, if it
    is still known; ``author`` is the author of the event's message, if it has one.
    """
    if command == "assign_conversation" and event.get("queue"):
        return HistoryActor(HistoryActorKind.QUEUE, event["queue"])
    if command == "transfer_conversation" and event.get("reason") == "offline":
        return HistoryActor(HistoryActorKind.SYSTEM)
    if command in _AGENT_COMMANDS:
        return HistoryActor(HistoryActorKind.AGENT, _agent_of(event, caller))
    if command == "settle_send" and event.get("type") in _CHANGES_BY_AGENTS:
        return HistoryActor(HistoryActorKind.AGENT)
    if command == "receive_reaction":
        side = HistoryActorKind.PHONE if event.get("by_provider") else HistoryActorKind.CUSTOMER
        return HistoryActor(side)
    if command == "receive_phone_message" and author in ("automatic", "integration"):
        return HistoryActor(
            HistoryActorKind.INTEGRATION if author == "integration" else HistoryActorKind.SYSTEM
        )
    if command in ("receive_edit", "receive_deletion") and author not in (None, "customer"):
        return HistoryActor(HistoryActorKind.PHONE)
    return HistoryActor(_KINDS.get(command or "", HistoryActorKind.SYSTEM))


def _agent_of(event: Mapping[str, Any], caller: str | None) -> str | None:
    """The person who gave the command. The agent of an assignment may be another person, so it
    counts only if nothing else is known.
    """
    person = caller or event.get("by") or event.get("reason") or event.get("agent")
    return str(person) if person and is_id(str(person)) else None


def summarize(event: Mapping[str, Any]) -> HistorySummary:
    """Returns the code of a sentence about the event, which the screen translates with the
    details of the event.
    """
    code = _SUMMARIES.get(event["type"], event["type"])
    summary = code if isinstance(code, str) else code(event)
    return cast(HistorySummary, summary) if summary in _KNOWN_SUMMARIES else "other"


def effects_of(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the work that the event started outside the conversation: ``code`` and values."""
    effects: list[dict[str, Any]] = []
    if event["type"] in _CANCELS_SENDS:
        effects.append({"code": "sends_cancelled"})
    code, fields = _EFFECTS.get(event["type"], ("", ()))
    if code and not (code == "queue_joined" and event.get("agent")):
        effects.append({"code": code, **{name: event.get(name, 1) for name in fields}})
    return effects


def _transfer_summary(event: Mapping[str, Any]) -> str:
    if event.get("reason") == "offline":
        return "left_by_offline_agent"
    return "transferred_to_agent" if event.get("agent") else "transferred_to_team"


def _resolution_summary(event: Mapping[str, Any]) -> str:
    reason = str(event["reason"])
    return "resolved_by_agent" if is_id(reason) else f"resolved_{reason}"


_KNOWN_SUMMARIES = frozenset(get_args(HistorySummary))
_SUMMARIES: Mapping[str, str | Callable[[Mapping[str, Any]], str]] = {
    "message_received": "customer_wrote",
    "provider_spoke": lambda event: f"seen_from_{event['author']}",
    "message_queued": lambda event: f"{event['author']}_replied",
    "message_status_changed": lambda event: f"message_{event['status']}",
    "change_failed": "message_change_failed",
    "file_settled": lambda event: "file_missing" if event.get("code") else "file_stored",
    "file_read": lambda event: "file_not_read" if event.get("code") else "file_read",
    "turn_finished": lambda event: f"turn_{event['outcome']}",
    "conversation_given_back": "returned_to_assistant",
    "conversation_handed_off": "handed_off",
    "conversation_assigned": lambda event: (
        "assigned_by_queue" if event.get("queue") else "taken_over"
    ),
    "conversation_transferred": _transfer_summary,
    "conversation_resolved": _resolution_summary,
    "conversation_woken": lambda event: f"unsnoozed_{event['reason']}",
    "threads_linked": "threads_merged",
    "command_parked": "command_failed",
}
"""By type of event. The summary of any other event is its type."""
_CANCELS_SENDS = frozenset(
    {
        "conversation_handed_off",
        "conversation_assigned",
        "conversation_transferred",
        "conversation_resolved",
    }
)
"""Events with which the assistant loses the right to reply."""
_EFFECTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "message_queued": ("send_queued", ("message", "outbox")),
    "turn_started": ("turn_run", ("turn", "attempt")),
    "turn_restarted": ("turn_run", ("turn", "attempt")),
    "turn_cancelled": ("turn_stopped", ("turn", "reason")),
    "turn_finished": ("turn_settled", ("turn", "outcome")),
    "timer_set": ("timer_set", ("name", "due_at")),
    "conversation_handed_off": ("queue_joined", ("team",)),
    "conversation_transferred": ("queue_joined", ("team",)),
    "conversation_reopened_for_team": ("queue_joined", ("team",)),
}


def is_id(text: str) -> bool:
    """Whether the text is the id of a user or API key."""
    try:
        return bool(UUID(text))
    except ValueError:
        return False
