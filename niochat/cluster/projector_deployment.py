"""``projector``: keeps the read model and the clocks of SLA policies close to the log, and makes
the files of export jobs, in a process beside the message path and the API.
"""

import asyncio

from ray import serve

from niochat import structured_logging
from niochat.cluster.build_id import resolve_build_id
from niochat.cluster.cluster_nodes import NodeRole, min_replicas, ray_actor_options
from niochat.composition.components import open_components
from niochat.composition.insights.export_services import build_export_runner
from niochat.composition.live_services import build_sla_watcher
from niochat.config import Settings
from niochat.insights.follow_ups.follow_up_watcher import FollowUpWatcher
from niochat.insights.projector import Projector


class ProjectorReplica:
    """Serve replica that projects. Replicas share the tenants out by the locks of positions, so any
    number of them may run, and one is enough.
    """

    def __init__(self) -> None:
        settings = Settings.read()
        structured_logging.configure_logging(settings.log_level, json=True)
        resolve_build_id(settings.build_id)
        self._task = asyncio.get_running_loop().create_task(_project(settings))

    async def check_health(self) -> None:
        """Called by Serve regularly; raises when projecting has ended, so that Serve replaces
        us.
        """
        if self._task.done():
            raise RuntimeError("the projector ended")


async def _project(settings: Settings) -> None:
    components = await open_components(settings)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Projector(components.projector_database).run())
        tasks.create_task(build_sla_watcher(components).run())
        tasks.create_task(FollowUpWatcher(components.projector_database).run())
        tasks.create_task(build_export_runner(components).run())


projector = serve.deployment(
    name="Projector",
    num_replicas=min_replicas(),
    max_ongoing_requests=20,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=2,
    ray_actor_options=ray_actor_options(NodeRole.POOLS, 0.1),
)(ProjectorReplica).bind()
