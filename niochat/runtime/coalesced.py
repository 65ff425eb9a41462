"""Many calls, few runs: for hints, of which one stands for all that came since the last."""

import asyncio
from collections.abc import Awaitable, Callable

from niochat.runtime.tasks import Owner


class Coalesced:
    """Runs once for all calls of the last ``every_s``; the last call is always followed by a run.

    The first call after a pause runs at once.
    """

    def __init__(self, run: Callable[[], Awaitable[object]], every_s: float) -> None:
        self._run = run
        self._every_s = every_s
        self._owner = Owner("coalesced")
        self._wanted = False
        self._running = False

    def call(self) -> None:
        """Returns at once."""
        self._wanted = True
        if not self._running:
            self._running = True
            self._owner.start(self._work())

    async def _work(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                await self._run()
                await asyncio.sleep(self._every_s)
        finally:
            self._running = False
