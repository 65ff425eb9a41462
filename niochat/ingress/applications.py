"""The Serve applications behind HAProxy: ``webhooks``, ``api`` and ``live``."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import structlog
from ray import serve
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from niochat import telemetry
from niochat.access.mail import deliver_for_ever
from niochat.accounts.held_back import Teller
from niochat.actors import kinds
from niochat.actors.cluster_nodes import Part, actor_options, replicas
from niochat.actors.gateway import HostGateway
from niochat.actors.host_calls import HostCalls
from niochat.actors.pools import POOLS
from niochat.actors.release import release_of
from niochat.actors.team_queue import Look
from niochat.actors.tenant import ChannelConnected
from niochat.adapters.postgres.queries import queries
from niochat.adapters.redis.buckets import Buckets
from niochat.adapters.redis.live import RELEASES, TURNED_AWAY, Broadcast
from niochat.adapters.smtp import Smtp
from niochat.assignment.changes import PresenceChanges
from niochat.assignment.presences import Presences
from niochat.assignment.queues import Queue, Queues
from niochat.config import Settings
from niochat.conversation.contacts import Contacts
from niochat.conversation.desk import DeskViews
from niochat.conversation.gathering import Gathering
from niochat.conversation.reading import Reading
from niochat.conversation.search import Searching
from niochat.domain.errors import NiochatError
from niochat.domain.ids import SHARDS
from niochat.inbox.ask import Asking
from niochat.ingress.admission import Admission
from niochat.ingress.api import application as rest
from niochat.ingress.api.limits import CallLimit
from niochat.ingress.api.rooms import Rooms
from niochat.ingress.catch_up import CatchUp
from niochat.ingress.elsewhere import Elsewhere
from niochat.ingress.figures import (
    Answers,
    ClusterFigures,
    CountAnswers,
    DoorFigures,
    report_for_ever,
)
from niochat.ingress.flood import FloodGuard
from niochat.ingress.gestures import Gestures
from niochat.ingress.health import Health
from niochat.ingress.live import Live
from niochat.ingress.operators import routes as operators
from niochat.ingress.problems import as_problem
from niochat.ingress.webhooks import Door, build
from niochat.live.counters import Counters
from niochat.live.hub import Hub
from niochat.live.log import EventLog
from niochat.runtime import garbage
from niochat.runtime.tasks import Owner
from niochat.wiring.access import open_access
from niochat.wiring.accounts import open_accounts, outside_of
from niochat.wiring.parts import Parts, open_parts

_SQL = queries("health")
_log = structlog.get_logger(__name__)

TELL_EVERY_S = 5.0
MOST_TOLD = 200
"""Sessions that came back and are being told; of further ones the next regular fill knows."""
FLOOD_BURST_S = 10.0
"""Seconds of the flood guard's rate that may come at once."""
API_BURST_S = 10.0
"""The same of a caller of the API."""

Routes = Callable[[Parts], list[BaseRoute]]


def _application(routes: Routes, *counting: Middleware) -> Starlette:
    """An application whose connections open with the replica and close with it."""
    settings = Settings.read()
    telemetry.set_up_logs(settings.log, json=True)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        parts = await open_parts(settings)
        app.router.routes.extend(routes(parts))
        garbage.settle_in()
        yield
        await parts.close()

    trusted = [str(network) for network in settings.trusted_proxies]
    return Starlette(
        lifespan=lifespan,
        exception_handlers={NiochatError: as_problem},
        middleware=[*counting, Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)],
    )


