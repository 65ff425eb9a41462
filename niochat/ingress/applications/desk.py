"""``desk``: API, screens and supervision in one replica, for one machine."""

import ray
from ray import serve
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from niochat.actors.cluster_nodes import ClusterNodes, NodeRole, ray_actor_options
from niochat.actors.supervisor import Supervisor
from niochat.ingress.applications.api import MOST_REQUESTS, api_routes, most_of_body
from niochat.ingress.applications.live import live_routes
from niochat.ingress.applications.replica import application
from niochat.ingress.at_most import AtMost
from niochat.wiring.parts import Components


def _desk_routes(parts: Components) -> list[BaseRoute]:
    """API and screens in one process, which also supervises: what one machine has to spare."""
    node = ray.get_runtime_context().get_node_id()
    parts.background.start(Supervisor(parts, ClusterNodes(), node).run())
    return [*live_routes(parts), *api_routes(parts)]


def _desk() -> Starlette:
    return application(_desk_routes, Middleware(AtMost, MOST_REQUESTS), bound=most_of_body)


class DeskReplica:
    """API, screens and supervision of one machine, where each process counts."""


desk = serve.deployment(
    name="Desk",
    num_replicas=1,
    max_ongoing_requests=10_000,  # a socket is one request for its whole life
    max_surge_percent=100,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=20,
    ray_actor_options=ray_actor_options(NodeRole.ANY, 0.1),
)(serve.ingress(_desk)(DeskReplica)).bind()
