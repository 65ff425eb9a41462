"""``live``: the screens' sockets."""

from ray import serve
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from niochat.cluster.build_id import resolve_build_id
from niochat.cluster.cluster_nodes import NodeRole, min_replicas, ray_actor_options
from niochat.composition.components import Components
from niochat.composition.live_services import build_live_services
from niochat.http.deployments.replica_application import build_replica_application
from niochat.http.live.client_frames import ClientFrameHandler
from niochat.http.live.live_endpoint import LiveEndpoint


def build_live_routes(parts: Components) -> list[BaseRoute]:
    services = build_live_services(parts)
    hub, audit_log = services.hub, services.identity.audit_log
    frame_handler = ClientFrameHandler(
        services.conversation_queries.get_conversation,
        services.read_markers.mark_read,
        parts.ephemeral_frames.publish_bytes,
        audit_log.write_entry,
    )
    build_id = resolve_build_id(parts.settings.build_id)
    live = LiveEndpoint(
        hub,
        services.identity.authenticator,
        services.identity.socket_tickets,
        frame_handler,
        build_id,
        services.agent_presence,
        audit_log.write_entry,
    )
    announcements = services.build_announcements
    parts.start_clock_sync()
    parts.background.start(hub.run())
    parts.background.start(hub.run_counts())
    parts.background.start(services.channel_watch.run())
    parts.background.start(parts.ephemeral_frames.subscribe_bytes(hub.receive_envelope))
    parts.background.start(announcements.subscribe_bytes(live.on_build_announced))
    parts.background.start(announcements.publish_bytes(build_id.encode()))
    parts.background.start(live.run_access_checks())
    parts.background.start(live.run_shown_audit())
    parts.background.start(live.run_presence_refresh())
    parts.background.start(parts.live_hints.subscribe(lambda _: hub.notify(), hub.notify))
    parts.background.start(parts.access_changes.subscribe(live.on_access_changed))
    return live.routes()


def _build_application() -> Starlette:
    return build_replica_application(build_live_routes)


class LiveReplica:
    """The screens' sockets."""


live = serve.deployment(
    name="Live",
    num_replicas=min_replicas(),  # fixed: a change of replicas cuts sockets
    max_ongoing_requests=10_000,  # a socket is one request for its whole life
    max_surge_percent=100,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=20,
    ray_actor_options=ray_actor_options(NodeRole.INGRESS, 0.1),
)(serve.ingress(_build_application)(LiveReplica)).bind()