def _webhook_routes(parts: Parts, answers: Answers) -> list[BaseRoute]:
    hosts = HostGateway(parts.database)
    owner = Owner("webhooks")
    parts.owner.start(report_for_ever(DoorFigures(answers)))

    def poke(thread_id: UUID, tenant_id: UUID) -> None:
        hosts.poke([kinds.conversation(thread_id)], tenant_id)

    def connected(tenant_id: UUID) -> None:
        owner.offer(lambda: hosts.tell(kinds.tenant(tenant_id), ChannelConnected()), MOST_TOLD)

    redis = Broadcast(parts.settings.redis_url.get_secret_value(), TURNED_AWAY)
    elsewhere = Elsewhere(redis)
    catch_up = CatchUp(parts.backfill, parts.line_of, poke, tell=elsewhere.tell)
    owner.start(elsewhere.hear(catch_up.elsewhere))
    guard = _flood_guard(parts)
    admission = Admission(guard)
    owner.start(admission.look_for_ever())
    teller = Teller(parts.database, f"door.{secrets.token_hex(4)}")
    owner.start(_tell_held_back(guard, admission, teller))
    door = Door(
        parts.directory, parts.vault, parts.inbox, poke, connected, answers.ignored, catch_up,
        admission,
    )  # fmt: skip
    return [*build(door)]


def _flood_guard(parts: Parts) -> FloodGuard:
    per_s = parts.settings.flood_per_s
    burst = per_s * FLOOD_BURST_S
    buckets = Buckets(parts.settings.redis_url.get_secret_value(), per_s=per_s, burst=burst)
    return FloodGuard(buckets.take, per_s=per_s, burst=burst)


async def _tell_held_back(guard: FloodGuard, admission: Admission, teller: Teller) -> None:
    """Whom this door turns away or slows down, every few seconds, for ever."""
    while True:
        await asyncio.sleep(TELL_EVERY_S)
        try:
            await teller.tell([*guard.held_back(), *admission.held_back()])
        except NiochatError as error:
            _log.warning("held_back_not_told", code=error.code)
        except Exception as error:  # noqa: BLE001 - the loop must outlive any error
            _log.error("held_back_not_told", exc_info=error)


def _api_routes(parts: Parts) -> list[BaseRoute]:
    parts.owner.start(report_for_ever(ClusterFigures(parts.database, parts.settings.hosts)))

    async def database() -> str:
        async with parts.database.path() as connection:
            await connection.execute("SELECT 1")
        return ""

    async def redis() -> str:
        return "" if await parts.announcements.ping() else "Redis does not answer"

    async def hosts() -> str:
        async with parts.database.path() as connection:
            orphans = await connection.fetchval(_SQL["orphaned_shards"])
        return f"{orphans} of {SHARDS} shards have no living host" if orphans else ""

    async def pools() -> str:
        for deployment, application in POOLS:
            await serve.get_deployment_handle(deployment, application).ping.remote()
        return ""

    checks = {"database": database, "redis": redis, "hosts": hosts, "pools": pools}
    gateway = HostGateway(parts.database)

    def poke(thread_id: UUID) -> None:
        gateway.poke([kinds.conversation(thread_id)])

    token, operate = parts.settings.operator_token, HostCalls().operate
    return [
        *Health(checks).routes(),
        *_rest(parts, poke, _presence_changes(parts, gateway)),
        *operators.build(token, parts.database, parts.inbox, operate, poke),
    ]


def _presence_changes(parts: Parts, hosts: HostGateway) -> PresenceChanges:
    owner = Owner("queues")

    def poke(tenant_id: UUID, threads: Sequence[UUID]) -> None:
        hosts.poke([kinds.conversation(thread) for thread in threads], tenant_id)

    def tell(queue: Queue) -> None:
        owner.offer(lambda: hosts.tell(kinds.team_queue(*queue), Look(*queue)), MOST_TOLD)

    return PresenceChanges(Queues(parts.database), poke, tell)


