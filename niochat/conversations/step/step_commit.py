"""Commits steps (statement 2): the plans of many threads in one round trip. Each plan is committed
or rejected on its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.domain_json_codec import event_to_json, state_to_json
from niochat.adapters.postgres.queries import queries
from niochat.conversations.step.follow_up_columns import attempt_columns, opt_out_columns
from niochat.conversations.step.step_types import StepPlan
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.state import SCHEMA_VERSION, ConversationState
from niochat.domain.message import Author

_SQL = queries("conversation_step")
EffectT = TypeVar("EffectT")
ColumnValues = dict[str, Any]
"""Columns of one row by the names of the PostgreSQL function. Every row has a ``thread_id``."""


async def commit_steps(
    database: Database, connection: Connection, host: str, plans: Sequence[StepPlan]
) -> set[UUID]:
    """Writes the plans whose version and epoch are still valid; returns their thread ids.

    It runs in a transaction of its own. ``host`` is the incarnation that owns the shards.
    """
    steps = _without_empty(_fences(plans) | _writes(plans))
    rows = await database.fetch_autocommit(connection, _SQL["commit"], host, SCHEMA_VERSION, steps)
    return set(rows[0][0])


async def write_step(connection: Connection, host: str, plan: StepPlan) -> None:
    """Writes everything of a plan except the conversation, which is written already.

    Runs inside the caller's transaction.
    """
    steps = _without_empty(_writes([plan]))
    await connection.fetch(_SQL["write"], host, SCHEMA_VERSION, steps, [plan.before.id])


def _without_empty(steps: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: rows for name, rows in steps.items() if rows}


def _fences(plans: Sequence[StepPlan]) -> dict[str, list[Any]]:
    return {
        "advance": [_conversation(p) for p in plans if p.events and not p.opens],
        "open": [_conversation(p) for p in plans if p.opens],
        "check": [
            {
                "thread_id": p.before.id,
                "id": p.before.unresolved.id if p.before.unresolved else None,
                "expected": p.before.unresolved.version if p.before.unresolved else 0,
                "epoch": p.epoch,
            }
            for p in plans
            if not p.events
        ],
    }


def _conversation(plan: StepPlan) -> ColumnValues:
    after = _state_after(plan)
    return _thread_columns(plan) | {
        "id": after.id,
        "expected": plan.before.version,
        "next": after.version,
        "state": state_to_json(after),
        "status": after.status.value,
        "protocol": after.protocol,
        "team": after.team,
        "agent": after.agent,
        "paused_until": after.paused_until,
        "at": plan.now,
        "epoch": plan.epoch,
        "reopens": plan.reopens,
    }


def _writes(plans: Sequence[StepPlan]) -> dict[str, list[Any]]:
    return {
        "events": [row for plan in plans for row in _events(plan)],
        "messages": [_message(*each) for each in _effects(plans, fx.StoreMessageEffect)],
        "note_files": [_note_file(*each) for each in _effects(plans, fx.KeepNoteFileEffect)],
        "changes": _split_into_rounds(
            [_change(*each) for each in _effects(plans, fx.UpdateMessageEffect)]
        ),
        "unlogged": [
            _thread_columns(plan) | {"id": message}
            for plan in plans
            for message in plan.unlogged_changes
        ],
        "unmatched": _unmatched(plans),
        "matched": [
            {"thread_id": plan.before.id, "external_id": external}
            for plan in plans
            for external in plan.matched
        ],
        "settled": _split_into_rounds(
            [_settled(*each) for each in _effects(plans, fx.SettleOutboxEffect)]
        ),
        "files": [_file(*each) for each in _effects(plans, fx.FetchFileEffect)],
        "fetched": [_fetched(*each) for each in _effects(plans, fx.SettleFileFetchEffect)],
        "readings": [_reading(*each) for each in _effects(plans, fx.RequestFileReadingEffect)],
        "read": [_read(*each) for each in _effects(plans, fx.StoreFileReadingEffect)],
        "sends": _sends(plans),
        "cancelled": [
            {"thread_id": plan.before.id}
            for plan, _ in _effects(plans, fx.CancelAssistantSendsEffect)
        ],
        "cancelled_sends": [
            _thread_columns(plan) | {"id": cancelled.outbox}
            for plan, cancelled in _effects(plans, fx.CancelSendEffect)
        ],
        "ratings": _ratings(plans),
        "follow_ups": [
            _thread_columns(plan) | attempt_columns(attempt, plan.now)
            for plan, attempt in _effects(plans, fx.StoreFollowUpAttemptEffect)
        ],
        "opt_outs": [
            _thread_columns(plan) | opt_out_columns(opt_out, plan.now)
            for plan, opt_out in _effects(plans, fx.OptOutEffect)
        ],
        "fired": [
            {"thread_id": plan.before.id, "name": name, "generation": generation}
            for plan in plans
            for name, generation in plan.timers
        ],
        "timers": _timers(plans),
        "turns": _turns(plans),
        "ended": _split_into_rounds(
            [_ended(*each) for each in _effects(plans, fx.SettleTurnEffect)]
        ),
        "processed": [
            _thread_columns(plan) | {"id": row, "outcome": outcome}
            for plan in plans
            for row, outcome in plan.rows
        ],
    }


def _thread_columns(plan: StepPlan) -> ColumnValues:
    return {"thread_id": plan.before.id, "tenant_id": plan.before.tenant_id}


def _events(plan: StepPlan) -> Iterable[ColumnValues]:
    if plan.after is None:
        return
    first = plan.after.version - len(plan.events) + 1
    for version, (event, cause) in enumerate(zip(plan.events, plan.causes, strict=True), first):
        yield _thread_columns(plan) | {
            "conversation_id": plan.after.id,
            "version": version,
            "body": event_to_json(event),
            "at": plan.now,
            "cause": cause,
        }


def _message(plan: StepPlan, stored: fx.StoreMessageEffect) -> ColumnValues:
    content = stored.content
    return _thread_columns(plan) | {
        "id": stored.message,
        "version": stored.version,
        "conversation_id": _state_after(plan).id if stored.version is not None else None,
        "author": stored.author.value,
        "kind": content.kind.value,
        "text": content.text,
        "details": dict(content.details),
        "external_id": stored.external_id,
        "reply_to": stored.reply_to,
        "sent_at": stored.sent_at,
        "status": stored.status.value if stored.status else None,
    }


def _change(plan: StepPlan, change: fx.UpdateMessageEffect) -> ColumnValues:
    reactions: dict[str, str | None] = {}
    if change.reaction is not None:
        side, emoji = change.reaction
        reactions[side] = emoji or None
    return _thread_columns(plan) | {
        "id": change.message,
        "status": change.status.value if change.status else None,
        "external_id": change.external_id,
        "code": change.code,
        "text": change.text,
        "version": change.version,
        "deleted": change.deleted,
        "reactions": reactions,
        "at": change.at or plan.now,
    }


def _note_file(plan: StepPlan, kept: fx.KeepNoteFileEffect) -> ColumnValues:
    return _thread_columns(plan) | {"id": kept.file, "message_id": kept.message}


def _unmatched(plans: Sequence[StepPlan]) -> list[ColumnValues]:
    """An update that occurs twice in one step is stored once, at its last position."""
    newest: dict[tuple[object, ...], ColumnValues] = {}
    for plan, update in _effects(plans, fx.StoreUnmatchedUpdateEffect):
        row = _thread_columns(plan) | {
            "external_id": update.external_id,
            "kind": update.kind,
            "value": update.value,
        }
        key = tuple(row.values())
        newest.pop(key, None)
        newest[key] = row
    return list(newest.values())


def _settled(plan: StepPlan, settled: fx.SettleOutboxEffect) -> ColumnValues:
    return _thread_columns(plan) | {
        "id": settled.outbox,
        "status": settled.status,
        "external_id": settled.external_id,
        "code": settled.code,
        "retry_in_s": settled.retry_in_s,
    }


def _file(plan: StepPlan, effect: fx.FetchFileEffect) -> ColumnValues:
    return _thread_columns(plan) | {
        "id": effect.file,
        "filename": effect.filename,
        "message_id": effect.message,
        "external_id": effect.external_id,
    }


def _fetched(plan: StepPlan, settled: fx.SettleFileFetchEffect) -> ColumnValues:
    return _thread_columns(plan) | {
        "id": settled.file,
        "mimetype": settled.mimetype,
        "filename": settled.filename,
        "size": settled.size,
        "sha256": settled.sha256,
        "code": settled.code,
    }


def _reading(plan: StepPlan, effect: fx.RequestFileReadingEffect) -> ColumnValues:
    return _thread_columns(plan) | {
        "file_id": effect.file,
        "message_id": effect.message,
        "sort": effect.sort.value,
        "seconds": effect.seconds,
    }


def _read(plan: StepPlan, effect: fx.StoreFileReadingEffect) -> ColumnValues:
    reading = effect.reading
    return _thread_columns(plan) | {
        "message_id": effect.message,
        "text": reading.text,
        "facts": dict(reading.facts),
        "code": reading.code,
        "detail": reading.detail,
        "model": reading.model,
        "seconds": reading.seconds,
        "tokens_in": reading.tokens_in,
        "tokens_out": reading.tokens_out,
        "cost": str(reading.cost),
    }


def _sends(plans: Sequence[StepPlan]) -> list[ColumnValues]:
    """Returns the rows of messages and of changes in the order in which they were queued."""
    return [
        _send(plan, effect)
        for plan in plans
        for effect in plan.effects
        if isinstance(effect, fx.QueueSendEffect | fx.QueueMessageChangeEffect)
    ]


def _send(plan: StepPlan, queued: fx.QueueSendEffect | fx.QueueMessageChangeEffect) -> ColumnValues:
    row = _thread_columns(plan) | {
        "id": queued.outbox,
        "channel_id": plan.before.channel_id,
        "conversation_id": _state_after(plan).id,
        "message_id": queued.message,
    }
    if isinstance(queued, fx.QueueMessageChangeEffect):
        origin = Author.AGENT.value
        return row | {"origin": origin, "kind": queued.change.value, "text": queued.value}
    content = queued.content
    return row | {
        "origin": queued.origin.value,
        "kind": content.kind.value,
        "text": content.text,
        "attachment_id": content.details.get("attachment") or None,
        "choices": content.details.get("choices") or None,
        "begun_until": queued.send_until,
    }


def _timers(plans: Sequence[StepPlan]) -> list[ColumnValues]:
    newest = {
        (p.before.id, timer.name): (p, timer) for p, timer in _effects(plans, fx.SetTimerEffect)
    }
    return [
        _thread_columns(plan)
        | {
            "name": timer.name,
            "conversation_id": _state_after(plan).id,
            "generation": timer.generation,
            "due_at": timer.due_at,
        }
        for plan, timer in newest.values()
    ]


def _ratings(plans: Sequence[StepPlan]) -> list[ColumnValues]:
    newest = {each.rating.id: (plan, each) for plan, each in _effects(plans, fx.StoreRatingEffect)}
    return [_rating(plan, stored) for plan, stored in newest.values()]


def _rating(plan: StepPlan, stored: fx.StoreRatingEffect) -> ColumnValues:
    rating = stored.rating
    return _thread_columns(plan) | {
        "id": rating.id,
        "conversation_id": _state_after(plan).id,
        "channel_id": plan.before.channel_id,
        "team": stored.team,
        "agent": stored.agent,
        "status": rating.status.value,
        "reason": rating.reason,
        "due_at": rating.due_at,
        "requested_at": rating.requested_at,
        "sent_at": rating.sent_at,
        "answered_at": rating.answered_at,
        "score": rating.score,
        "request_id": rating.request,
        "answer_id": rating.answer,
        "comment_ids": list(rating.comments),
        "classify": stored.classify,
        "cost": str(stored.cost),
    }


def _turns(plans: Sequence[StepPlan]) -> list[ColumnValues]:
    newest = {turn.turn: (plan, turn) for plan, turn in _effects(plans, fx.RunTurnEffect)}
    return [
        _thread_columns(plan)
        | {
            "id": turn.turn,
            "conversation_id": _state_after(plan).id,
            "attempt": turn.attempt,
            "upto_version": turn.upto_version,
        }
        for plan, turn in newest.values()
    ]


def _ended(plan: StepPlan, turn: fx.SettleTurnEffect) -> ColumnValues:
    return _thread_columns(plan) | {
        "id": turn.turn,
        "status": turn.outcome,
        "code": turn.code,
        "detail": turn.detail,
        "model": turn.model,
        "prompt_version": turn.prompt_version,
        "tokens_in": turn.tokens_in,
        "tokens_out": turn.tokens_out,
        "cost": str(turn.cost),
        "tokens_cached": turn.tokens_cached,
        "model_calls": turn.model_calls,
    }


def _split_into_rounds(rows: Sequence[ColumnValues]) -> list[list[ColumnValues]]:
    """Groups updates so that each round changes a row once, as a statement cannot change it
    twice.
    """
    rounds: list[dict[object, ColumnValues]] = []
    for row in rows:
        free = next((each for each in rounds if row["id"] not in each), None)
        if free is None:
            rounds.append(free := {})
        free[row["id"]] = row
    return [list(each.values()) for each in rounds]


def _effects(plans: Sequence[StepPlan], kind: type[EffectT]) -> list[tuple[StepPlan, EffectT]]:
    return [(plan, e) for plan in plans for e in plan.effects if isinstance(e, kind)]


def _state_after(plan: StepPlan) -> ConversationState:
    assert plan.after is not None
    return plan.after
