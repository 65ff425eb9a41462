"""Submits agents' commands: stores each under its idempotency key and waits for its step."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from niochat.domain.conversation.commands import DurableCommand
from niochat.domain.errors import OperationRefusedError
from niochat.inbox.inbox_store import InboxStore

POLL_INTERVAL_S = 0.03
COMMAND_TIMEOUT_S = 5.0
"""How long a request waits for the step of a command. The command is executed later then."""


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """The thread that a command is for, with its tenant and channel."""

    tenant_id: UUID
    thread_id: UUID
    channel_id: UUID


@dataclass(frozen=True, slots=True)
class SubmittedCommand:
    """A stored command. ``done`` is true if it was executed; if it is false, the command will be
    executed later. ``inbox_id`` is ``None`` if the row is not known.
    """

    done: bool
    inbox_id: int | None


class CommandSubmitter:
    """Submits commands. ``poke`` wakes the actor of a thread whose inbox got a row."""

    def __init__(self, inbox: InboxStore, poke: Callable[[UUID], None]) -> None:
        self._inbox = inbox
        self._poke = poke

    async def submit(
        self, thread: ThreadRef, key: str, command: DurableCommand, within_s: float
    ) -> SubmittedCommand:
        """Submits a command, which is executed once per ``key`` however often it is submitted, and
        waits up to ``within_s`` seconds until it is executed. A repeat gets the outcome of the
        first time.

        Raises ``OperationRefusedError`` if the conversation rejected it, ``UnavailableError`` if
        the database does not answer.
        """
        await self._inbox.store_command(
            thread.tenant_id, thread.thread_id, thread.channel_id, key, command
        )
        self._poke(thread.thread_id)
        deadline = time.monotonic() + within_s
        while True:
            stored = await self._inbox.load_command(thread.tenant_id, thread.channel_id, key)
            if stored is not None and stored.outcome is not None:
                _require_done(stored.outcome)
                return SubmittedCommand(True, stored.inbox_id)
            if time.monotonic() + POLL_INTERVAL_S >= deadline:
                return SubmittedCommand(False, None if stored is None else stored.inbox_id)
            await asyncio.sleep(POLL_INTERVAL_S)


def _require_done(outcome: str) -> None:
    kind, _, code = outcome.partition(":")
    if kind != "done":
        raise OperationRefusedError(
            f"The conversation rejected the command: {code or kind}.", code=code or kind
        )
