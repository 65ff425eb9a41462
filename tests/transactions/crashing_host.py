"""A host process that is killed or paused right before or right after one commit."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from typing import Any, Literal
from uuid import UUID

import psutil

from niochat.adapters.postgres.database import Connection, Database
from niochat.assignment.queue_assignment import QueueAssigner
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import TurnInProgress
from niochat.domain.errors import NiochatError
from niochat.domain.ids import OutboxId, TurnId
from niochat.erp.write_journal import ErpWriteJournal
from tests.builders import ChannelRef, Host, build_finished_turn, build_inbound

Moment = Literal["before", "after"]
SHORT = {"idle_in_transaction_session_timeout": "300ms"}

_context = get_context("forkserver")
_context.set_forkserver_preload(["tests.transactions.crashing_host"])


@dataclass(frozen=True)
class InterruptedJob:
    """What the process does, and when which signal hits it."""

    scenario: str
    moment: Moment
    signal: signal.Signals
    url: str
    epochs: dict[int, int]
    place: ChannelRef
    thread: UUID
    turn: UUID
    outbox: UUID | None = None


class SignallingDatabase(Database):
    """Signals its own process around the first commit after it was armed."""

    armed: InterruptedJob | None = None

    @asynccontextmanager
    async def transaction(self, connection: Connection) -> AsyncIterator[None]:
        if self.armed is None:
            async with super().transaction(connection):
                yield
            return
        transaction = connection.transaction()
        await transaction.start()
        yield
        self.hit("before")
        await transaction.commit()
        self.hit("after")

    async def commit(self, connection: Connection) -> None:
        self.hit("before")
        await super().commit(connection)
        self.hit("after")

    async def fetch_autocommit(
        self, connection: Connection, query: str, *values: object
    ) -> list[Any]:
        """A statement that is its own transaction: before it is sent, after it is answered."""
        self.hit("before")
        rows = await super().fetch_autocommit(connection, query, *values)
        self.hit("after")
        return rows

    def hit(self, moment: Moment) -> None:
        if self.armed is not None and self.armed.moment == moment:
            number, self.armed = self.armed.signal, None
            os.kill(os.getpid(), number)


class InterruptedProcess:
    """The process as its killer sees it."""

    def __init__(self, job: InterruptedJob) -> None:
        self._answers, theirs = _context.Pipe()
        self._process = _context.Process(target=_main, args=(job, theirs), daemon=True)
        self._process.start()
        theirs.close()

    async def killed(self) -> None:
        """Wait until it is gone."""
        await asyncio.to_thread(self._process.join, 20)
        assert self._process.exitcode == -signal.SIGKILL

    async def stopped(self) -> None:
        """Wait until it stands still."""
        assert self._process.pid is not None
        process = psutil.Process(self._process.pid)
        async with asyncio.timeout(20):
            while process.status() != psutil.STATUS_STOPPED:
                await asyncio.sleep(0.005)

    async def resume(self) -> list[str]:
        """Let it go on; what became of the statement, and of what it tried afterwards."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGCONT)
        answers: list[str] = await asyncio.to_thread(self._answers.recv)
        await asyncio.to_thread(self._process.join, 20)
        return answers

    def end(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _main(job: InterruptedJob, answers: Pipe) -> None:
    answers.send(asyncio.run(_run(job)))


async def _run(job: InterruptedJob) -> list[str]:
    database = await SignallingDatabase.open(job.url, size=3, timeouts=SHORT)
    assert isinstance(database, SignallingDatabase)
    host = Host("host-a:1", database, job.epochs)
    if job.scenario in REMEMBERED:
        await host.step(job.thread)
    database.armed = job
    first = await _said(partial(SCENARIOS[job.scenario], host, job))
    # It does not know that it was away: it goes on as if nothing had happened.
    afterwards = [await _said(partial(SCENARIOS[s], host, job)) for s in ("step", "claim")]
    database.terminate()
    return [first, *afterwards]


async def _said(work: Callable[[], Awaitable[str]]) -> str:
    try:
        return await work()
    except NiochatError as error:
        return error.code


async def _accept(host: Host, job: InterruptedJob) -> str:
    accepted = await host.inbox.accept(
        job.place.tenant, job.place.channel, build_inbound("webhook", lid="100000000000001")
    )
    return f"accepted new={accepted.new}"


async def _step(host: Host, job: InterruptedJob) -> str:
    finished = build_finished_turn(TurnInProgress(TurnId(job.turn), 1, 1), "Olá!")
    return (await host.step(job.thread, finished)).verdict


async def _claim(host: Host, job: InterruptedJob) -> str:
    claimed = await host.claim(job.thread)
    return "nothing" if claimed is None else f"claimed {claimed.text}"


async def _settle(host: Host, job: InterruptedJob) -> str:
    assert job.outbox is not None
    sent = cmd.SettleSend(OutboxId(job.outbox), cmd.SendStatus.SENT, "out-1")
    return (await host.step(job.thread, sent)).verdict


async def _journal(host: Host, job: InterruptedJob) -> str:
    journal = ErpWriteJournal(host.database)
    begun = await journal.begin(job.place.tenant, "unlock:1:2026-03", job.turn, 1, {})
    return f"first={begun.created}"


async def _assign(host: Host, job: InterruptedJob) -> str:
    assigned = await QueueAssigner(host.database).assign(job.place.tenant, "atendimento")
    return f"assigned {len(assigned.threads)}"


async def _give_back(host: Host, job: InterruptedJob) -> str:
    threads = await QueueAssigner(host.database).return_unanswered([(job.place.tenant, job.turn)])
    return f"given back {len(threads)}"


async def _look(host: Host, job: InterruptedJob) -> str:
    return (await host.step(job.thread)).verdict


SCENARIOS: dict[str, Callable[[Host, InterruptedJob], Awaitable[Any]]] = {
    "accept": _accept,
    "step": _step,
    "timer": _look,
    "ask_rating": _look,
    "take_rating": _look,
    "link": _look,
    "claim": _claim,
    "settle": _settle,
    "journal": _journal,
    "assign": _assign,
    "give_back": _give_back,
}
REMEMBERED = {"accept", "step", "claim", "settle", "journal", "assign", "give_back"}
"""Scenarios in which the host has the thread in memory when it is hit."""
