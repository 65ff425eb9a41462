"""Rows of SLA policies and clocks."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from niochat.domain.sla.sla_clock import SlaClock
from niochat.domain.sla.sla_policy import SlaPolicy
from niochat.domain.sla.sla_progress import SlaProgress


@cache
def _progress() -> TypeAdapter[SlaProgress]:
    return TypeAdapter(SlaProgress)


def progress_from_json(value: object) -> SlaProgress:
    """Reads a stored progress. Raises ``ValueError``."""
    return _progress().validate_python(value)


def policy_from_sla_row(row: Any) -> SlaPolicy:
    """Reads a stored policy."""
    return SlaPolicy(
        row["name"],
        tuple(row["teams"]),
        tuple(row["priorities"]),
        tuple(row["labels"]),
        row["first_answer_s"],
        row["next_answer_s"],
        row["resolution_s"],
        row["business_hours"],
        row["warn_percent"],
        row["id"],
    )


def progress_row(
    conversation_id: UUID, progress: SlaProgress, names: dict[UUID, str]
) -> dict[str, Any]:
    """Returns the row of a conversation, with the clock that is due next."""
    due = [each for each in progress.running if _due_at(each) is not None]
    nearest = min(due, key=lambda each: _due_at(each) or each.started_at, default=None)
    shown = None if nearest is None else _shown(nearest, names)
    return {
        "conversation_id": conversation_id,
        "version": progress.version,
        "progress": _progress().dump_python(progress, mode="json"),
        "shown": shown,
        "due_at": shown and shown["due_at"],
    }


def clock_rows(
    conversation_id: UUID, clocks: Sequence[SlaClock], names: dict[UUID, str]
) -> list[dict[str, Any]]:
    """Returns the rows of the clocks that a policy has matched."""
    return [_clock_row(conversation_id, each, names) for each in clocks if each.applied]


def _clock_row(conversation_id: UUID, clock: SlaClock, names: dict[UUID, str]) -> dict[str, Any]:
    ended = clock.ended_at is not None
    return {
        "conversation_id": conversation_id,
        "target": clock.target,
        "number": clock.number,
        "policy_id": clock.policy,
        "policy_name": None if clock.policy is None else names.get(clock.policy),
        "team": clock.team,
        "agent": clock.agent,
        "labels": clock.labels,
        "started_at": clock.started_at,
        "warn_at": None if ended else clock.warned_at or clock.warn_at,
        "due_at": _due_at(clock),
        "breached_at": clock.breached_at,
        "ended_at": clock.ended_at,
        "outcome": clock.outcome,
    }


def _due_at(clock: SlaClock) -> datetime | None:
    """When it is due, or was before it was breached."""
    return clock.breached_at or clock.due_at


def _shown(clock: SlaClock, names: dict[UUID, str]) -> dict[str, Any]:
    due_at = _due_at(clock)
    return {
        "target": clock.target,
        "policy": "" if clock.policy is None else names.get(clock.policy, ""),
        "warn_at": clock.warned_at or clock.warn_at or due_at,
        "due_at": due_at,
    }
