"""``live``: the screens' sockets."""

from ray import serve
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from niochat.actors.cluster_nodes import Part, actor_options, replicas
from niochat.actors.release import release_of
from niochat.adapters.clock import agreed
from niochat.adapters.postgres.time import agree_for_ever
from niochat.adapters.redis.live import RELEASES, Broadcast
from niochat.assignment.presences import PresenceStore
from niochat.conversation.desk import ConversationQueries
from niochat.conversation.reading import ReadMarkerStore
from niochat.ingress.applications.replica import application
from niochat.ingress.gestures import Gestures
from niochat.ingress.live import Live
from niochat.live.counters import Counters
from niochat.live.hub import Hub
from niochat.live.log import EventLog
from niochat.wiring.access import open_access
from niochat.wiring.parts import Parts


def live_routes(parts: Parts) -> list[BaseRoute]:
    settings = parts.settings
    access = open_access(parts.database, parts.vault, settings.base_url, settings.mail_from)
    hub = Hub(EventLog(parts.database), Counters(parts.database))
    gestures = Gestures(
        ConversationQueries(parts.database).get_conversation, ReadMarkerStore(parts.database).mark_read, parts.passing.say,
        access.audit.write,
    )  # fmt: skip
    release = release_of(settings.release)
    live = Live(
        hub, access.callers, access.tickets, gestures, release, PresenceStore(parts.database),
        access.audit.write,
    )  # fmt: skip
    releases = Broadcast(settings.redis_url.get_secret_value(), RELEASES)
    parts.owner.start(agree_for_ever(parts.database, agreed))
    parts.owner.start(hub.run_for_ever())
    parts.owner.start(hub.count_for_ever())
    parts.owner.start(parts.passing.hear(hub.hear))
    parts.owner.start(releases.hear(live.released))
    parts.owner.start(releases.say(release.encode()))
    parts.owner.start(live.look_after_for_ever())
    parts.owner.start(live.write_down_for_ever())
    parts.owner.start(live.say_they_are_here_for_ever())
    parts.owner.start(parts.news.listen(lambda _: hub.hint(), hub.hint))
    parts.owner.start(parts.access_changes.listen(live.access_changed))
    return live.routes()


def _live() -> Starlette:
    return application(live_routes)


class LiveReplica:
    """The screens' sockets."""


live = serve.deployment(
    name="Live",
    num_replicas=replicas(),  # fixed: a change of replicas cuts sockets
    max_ongoing_requests=10_000,  # a socket is one request for its whole life
    max_surge_percent=100,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=20,
    ray_actor_options=actor_options(Part.DOORS, 0.1),
)(serve.ingress(_live)(LiveReplica)).bind()
