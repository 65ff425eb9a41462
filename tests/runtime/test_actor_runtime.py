"""A virtual actor does one thing at a time, hears everything in order, and leaves when idle."""

import asyncio
import gc
import tracemalloc
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from niochat.domain.errors import UnavailableError
from niochat.runtime.activation import ActorRequest
from niochat.runtime.actor_runtime import ActorRuntime, ActorStep
from niochat.runtime.address import ActorAddress
from tests.manual_clock import ManualClock
from tests.wait_until import wait_until

pytestmark = pytest.mark.timeout(60)


class RecordingBehaviour:
    """Remembers what each actor heard; fails when two steps of one actor overlap."""

    def __init__(self, *, batch: int = 8, parallel: int = 3, pauses: int = 0) -> None:
        self.batch, self.parallel, self.pauses = batch, parallel, pauses
        self.heard: dict[ActorAddress, list[object]] = defaultdict(list)
        self.steps: dict[ActorAddress, int] = defaultdict(int)
        self.again: set[ActorAddress] = set()
        self.failures: list[Exception] = []
        self.busy: set[ActorAddress] = set()
        self.most = 0
        self.started, self.gate = asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def step(self, batch: Sequence[ActorStep]) -> Sequence[ActorAddress]:
        mine = {delivery.activation.address for delivery in batch}
        assert len(mine) == len(batch) <= self.batch, "an actor twice in one step"
        assert not mine & self.busy, "two steps of one actor at once"
        self.busy |= mine
        self.most = max(self.most, len(self.busy))
        try:
            self.started.set()
            for _ in range(self.pauses):
                await asyncio.sleep(0)
            await self.gate.wait()
            if self.failures:
                raise self.failures.pop(0)
            for delivery in batch:
                self._hear(delivery)
        finally:
            self.busy -= mine
        again, self.again = self.again & mine, self.again - mine
        return list(again)

    def _hear(self, delivery: ActorStep) -> None:
        address = delivery.activation.address
        delivery.activation.state = "remembered"
        self.steps[address] += 1
        for message in delivery.messages:
            if isinstance(message, ActorRequest):
                message.reply(("answer", message.payload))
            else:
                self.heard[address].append(message)


def actor(shard: int = 0) -> ActorAddress:
    return ActorAddress("actor", UUID(int=(uuid4().int >> 10 << 10) + shard))


def hosting(recorder: RecordingBehaviour, **settings: float) -> ActorRuntime:
    return ActorRuntime({"actor": recorder}, **settings)  # type: ignore[arg-type]


def running(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(50):
            await work()

    asyncio.run(bounded())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("deliver"), st.integers(0, 5)),
            st.tuples(st.just("wake"), st.integers(0, 5)),
            st.tuples(st.just("again"), st.integers(0, 5)),
            st.tuples(st.just("ticks"), st.integers(1, 6)),
            st.tuples(st.just("passivate"), st.just(0)),
        ),
        max_size=80,
    ),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 3),
)
def test_each_actor_steps_alone_and_receives_all_messages_in_order(
    doings: list[tuple[str, int]], batch: int, parallel: int, pauses: int
) -> None:
    async def work() -> None:
        recorder = RecordingBehaviour(batch=batch, parallel=parallel, pauses=pauses)
        host = hosting(recorder, capacity=2, idle_s=0.0)
        actors = [actor() for _ in range(6)]
        said: dict[ActorAddress, list[object]] = defaultdict(list)
        for number, (doing, which) in enumerate(doings):
            match doing:
                case "deliver":
                    said[actors[which]].append(number)
                    host.deliver(actors[which], number)
                case "wake":
                    host.wake(actors[which])
                case "again":
                    recorder.again.add(actors[which])
                case "ticks":
                    for _ in range(which):
                        await asyncio.sleep(0)
                case _:
                    host.passivate()
        await wait_until(lambda: {a: recorder.heard[a] for a in said} == said)
        await host.stop()

    running(work)


