"""``live``: the screens' sockets."""

from ray import serve
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from niochat.adapters.redis.pubsub import RELEASE_CHANNEL, RedisBroadcast
from niochat.assignment.agent_presence import PresenceStore
from niochat.cluster.build_id import resolve_build_id
from niochat.cluster.cluster_nodes import NodeRole, min_replicas, ray_actor_options
from niochat.composition.components import Components
from niochat.composition.identity_services import build_identity_services
from niochat.conversations.conversation_queries import ConversationQueries
from niochat.conversations.read_markers import ReadMarkerStore
from niochat.http.deployments.replica_application import build_replica_application
from niochat.http.live.client_frames import ClientFrameHandler
from niochat.http.live.live_endpoint import LiveEndpoint
from niochat.live.event_log import EventLog
from niochat.live.hub import LiveHub
from niochat.live.screen_counters import ScreenCounters


def build_live_routes(parts: Components) -> list[BaseRoute]:
    settings = parts.settings
    access = build_identity_services(
        parts.database, parts.vault, settings.base_url, settings.mail_from
    )
    hub = LiveHub(EventLog(parts.database), ScreenCounters(parts.database))
    gestures = ClientFrameHandler(
        ConversationQueries(parts.database).get_conversation,
        ReadMarkerStore(parts.database).mark_read,
        parts.ephemeral_frames.publish_bytes,
        access.audit_log.write_entry,
    )
    release = resolve_build_id(settings.build_id)
    live = LiveEndpoint(
        hub,
        access.authenticator,
        access.socket_tickets,
        gestures,
        release,
        PresenceStore(parts.database),
        access.audit_log.write_entry,
    )
    releases = RedisBroadcast(settings.redis_url.get_secret_value(), RELEASE_CHANNEL)
    parts.start_clock_sync()
    parts.background.start(hub.run())
    parts.background.start(hub.run_counts())
    parts.background.start(parts.ephemeral_frames.subscribe_bytes(hub.receive_envelope))
    parts.background.start(releases.subscribe_bytes(live.on_build_announced))
    parts.background.start(releases.publish_bytes(release.encode()))
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
