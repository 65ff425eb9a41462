"""A client of the only host of a benchmark's stack, which calls it by Ray as product
processes do.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

from niochat.actors import actor_addresses
from niochat.domain.errors import UnavailableError

_CALL_TIMEOUT_S = 30.0
_CHUNK = 2000
_RESTART_TIMEOUT_S = 60.0


def thread_id_for(number: int) -> UUID:
    """The thread id that ``bench.sql`` derives for the contact with this number."""
    return UUID(bytes=hashlib.md5(f"t{number}".encode(), usedforsecurity=False).digest())


class BenchHostClient:
    """A client of ``host-0``, which owns every shard if NIOCHAT_HOSTS is 1."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    @classmethod
    def connect(cls, address: str) -> Self:
        """Join the stack's cluster. The stack's environment must be set before, because Ray reads
        it once.
        """
        import ray

        from niochat.cluster.actor_client import RAY_NAMESPACE

        ray.init(
            address=address,
            namespace=RAY_NAMESPACE,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        return cls(ray.get_actor("host-0", namespace=RAY_NAMESPACE))

    def disconnect(self) -> None:
        """Leave the cluster."""
        import ray

        ray.shutdown()

    async def stats(self) -> dict[str, Any]:
        """The statistics of the host. Raises ``UnavailableError``."""
        try:
            async with asyncio.timeout(_CALL_TIMEOUT_S):
                return dict(await self._handle.stats.remote())
        except TimeoutError as error:
            raise UnavailableError("the host does not answer", code="host") from error

    async def poke(self, numbers: Sequence[int]) -> None:
        """Poke the conversations of these contacts."""
        for start in range(0, len(numbers), _CHUNK):
            chunk = numbers[start : start + _CHUNK]
            addresses = [
                actor_addresses.conversation_address(thread_id_for(number)) for number in chunk
            ]
            await self._handle.poke.remote([(each.kind, each.key.bytes) for each in addresses])

    async def restart(self) -> None:
        """Kill the host's process; return when a new one owns all shards."""
        import ray

        before = await self.stats()
        await asyncio.to_thread(ray.kill, self._handle, no_restart=False)
        async with asyncio.timeout(_RESTART_TIMEOUT_S):
            while True:
                await asyncio.sleep(0.5)
                try:
                    now = await self.stats()
                except (ray.exceptions.RayError, UnavailableError):
                    continue  # not back yet; the surrounding timeout ends the loop
                if now["incarnation"] != before["incarnation"] and now["shards"] == 1024:
                    return
