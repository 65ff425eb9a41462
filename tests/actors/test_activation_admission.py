"""Conversations of a tenant whose turns are paced wait outside; nobody else does."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from niochat.actors import actor_addresses
from niochat.actors.activation_limiter import MAX_WAITING_CONVERSATIONS, ActivationLimiter
from niochat.actors.turn_scheduler import TurnScheduler
from niochat.runtime.actor_runtime import ActorRuntime, ActorStep
from niochat.runtime.address import ActorAddress
from niochat.runtime.fairness.adaptive_rate import AdaptiveRateLimiter
from tests.cluster.hosts.in_memory_cluster import FakeAssistantPool

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

LOUD, QUIET = UUID(int=1), UUID(int=2)


class IdleBehaviour:
    """Steps that never come: who was let in stays in memory."""

    batch, parallel = 32, 0

    async def step(self, batch: Sequence[ActorStep]) -> Sequence[ActorAddress]:
        raise AssertionError("nobody is stepped")


async def no_wait(tenant: UUID) -> float:
    return 0.0


class FakeAdmission:
    def __init__(self, max_waiting: int = MAX_WAITING_CONVERSATIONS) -> None:
        self.pace = AdaptiveRateLimiter()
        self.actors = ActorRuntime({actor_addresses.CONVERSATION: IdleBehaviour()})
        turns = TurnScheduler(
            FakeAssistantPool(), no_wait, lambda *_: None, lambda *_: None, rate_limiter=self.pace
        )
        self.entrance = ActivationLimiter(self.actors, turns, self.pace, max_waiting)

    def knock(self, tenant: UUID | None, count: int = 1) -> list[ActorAddress]:
        found = [actor_addresses.conversation_address(uuid4()) for _ in range(count)]
        for each in found:
            self.entrance.wake(each, tenant)
        return found

    def company(self) -> None:
        self.pace.record_arrival(LOUD)
        self.pace.record_arrival(QUIET)


async def test_where_others_would_notice_only_some_are_let_in_with_every_look() -> None:
    door = FakeAdmission()
    door.company()
    at_once = door.pace.max_starts(1.0)

    loud = door.knock(LOUD, 100)
    door.knock(QUIET)
    assert len(door.actors) == at_once + 1
    assert door.entrance.waiting_by_tenant() == {LOUD: 100 - at_once}

    door.entrance.admit_waiting()
    inside = {each.address for each in door.actors.activations()}
    assert inside.issuperset(loud[: 2 * at_once]), "first come, first let in"
    assert len(inside) == 2 * at_once + 1
    for _ in range(100):
        door.entrance.admit_waiting()
    assert not len(door.entrance)
    assert len(door.actors) == 101


async def test_a_tenant_that_is_alone_waits_for_nobody() -> None:
    door = FakeAdmission()
    door.pace.record_arrival(LOUD)
    door.knock(LOUD, 100)
    assert len(door.actors) == 100


async def test_active_actors_and_agent_commands_are_admitted_at_once() -> None:
    door = FakeAdmission()
    door.company()
    *_, last = door.knock(LOUD, 100)
    before = len(door.actors)

    door.knock(None)
    assert len(door.actors) == before + 1
    door.entrance.wake(last, None)
    assert door.actors.find(last) is not None
    door.entrance.wake(last, LOUD)
    assert len(door.actors) == before + 2


async def test_overflow_of_waiting_activations_is_left_to_the_recovery_sweep() -> None:
    door = FakeAdmission(max_waiting=10)
    door.company()
    inside = door.pace.max_starts(1.0)
    found = door.knock(LOUD, 50)
    for each in found:
        door.entrance.wake(each, LOUD)  # found again by the sweep

    assert len(door.actors) == inside
    assert len(door.entrance) == 10
