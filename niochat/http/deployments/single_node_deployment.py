"""``desk`` on one machine: the desk, the API behind it, and supervision in one replica.

Serve gives an application one prefix. On one machine the API and the sockets share a process, so
their prefix is ``/``, and the files of the desk come from that process, too. A process of its own
for the files would be 95 MB, and one for the sockets, which it would also need, 133 MB more
(docs/adr/0047-the-desk-is-files.md).
"""

import ray
from ray import serve
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from niochat.cluster.cluster_nodes import ClusterNodes, NodeRole, ray_actor_options
from niochat.cluster.supervisor import Supervisor
from niochat.composition.components import Components
from niochat.composition.insights.export_services import build_export_runner
from niochat.composition.live_services import build_sla_watcher
from niochat.composition.mirror.mirror_services import run_mirror
from niochat.http.concurrency_limit import ConcurrencyLimitMiddleware
from niochat.http.deployments.api_deployment import (
    MAX_REQUESTS,
    body_limit_for_path,
    build_api_routes,
)
from niochat.http.deployments.live_deployment import build_live_routes
from niochat.http.deployments.replica_application import build_replica_application
from niochat.http.desk.desk_endpoint import DeskEndpoint
from niochat.http.desk.desk_files import load_desk_files
from niochat.insights.follow_ups.follow_up_watcher import FollowUpWatcher
from niochat.insights.projector import Projector

SERVED_HERE = frozenset({"api", "live"})
"""First parts of the paths that this replica serves beside the desk."""


def _build_routes(parts: Components) -> list[BaseRoute]:
    """All in one process, which also supervises: what one machine has to spare."""
    settings = parts.settings
    desk = DeskEndpoint(
        load_desk_files(), settings.base_url, settings.assets_url, served_here=SERVED_HERE
    )
    node = ray.get_runtime_context().get_node_id()
    parts.background.start(Supervisor(parts, ClusterNodes(), node).run())
    parts.background.start(Projector(parts.projector_database).run())
    parts.background.start(build_sla_watcher(parts).run())
    parts.background.start(FollowUpWatcher(parts.projector_database).run())
    parts.background.start(build_export_runner(parts).run())
    parts.background.start(run_mirror(parts))
    return [*build_live_routes(parts), *build_api_routes(parts), *desk.routes()]


def _build_application() -> Starlette:
    return build_replica_application(
        _build_routes,
        Middleware(ConcurrencyLimitMiddleware, MAX_REQUESTS),
        body_limit_for=body_limit_for_path,
    )


class SingleNodeReplica:
    """Desk, API, sockets and supervision of one machine, where each process counts."""


single_node = serve.deployment(
    name="SingleNode",
    num_replicas=1,
    max_ongoing_requests=10_000,  # a socket is one request for its whole life
    max_surge_percent=100,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=20,
    ray_actor_options=ray_actor_options(NodeRole.ANY, 0.1),
)(serve.ingress(_build_application)(SingleNodeReplica)).bind()
