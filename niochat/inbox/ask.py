"""A person's command: stored under its key, then its step is awaited."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from niochat.domain.commands import DurableCommand
from niochat.domain.errors import Refused
from niochat.inbox.accept import Inbox

LOOK_EVERY_S = 0.03


@dataclass(frozen=True, slots=True)
class ThreadPlace:
    """Where a command goes."""

    tenant_id: UUID
    thread_id: UUID
    channel_id: UUID


class Asking:
    """``poke`` is told the thread whose inbox got a row."""

    def __init__(self, inbox: Inbox, poke: Callable[[UUID], None]) -> None:
        self._inbox = inbox
        self._poke = poke

    async def ask(
        self, place: ThreadPlace, key: str, command: DurableCommand, within_s: float
    ) -> bool:
        """True: it was done, once under this key however often it is asked. False: it is stored
        and will be processed, but was not within ``within_s``. Raises ``Refused`` with the
        reason, ``Unavailable``.
        """
        await self._inbox.command(place.tenant_id, place.thread_id, place.channel_id, key, command)
        self._poke(place.thread_id)
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            outcome = await self._inbox.outcome(place.tenant_id, place.channel_id, key)
            if outcome is not None:
                return _done(outcome)
            await asyncio.sleep(LOOK_EVERY_S)
        return False


def _done(outcome: str) -> bool:
    kind, _, code = outcome.partition(":")
    if kind != "done":
        raise Refused(f"The conversation rejected the command: {code or kind}.", code=code or kind)
    return True
