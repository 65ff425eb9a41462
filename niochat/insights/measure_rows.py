"""Rows of ``analytics.conversation_measures`` and ``analytics.human_answers``."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from niochat.domain.insights.business_calendar import BusinessCalendar, MeasuredTime
from niochat.domain.insights.conversation_measures import (
    ConversationMeasures,
    HumanAnswer,
    ServicePhase,
)
from niochat.domain.message import Author
from niochat.insights.projection import ProjectionScope

_PHASES = (
    ServicePhase.ASSISTANT,
    ServicePhase.WAITING,
    ServicePhase.AGENT,
    ServicePhase.SNOOZED,
)


@cache
def _states() -> TypeAdapter[ConversationMeasures]:
    return TypeAdapter(ConversationMeasures)


def measures_from_json(value: object) -> ConversationMeasures:
    """Reads stored measures. Raises ``ValueError``."""
    return _states().validate_python(value)


def measures_row(
    scope: ProjectionScope,
    conversation_id: UUID,
    place: Mapping[str, Any],
    measures: ConversationMeasures,
    calendar: BusinessCalendar,
) -> dict[str, Any]:
    """Returns the row as JSON. ``place`` has ``thread_id``, ``channel_id`` and ``returned_at``."""
    m = measures
    hour, day, week = local_buckets(m.opened_at, calendar.zone)
    counts = {author: m.messages.get(author.value, 0) for author in Author}
    return {
        "tenant_id": scope.tenant_id,
        "generation": scope.generation,
        "conversation_id": conversation_id,
        **place,
        "version": m.version,
        "state": _states().dump_python(m, mode="json"),
        "opened_at": m.opened_at,
        "opened_hour": hour,
        "opened_day": day,
        "opened_week": week,
        "opened_in_hours": m.opened_in_hours,
        "resolved_at": m.resolved_at,
        "resolution": m.resolution,
        "resolved_by": m.resolved_by,
        "solved_by_assistant": m.solved_by_assistant,
        "people_held": m.people_held,
        "after_hours": m.after_hours,
        "team": m.team,
        "agent": m.agent,
        "labels": m.labels,
        "priority": m.priority,
        "handoff_reasons": m.handoff_reasons,
        "reopened": m.reopened,
        "transfers": m.transfers,
        "offline_returns": m.offline_returns,
        **_durations(m),
        "first_human_by": m.first_human_by,
        "next_answers": m.next_answers,
        "messages_customer": counts[Author.CUSTOMER],
        "messages_assistant": counts[Author.ASSISTANT],
        "messages_agent": counts[Author.AGENT],
        "messages_phone": counts[Author.PHONE],
        "messages_system": counts[Author.SYSTEM],
        "messages_failed": len(m.failed_messages),
        "rating_score": m.rating_score,
        "rating_at": m.rating_at,
        "turns": m.turns,
        "turn_failures": m.turn_failures,
        "tool_calls": m.turn_use.tool_calls,
        "tokens": m.turn_use.tokens,
        "cost_micros": m.turn_use.cost_micros,
        "contact_reasons": m.contact_reasons,
    }


def local_buckets(moment: datetime, zone: tzinfo) -> tuple[datetime, datetime, datetime]:
    """Returns the starts of the local hour, day and week (on Monday)."""
    hour = moment.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    monday = hour.date() - timedelta(days=hour.weekday())
    return hour, hour.replace(hour=0, fold=0), datetime.combine(monday, time(), zone)


def _durations(m: ConversationMeasures) -> dict[str, int | None]:
    spans: dict[str, MeasuredTime | None] = {str(each): m.time_in(each) for each in _PHASES}
    spans |= {
        "first_answer": m.first_answer,
        "first_human": m.first_human_answer,
        "next_answer": m.next_answer_time,
        "next_max": m.next_answer_max,
    }
    columns: dict[str, int | None] = {}
    for name, span in spans.items():
        columns[f"{name}_ms"] = None if span is None else span.total_ms
        columns[f"{name}_open_ms"] = None if span is None else span.open_ms
    return columns


def answer_row(
    scope: ProjectionScope, conversation_id: UUID, answer: HumanAnswer
) -> dict[str, Any]:
    """Returns the row as JSON."""
    return {
        "tenant_id": scope.tenant_id,
        "generation": scope.generation,
        "conversation_id": conversation_id,
        "version": answer.version,
        "at": answer.at,
        "agent": answer.agent,
        "first": answer.first,
        "wait_ms": answer.wait.total_ms,
        "wait_open_ms": answer.wait.open_ms,
    }