def _rest(
    parts: Parts, poke: Callable[[UUID], None], presence_changes: PresenceChanges
) -> list[BaseRoute]:
    """The REST API, with and without the prefix that Serve may have taken off."""
    settings = parts.settings
    access = open_access(parts.database, parts.vault, settings.base_url, settings.mail_from)
    parts.owner.start(access.audit.seal_for_ever())
    parts.owner.start(Gathering(parts.database).gather_for_ever())
    parts.owner.start(access.idempotency.purge_for_ever())
    if settings.smtp_url is not None:
        mail_server = Smtp(settings.smtp_url.get_secret_value())
        parts.owner.start(deliver_for_ever(access.post, mail_server.send))
    outside = outside_of(parts)
    rooms = Rooms(
        access=access,
        accounts=open_accounts(parts.database, parts.vault, outside, parts.announcements.publish),
        desk_views=DeskViews(parts.database),
        searching=Searching(parts.database),
        contacts=Contacts(parts.database, parts.vault),
        asking=Asking(parts.inbox, poke),
        reading=Reading(parts.database),
        library=parts.library,
        access_changed=parts.access_changes.publish,
        say=parts.passing.say,
        presences=Presences(parts.database),
        presence_changed=presence_changes.changed,
        secure_cookies=settings.base_url.startswith("https://"),
        limit=_call_limit(parts),
    )
    app = rest.build(rooms)
    return [Mount(f"{prefix}/v1", app) for prefix in ("/api", "")]


def _call_limit(parts: Parts) -> CallLimit:
    per_s = parts.settings.api_per_s
    burst = per_s * API_BURST_S
    url = parts.settings.redis_url.get_secret_value()
    buckets = Buckets(url, per_s=per_s, burst=burst, kind="api")
    return CallLimit(buckets.take, per_s=per_s, burst=burst)


def _live_routes(parts: Parts) -> list[BaseRoute]:
    settings = parts.settings
    access = open_access(parts.database, parts.vault, settings.base_url, settings.mail_from)
    hub = Hub(EventLog(parts.database), Counters(parts.database))
    gestures = Gestures(
        DeskViews(parts.database).one, Reading(parts.database).mark, parts.passing.say
    )
    release = release_of(settings.release)
    live = Live(hub, access.callers, access.tickets, gestures, release, Presences(parts.database))
    releases = Broadcast(settings.redis_url.get_secret_value(), RELEASES)
    parts.owner.start(hub.run_for_ever())
    parts.owner.start(hub.count_for_ever())
    parts.owner.start(parts.passing.hear(hub.hear))
    parts.owner.start(releases.hear(live.released))
    parts.owner.start(releases.say(release.encode()))
    parts.owner.start(live.look_after_for_ever())
    parts.owner.start(live.say_they_are_here_for_ever())
    parts.owner.start(parts.news.listen(lambda _: hub.hint(), hub.hint))
    parts.owner.start(parts.access_changes.listen(live.access_changed))
    return live.routes()


def _live() -> Starlette:
    return _application(_live_routes)


def _webhooks() -> Starlette:
    answers = Answers()
    return _application(
        lambda parts: _webhook_routes(parts, answers), Middleware(CountAnswers, answers)
    )


def _api() -> Starlette:
    return _application(_api_routes)


class LiveReplica:
    """The screens' sockets."""


class WebhooksReplica:
    """The gateway's door."""


class ApiReplica:
    """Health, the operators' API and the REST API."""


webhooks = serve.deployment(
    name="Webhooks",
    num_replicas=replicas(),
    max_ongoing_requests=500,
    max_queued_requests=100,  # the door refuses before that, and says when to come again
    max_surge_percent=100,  # the new replica answers before the old one leaves
    health_check_period_s=10,
    ray_actor_options=actor_options(Part.DOORS, 0.2),
)(serve.ingress(_webhooks)(WebhooksReplica)).bind()
api = serve.deployment(
    name="Api",
    num_replicas=replicas(),
    max_ongoing_requests=200,
    max_queued_requests=100,
    max_surge_percent=100,
    health_check_period_s=10,
    ray_actor_options=actor_options(Part.DOORS, 0.1),
)(serve.ingress(_api)(ApiReplica)).bind()
live = serve.deployment(
    name="Live",
    num_replicas=replicas(),  # fixed: a change of replicas cuts sockets
    max_ongoing_requests=10_000,  # a socket is one request for its whole life
    max_surge_percent=100,
    health_check_period_s=10,
    graceful_shutdown_timeout_s=20,
    ray_actor_options=actor_options(Part.DOORS, 0.1),
)(serve.ingress(_live)(LiveReplica)).bind()
