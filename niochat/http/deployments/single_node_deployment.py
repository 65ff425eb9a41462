"""``desk``: API, screens and supervision in one replica, for one machine."""

import ray
from ray import serve
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from niochat.cluster.cluster_nodes import ClusterNodes, NodeRole, ray_actor_options
from niochat.cluster.supervisor import Supervisor
from niochat.composition.components import Components
from niochat.http.concurrency_limit import ConcurrencyLimitMiddleware
from niochat.http.deployments.api_deployment import (
    MAX_REQUESTS,
    body_limit_for_path,
    build_api_routes,
)
from niochat.http.deployments.live_deployment import build_live_routes
from niochat.http.deployments.replica_application import build_replica_application


def _build_routes(parts: Components) -> list[BaseRoute]:
    """API and screens in one process, which also supervises: what one machine has to spare."""
    node = ray.get_runtime_context().get_node_id()
    parts.background.start(Supervisor(parts, ClusterNodes(), node).run())
    return [*build_live_routes(parts), *build_api_routes(parts)]


def _build_application() -> Starlette:
    return build_replica_application(
        _build_routes,
        Middleware(ConcurrencyLimitMiddleware, MAX_REQUESTS),
        body_limit_for=body_limit_for_path,
    )


class SingleNodeReplica:
    """API, screens and supervision of one machine, where each process counts."""


single_node = serve.deployment(
    name="Desk",
    num_replicas=1,
    max_ongoing_requests=10_000,  # a socket is one request for its whole life
    max_surge_percent=100,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=20,
    ray_actor_options=ray_actor_options(NodeRole.ANY, 0.1),
)(serve.ingress(_build_application)(SingleNodeReplica)).bind()
