"""``desk``: the pages of the agents. It reads files only, and needs neither database nor Redis."""

from ray import serve
from starlette.applications import Starlette

from niochat import structured_logging
from niochat.cluster.cluster_nodes import NodeRole, min_replicas, ray_actor_options
from niochat.config import Settings
from niochat.http.desk.desk_endpoint import DeskEndpoint
from niochat.http.desk.desk_files import load_desk_files

MAX_REQUESTS = 1_000
"""At once, of one replica."""


def _build_application() -> Starlette:
    settings = Settings.read()
    structured_logging.configure_logging(settings.log_level, json=True)
    desk = DeskEndpoint(load_desk_files(), settings.base_url, settings.assets_url)
    made = Starlette(routes=desk.routes())
    made.router.redirect_slashes = False
    return made


class DeskReplica:
    """The pages of the agents."""


desk = serve.deployment(
    name="Desk",
    num_replicas=min_replicas(),
    max_ongoing_requests=MAX_REQUESTS,
    max_surge_percent=100,
    health_check_period_s=10,
    ray_actor_options=ray_actor_options(NodeRole.INGRESS, 0.1),
)(serve.ingress(_build_application)(DeskReplica)).bind()
