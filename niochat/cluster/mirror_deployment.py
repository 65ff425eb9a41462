"""``mirror``: sends what happens to the Supabase projects of tenants, in a process of its own.

Nothing waits for it: without a project it does nothing, and while a project is away it tries again.
"""

import asyncio

from ray import serve

from niochat import structured_logging
from niochat.cluster.build_id import resolve_build_id
from niochat.cluster.cluster_nodes import NodeRole, min_replicas, ray_actor_options
from niochat.composition.components import open_components
from niochat.composition.mirror.mirror_services import run_mirror
from niochat.config import Settings


class MirrorReplica:
    """Serve replica that mirrors. Replicas share the tenants out by claims, so any number of them
    may run, and one is enough.
    """

    def __init__(self) -> None:
        settings = Settings.read()
        structured_logging.configure_logging(settings.log_level, json=True)
        resolve_build_id(settings.build_id)
        self._task = asyncio.get_running_loop().create_task(_mirror(settings))

    async def check_health(self) -> None:
        """Called by Serve regularly; raises when mirroring has ended, so that Serve replaces us."""
        if self._task.done():
            raise RuntimeError("the mirror ended")


async def _mirror(settings: Settings) -> None:
    await run_mirror(await open_components(settings))


mirror = serve.deployment(
    name="Mirror",
    num_replicas=min_replicas(),
    max_ongoing_requests=20,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=2,
    ray_actor_options=ray_actor_options(NodeRole.POOLS, 0.1),
)(MirrorReplica).bind()
