"""Measures the values that alert rules watch, one tenant at a time."""

from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.alerts.alert_kinds import ALERT_KINDS, AlertKind
from niochat.domain.alerts.alert_rule import AlertRule

_SQL = queries("alert_values")

ERP_OUTAGE_CODES = (
    "erp_unreachable",
    "erp_timeout",
    "erp_lost",
    "erp_failed",
    "erp_busy",
    "erp_resting",
)
"""Codes of tool calls to which the ERP gave no answer."""


async def measure_alert_value(
    connection: Connection, tenant_id: UUID, rule: AlertRule
) -> float | None:
    """Returns the value now, in the unit of the rule's kind; ``None`` if there is too little to
    measure. ``connection`` has the tenant's role.
    """
    least = ALERT_KINDS[rule.kind].min_samples
    query, *values = _query(rule, least)
    row: Any = await connection.fetchrow(query, tenant_id, *values)
    return None if row["samples"] < least else row["value"]


def _query(rule: AlertRule, least: int) -> tuple[Any, ...]:
    """The query of a kind, and its parameters after the tenant."""
    team, window = rule.team, rule.window_minutes
    match rule.kind:
        case AlertKind.QUEUE_LONG:
            return _SQL["queue_long"], team
        case AlertKind.WAIT_LONG:
            return _SQL["wait_long"], team
        case AlertKind.FIRST_ANSWER_SLOW:
            return _SQL["first_answer_slow"], team, window
        case AlertKind.RATING_LOW:
            return _SQL["rating_low"], team, window
        case AlertKind.CHANNEL_DOWN:
            return (_SQL["channel_down"],)
        case AlertKind.CHANNEL_SILENT:
            return _SQL["channel_silent"], window, least
        case AlertKind.ASSISTANT_FAILING:
            return _SQL["assistant_failing"], window
        case AlertKind.ERP_FAILING:
            return _SQL["erp_failing"], window, list(ERP_OUTAGE_CODES)
        case AlertKind.COST_HIGH:
            return (_SQL["cost_high"],)