@pytest.mark.asyncio
async def test_a_message_received_during_a_step_is_handled_by_the_next() -> None:
    recorder, one = RecordingBehaviour(), actor()
    recorder.gate.clear()
    host = hosting(recorder)
    host.deliver(one, "first")
    await recorder.started.wait()
    host.deliver(one, "second")
    host.wake(one)
    recorder.gate.set()

    await wait_until(lambda: recorder.steps[one] == 2)
    assert recorder.heard[one] == ["first", "second"]


@pytest.mark.asyncio
async def test_waking_twice_before_the_step_is_waking_once() -> None:
    recorder, one = RecordingBehaviour(), actor()
    host = hosting(recorder)
    for _ in range(10):
        host.wake(one)
    await wait_until(lambda: recorder.steps[one])
    await host.stop()

    assert recorder.steps[one] == 1


@pytest.mark.asyncio
async def test_no_more_steps_at_once_than_the_behaviour_wants() -> None:
    recorder = RecordingBehaviour(batch=2, parallel=2, pauses=3)
    host = hosting(recorder)
    actors = [actor() for _ in range(50)]
    for each in actors:
        host.deliver(each, 1)
    await wait_until(lambda: sum(map(len, recorder.heard.values())) == 50)

    assert recorder.most == 4


@pytest.mark.asyncio
async def test_a_failing_step_puts_everything_back_in_order_and_goes_on() -> None:
    recorder, one, two = RecordingBehaviour(parallel=1), actor(), actor()
    recorder.failures = [RuntimeError("a bug")]
    recorder.gate.clear()
    host = hosting(recorder)
    host.deliver(one, "a")
    host.deliver(two, "x")
    await recorder.started.wait()
    host.deliver(one, "b")
    recorder.gate.set()

    await wait_until(lambda: recorder.heard[one] == ["a", "b"] and recorder.heard[two] == ["x"])
    assert not recorder.failures


@pytest.mark.asyncio
async def test_an_ask_is_answered_and_an_asker_who_goes_away_disturbs_nobody() -> None:
    recorder, one = RecordingBehaviour(), actor()
    recorder.gate.clear()
    host = hosting(recorder)
    gone = asyncio.create_task(host.ask(one, 1))
    stays = asyncio.create_task(host.ask(one, 2))
    await recorder.started.wait()
    gone.cancel()
    recorder.gate.set()

    assert await stays == ("answer", 2)
    assert await host.ask(one, 3) == ("answer", 3)


@pytest.mark.asyncio
async def test_a_call_to_a_stopping_runtime_raises() -> None:
    host = hosting(RecordingBehaviour())
    await host.stop()

    with pytest.raises(UnavailableError):
        await asyncio.wait_for(host.ask(actor(), 1), 2)


@pytest.mark.asyncio
async def test_a_pending_call_to_a_moved_actor_raises() -> None:
    recorder, one = RecordingBehaviour(), actor(shard=7)
    recorder.gate.clear()
    host = hosting(recorder)
    host.wake(one)
    await recorder.started.wait()
    asked = asyncio.create_task(host.ask(one, 1))
    await asyncio.sleep(0)
    host.drop_shards({7})
    recorder.gate.set()

    with pytest.raises(UnavailableError):
        await asyncio.wait_for(asked, 2)


@pytest.mark.asyncio
async def test_calls_pending_at_stop_raise() -> None:
    recorder, one = RecordingBehaviour(), actor()
    recorder.gate.clear()
    host = hosting(recorder)
    host.wake(one)
    await recorder.started.wait()
    asked = asyncio.create_task(host.ask(one, 1))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(host.stop())
    await asyncio.sleep(0)
    recorder.gate.set()
    await stopping

    with pytest.raises(UnavailableError):
        await asyncio.wait_for(asked, 2)


