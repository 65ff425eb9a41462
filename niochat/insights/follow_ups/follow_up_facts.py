"""Reads the facts of follow-ups from rows, and the rules of a tenant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.database import Connection, fetch_one
from niochat.adapters.postgres.domain_json_codec import policy_from_row
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.follow_up.buying_interest import BuyingInterest
from niochat.domain.follow_up.follow_up_plan import FollowUpFacts
from niochat.domain.follow_up.follow_up_policy import SendingHours
from niochat.insights.tenant_calendar import calendar_of

_SQL = queries("follow_ups")


@dataclass(frozen=True, slots=True)
class FollowUpRules:
    """What the follow-ups of a tenant depend on. ``now`` is the database's time."""

    hours: SendingHours
    company: str
    now: datetime


async def load_rules(connection: Connection, tenant_id: UUID) -> FollowUpRules:
    """Returns the rules in force. Raises ``NotFoundError``. A suspended tenant has none that are
    enabled.
    """
    row = await fetch_one(connection, _SQL["load_policy"], tenant_id, what="provider")
    policy = policy_from_row(row["status"], row["policy"])
    zone = ZoneInfo(row["timezone"])
    closed_on = calendar_of(policy, zone).closed_on
    return FollowUpRules(
        SendingHours(policy.follow_ups, zone, closed_on), row["company"], row["now"]
    )


def facts_from_row(row: Any, read_until: datetime) -> FollowUpFacts:
    """Returns the facts of a row of ``lock_due``. All events before ``read_until`` were read: who
    came back before has ended the follow-up already, so a newer conversation that is there is one
    that the provider started.
    """
    newer = row["newer_opened_at"]
    unread = newer is not None and newer >= read_until
    return FollowUpFacts(
        BuyingInterest(row["interest"]),
        ConversationStatus(row["conversation_status"]),
        row["quiet_since"] or row["interested_at"],
        busy=row["busy"] or unread or row["held_elsewhere"],
        after_hours=row["after_hours"],
        paused_until=row["paused_until"],
        labels=tuple(row["labels"]),
        ended_by_person=row["ended_by_person"],
        newer_conversation=newer is not None and not unread and not row["held_elsewhere"],
        opted_out=row["opted_out_at"] is not None,
        blocked=row["blocked"],
        complained_at=row["complained_at"],
        other_attempt_at=row["other_attempt_at"],
        ordered_until=row["ordered_until"],
        attempts=row["attempts"],
        last_attempt_at=row["last_attempt_at"],
        send_failed=row["send_failed"],
    )
