"""Silent customers cost a host no memory: what is due far away is found by the sweep."""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVarTuple, Unpack
from uuid import UUID, uuid4

import pytest

from niochat.actors import actor_addresses
from niochat.actors.conversation_actor import ALARM_HORIZON_S, ConversationBehaviour
from niochat.conversations.step.step_types import (
    StepRequest,
    StepResult,
    StepVerdict,
    ThreadSnapshot,
)
from niochat.domain.conversation.effects import SetTimerEffect
from niochat.domain.conversation.state import TimerName
from niochat.domain.ids import ThreadId
from niochat.runtime.activation import Activation
from niochat.runtime.actor_runtime import ActorStep
from niochat.runtime.process.counter_buffer import CounterBuffer
from tests.actors.sandbox_provider import SandboxProvider
from tests.builders import RowBuilder
from tests.cluster.hosts.in_memory_cluster import InMemoryCluster
from tests.wait_until import wait_until

THREAD = ThreadId(uuid4())
Arguments = TypeVarTuple("Arguments")


class TimerRecordingLoop(asyncio.SelectorEventLoop):
    """Remembers what it was asked to hold until later."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[float] = []

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        self.held.append(delay)
        return super().call_later(delay, callback, *args, context=context)


class AllShards:
    """Owns every shard, has every turn, pauses nobody, and commits one timer due in ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def held_epoch(self, key: UUID) -> int:
        return 1

    def is_paused(self, key: UUID) -> bool:
        return False

    async def run_steps(self, batch: Sequence[StepRequest]) -> list[StepResult]:
        due = datetime.now(UTC) + timedelta(seconds=self._seconds)
        thread = ThreadSnapshot(THREAD, uuid4(), uuid4(), None)
        return [
            StepResult(THREAD, StepVerdict.DONE, thread, (SetTimerEffect(TimerName.IDLE, 1, due),))
        ]


def _do_nothing(*_: object) -> None:
    pass


def held(seconds: float) -> list[float]:
    """What a host holds in memory once a timer due in ``seconds`` was committed."""
    part: Any = AllShards(seconds)
    behaviour = ConversationBehaviour(
        part,
        part,
        part,
        part,
        wake=_do_nothing,
        route_queue_effect=_do_nothing,
        fetch_file=_do_nothing,
        pause_registry=part,
        counters=CounterBuffer(),
    )
    delivery = ActorStep(Activation(actor_addresses.conversation_address(THREAD), 0.0), [])
    with asyncio.Runner(loop_factory=TimerRecordingLoop) as runner:
        runner.run(behaviour.step([delivery]))
        loop = runner.get_loop()
        assert isinstance(loop, TimerRecordingLoop)
        return loop.held


def test_a_timer_that_is_due_far_away_is_not_held_in_memory() -> None:
    assert held(ALARM_HORIZON_S + 5) == []
    assert held(30 * 24 * 3600) == []


def test_a_timer_that_is_due_soon_is() -> None:
    (delay,) = held(2.5)

    assert 2.0 < delay < 3.0


@pytest.mark.asyncio
@pytest.mark.timeout(30)
async def test_a_customer_who_says_nothing_is_reminded_by_the_sweep(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder
) -> None:
    await given.admin.execute(
        "UPDATE tenants SET policy = policy || $1", {"reminder_text": "Ainda aí?"}
    )
    core = await cluster.host("a")
    await cluster.assign_shards(core)
    thread = await cluster.poke_thread(core, 1, "oi")
    await provider.wait_for("resposta")

    async def measured() -> bool:
        idle = await given.count("timers", "name = 'idle' AND thread_id = $1", thread)
        return idle == 1 and not await given.count("outbox", "status <> 'sent'")

    await wait_until(measured)
    await given.admin.execute("UPDATE timers SET due_at = now() - interval '1 s'")

    await core.refresh()

    assert [m["text"] for m in await provider.wait_for("Ainda aí?")] == ["resposta 1", "Ainda aí?"]
