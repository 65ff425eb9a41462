"""The activation limiter makes conversations of a rate-limited tenant wait before they enter
memory.
"""

from collections import Counter, OrderedDict
from uuid import UUID

from niochat.actors.turn_scheduler import TurnScheduler
from niochat.runtime.actor_runtime import ActorRuntime
from niochat.runtime.address import ActorAddress
from niochat.runtime.fairness.adaptive_rate import AdaptiveRateLimiter, run_adjustments
from niochat.runtime.fairness.fair_queue import Lane

MAX_TURNS_AHEAD = 32
"""Turns that a rate-limited tenant may have queued before its next conversations must wait."""
MAX_WAITING_CONVERSATIONS = 10_000
"""Conversations that wait in memory. Further ones wait as rows, which the sweep finds."""


class ActivationLimiter:
    """Limits how many conversations of a tenant enter memory while its turns are rate limited.

    The first step of a conversation costs about half a turn. Running it for thousands of
    conversations whose turns are far away would delay all others. Conversations in memory and
    commands of people do not wait.
    """

    def __init__(
        self,
        actors: ActorRuntime,
        turn_scheduler: TurnScheduler,
        rate_limiter: AdaptiveRateLimiter,
        max_waiting: int = MAX_WAITING_CONVERSATIONS,
    ) -> None:
        self._actors = actors
        self._turn_scheduler = turn_scheduler
        self._rate_limiter = rate_limiter
        self._max_waiting = max_waiting
        self._waiting: dict[UUID, OrderedDict[ActorAddress, None]] = {}
        self._count = 0
        self._admitted: Counter[UUID] = Counter()
        """Conversations admitted since the last adjustment, whose turns may not be queued yet."""

    def __len__(self) -> int:
        return self._count

    def wake(self, address: ActorAddress, tenant_id: Lane) -> None:
        """Wakes the actor, whose thread has pending rows, or lets it wait. Without a known tenant
        it is woken at once.
        """
        if tenant_id is None or self._actors.find(address) is not None:
            self._actors.wake(address, tenant_id)
            return
        if tenant_id in self._waiting or self._admissible_count(tenant_id) <= 0:
            self._enqueue(tenant_id, address)
        else:
            self._admit(tenant_id, address)

    async def run(self) -> None:
        """Adjusts the rate to the CPU pressure and admits waiting conversations, until
        cancelled.
        """
        await run_adjustments(self._rate_limiter, self._adjust)

    def _adjust(self, pressure: float, passed_s: float) -> None:
        self._rate_limiter.adjust(pressure, passed_s)
        self.admit_waiting()

    def admit_waiting(self) -> None:
        """Admits as many waiting conversations of each tenant as the limits allow now."""
        self._admitted.clear()
        for tenant_id in list(self._waiting):
            waiting = self._waiting[tenant_id]
            for _ in range(min(self._admissible_count(tenant_id), len(waiting))):
                address, _ = waiting.popitem(last=False)
                self._count -= 1
                self._admit(tenant_id, address)
            if not waiting:
                del self._waiting[tenant_id]

    def waiting_by_tenant(self) -> dict[UUID, int]:
        """Returns how many conversations of each tenant wait here."""
        return {tenant_id: len(waiting) for tenant_id, waiting in self._waiting.items()}

    def _admissible_count(self, tenant_id: UUID) -> int:
        limit = self._turn_scheduler.max_new_conversations(tenant_id, MAX_TURNS_AHEAD)
        return self._max_waiting if limit is None else limit - self._admitted[tenant_id]

    def _admit(self, tenant_id: UUID, address: ActorAddress) -> None:
        self._admitted[tenant_id] += 1
        self._actors.wake(address, tenant_id)

    def _enqueue(self, tenant_id: UUID, address: ActorAddress) -> None:
        waiting = self._waiting.setdefault(tenant_id, OrderedDict())
        if address not in waiting and self._count < self._max_waiting:
            waiting[address] = None
            self._count += 1
