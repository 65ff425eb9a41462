"""Load, decide, commit: a batch of threads at a time, each winning or losing alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.conversations.step.merge_transaction import merge_threads
from niochat.conversations.step.step_commit import commit_steps
from niochat.conversations.step.step_loader import LoadedBatch, load_batch
from niochat.conversations.step.step_planner import StepPlanner
from niochat.conversations.step.step_types import (
    StepPlan,
    StepRequest,
    StepResult,
    StepVerdict,
    ThreadSnapshot,
)
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.errors import UnavailableError, UnreadableDataError
from niochat.domain.ids import ThreadId

_SQL = queries("conversation_step")
_log = structlog.get_logger(__name__)


class StepRunner:
    """Runs steps in the name of one host incarnation."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    async def run_steps(self, batch: Sequence[StepRequest]) -> list[StepResult]:
        """One step of each thread. Raises ``UnavailableError`` when the database is away.

        An error that is not the database's absence fails its own thread alone: the batch is
        tried again thread by thread, then row by row, and the guilty row is counted.
        """
        try:
            return await self._step(batch)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad thread must not stop the others
            if len(batch) == 1:
                return [await self._alone(batch[0], error)]
        return [stepped for work in batch for stepped in await self.run_steps([work])]

    async def _step(self, batch: Sequence[StepRequest]) -> list[StepResult]:
        async with self._database.as_system() as connection:
            loaded = await load_batch(connection, batch)
            plans = {
                work.thread_id: StepPlanner(work, loaded.threads[work.thread_id], loaded).build()
                for work in batch
                if work.thread_id in loaded.threads
            }
            # What has effects that memory must hear of comes last: nothing can fail after it.
            forwarded = await self._forward(connection, batch, loaded.merged)
            linked = await self._link(connection, plans, loaded)
            won = await self._commit(connection, list(plans.values()))
        stepped = [
            _step_result(plan, plan.empty or plan.before.id in won)
            for plan in plans.values()
            if plan.merge is None
        ]
        return stepped + forwarded + linked

    async def _forward(
        self, connection: Connection, batch: Sequence[StepRequest], merged: Mapping[UUID, UUID]
    ) -> list[StepResult]:
        """Threads that were joined to another one: what still came for them goes there."""
        gone = [work.thread_id for work in batch if work.thread_id in merged]
        if gone:
            await connection.execute(_SQL["forward_merged_rows"], gone)
        return [StepResult(thread, StepVerdict.DONE, moved_to=merged[thread]) for thread in gone]

    async def _commit(self, connection: Connection, plans: Sequence[StepPlan]) -> set[UUID]:
        writing = [plan for plan in plans if not plan.empty and plan.merge is None]
        if not writing:
            return set()
        return await commit_steps(self._database, connection, self._host, writing)

    async def _link(
        self, connection: Connection, plans: Mapping[ThreadId, StepPlan], loaded: LoadedBatch
    ) -> list[StepResult]:
        stepped = []
        for plan in plans.values():
            if plan.merge is not None:
                policy = loaded.tenants[plan.before.tenant_id].policy
                async with self._database.transaction(connection):
                    joined = await merge_threads(connection, self._host, plan, policy)
                answer = _step_result(joined or plan, joined is not None)
                stepped.append(replace(answer, more=True))
        return stepped

    async def _alone(self, work: StepRequest, error: Exception) -> StepResult:
        """One thread failed by itself: find the row, count it, let the rest proceed later."""
        if work.rows > 1:
            return (await self.run_steps([replace(work, rows=1, known=None)]))[0]
        _log.error("step_failed", thread=str(work.thread_id), error=repr(error), exc_info=error)
        if work.commands:
            # A memory command stands for a row that is found again; without it, once more.
            return (await self.run_steps([replace(work, commands=[], known=None)]))[0]
        if not isinstance(error, UnreadableDataError):  # a newer code will read it
            await self._count(work)
        return StepResult(work.thread_id, StepVerdict.FAILED, more=True)

    async def _count(self, work: StepRequest) -> None:
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["count_failure"], work.thread_id)


def _step_result(plan: StepPlan, won: bool) -> StepResult:
    if not won:
        # The shard is another host's, or somebody was faster.
        _log.info("step_refused", thread=str(plan.before.id))
        return StepResult(plan.before.id, StepVerdict.LOST, more=True)
    live = (
        plan.after if plan.after and plan.after.status is not ConversationStatus.RESOLVED else None
    )
    before = plan.before
    thread = ThreadSnapshot(before.id, before.tenant_id, before.channel_id, live)
    return StepResult(before.id, StepVerdict.DONE, thread, tuple(plan.effects), plan.more)
