"""What a host finds by its rows: what no message told of, or what memory could not hold."""

from collections.abc import Callable, Sequence
from uuid import UUID

from niochat.actors import kinds
from niochat.actors.entrance import Entrance
from niochat.actors.ownership import Ownership
from niochat.actors.paused import Paused
from niochat.actors.turns import PATIENCE_S, Turns
from niochat.assistant.report import TurnRequest
from niochat.conversation.work import MemoryCommand
from niochat.domain.commands import RestartTurn
from niochat.domain.ids import TurnId
from niochat.inbox.sweep import MAX_THREADS_PER_SWEEP, SweepQueries, UnwatchedTurn
from niochat.media.fetching import Fetcher
from niochat.media.reading import Readings
from niochat.outbox.deliver import OutboxDispatcher, SendRoute
from niochat.runtime.host import VirtualHost

UNWATCHED_AFTER_S = 5.0
"""Age at which a turn that did not fit into the line is looked for."""
LOST_AFTER_S = PATIENCE_S + 15.0
"""Older than any turn may get while somebody watches it."""


class Search:
    """Looks through the rows of our shards and hands what it finds to whom it belongs.

    Raises ``UnavailableError`` when the database is away: the next search finds the same.
    """

    def __init__(
        self,
        sweeper: SweepQueries,
        ownership: Ownership,
        actors: VirtualHost,
        entrance: Entrance,
        turns: Turns,
        courier: OutboxDispatcher,
        fetcher: Fetcher,
        paused: Paused,
        command: Callable[[UUID, MemoryCommand], None],
        readings: Readings | None = None,
    ) -> None:
        """``command`` gives (thread, command) to the thread's actor."""
        self._sweeper = sweeper
        self._ownership = ownership
        self._actors = actors
        self._entrance = entrance
        self._turns = turns
        self._courier = courier
        self._fetcher = fetcher
        self._paused = paused
        self._command = command
        self._readings = readings

    async def forgotten(self) -> None:
        """Rows, timers and sends that wait, and turns whose owner is gone."""
        shards = self._ownership.shards
        if not shards:
            return
        for found in await self._sweeper.find_pending_threads(shards):
            self._entrance.wake(kinds.conversation(found.thread_id), found.tenant_id)
        for unsent in await self._sweeper.find_unsent_threads(shards):
            self._courier.deliver(unsent.thread_id, SendRoute(unsent.tenant_id, unsent.channel_id))
        await self._fetcher.search(shards)
        if self._readings is not None:
            await self._readings.search(shards)
        for turn in await self._sweeper.find_orphaned_turns(shards):
            running = self._turns.running(turn.turn_id, turn.attempt)
            if not running and not self._paused.holds(turn.thread_id):
                self._command(turn.thread_id, RestartTurn(TurnId(turn.turn_id), turn.attempt))
        if self._turns.left_out:
            await self._take_in(shards)

    async def lost_turns(self) -> None:
        """Turns of this very host that nobody watches. Those that did not fit into its line are
        not lost.
        """
        if self._turns.left_out:
            return
        shards, known = self._ownership.shards, list(self._turns.known())
        for turn in await self._sweeper.find_unwatched_turns(shards, known, LOST_AFTER_S):
            self._command(turn.thread_id, RestartTurn(TurnId(turn.turn_id), turn.attempt))

    async def tenants(self) -> None:
        """All tenants whose actors live here are woken."""
        for tenant_id in await self._sweeper.list_active_tenants():
            if self._ownership.epoch_of(tenant_id) is not None:
                self._actors.wake(kinds.tenant(tenant_id))

    async def _take_in(self, shards: Sequence[int]) -> None:
        """Turns that did not fit into the line go on with the attempt that never began."""
        if not self._turns.has_room:
            return
        limit = min(MAX_THREADS_PER_SWEEP, self._turns.room)
        known = list(self._turns.known())
        found = await self._sweeper.find_unwatched_turns(shards, known, UNWATCHED_AFTER_S, limit)
        self._turns.left_out = len(found) >= limit
        for turn in found:
            # Somebody's report may be on its way into the step that ends the turn.
            resting = self._actors.rests(kinds.conversation(turn.thread_id))
            if resting and not self._paused.holds(turn.thread_id):
                self._turns.resume(turn.thread_id, _request(turn))


def _request(turn: UnwatchedTurn) -> TurnRequest:
    return TurnRequest(
        turn.tenant_id, turn.conversation_id, turn.turn_id, turn.attempt, turn.upto_version,
        turn.protocol,
    )  # fmt: skip
