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


class CommandSubmitter:
    """Submits commands. ``poke`` wakes the actor of a thread whose inbox got a row."""

    def __init__(self, inbox: InboxStore, poke: Callable[[UUID], None]) -> None:
        self._inbox = inbox
        self._poke = poke

    async def submit(
        self, thread: ThreadRef, key: str, command: DurableCommand, within_s: float
    ) -> bool:
        """Submits a command, which is executed once per ``key`` however often it is submitted.

        Returns True if it was executed, and False if it is stored but was not executed within
        ``within_s`` seconds; it will be executed later. Raises ``OperationRefusedError`` if the
        conversation rejected it, ``UnavailableError`` if the database does not answer.
        """
        await self._inbox.store_command(
            thread.tenant_id, thread.thread_id, thread.channel_id, key, command
        )
        self._poke(thread.thread_id)
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            outcome = await self._inbox.load_outcome(thread.tenant_id, thread.channel_id, key)
            if outcome is not None:
                return _require_done(outcome)
            await asyncio.sleep(POLL_INTERVAL_S)
        return False


def _require_done(outcome: str) -> bool:
    kind, _, code = outcome.partition(":")
    if kind != "done":
        raise OperationRefusedError(
            f"The conversation rejected the command: {code or kind}.", code=code or kind
        )
    return True
