"""Nobody's ten thousand keep another one waiting, and what does not fit is refused, not kept."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from niochat.domain.errors import UnavailableError
from niochat.runtime.activation import MAX_MAILBOX_MESSAGES
from niochat.runtime.actor_runtime import ActorRuntime, ActorStep
from niochat.runtime.address import ActorAddress
from tests.runtime.test_actor_runtime import RecordingBehaviour, actor
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

NOISY, QUIET, BIG = (UUID(int=number) for number in range(3))


class CountingBehaviour:
    """Writes down whom it steps, one batch after the other."""

    batch, parallel = 16, 1

    def __init__(self) -> None:
        self.batches: list[list[UUID | None]] = []
        self.gate = asyncio.Event()

    async def step(self, batch: Sequence[ActorStep]) -> Sequence[ActorAddress]:
        await self.gate.wait()
        self.batches.append([each.activation.lane for each in batch])
        return []


async def test_a_quiet_tenants_conversation_is_in_the_next_batch_but_one() -> None:
    counting = CountingBehaviour()
    host = ActorRuntime({"actor": counting})
    for _ in range(10_000):
        host.wake(actor(), NOISY)
    await asyncio.sleep(0)
    for _ in range(3):
        host.wake(actor(), QUIET)
    counting.gate.set()
    await wait_until(lambda: not host.count_ready("actor"))

    steps = [lane for batch in counting.batches for lane in batch]
    assert len(steps) == 10_003
    assert steps[: 2 * counting.batch].count(QUIET) == 3


async def test_two_backlogs_are_stepped_by_weight() -> None:
    counting = CountingBehaviour()
    weights = {NOISY: 1.0, BIG: 4.0}
    host = ActorRuntime({"actor": counting}, weight_of=lambda lane: weights.get(lane, 1.0))  # type: ignore[arg-type]
    for _ in range(2_000):
        host.wake(actor(), NOISY)
        host.wake(actor(), BIG)
    counting.gate.set()
    await wait_until(lambda: not host.count_ready("actor"))

    steps = [lane for batch in counting.batches[:50] for lane in batch]
    assert abs(steps.count(BIG) - 640) <= 20


async def test_an_actor_of_an_unknown_tenant_waits_in_its_own_lane() -> None:
    counting = CountingBehaviour()
    host = ActorRuntime({"actor": counting})
    for _ in range(1_000):
        host.wake(actor(), NOISY)
    host.wake(actor())
    counting.gate.set()
    await wait_until(lambda: not host.count_ready("actor"))

    assert next(n for n, batch in enumerate(counting.batches) if None in batch) <= 1


async def test_a_hint_that_finds_no_room_is_dropped_and_a_result_is_not() -> None:
    recorder = RecordingBehaviour(batch=1, parallel=1)
    recorder.gate.clear()
    host = ActorRuntime({"actor": recorder}, capacity=2)
    busy, waits, third, result = (actor() for _ in range(4))
    host.wake(busy)
    host.wake(waits)
    host.wake(third)
    host.deliver(third, "told", hint=True)
    with pytest.raises(UnavailableError) as refused:
        await host.ask(third, "?")
    host.deliver(result, "of our own work")
    recorder.gate.set()
    await wait_until(lambda: recorder.heard[result])

    assert (len(host), host.rejected_count, refused.value.code) == (3, 3, "crowded")
    assert not recorder.steps[third]


async def test_when_there_is_no_room_who_is_idle_leaves_for_who_comes() -> None:
    recorder = RecordingBehaviour()
    host = ActorRuntime({"actor": recorder}, capacity=2)
    idle = [actor() for _ in range(2)]
    for each in idle:
        host.wake(each)
    await wait_until(lambda: all(recorder.steps[each] for each in idle) and host.is_idle(idle[1]))
    third = actor()
    host.wake(third)
    await wait_until(lambda: recorder.steps[third])

    assert len(host) == 2


async def test_a_full_mailbox_refuses_who_asks_and_notes_what_was_missed() -> None:
    recorder = RecordingBehaviour()
    recorder.gate.clear()
    host = ActorRuntime({"actor": recorder})
    one = actor()
    host.wake(one)
    await recorder.started.wait()
    for number in range(MAX_MAILBOX_MESSAGES + 5):
        host.deliver(one, number)
    with pytest.raises(UnavailableError) as refused:
        await host.ask(one, "?")
    recorder.gate.set()
    await wait_until(lambda: recorder.heard[one])

    assert refused.value.code == "crowded"
    assert recorder.heard[one] == list(range(MAX_MAILBOX_MESSAGES))
    assert host.rejected_count == 6


async def test_a_lane_that_is_learned_late_counts_from_the_next_wait_on() -> None:
    counting = CountingBehaviour()
    host = ActorRuntime({"actor": counting})
    counting.gate.set()
    one = ActorAddress("actor", uuid4())
    host.wake(one)
    await wait_until(lambda: counting.batches)
    await wait_until(lambda: host.is_idle(one))
    host.wake(one, QUIET)
    await wait_until(lambda: len(counting.batches) == 2)

    assert counting.batches == [[None], [QUIET]]
