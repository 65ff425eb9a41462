"""A person's command: stored under its key, then its step is awaited."""

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
    """Where a command goes."""

    tenant_id: UUID
    thread_id: UUID
    channel_id: UUID


class CommandSubmitter:
    """``poke`` is told the thread whose inbox got a row."""

    def __init__(self, inbox: InboxStore, poke: Callable[[UUID], None]) -> None:
        self._inbox = inbox
        self._poke = poke

    async def submit(
        self, place: ThreadRef, key: str, command: DurableCommand, within_s: float
    ) -> bool:
        """True: it was done, once under this key however often it is asked. False: it is stored
        and will be processed, but was not within ``within_s``. Raises ``Refused`` with the
        reason, ``UnavailableError``.
        """
        await self._inbox.store_command(
            place.tenant_id, place.thread_id, place.channel_id, key, command
        )
        self._poke(place.thread_id)
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            outcome = await self._inbox.load_outcome(place.tenant_id, place.channel_id, key)
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
