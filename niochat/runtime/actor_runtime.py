"""Runs virtual actors: one step at a time for each actor, many actors in one batch."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from niochat.domain.backoff import backoff_s
from niochat.domain.errors import NiochatError
from niochat.runtime.activation import Activation, ActorRequest, DeactivationReason
from niochat.runtime.activation_catalog import ActivationCatalog
from niochat.runtime.address import ActorAddress
from niochat.runtime.fairness.fair_queue import FairQueue, Lane

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ActorStep:
    """The step of one actor: its activation and its messages, which may be none."""

    activation: Activation
    messages: list[Any]


class ActorBehaviour(Protocol):
    """The behaviour of one kind of virtual actor."""

    @property
    def batch(self) -> int:
        """The maximum number of actors in one step."""
        ...

    @property
    def parallel(self) -> int:
        """The maximum number of concurrent steps; never two of one actor."""
        ...

    async def step(self, batch: Sequence[ActorStep]) -> Sequence[ActorAddress]:
        """Run one step for each actor. Returns the actors that need another step at once.

        When it raises, the messages of all its actors are put back and retried after a pause.
        """
        ...


@dataclass(slots=True)
class _KindState:
    behaviour: ActorBehaviour
    ready: FairQueue[Activation] = field(default_factory=FairQueue)
    running: set["asyncio.Task[None]"] = field(default_factory=set)
    failures: int = 0


class ActorRuntime:
    """Activates an actor on its first message, runs its steps, and passivates it when idle.

    Steps are scheduled fairly between lanes. Above ``capacity``, hints and requests to actors that
    are not active are refused while no actor can be passivated. Results of our own work are always
    accepted, because the amount of that work is bounded.
    """

    def __init__(
        self,
        behaviours: Mapping[str, ActorBehaviour],
        *,
        idle_s: float = 300.0,
        capacity: int = 100_000,
        weight_of: Callable[[Lane], float] = lambda lane: 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kinds = {kind: _KindState(behaviour) for kind, behaviour in behaviours.items()}
        self._catalog = ActivationCatalog(behaviours)
        self._idle_s = idle_s
        self._capacity = capacity
        self._weight_of = weight_of
        self._clock = clock
        self._stopping = False
        self.rejected_count = 0
        """Hints, requests and messages that were refused since the start."""

    def __len__(self) -> int:
        return len(self._catalog)

    def count_kind(self, kind: str) -> int:
        """The number of activations of a kind."""
        return self._catalog.count_kind(kind)

    @property
    def ready_count(self) -> int:
        """The number of actors that wait for a step."""
        return sum(len(kind.ready) for kind in self._kinds.values())

    def activations(self) -> list[Activation]:
        """All activations, longest idle first."""
        return list(self._catalog)

    def find(self, address: ActorAddress) -> Activation | None:
        """The actor, if it is in memory."""
        return self._catalog.find(address)

    def deactivate(self, address: ActorAddress) -> bool:
        """Drop the actor's state, after its step in progress and the messages that wait. Returns
        whether it was in memory. The next message activates it again, from its rows.
        """
        activation = self._catalog.find(address)
        if activation is None:
            return False
        if activation.is_idle:
            self._drop([activation], DeactivationReason.REQUESTED)
        else:
            activation.is_leaving = True
        return True

    def count_ready(self, kind: str) -> int:
        """The number of actors of a kind that wait for a step."""
        return len(self._kinds[kind].ready)

    def is_idle(self, address: ActorAddress) -> bool:
        """Whether the actor has nothing to do, or is not in memory."""
        activation = self._catalog.find(address)
        return activation is None or activation.is_idle

    def states(self, kind: str) -> list[tuple[ActorAddress, Any]]:
        """The states of the active actors of a kind."""
        return self._catalog.states(kind)

    def wake(self, address: ActorAddress, lane: Lane = None) -> None:
        """Let the actor run a step that reads its rows. Several calls before the step count as one.
        If there is no room the hint is dropped, because a sweep finds the rows.
        """
        if self._stopping:
            return
        activation = self._activate(address, lane, hint=True)
        if activation is not None:
            self._schedule(activation)

    def deliver(self, address: ActorAddress, message: Any, *, hint: bool = False) -> None:
        """Put ``message`` into the mailbox. A ``hint`` is dropped when there is no room."""
        if self._stopping:
            return
        activation = self._activate(address, None, hint=hint)
        if activation is not None:
            self._enqueue_message(activation, message)

    async def ask(self, address: ActorAddress, payload: Any) -> Any:
        """Deliver a request and wait for its answer.

        Raises ``UnavailableError`` when the actor leaves this host (``host``), or too many requests
        wait (``crowded``).
        """
        request = ActorRequest(payload, asyncio.get_running_loop().create_future())
        activation = None if self._stopping else self._activate(address, None, hint=True)
        if activation is not None:
            self._enqueue_message(activation, request)
        elif self._stopping:
            request.reject()
        else:
            request.reject("the host has no room for another actor", "crowded")
        return await request.response

    def passivate(self) -> int:
        """Remove actors that were idle for too long, then the longest idle above the capacity.
        Returns their number.
        """
        idle = self._catalog.idle_since(self._clock() - self._idle_s)
        self._drop(idle, DeactivationReason.IDLE)
        surplus = self._catalog.idle_surplus(self._capacity)
        self._drop(surplus, DeactivationReason.OVER_CAPACITY)
        return len(idle) + len(surplus)

    def drop_shards(self, shards: set[int]) -> None:
        """Remove the actors of shards that moved to another host, after the step in progress."""
        for activation in self._catalog.in_shards(shards):
            activation.reset()
            activation.is_leaving = True
            if activation.is_idle:
                self._catalog.remove(activation.address)

    async def stop(self) -> None:
        """Accept no more messages, and wait for the steps in progress."""
        self._stopping = True
        running = [task for kind in self._kinds.values() for task in kind.running]
        await asyncio.gather(*running, return_exceptions=True)
        self._catalog.clear()

    def _activate(self, address: ActorAddress, lane: Lane, *, hint: bool) -> Activation | None:
        activation = self._catalog.find(address)
        if activation is None:
            if hint and len(self._catalog) >= self._capacity and not self._make_room():
                self.rejected_count += 1
                return None
            activation = Activation(address, self._clock(), lane)
            self._catalog.add(activation)
        elif lane is not None and not activation.is_queued:
            activation.lane = lane  # a queued actor keeps its lane, under which the queue has it
        return activation

    def _enqueue_message(self, activation: Activation, message: Any) -> None:
        if not activation.enqueue(message):
            self.rejected_count += 1
        self._schedule(activation)

    def _make_room(self) -> bool:
        """Remove one of the longest idle actors; false when all of them are busy."""
        idle = self._catalog.longest_idle()
        if idle is not None:
            self._drop([idle], DeactivationReason.OVER_CAPACITY)
        return idle is not None

    def _schedule(self, activation: Activation) -> None:
        if activation.is_queued:
            return
        activation.is_queued = True
        kind = self._kinds[activation.address.kind]
        if not activation.is_stepping:  # else it is queued when its step ends
            self._add_to_ready(kind, activation)
            self._start_workers(kind)

    def _add_to_ready(self, kind: _KindState, activation: Activation) -> None:
        kind.ready.put(activation.lane, activation, self._weight_of(activation.lane))

    def _start_workers(self, kind: _KindState) -> None:
        while kind.ready and len(kind.running) < kind.behaviour.parallel:
            task = asyncio.get_running_loop().create_task(self._run_steps(kind))
            kind.running.add(task)
            task.add_done_callback(lambda done: self._on_worker_done(kind, done))
            if len(kind.ready) <= kind.behaviour.batch:
                return

    def _on_worker_done(self, kind: _KindState, task: "asyncio.Task[None]") -> None:
        kind.running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("host_loop_failed", error=repr(task.exception()), exc_info=task.exception())
        if not self._stopping:
            self._start_workers(kind)

    async def _run_steps(self, kind: _KindState) -> None:
        await asyncio.sleep(0)  # actors woken in this tick join the batch
        while kind.ready and not self._stopping:
            batch = self._next_batch(kind)
            deliveries = [ActorStep(activation, activation.take_messages()) for activation in batch]
            try:
                again = set(await kind.behaviour.step(deliveries))
                kind.failures = 0
            except Exception as error:  # noqa: BLE001 - an error must not stop the actors
                again = await self._put_back(kind, deliveries, error)
            for activation in batch:
                self._finish_step(kind, activation, activation.address in again)

    def _next_batch(self, kind: _KindState) -> list[Activation]:
        batch: list[Activation] = []
        while len(batch) < kind.behaviour.batch and (taken := kind.ready.take()) is not None:
            batch.append(taken[1])
        for activation in batch:
            activation.is_queued, activation.is_stepping = False, True
        return batch

    async def _put_back(
        self, kind: _KindState, deliveries: Sequence[ActorStep], error: Exception
    ) -> set[ActorAddress]:
        kind.failures += 1
        expected = isinstance(error, NiochatError) and error.retryable
        _log.warning(
            "step_put_back",
            actors=len(deliveries),
            error=repr(error),
            exc_info=None if expected else error,
        )
        await asyncio.sleep(backoff_s(kind.failures, base_s=0.1, max_s=2.0))
        code = error.code if isinstance(error, NiochatError) else "step_failed"
        for delivery in deliveries:
            delivery.activation.record_failure(code)
            delivery.activation.put_back(delivery.messages)
        return {delivery.activation.address for delivery in deliveries}

    def _finish_step(self, kind: _KindState, activation: Activation, again: bool) -> None:
        activation.is_stepping = False
        self._catalog.mark_active(activation, self._clock())
        if activation.is_leaving:
            activation.state = None
        if again or activation.is_queued or activation.mailbox:
            activation.is_queued = True
            self._add_to_ready(kind, activation)
        elif activation.is_leaving:
            self._catalog.remove(activation.address)

    def _drop(self, activations: Sequence[Activation], reason: DeactivationReason) -> None:
        for activation in activations:
            self._catalog.remove(activation.address)
            _log.debug("actor_passivated", kind=activation.address.kind, reason=reason.value)
