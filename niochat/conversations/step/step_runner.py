"""Runs steps: loads, decides and commits a batch of threads. Each thread succeeds or fails on its
own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.conversations.step.merge_transaction import merge_threads
from niochat.conversations.step.step_commit import commit_steps
from niochat.conversations.step.step_loader import LoadedBatch, load_batch
from niochat.conversations.step.step_planner import ThreadStepPlanner
from niochat.conversations.step.step_types import (
    StepPlan,
    StepRequest,
    StepResult,
    StepVerdict,
    ThreadSnapshot,
)
from niochat.domain.errors import UnavailableError, UnreadableDataError
from niochat.domain.ids import ThreadId

_SQL = queries("conversation_step")
_log = structlog.get_logger(__name__)


class StepRunner:
    """Runs the steps of one host incarnation."""

    def __init__(self, database: Database, host: str) -> None:
        self._database = database
        self._host = host

    async def run_steps(self, batch: Sequence[StepRequest]) -> list[StepResult]:
        """Runs one step of each thread. Raises ``UnavailableError`` if the database does not
        answer.

        Any other error fails only its own thread: the batch is repeated thread by thread, then row
        by row, and the failure is counted on the row that raised.
        """
        try:
            return await self._step(batch)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad thread must not stop the others
            if len(batch) == 1:
                return [await self._isolate_failure(batch[0], error)]
        return [result for request in batch for result in await self.run_steps([request])]

    async def _step(self, batch: Sequence[StepRequest]) -> list[StepResult]:
        async with self._database.as_system() as connection:
            loaded = await load_batch(connection, batch)
            plans = {
                request.thread_id: ThreadStepPlanner(
                    request, loaded.threads[request.thread_id], loaded
                ).build()
                for request in batch
                if request.thread_id in loaded.threads
            }
            # The commit comes last, so that nothing can fail between it and its returned effects.
            forwarded = await self._forward(connection, batch, loaded.merged)
            merged = await self._merge(connection, plans, loaded)
            committed = await self._commit(connection, list(plans.values()))
        results = [
            _step_result(plan, plan.empty or plan.before.id in committed)
            for plan in plans.values()
            if plan.merge is None
        ]
        return results + forwarded + merged

    async def _forward(
        self, connection: Connection, batch: Sequence[StepRequest], merged: Mapping[UUID, UUID]
    ) -> list[StepResult]:
        """Moves rows of merged threads to the threads that they were merged into."""
        threads = [request.thread_id for request in batch if request.thread_id in merged]
        if threads:
            await connection.execute(_SQL["forward_merged_rows"], threads)
        return [StepResult(thread, StepVerdict.DONE, moved_to=merged[thread]) for thread in threads]

    async def _commit(self, connection: Connection, plans: Sequence[StepPlan]) -> set[UUID]:
        writing = [plan for plan in plans if not plan.empty and plan.merge is None]
        if not writing:
            return set()
        return await commit_steps(self._database, connection, self._host, writing)

    async def _merge(
        self, connection: Connection, plans: Mapping[ThreadId, StepPlan], loaded: LoadedBatch
    ) -> list[StepResult]:
        results = []
        for plan in plans.values():
            if plan.merge is not None:
                policy = loaded.tenants[plan.before.tenant_id].policy
                async with self._database.transaction(connection):
                    merged = await merge_threads(connection, self._host, plan, policy)
                result = _step_result(merged or plan, merged is not None)
                results.append(replace(result, more=True))
        return results

    async def _isolate_failure(self, request: StepRequest, error: Exception) -> StepResult:
        """A single thread failed: finds the row that raised and counts its failure. The other rows
        proceed in later steps.
        """
        if request.rows > 1:
            return (await self.run_steps([replace(request, rows=1, cached=None)]))[0]
        _log.error("step_failed", thread=str(request.thread_id), error=repr(error), exc_info=error)
        if request.commands:
            # The sweep finds the row behind a memory command again, so the step runs without it.
            return (await self.run_steps([replace(request, commands=[], cached=None)]))[0]
        if not isinstance(error, UnreadableDataError):  # a newer version will read such a row
            await self._count_failure(request)
        return StepResult(request.thread_id, StepVerdict.FAILED, more=True)

    async def _count_failure(self, request: StepRequest) -> None:
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["count_failure"], request.thread_id)


def _step_result(plan: StepPlan, committed: bool) -> StepResult:
    if not committed:
        # Another host owns the shard, or another writer was first.
        _log.info("step_refused", thread=str(plan.before.id))
        return StepResult(plan.before.id, StepVerdict.LOST, more=True)
    before = plan.before
    after = ThreadSnapshot(before.id, before.tenant_id, before.channel_id, plan.after)
    # A resolved conversation with an open rating is loaded again when something comes.
    thread = replace(after, conversation=after.unresolved)
    return StepResult(
        before.id,
        StepVerdict.DONE,
        thread,
        tuple(plan.effects),
        plan.more,
        unlogged_changes=plan.unlogged_changes,
        unclear=plan.unclear,
    )
