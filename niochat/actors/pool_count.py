"""How many replicas the assistant's pool has: the supervisor counts, every host is told.

Serve answers such a question with the configuration of all applications, and reading that took
40 ms: in a host each conversation would wait for it.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from ray import serve

from niochat.actors.pools import ASSISTANT_APPLICATION, ASSISTANT_DEPLOYMENT

_log = structlog.get_logger(__name__)

COUNT_EVERY_S = 15.0
"""Between two questions to Serve's controller; scaling takes about as long."""


def running() -> int:
    """Replicas of the assistant that run, one at least. Blocking; raises while Serve is away."""
    status = serve.status().applications[ASSISTANT_APPLICATION].deployments[ASSISTANT_DEPLOYMENT]
    # Typed as an enumeration, yet its keys come as words: either is equal to the word.
    counts = [n for state, n in status.replica_states.items() if state == "RUNNING"]
    return max(sum(counts), 1)


class PoolCount:
    """Counts again and again. What a host heard stays while nobody says anything else."""

    def __init__(self, handles: Callable[[], Iterable[Any]], count: Callable[[], int]) -> None:
        """``handles`` of the hosts that answer now."""
        self._handles = handles
        self._count = count

    async def tell_for_ever(self, every_s: float = COUNT_EVERY_S) -> None:
        """Until it is cancelled."""
        while True:
            try:
                # Synchronous, and without the cluster's server it lasts: never on the event
                # loop, and nobody waits for it.
                self._tell(await asyncio.to_thread(self._count))
            except Exception as error:  # noqa: BLE001 - the count must outlive any error
                _log.warning("pool_not_counted", error=repr(error)[:200])
            await asyncio.sleep(every_s)

    def _tell(self, replicas: int) -> None:
        """Nobody waits for an answer: a host that misses it hears the next one."""
        for handle in self._handles():
            try:
                handle.pool_has.remote(replicas)
            except AttributeError:
                continue  # a host of the release before, which counts by itself
