"""``api``: health, the operators' API and the REST API."""

from collections.abc import Callable, Sequence
from uuid import UUID

from ray import serve
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from niochat.actors import actor_addresses
from niochat.actors.team_queues.team_queue_actor import QueueAssignRequest
from niochat.adapters.postgres.queries import queries
from niochat.assignment.presence_changes import PresenceChangeHandler
from niochat.assignment.queue_assignment import QueueAssigner, TeamQueueKey
from niochat.cluster.actor_client import ActorClient
from niochat.cluster.cluster_nodes import NodeRole, min_replicas, ray_actor_options
from niochat.cluster.hosts.host_admin_client import HostAdminClient
from niochat.cluster.pools.pool_balancer import PoolBalancer
from niochat.cluster.pools.pool_clients import (
    ErpPoolClient,
    erp_pool_name_for,
    pool_names_for,
)
from niochat.composition.api_services import ApiServices, build_api_services, start_api_jobs
from niochat.composition.components import Components
from niochat.composition.subscriber_services import build_subscriber_services
from niochat.conversations.contact_directory import ContactDirectory
from niochat.conversations.conversation_lists import ConversationLists
from niochat.conversations.message_history import MessageHistory
from niochat.domain.ids import SHARDS
from niochat.http.body_limits import MAX_ANONYMOUS_BODY, MAX_REQUEST_BODY
from niochat.http.cluster_metrics import ClusterMetrics
from niochat.http.concurrency_limit import ConcurrencyLimitMiddleware
from niochat.http.deployments.replica_application import (
    MAX_PENDING_MESSAGES,
    build_replica_application,
)
from niochat.http.health import HealthEndpoints
from niochat.http.http_metrics import run_metrics_reporter
from niochat.http.operators.operator_application import OPERATORS_PATH, build_operator_routes
from niochat.http.rest.caller_rate_limit import CallerRateLimiter
from niochat.http.rest.rest_application import REST_PATH, build_rest_application
from niochat.http.rest.rest_services import RestServices
from niochat.inbox.command_submitter import CommandSubmitter
from niochat.inbox.conversation_starter import ConversationStarter
from niochat.live.activities import ACTIVITY_NAMES
from niochat.runtime.background_tasks import BackgroundTaskSet

_SQL = queries("database_health")

MAX_REQUESTS = 200
"""At once, of one replica, once their bodies are in."""
MAX_CONNECTED_REQUESTS = 5_000
"""Requests of one replica with those whose bodies still come."""
API_BURST_S = 10.0
"""Seconds of a caller's rate that may come at once."""


def build_api_routes(parts: Components) -> list[BaseRoute]:
    parts.start_clock_sync()
    parts.background.start(
        run_metrics_reporter(ClusterMetrics(parts.database, parts.settings.min_hosts))
    )

    per_s = parts.settings.max_requests_per_s
    services = build_api_services(parts, per_s, per_s * API_BURST_S)
    start_api_jobs(parts, services)

    async def database() -> str:
        async with parts.database.as_system() as connection:
            await connection.execute("SELECT 1")
        return ""

    async def redis() -> str:
        return "" if await parts.tenant_changes.ping() else "Redis does not answer"

    async def hosts() -> str:
        async with parts.database.as_system() as connection:
            orphans = await connection.fetchval(_SQL["orphaned_shards"])
        return f"{orphans} of {SHARDS} shards have no living host" if orphans else ""

    needed = [PoolBalancer(name) for name in pool_names_for(parts.settings.pool_layout)]

    async def answering() -> str:
        for pool in needed:
            await pool.ping()
        return ""

    checks = {"database": database, "redis": redis, "hosts": hosts, "pools": answering}
    gateway = ActorClient(parts.database)

    def poke(thread_id: UUID) -> None:
        gateway.poke([actor_addresses.conversation_address(thread_id)])

    token, operate = parts.settings.operator_token, HostAdminClient().operate
    return [
        *HealthEndpoints(checks).routes(),
        *_build_rest_routes(
            parts, services, poke, _build_presence_changes(services.queue_assigner, gateway)
        ),
        *build_operator_routes(token, parts.database, parts.inbox, operate, poke),
    ]


