"""Client for operators' requests to one host by name, independent of the shards it owns."""

import asyncio
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayError

from niochat.cluster.actor_client import RAY_NAMESPACE, host_name_from_incarnation
from niochat.cluster.hosts.host_inspection import OperatorRequest
from niochat.domain.errors import UnavailableError

CALL_TIMEOUT_S = 5.0


class HostAdminClient:
    """Sends operators' requests to hosts, and caches one Ray handle per host."""

    def __init__(self) -> None:
        self._handles: dict[str, ActorHandle[Any]] = {}

    async def operate(self, host: str, request: OperatorRequest) -> Any:
        """Return the host's answer. ``host`` is a host name or an incarnation.

        Raises ``UnavailableError`` when the host does not exist or does not answer in time.
        """
        name = host_name_from_incarnation(host)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                return await (await self._handle(name)).operate.remote(request)
        except (RayError, TimeoutError, ValueError) as error:
            self._handles.pop(name, None)
            raise UnavailableError(f"{name} does not answer", code="host") from error

    async def _handle(self, name: str) -> ActorHandle[Any]:
        if name not in self._handles:
            # A synchronous call to the GCS with a long time-out: never on the event loop.
            self._handles[name] = await asyncio.to_thread(
                ray.get_actor, name, namespace=RAY_NAMESPACE
            )
        return self._handles[name]
