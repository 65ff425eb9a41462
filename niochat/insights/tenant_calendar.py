"""The business hours by which a provider's durations are measured."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.holiday_calendar import public_holidays
from niochat.adapters.postgres.database import Connection, fetch_one
from niochat.adapters.postgres.domain_json_codec import policy_from_row
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.insights.business_calendar import BusinessCalendar

_SQL = queries("projections")


async def load_calendar(connection: Connection, tenant_id: UUID) -> BusinessCalendar:
    """Returns the hours and the time zone in force. Raises ``NotFoundError`` for an unknown tenant.

    What was measured before keeps the hours of its time, until the projection is rebuilt.
    """
    row = await fetch_one(connection, _SQL["tenant_hours"], tenant_id, what="provider")
    policy = policy_from_row(row["status"], row["policy"])
    return calendar_of(policy, ZoneInfo(row["timezone"]))


def calendar_of(policy: ConversationPolicy, zone: ZoneInfo) -> BusinessCalendar:
    """Returns the business hours of a policy, with its holidays and closed days."""

    def closed_on(day: date) -> bool:
        return day in policy.closed_days or day in public_holidays(policy.holidays, day.year)

    return BusinessCalendar(zone, policy.hours, closed_on)