def _build_presence_changes(assigner: QueueAssigner, hosts: ActorClient) -> PresenceChangeHandler:
    owner = BackgroundTaskSet("queues")

    def poke(tenant_id: UUID, threads: Sequence[UUID]) -> None:
        hosts.poke([actor_addresses.conversation_address(thread) for thread in threads], tenant_id)

    def tell(queue: TeamQueueKey) -> None:
        owner.try_start(
            lambda: hosts.tell(
                actor_addresses.team_queue_address(*queue), QueueAssignRequest(*queue)
            ),
            MAX_PENDING_MESSAGES,
        )

    return PresenceChangeHandler(assigner, poke, tell)


def _build_rest_routes(
    parts: Components,
    services: ApiServices,
    poke: Callable[[UUID], None],
    presence_changes: PresenceChangeHandler,
) -> list[BaseRoute]:
    rest_services = RestServices(
        identity=services.identity,
        tenants=services.tenants,
        conversation_queries=services.conversation_queries,
        conversation_lists=ConversationLists(parts.database),
        conversation_starter=ConversationStarter(parts.database),
        message_history=MessageHistory(parts.database, ACTIVITY_NAMES),
        conversation_history=services.conversation_history,
        turn_queries=services.turn_queries,
        ratings=services.ratings,
        message_search=services.message_search,
        contacts=services.contacts,
        contact_directory=ContactDirectory(parts.database, services.contacts),
        command_submitter=CommandSubmitter(parts.inbox, poke),
        read_markers=services.read_markers,
        attachments=parts.attachments,
        file_store=parts.object_store,
        announce_access_change=parts.access_changes.publish,
        publish_frame=parts.ephemeral_frames.publish_bytes,
        agent_presence=services.agent_presence,
        announce_presence_change=presence_changes.handle_change,
        subscribers=build_subscriber_services(
            parts.database,
            services.contacts,
            ErpPoolClient(PoolBalancer(erp_pool_name_for(parts.settings.pool_layout))),
            parts.directory.erp,
        ),
        colleagues=services.colleagues,
        pause_reasons=services.pause_reasons,
        canned_responses=services.canned_responses,
        push_subscriptions=services.push_subscriptions,
        vapid_keys=services.vapid_keys,
        reports=services.reports,
        dashboard=services.dashboard,
        alert_rules=services.alert_rules,
        report_schedules=services.report_schedules,
        report_exports=services.report_exports,
        sla_policies=services.sla_policies,
        follow_up_report=services.follow_up_report,
        opt_outs=services.opt_outs,
        supabase=services.supabase,
        secure_cookies=parts.settings.base_url.startswith("https://"),
        rate_limiter=CallerRateLimiter(
            services.request_buckets.take,
            per_s=parts.settings.max_requests_per_s,
            burst=parts.settings.max_requests_per_s * API_BURST_S,
        ),
    )
    return [Mount(REST_PATH, build_rest_application(rest_services))]


def _build_application() -> Starlette:
    return build_replica_application(
        build_api_routes,
        Middleware(ConcurrencyLimitMiddleware, MAX_REQUESTS),
        body_limit_for=body_limit_for_path,
    )


def body_limit_for_path(path: str) -> int | None:
    """Bytes that a route of the API takes; an upload is read once its sender is known."""
    if path.endswith("/v1/files"):
        return None
    anonymous = "/v1/auth/" in path or path.startswith(OPERATORS_PATH)
    return MAX_ANONYMOUS_BODY if anonymous else MAX_REQUEST_BODY


class ApiReplica:
    """Health, the operators' API and the REST API."""


api = serve.deployment(
    name="Api",
    num_replicas=min_replicas(),
    max_ongoing_requests=MAX_CONNECTED_REQUESTS,
    max_surge_percent=100,
    health_check_period_s=10,
    ray_actor_options=ray_actor_options(NodeRole.INGRESS, 0.1),
)(serve.ingress(_build_application)(ApiReplica)).bind()
