"""Follows up customers of all tenants who went quiet.

It runs beside the projector. Any number of watchers may run: the position of a tenant lets one read
its log at a time, and one at a time orders attempts, so that the limits of a day hold. An order is
a row of the inbox, stored with the attempt under a key that names both. The path of a message has
no statement for it.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError
from niochat.domain.follow_up.follow_up_plan import (
    Finish,
    FollowUpStep,
    WaitUntil,
    WriteNow,
    is_quiet,
    plan_follow_up,
)
from niochat.domain.follow_up.follow_up_policy import render_follow_up
from niochat.insights.follow_ups.follow_up_facts import (
    FollowUpRules,
    facts_from_row,
    load_rules,
)
from niochat.insights.follow_ups.follow_up_tracker import FollowUpTracker
from niochat.insights.projection_runner import ProjectionRunner
from niochat.runtime.periodic_loop import run_periodically

_SQL = queries("follow_ups")
_log = structlog.get_logger(__name__)

INTERVAL_S = 2.0
GRACE = timedelta(seconds=1)
"""An attempt is planned so long after its time, because an event that speaks against it may still
be on its way into the log.
"""
BATCH_SIZE = 200
"""Events or follow-ups of one transaction."""
MAX_BATCHES_PER_VISIT = 20


class FollowUpWatcher:
    """Finds interest and silence, and orders attempts."""

    def __init__(
        self, database: Database, grace: timedelta = GRACE, batch_size: int = BATCH_SIZE
    ) -> None:
        self._database = database
        self._grace = grace
        self._batch_size = batch_size
        self._tracker = FollowUpTracker()
        self._runner = ProjectionRunner(database, batch_size)

    async def run(self) -> None:
        """Watch until cancelled."""
        await run_periodically(
            "follow_up_watch_failed", INTERVAL_S, self.run_once, first_at_once=True
        )

    async def run_once(self) -> int:
        """Visits the tenants with something to do; returns how many attempts were ordered. One
        that fails does not keep the others. Raises ``UnavailableError``.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_busy"])
        ordered = 0
        for row in rows:
            tenant_id = row["tenant_id"]
            try:
                ordered += await self._visit(tenant_id, row["enabled"], row["follows"])
            except NiochatError as error:  # visited again with the next run
                _log.warning("follow_up_watch_failed", code=error.code, tenant=str(tenant_id))
            except Exception:  # noqa: BLE001 - one tenant must not stop the others
                _log.exception("follow_up_watch_failed", tenant=str(tenant_id))
        return ordered

    async def _visit(self, tenant_id: UUID, enabled: bool, follows: bool) -> int:
        if not enabled:
            await self._switch_off(tenant_id)
            return 0
        if not follows:
            async with self._database.as_tenant(tenant_id) as connection:
                await connection.execute(_SQL["follow_log"], tenant_id)
        for _ in range(MAX_BATCHES_PER_VISIT):
            if not await self._runner.advance(self._tracker, tenant_id):
                break
        ordered = 0
        for _ in range(MAX_BATCHES_PER_VISIT):
            seen, written = await self._plan_due(tenant_id)
            ordered += written
            if seen < self._batch_size:
                break
        if ordered:
            _log.info("follow_ups_ordered", tenant=str(tenant_id), attempts=ordered)
        return ordered

    async def _switch_off(self, tenant_id: UUID) -> None:
        """Ends what is open, and forgets the position: what happens until the tenant switches
        follow-ups on again is nobody's interest any more.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            await connection.execute(_SQL["stop_all"], tenant_id)
            await connection.execute(_SQL["forget_position"], tenant_id)
            await connection.execute(_SQL["forget_projection"], tenant_id)

    async def _plan_due(self, tenant_id: UUID) -> tuple[int, int]:
        """Plans the follow-ups that are to be looked at; returns how many, and how many attempts
        were ordered.
        """
        async with self._database.system_transaction() as connection:
            if not await connection.fetchval(_SQL["lock_tenant"], tenant_id):
                return 0, 0  # another watcher orders
            rules = await load_rules(connection, tenant_id)
            oldest = await connection.fetchval(_SQL["oldest_unread"], tenant_id)
            read_until = min(rules.now - self._grace, oldest or rules.now)
            rows = await connection.fetch(_SQL["lock_due"], tenant_id, read_until, self._batch_size)
            orders = _Orders(connection, tenant_id, rules)
            for row in rows:
                await orders.take(row, read_until)
        return len(rows), orders.ordered


class _Orders:
    """What one transaction does about the due follow-ups of a tenant."""

    def __init__(self, connection: Connection, tenant_id: UUID, rules: FollowUpRules) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._rules = rules
        self.ordered = 0

    async def take(self, row: Any, read_until: datetime) -> None:
        facts = facts_from_row(row, read_until)
        hours, now = self._rules.hours, self._rules.now
        step: FollowUpStep = plan_follow_up(facts, hours, now)
        if isinstance(step, WriteNow) and await self._is_day_full(row["channel_id"]):
            step = WaitUntil(hours.next_day(now) or now + timedelta(days=1))
        place = (self._tenant_id, row["conversation_id"])
        quiet = is_quiet(facts, hours, now)
        match step:
            case WaitUntil(at=at):
                await self._connection.execute(_SQL["wait"], *place, at, quiet)
            case Finish(status=status, reason=reason):
                await self._connection.execute(_SQL["finish"], *place, status, reason or "", quiet)
            case WriteNow(number=number, until=until):
                await self._order(row, number, until)

    async def _is_day_full(self, channel_id: UUID) -> bool:
        policy = self._rules.hours.policy
        row: Any = await self._connection.fetchrow(
            _SQL["count_day"],
            self._tenant_id,
            self._rules.hours.day_of(self._rules.now),
            channel_id,
        )
        return bool(row["all"] >= policy.per_day or row["channel"] >= policy.channel_per_day)

    async def _order(self, row: Any, number: int, until: datetime) -> None:
        hours = self._rules.hours
        variant, template = hours.policy.text_for(row["conversation_id"], number)
        await self._connection.execute(
            _SQL["order"],
            self._tenant_id,
            row["conversation_id"],
            number,
            row["thread_id"],
            row["channel_id"],
            hours.day_of(self._rules.now),
            variant,
            template,
            until,
            row["version"],
            render_follow_up(template, row["name"], row["plan"], self._rules.company),
        )
        self.ordered += 1
