"""Batched calls between two processes: several calls in one message, several answers in its reply.

A message between processes costs more than most of the calls in it. So a caller sends all calls
that have gathered as one message, and a reply carries every answer that is ready by then. While
calls are in progress, one message stays with the server, *parked*, so that the next answers have a
reply to return in; without calls nothing is sent. The transport is not part of this module.
Messages may overtake one another, and one that fails means that the server is gone, together with
all calls in progress.
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
"""The longest time that a message stays parked at the server."""
ANSWER_TIMEOUT_S = MAX_PARK_S + 15.0
"""A server that sends no reply for this long counts as gone."""
CALLER_TIMEOUT_S = 3 * MAX_PARK_S
"""A caller that sends nothing for this long while its calls run is gone; they are cancelled."""
LINGER_S = 0.004
"""How long a finished answer waits for others to join its reply, while other calls run."""
MAX_IN_FLIGHT = 2
"""Messages of one caller: one parked and one being sent. Further calls wait for the next one."""

RpcCall = tuple[int, str, tuple[Any, ...]]
"""A call: its number, its method and its arguments."""


class RpcOutcome(StrEnum):
    """How a call ended at the server."""

    DONE = "done"
    FAILED = "failed"
    NOT_BEGUN = "not_begun"
    """The server accepts no more calls; the caller may try another server."""


RpcReply = tuple[int, str, Any]
"""The number of a call, its :class:`RpcOutcome`, and its value or the text of its error."""
SendBatch = Callable[[Sequence[RpcCall], Sequence[int]], Awaitable[Sequence[RpcReply]]]
"""Sends calls and the numbers of cancelled calls; returns the answers that are ready."""


class RpcCallError(Exception):
    """The call raised at the server; the text is the representation of its exception."""


class RpcNotStartedError(Exception):
    """The server accepts no more calls and did not start this one."""


class RpcConnectionLost(Exception):
    """The server is gone: the call may or may not have been executed."""


class BatchedRpcClient:
    """The caller's side: many calls to one server."""

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
        """The number of calls that wait for an answer."""
        return len(self._waiting)

    async def call(self, method: str, *arguments: Any) -> Any:
        """Call the server and return the answer. Cancelling this cancels the call at the server.
        Raises ``RpcCallError``, ``RpcConnectionLost`` or ``RpcNotStartedError``.

        Nothing is sent before the event loop's next iteration, so that its calls share a message.
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
        unsent = [call for call in self._calls if call[0] != number]
        if len(unsent) == len(self._calls):
            self._cancelled.append(number)
            self._send_or_park()
        self._calls = unsent

    def _send_or_park(self) -> None:
        """Send the gathered calls, or park a message while calls wait for answers."""
        has_content = self._calls or self._cancelled
        may_wait = self._messages or not self._waiting
        if self.is_lost or len(self._messages) >= MAX_IN_FLIGHT or (may_wait and not has_content):
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
        """Fail all calls in progress; no further call can be made."""
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
    """The calls of one caller."""

    running: "dict[int, asyncio.Task[Any]]" = field(default_factory=dict)
    done: list[RpcReply] = field(default_factory=list)
    parked: "asyncio.Future[None] | None" = None
    last_message_at: float = 0.0


class BatchedRpcServer:
    """The server's side: runs the calls of many callers and answers each caller in batches."""

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
        """Whether new calls are refused while those in progress are still answered."""

    @property
    def running_count(self) -> int:
        """The number of calls in progress."""
        return sum(len(caller.running) for caller in self._callers.values())

    async def handle_batch(
        self, name: str, calls: Sequence[RpcCall], cancelled: Sequence[int]
    ) -> Sequence[RpcReply]:
        """Handle one message of the caller ``name``: start its calls and return the answers that
        are ready. If none is ready it waits for the first one, for another message of the same
        caller, or for ``max_park_s``, and may then return no answers.
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
        """Cancel the calls of callers that are gone. To be called periodically."""
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
        """Wait until an answer is ready, or another message of the caller arrives."""
        wakeup: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        caller.parked = wakeup
        try:
            async with asyncio.timeout(self._max_park_s):
                await wakeup
        except TimeoutError:
            pass
        finally:
            if caller.parked is wakeup:
                caller.parked = None


def _wake(caller: _CallerState) -> None:
    """Let the parked message return the answers that are ready."""
    if caller.parked is not None and not caller.parked.done():
        caller.parked.set_result(None)
        caller.parked = None
