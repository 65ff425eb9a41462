"""Measures the values of all active rules, and begins and ends their alerts.

Every process may run it. A rule is claimed by its time of evaluation; whoever comes too late with a
result, because the rule was changed or claimed again, stores nothing. Rows of an alert, of those
who are told, and the rule's progress are written in one transaction.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.alerts.alert_values import measure_alert_value
from niochat.domain.alerts.alert_kinds import AlertKind
from niochat.domain.alerts.alert_rule import AlertChange, AlertProgress, AlertRule, advance
from niochat.domain.errors import NiochatError
from niochat.runtime.periodic_loop import run_periodically

_SQL = queries("alert_evaluation")
_log = structlog.get_logger(__name__)

EVALUATION_INTERVAL_S = 15.0
"""Time between two evaluations of a rule; a hundredth of its window if that is longer."""
BATCH_SIZE = 20
_POLL_INTERVAL_S = 3.0

MeasureAlertValue = Callable[[Connection, UUID, AlertRule], Awaitable[float | None]]
AnnounceAlerts = Callable[[UUID], Awaitable[object]]
"""Called with the tenant whose alerts have changed."""


class AlertEvaluator:
    """Evaluates rules that are due."""

    def __init__(
        self,
        database: Database,
        reports: Database,
        announce: AnnounceAlerts,
        interval_s: float = EVALUATION_INTERVAL_S,
        measure: MeasureAlertValue = measure_alert_value,
    ) -> None:
        """``reports`` has the connections on which values are measured."""
        self._database = database
        self._reports = reports
        self._announce = announce
        self._interval_s = interval_s
        self._measure = measure

    async def run(self) -> None:
        """Evaluate rules until cancelled."""
        await run_periodically("alert_evaluation_failed", _POLL_INTERVAL_S, self.run_until_done)

    async def run_until_done(self) -> None:
        """Evaluate all rules that are due. Raises ``UnavailableError``."""
        while await self.run_once() == BATCH_SIZE:
            pass

    async def run_once(self) -> int:
        """Evaluate the next rules that are due; returns their number. One that fails does not keep
        the others. Raises ``UnavailableError``.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["claim"], self._interval_s, BATCH_SIZE)
        for row in rows:
            try:
                await self._evaluate(row)
            except NiochatError as error:  # evaluated again at the next time
                _log.warning("alert_evaluation_failed", code=error.code, rule=str(row["id"]))
        return len(rows)

    async def _evaluate(self, row: Any) -> None:
        rule, tenant_id = rule_from_row(row), row["tenant_id"]
        async with self._reports.as_tenant(tenant_id) as connection:
            value = await self._measure(connection, tenant_id, rule)
        now: datetime = row["evaluated_at"]
        before = AlertProgress(
            row["alert_id"] is not None, row["bad_since"], row["good_since"], row["worst"]
        )
        progress, change = advance(rule, before, value, now)
        tell_at = _tell_at(rule, now, ZoneInfo(row["timezone"]))
        async with self._database.system_transaction() as connection:
            saved = await connection.fetchval(
                _SQL["save"],
                tenant_id,
                row["id"],
                row["version"],
                now,
                value,
                progress.bad_since,
                progress.good_since,
            )
            if not saved:
                return
            await _write_change(connection, row, progress, change, tell_at)
        if change is not None:
            _log.info("alert_changed", tenant=str(tenant_id), rule=str(row["id"]), change=change)
            await self._announce(tenant_id)


def rule_from_row(row: Any) -> AlertRule:
    """Reads a stored rule."""
    return AlertRule(
        AlertKind(row["kind"]),
        row["threshold"],
        row["clear_threshold"],
        row["hold_minutes"],
        row["window_minutes"],
        row["team"],
        row["quiet_from"],
        row["quiet_until"],
    )


async def _write_change(
    connection: Connection,
    row: Any,
    progress: AlertProgress,
    change: AlertChange | None,
    tell_at: datetime,
) -> None:
    tenant_id, rule_id, alert_id = row["tenant_id"], row["id"], row["alert_id"]
    if change is AlertChange.STARTED:
        alert_id = await connection.fetchval(
            _SQL["begin_alert"], tenant_id, rule_id, progress.worst
        )
        await connection.execute(_SQL["tell_of_start"], tenant_id, rule_id, alert_id, tell_at)
    elif change is AlertChange.ENDED:
        await connection.execute(_SQL["end_alert"], tenant_id, rule_id, alert_id)
        await connection.execute(_SQL["drop_untold"], tenant_id, alert_id)
        await connection.execute(_SQL["tell_of_end"], tenant_id, alert_id, tell_at)
    elif alert_id is not None and progress.worst is not None:
        await connection.execute(_SQL["save_worst"], tenant_id, alert_id, progress.worst)


def _tell_at(rule: AlertRule, now: datetime, zone: ZoneInfo) -> datetime:
    """Returns ``now``, or the end of the quiet time that it lies in."""
    local = now.astimezone(zone)
    if rule.quiet_until is None or not rule.is_quiet(local.time()):
        return now
    until = datetime.combine(local.date(), rule.quiet_until, zone)
    return (
        until
        if until > local
        else datetime.combine(local.date() + timedelta(days=1), rule.quiet_until, zone)
    )
