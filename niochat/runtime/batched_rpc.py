"""Calls between two processes that travel in groups: several in one message, several answers back.

A message between processes costs more than most calls that it carries. So a caller sends what has
gathered as one message, and an answer carries whatever is done by then. One message always stays
with the server, *parked*, for the next answers to travel on; where nothing is asked, nothing is
sent. What carries the messages is somebody else's matter: they may overtake one another, and one
that fails says that the server, with all that was asked of it, is gone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog

_log = structlog.get_logger(__name__)

MAX_PARK_S = 10.0
"""The longest that a message stays with the server: whoever hears nothing for longer is alone."""
ANSWER_TIMEOUT_S = MAX_PARK_S + 15.0
"""Without any answer for so long the server counts as gone."""
CALLER_TIMEOUT_S = 3 * MAX_PARK_S
"""A caller who sends nothing for so long while its calls run is gone; they are cancelled."""
LINGER_S = 0.004
"""What is done waits so long for what will be done in a moment, while other calls run."""
MAX_IN_FLIGHT = 2
"""Messages of a caller: one parked, one on its way. What comes meanwhile gathers."""

RpcCall = tuple[int, str, tuple[Any, ...]]
"""Number, method, arguments."""


class RpcOutcome(StrEnum):
    """How a call ended over there."""

    DONE = "done"
    FAILED = "failed"
    NOT_BEGUN = "not_begun"
    """The server takes no more calls: ask another one."""


RpcReply = tuple[int, str, Any]
"""Number of the call, its :class:`Outcome`, and its value or what was wrong."""
SendBatch = Callable[[Sequence[RpcCall], Sequence[int]], Awaitable[Sequence[RpcReply]]]
"""Carries calls, and the numbers of those that nobody waits for any more; returns answers."""


class RpcCallError(Exception):
    """The call raised over there; the text is a representation of what it raised."""


class RpcNotStartedError(Exception):
    """The server takes no more calls, and did nothing of this one."""


class RpcConnectionLost(Exception):
    """The server is gone: what was asked of it may or may not have been done."""


class BatchedRpcClient:
    """A caller's end: one server, many calls."""

    def __init__(self, send: SendBatch, *, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self._send = send
        self._answer_timeout_s = answer_timeout_s
        self._next = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._calls: list[RpcCall] = []
        self._cancelled: list[int] = []
        self._messages: set[asyncio.Task[None]] = set()
        self.is_lost = False

    def __len__(self) -> int:
        """Calls that wait for their answer."""
        return len(self._waiting)

    async def call(self, method: str, *arguments: Any) -> Any:
        """The answer; cancelling this cancels it over there. Raises ``RpcCallError``,
        ``RpcConnectionLost``, ``RpcNotStartedError``.

        Nothing is sent before the event loop's next turn, so calls of one turn travel together.
        """
        if self.is_lost:
            raise RpcConnectionLost("the server is gone")
        self._next += 1
        number = self._next
        self._calls.append((number, method, arguments))
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._send_or_park()
        try:
            return await answer
        except asyncio.CancelledError:
            self._withdraw(number)
            raise

    async def ping(self) -> None:
        """Returns once the server has answered a message without calls. Raises
        ``RpcConnectionLost``.
        """
        try:
            async with asyncio.timeout(self._answer_timeout_s):
                await self._send([], [])
        except Exception as error:
            raise RpcConnectionLost(repr(error)[:300]) from error

    def _withdraw(self, number: int) -> None:
        if self._waiting.pop(number, None) is None:
            return
        left = [call for call in self._calls if call[0] != number]
        if len(left) == len(self._calls):
            self._cancelled.append(number)
            self._send_or_park()
        self._calls = left

    def _send_or_park(self) -> None:
        """Send what there is to say, or park a message where answers are awaited."""
        wanted = self._calls or self._cancelled
        parked = self._messages or not self._waiting
        if self.is_lost or len(self._messages) >= MAX_IN_FLIGHT or (parked and not wanted):
            return
        message = asyncio.get_running_loop().create_task(self._exchange())
        self._messages.add(message)
        message.add_done_callback(self._on_message_done)

    async def _exchange(self) -> None:
        await asyncio.sleep(0)
        calls, self._calls = self._calls, []
        cancelled, self._cancelled = self._cancelled, []
        async with asyncio.timeout(self._answer_timeout_s):
            replies = await self._send(calls, cancelled)
        for number, outcome, value in replies:
            answer = self._waiting.pop(number, None)
            if answer is not None and not answer.done():
                _resolve_call(answer, outcome, value)

    def _on_message_done(self, message: "asyncio.Task[None]") -> None:
        self._messages.discard(message)
        error = None if message.cancelled() else message.exception()
        if message.cancelled() or error is not None:
            self.mark_lost(repr(error)[:300])
        else:
            self._send_or_park()

    def mark_lost(self, reason: str) -> None:
        """Everything that was asked fails, and nothing can be asked any more."""
        if not self.is_lost:
            self.is_lost = True
            for message in self._messages:
                message.cancel()
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(RpcConnectionLost(reason))


def _resolve_call(answer: "asyncio.Future[Any]", outcome: str, value: Any) -> None:
    match outcome:
        case RpcOutcome.DONE:
            answer.set_result(value)
        case RpcOutcome.NOT_BEGUN:
            answer.set_exception(RpcNotStartedError(value))
        case _:
            answer.set_exception(RpcCallError(value))


@dataclass(slots=True)
class _CallerState:
    """What one caller asked for."""

    running: "dict[int, asyncio.Task[Any]]" = field(default_factory=dict)
    done: list[RpcReply] = field(default_factory=list)
    parked: "asyncio.Future[None] | None" = None
    last_message_at: float = 0.0


class BatchedRpcServer:
    """The server's end: runs calls of many callers and answers each caller's in groups."""

    def __init__(
        self,
        serve: Callable[[str, tuple[Any, ...]], Awaitable[Any]],
        *,
        max_park_s: float = MAX_PARK_S,
        linger_s: float = LINGER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``serve`` runs one call, by method and arguments."""
        self._serve = serve
        self._max_park_s = max_park_s
        self._linger_s = linger_s
        self._clock = clock
        self._callers: dict[str, _CallerState] = {}
        self.draining = False
        """Begins nothing any more; what runs is answered."""

    @property
    def running_count(self) -> int:
        """Calls in progress."""
        return sum(len(caller.running) for caller in self._callers.values())

    async def handle_batch(
        self, name: str, calls: Sequence[RpcCall], cancelled: Sequence[int]
    ) -> Sequence[RpcReply]:
        """One message of the caller ``name``: begins its calls, and returns what is done by then,
        at once if another message of the same caller comes, and nothing after ``park_s``.
        """
        caller = self._callers.setdefault(name, _CallerState())
        caller.last_message_at = self._clock()
        _wake(caller)
        for call in calls:
            self._start_call(caller, call)
        for number in cancelled:
            if number in caller.running:
                caller.running[number].cancel()
        if not caller.done and caller.running:
            await self._park(caller)
        caller.last_message_at = self._clock()
        done, caller.done = caller.done, []
        if not caller.running and caller.parked is None and self._callers.get(name) is caller:
            del self._callers[name]
        return done

    def drop_silent_callers(self, after_s: float = CALLER_TIMEOUT_S) -> None:
        """Cancel the calls of callers who are gone. To be called now and then."""
        for name, caller in list(self._callers.items()):
            if caller.parked is None and self._clock() - caller.last_message_at > after_s:
                for call in caller.running.values():
                    call.cancel()
                del self._callers[name]

    def _start_call(self, caller: _CallerState, call: RpcCall) -> None:
        number, method, arguments = call
        if self.draining:
            caller.done.append((number, RpcOutcome.NOT_BEGUN, "the server is leaving"))
            return
        task = asyncio.get_running_loop().create_task(self._run(method, arguments))
        caller.running[number] = task
        task.add_done_callback(lambda done: self._on_call_done(caller, number, done))

    async def _run(self, method: str, arguments: tuple[Any, ...]) -> Any:
        return await self._serve(method, arguments)

    def _on_call_done(self, caller: _CallerState, number: int, task: "asyncio.Task[Any]") -> None:
        caller.running.pop(number, None)
        if task.cancelled():
            caller.done.append((number, RpcOutcome.FAILED, "cancelled"))
        elif (error := task.exception()) is not None:
            _log.error("call_failed", exc_info=error)
            caller.done.append((number, RpcOutcome.FAILED, repr(error)[:300]))
        else:
            caller.done.append((number, RpcOutcome.DONE, task.result()))
        if not caller.running:
            _wake(caller)
        elif caller.parked is not None:
            asyncio.get_running_loop().call_later(self._linger_s, _wake, caller)

    async def _park(self, caller: _CallerState) -> None:
        """Until something is done, or another message of the caller is here."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        caller.parked = place
        try:
            async with asyncio.timeout(self._max_park_s):
                await place
        except TimeoutError:
            pass
        finally:
            if caller.parked is place:
                caller.parked = None


def _wake(caller: _CallerState) -> None:
    """Whoever is parked takes what is done."""
    if caller.parked is not None and not caller.parked.done():
        caller.parked.set_result(None)
        caller.parked = None
