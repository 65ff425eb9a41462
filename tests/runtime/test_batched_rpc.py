"""Calls that travel in groups: each answered once, whoever is slow, goes away or dies."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from niochat.runtime.batched_rpc import (
    BatchedRpcClient,
    BatchedRpcServer,
    RpcCall,
    RpcCallError,
    RpcConnectionLost,
    RpcNotStartedError,
    RpcReply,
)

pytestmark = [pytest.mark.timeout(20)]
Serve = Callable[[str, tuple[Any, ...]], Awaitable[Any]]


class FakeTransport:
    """Carries messages from a link to an exchange, and counts them."""

    def __init__(self, serve: Serve, **more: Any) -> None:
        self.exchange = BatchedRpcServer(serve, **({"linger_s": 0.0} | more))
        self.messages: list[int] = []
        self.broken: Exception | None = None
        self.link = BatchedRpcClient(self.send)

    async def send(self, calls: Sequence[RpcCall], cancelled: Sequence[int]) -> Sequence[RpcReply]:
        self.messages.append(len(calls))
        if self.broken is not None:
            raise self.broken
        return await self.exchange.handle_batch("caller", calls, cancelled)


async def echo(method: str, arguments: tuple[Any, ...]) -> Any:
    return method, arguments


@pytest.mark.asyncio
async def test_calls_of_one_moment_travel_in_one_message() -> None:
    wire = FakeTransport(echo)

    answers = await asyncio.gather(*(wire.link.call("run", number) for number in range(10)))

    assert answers == [("run", (number,)) for number in range(10)]
    assert wire.messages[0] == 10
    assert len(wire.link) == 0


@pytest.mark.asyncio
async def test_a_call_that_ends_first_is_answered_first_while_others_run() -> None:
    forever = asyncio.Event()

    async def serve(method: str, arguments: tuple[Any, ...]) -> str:
        if method == "slow":
            await forever.wait()
        return method

    wire = FakeTransport(serve)
    slow = asyncio.create_task(wire.link.call("slow"))

    assert await wire.link.call("quick") == "quick"
    assert await wire.link.call("quick") == "quick"

    assert not slow.done()
    forever.set()
    assert await slow == "slow"


@pytest.mark.asyncio
async def test_nothing_is_sent_while_nothing_is_asked() -> None:
    wire = FakeTransport(echo)
    await wire.link.call("run")
    sent = len(wire.messages)

    await asyncio.sleep(0.02)

    assert len(wire.messages) == sent


@pytest.mark.asyncio
async def test_a_parked_message_is_answered_in_time_and_another_takes_its_place() -> None:
    """So whoever hears nothing for longer knows that nobody is there."""
    done = asyncio.Event()

    async def serve(method: str, arguments: tuple[Any, ...]) -> str:
        await done.wait()
        return "at last"

    wire = FakeTransport(serve, max_park_s=0.005)
    call = asyncio.create_task(wire.link.call("run"))
    while len(wire.messages) < 4:
        await asyncio.sleep(0)

    done.set()

    assert await call == "at last"


@pytest.mark.asyncio
async def test_a_cancelled_caller_cancels_the_remote_call() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def serve(method: str, arguments: tuple[Any, ...]) -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    wire = FakeTransport(serve)
    call = asyncio.create_task(wire.link.call("run"))
    await began.wait()

    call.cancel()
    await ended.wait()

    while wire.exchange.running_count:
        await asyncio.sleep(0)
    assert len(wire.link) == 0


@pytest.mark.asyncio
async def test_a_call_that_was_not_sent_yet_is_never_begun_when_nobody_waits_for_it() -> None:
    begun = []

    async def serve(method: str, arguments: tuple[Any, ...]) -> str:
        begun.append(method)
        return method

    wire = FakeTransport(serve)
    gone = asyncio.create_task(wire.link.call("gone"))
    kept = asyncio.create_task(wire.link.call("kept"))
    asyncio.get_running_loop().call_soon(gone.cancel)

    assert await kept == "kept"

    assert begun == ["kept"]


@pytest.mark.asyncio
async def test_a_remote_exception_fails_only_its_own_call() -> None:
    async def serve(method: str, arguments: tuple[Any, ...]) -> str:
        if method == "bad":
            raise ValueError("no")
        return method

    wire = FakeTransport(serve)

    calls = wire.link.call("bad"), wire.link.call("good")
    results: list[object] = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(results[0], RpcCallError)
    assert "no" in str(results[0])
    assert results[1] == "good"


@pytest.mark.asyncio
async def test_when_the_server_dies_every_call_fails_and_no_other_is_taken() -> None:
    async def serve(method: str, arguments: tuple[Any, ...]) -> None:
        await asyncio.sleep(60)

    wire = FakeTransport(serve)
    calls = [asyncio.create_task(wire.link.call("run")) for _ in range(3)]
    await asyncio.sleep(0.01)

    wire.broken = ConnectionError("killed")
    calls.append(asyncio.create_task(wire.link.call("run")))
    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(each, RpcConnectionLost) for each in answers), answers
    with pytest.raises(RpcConnectionLost):
        await wire.link.call("run")


@pytest.mark.asyncio
async def test_a_server_that_answers_nothing_counts_as_gone() -> None:
    async def silent(calls: Sequence[RpcCall], cancelled: Sequence[int]) -> Sequence[RpcReply]:
        await asyncio.sleep(60)
        return []

    link = BatchedRpcClient(silent, answer_timeout_s=0.01)

    with pytest.raises(RpcConnectionLost):
        await link.call("run")


@pytest.mark.asyncio
async def test_a_closed_server_ends_what_runs_and_begins_nothing() -> None:
    done = asyncio.Event()

    async def serve(method: str, arguments: tuple[Any, ...]) -> str:
        await done.wait()
        return method

    wire = FakeTransport(serve)
    before = asyncio.create_task(wire.link.call("before"))
    await asyncio.sleep(0.01)
    wire.exchange.draining = True

    with pytest.raises(RpcNotStartedError):
        await wire.link.call("after")

    done.set()
    assert await before == "before"


@pytest.mark.asyncio
async def test_calls_of_a_caller_who_is_gone_are_cancelled() -> None:
    now = 0.0
    cancelled = asyncio.Event()

    async def serve(method: str, arguments: tuple[Any, ...]) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    exchange = BatchedRpcServer(serve, max_park_s=0.001, clock=lambda: now)
    await exchange.handle_batch("dead", [(1, "run", ())], [])
    exchange.drop_silent_callers(after_s=30.0)
    assert exchange.running_count == 1, "it may be about to come again"

    now = 31.0
    exchange.drop_silent_callers(after_s=30.0)

    await cancelled.wait()
    assert exchange.running_count == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=40
    ),
    st.integers(0, 3),
)
def test_every_call_is_begun_once_and_answered_once(
    calls: list[tuple[int, int, bool]], overtaking: int
) -> None:
    """Whatever comes when, how long it takes, and which message overtakes which."""
    begun: list[int] = []

    async def serve(method: str, arguments: tuple[Any, ...]) -> int:
        number, takes = arguments
        begun.append(number)
        for _ in range(takes):
            await asyncio.sleep(0)
        return int(number)

    async def play() -> list[int | None]:
        exchange = BatchedRpcServer(serve, linger_s=0.0)
        sent = 0

        async def send(some: Sequence[RpcCall], cancelled: Sequence[int]) -> Sequence[RpcReply]:
            nonlocal sent
            sent += 1
            for _ in range(overtaking * (sent % 2)):
                await asyncio.sleep(0)
            return await exchange.handle_batch("caller", some, cancelled)

        link = BatchedRpcClient(send)
        waiting = []
        for number, (pause, takes, leaves) in enumerate(calls):
            task = asyncio.create_task(link.call("run", number, takes))
            waiting.append(task)
            for _ in range(pause):
                await asyncio.sleep(0)
            if leaves:
                task.cancel()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        return [None if isinstance(each, BaseException) else each for each in answers]

    answers = asyncio.run(play())

    assert len(begun) == len(set(begun))
    for number, (answer, (_, _, leaves)) in enumerate(zip(answers, calls, strict=True)):
        assert answer == number or (leaves and answer is None)
