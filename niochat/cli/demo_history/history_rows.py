"""The rows of simulated conversations, as the steps of the product would have left them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.domain_json_codec import event_to_json, state_to_json
from niochat.cli.demo_history.history_customers import (
    customer_contact_id,
    customer_name,
    customer_phone,
    customer_thread_id,
)
from niochat.cli.demo_history.history_rating_rows import rating_columns, rating_rows
from niochat.cli.demo_history.simulation.conversation_player import PlayedConversation
from niochat.cli.demo_history.simulation.recorded_steps import RecordedStep, SimulatedConversation
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.state import ConversationState
from niochat.domain.ids import MessageId, OutboxId, TurnId

ColumnValues = dict[str, Any]
"""The columns of one row by name; all values can be JSON."""
HISTORY_HOST = "demo-history"
"""Named as the host of the turns and sends, which no host has run."""
TABLES = (
    "customers",
    "conversations",
    "messages",
    "events",
    "outbox",
    "turns",
    "timers",
    "ratings",
)
"""In the order of their foreign keys. ``customers`` are contacts, identities and threads."""


class HistoryRows:
    """Collects the rows of conversations. ``tables`` has them by the names of ``TABLES``."""

    def __init__(self, tenant_id: UUID, channel_id: UUID) -> None:
        self._tenant_id, self._channel_id = tenant_id, channel_id
        self.tables: dict[str, list[ColumnValues]] = {name: [] for name in TABLES}

    def add(self, played: PlayedConversation) -> None:
        """Adds a conversation; each one of a customer needs a call, oldest first."""
        conversation, customer = played.simulated, played.plan.customer
        self.tables["customers"].append(
            {
                "contact_id": customer_contact_id(self._tenant_id, customer),
                "thread_id": customer_thread_id(self._tenant_id, customer),
                "name": customer_name(customer),
                "phone": customer_phone(customer),
                "at": conversation.opened_at,
            }
        )
        rows = _ConversationRows(conversation, played.tool_results)
        self.tables["conversations"].append(rows.conversation())
        self.tables["events"] += rows.events()
        self.tables["messages"] += rows.messages.values()
        self.tables["outbox"] += (
            each | {"channel_id": self._channel_id} for each in rows.sends.values()
        )
        self.tables["turns"] += rows.turns.values()
        self.tables["timers"] += rows.timers()
        self.tables["ratings"] += rating_rows(conversation, self._channel_id)


class _ConversationRows:
    """The rows of one conversation: each effect inserts or updates one."""

    def __init__(
        self,
        conversation: SimulatedConversation,
        tool_results: Mapping[TurnId, list[Mapping[str, Any]]],
    ) -> None:
        self._conversation, self._tool_results = conversation, tool_results
        self._ids = {
            "conversation_id": conversation.state.id,
            "thread_id": conversation.thread,
        }
        self.messages: dict[MessageId, ColumnValues] = {}
        self.sends: dict[OutboxId, ColumnValues] = {}
        self.turns: dict[TurnId, ColumnValues] = {}
        for step in conversation.steps:
            for effect in step.effects:
                self._apply(step, effect)

    def conversation(self) -> ColumnValues:
        state, logged = self._conversation.state, self._logged_steps()
        return {
            **self._ids,
            **_state_columns(state),
            **rating_columns(self._conversation),
            "opened_at": logged[0].at,
            "changed_at": logged[-1].at,
            "resolved_at": self._conversation.resolved_at,
            "waiting_since": _waiting_since(logged),
        }

    def events(self) -> Iterable[ColumnValues]:
        version = 0
        for step in self._conversation.steps:
            for event in step.events:
                version += 1
                yield {
                    **self._ids,
                    "version": version,
                    "body": event_to_json(event),
                    "at": step.at,
                    "cause": step.cause,
                }

    def timers(self) -> Iterable[ColumnValues]:
        for name, (generation, due_at) in self._conversation.timers.items():
            yield {**self._ids, "name": name, "generation": generation, "due_at": due_at}

    def _logged_steps(self) -> list[RecordedStep]:
        return [step for step in self._conversation.steps if step.events]

    def _apply(self, step: RecordedStep, effect: fx.Effect) -> None:
        match effect:
            case fx.StoreMessageEffect():
                self.messages[effect.message] = self._message(step, effect)
            case fx.UpdateMessageEffect():
                _update_message(self.messages[effect.message], effect)
            case fx.QueueSendEffect():
                self.sends[effect.outbox] = self._send(step, effect)
            case fx.SettleOutboxEffect():
                self.sends[effect.outbox] |= {
                    "status": effect.status,
                    "external_id": effect.external_id,
                    "code": effect.code or None,
                    "settled_at": step.at,
                }
            case fx.RunTurnEffect():
                self.turns[effect.turn] = self._turn(step, effect)
            case fx.SettleTurnEffect():
                self.turns[effect.turn] |= _turn_result(effect, step.at)
            case (
                fx.SetTimerEffect()
                | fx.CancelAssistantSendsEffect()
                | fx.CancelSendEffect()
                | fx.StoreRatingEffect()
                | fx.NotifyTeamQueueEffect()
                | fx.NotifyAgentCapacityEffect()
            ):
                pass  # timers and ratings have rows elsewhere, and no send was queued
            case _:
                raise NotImplementedError(f"the history has no row for {type(effect).__name__}")

    def _message(self, step: RecordedStep, stored: fx.StoreMessageEffect) -> ColumnValues:
        content = stored.content
        return {
            **self._ids,
            "id": stored.message,
            "version": stored.version,
            "author": stored.author.value,
            "kind": content.kind.value,
            "text": content.text,
            "details": dict(content.details),
            "external_id": stored.external_id,
            "reply_to": stored.reply_to,
            "status": stored.status.value if stored.status else None,
            "code": None,
            "reactions": {},
            "sent_at": stored.sent_at,
            "stored_at": step.at,
        }

    def _send(self, step: RecordedStep, queued: fx.QueueSendEffect) -> ColumnValues:
        return {
            **self._ids,
            "id": queued.outbox,
            "message_id": queued.message,
            "origin": queued.origin.value,
            "kind": queued.content.kind.value,
            "text": queued.content.text,
            "choices": queued.content.details.get("choices"),
            "created_at": step.at,
        }

    def _turn(self, step: RecordedStep, run: fx.RunTurnEffect) -> ColumnValues:
        return {
            **self._ids,
            "id": run.turn,
            "attempt": run.attempt,
            "upto_version": run.upto_version,
            "started_at": step.at,
            "tool_results": self._tool_results.get(run.turn, []),
        }


def _state_columns(state: ConversationState) -> ColumnValues:
    return {
        "protocol": state.protocol,
        "status": state.status.value,
        "team": state.team,
        "agent": state.agent,
        "paused_until": state.paused_until,
        "version": state.version,
        "state": state_to_json(state),
        "priority": state.priority.value,
        "labels": list(state.labels),
        "snoozed_until": state.snoozed_until,
    }


def _waiting_since(logged: Iterable[RecordedStep]) -> datetime | None:
    """When the customer began to wait for a person, as the fence of the step sets it."""
    since: datetime | None = None
    for step in logged:
        since = (since or step.at) if step.after.waits else None
    return since


def _update_message(row: ColumnValues, change: fx.UpdateMessageEffect) -> None:
    if change.status is not None:
        row["status"] = change.status.value
    row["external_id"] = change.external_id or row["external_id"]
    row["code"] = change.code or row["code"]
    if change.reaction is not None:
        side, emoji = change.reaction
        row["reactions"] = row["reactions"] | {side: emoji}


def _turn_result(settled: fx.SettleTurnEffect, at: datetime) -> ColumnValues:
    return {
        "status": settled.outcome,
        "code": settled.code,
        "detail": settled.detail,
        "model": settled.model,
        "prompt_version": settled.prompt_version,
        "tokens_in": settled.tokens_in,
        "tokens_out": settled.tokens_out,
        "tokens_cached": settled.tokens_cached,
        "model_calls": settled.model_calls,
        "cost": str(settled.cost),
        "settled_at": at,
    }