@pytest.mark.asyncio
async def test_shards_that_move_away_leave_memory_after_the_step_they_are_in() -> None:
    recorder, leaves, stays = RecordingBehaviour(), actor(shard=7), actor(shard=8)
    recorder.gate.clear()
    host = hosting(recorder)
    for each in (leaves, stays):
        host.deliver(each, 1)
    await recorder.started.wait()
    host.deliver(leaves, "not for us any more")
    host.drop_shards({7})
    assert len(host) == 2
    recorder.gate.set()

    await wait_until(lambda: len(host) == 1)
    assert recorder.heard[leaves] == [1]
    assert recorder.heard[stays] == [1]


@pytest.mark.asyncio
async def test_a_shard_that_comes_back_is_served_again_from_nothing() -> None:
    recorder, one = RecordingBehaviour(), actor(shard=7)
    host = hosting(recorder)
    host.deliver(one, 1)
    await wait_until(lambda: recorder.heard[one] == [1])
    host.drop_shards({7})
    assert len(host) == 0

    host.deliver(one, 2)

    await wait_until(lambda: recorder.heard[one] == [1, 2])


@pytest.mark.asyncio
async def test_idle_actors_leave_and_fresh_or_busy_ones_stay() -> None:
    recorder, clock = RecordingBehaviour(batch=1), ManualClock()
    host = ActorRuntime({"actor": recorder}, idle_s=300, clock=clock)
    busy, idle, fresh = actor(), actor(), actor()
    for each in (busy, idle):
        host.deliver(each, 1)
    await wait_until(lambda: recorder.steps[busy] == recorder.steps[idle] == 1)
    clock.now += 299
    host.deliver(fresh, 1)
    await wait_until(lambda: recorder.steps[fresh])
    recorder.gate.clear()
    recorder.started.clear()
    host.wake(busy)
    await recorder.started.wait()
    clock.now += 2

    assert host.passivate() == 1, "the busy one stays, and so does who is fresh"
    assert len(host) == 2
    recorder.gate.set()
    await wait_until(lambda: recorder.steps[busy] == 2)
    assert host.passivate() == 0


@pytest.mark.asyncio
async def test_above_capacity_the_longest_idle_leave_and_never_a_busy_one() -> None:
    recorder, clock = RecordingBehaviour(batch=1, parallel=1), ManualClock()
    host = ActorRuntime({"actor": recorder}, idle_s=300, capacity=2, clock=clock)
    actors = [actor() for _ in range(5)]
    for each in actors:
        host.deliver(each, 1)
        await wait_until(partial(recorder.steps.get, each))
        clock.now += 1
    recorder.gate.clear()
    recorder.started.clear()
    host.deliver(actors[0], 2)
    await recorder.started.wait()

    assert host.passivate() == 3
    recorder.gate.set()
    await wait_until(lambda: recorder.heard[actors[0]] == [1, 2])
    assert len(host) == 2


@pytest.mark.asyncio
async def test_stopping_waits_for_the_steps_in_progress() -> None:
    recorder, one = RecordingBehaviour(pauses=5), actor()
    host = hosting(recorder)
    host.deliver(one, 1)
    await recorder.started.wait()

    await host.stop()

    assert recorder.heard[one] == [1]
    host.deliver(one, 2)
    assert len(host) == 0


@pytest.mark.long
def test_a_hundred_thousand_actors_take_less_than_eight_kilobytes_each() -> None:
    class Quiet:
        batch, parallel = 1000, 1

        async def step(self, batch: Sequence[ActorStep]) -> Sequence[ActorAddress]:
            return []

    async def work() -> None:
        host = ActorRuntime({"actor": Quiet()})
        addresses = [ActorAddress("actor", UUID(int=number)) for number in range(100_000)]
        gc.collect()
        tracemalloc.start()
        for address in addresses:
            host.deliver(address, 1)
        at_most = tracemalloc.get_traced_memory()[0] / len(addresses)
        tracemalloc.stop()
        await host.stop()
        assert at_most < 8192

    running(work)
