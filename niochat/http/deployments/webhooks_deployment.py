"""``webhooks``: the gateway's door."""

from uuid import UUID

from ray import serve
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from niochat.actors import actor_addresses
from niochat.actors.tenant_actor import ChannelConnectedNotice
from niochat.cluster.actor_client import ActorClient
from niochat.cluster.cluster_nodes import NodeRole, min_replicas, ray_actor_options
from niochat.composition.components import Components
from niochat.composition.webhook_services import build_webhook_services
from niochat.http.deployments.replica_application import (
    MAX_PENDING_MESSAGES,
    build_replica_application,
)
from niochat.http.http_metrics import (
    ResponseCounter,
    ResponseCounterMiddleware,
    WebhookMetrics,
    run_metrics_reporter,
)
from niochat.http.webhooks.backfill_scheduler import BackfillScheduler
from niochat.http.webhooks.tenant_rate_limit import TenantRateLimiter
from niochat.http.webhooks.webhook_admission import WebhookAdmission
from niochat.http.webhooks.webhook_endpoint import WebhookEndpoint, build_webhook_routes
from niochat.http.webhooks.webhook_rejection_broadcast import WebhookRejectionBroadcast
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.periodic_loop import run_periodically
from niochat.tenants.throttle_status import ThrottleReporter

THROTTLE_REPORT_INTERVAL_S = 5.0
TENANT_BURST_S = 10.0
"""Seconds of the flood guard's rate that may come at once."""


def _build_routes(parts: Components, answers: ResponseCounter) -> list[BaseRoute]:
    hosts = ActorClient(parts.database)
    owner = BackgroundTaskSet("webhooks")
    parts.background.start(run_metrics_reporter(WebhookMetrics(answers)))

    def poke(thread_id: UUID, tenant_id: UUID) -> None:
        hosts.poke([actor_addresses.conversation_address(thread_id)], tenant_id)

    def connected(tenant_id: UUID) -> None:
        owner.try_start(
            lambda: hosts.tell(actor_addresses.tenant_address(tenant_id), ChannelConnectedNotice()),
            MAX_PENDING_MESSAGES,
        )

    per_s = parts.settings.max_webhooks_per_s
    burst = per_s * TENANT_BURST_S
    services = build_webhook_services(parts, per_s, burst)
    elsewhere = WebhookRejectionBroadcast(services.rejected_webhooks)
    catch_up = BackfillScheduler(
        parts.backfill, parts.credentials_for, poke, on_rejected=elsewhere.publish
    )
    owner.start(elsewhere.subscribe(catch_up.record_rejected_elsewhere))
    guard = TenantRateLimiter(services.tenant_buckets.take, per_s=per_s, burst=burst)
    admission = WebhookAdmission(guard)
    owner.start(admission.run_pressure_loop())
    owner.start(_run_throttle_reports(guard, admission, services.throttle_reporter))
    door = WebhookEndpoint(
        parts.directory,
        parts.vault,
        parts.inbox,
        poke,
        connected,
        answers.count_ignored,
        catch_up,
        admission,
    )
    return [*build_webhook_routes(door)]


async def _run_throttle_reports(
    guard: TenantRateLimiter, admission: WebhookAdmission, reporter: ThrottleReporter
) -> None:
    """Report the tenants that this replica rejects or slows down, until cancelled."""
    await run_periodically(
        "throttle_report_failed",
        THROTTLE_REPORT_INTERVAL_S,
        lambda: reporter.report([*guard.list_throttles(), *admission.list_throttles()]),
    )


def _build_application() -> Starlette:
    answers = ResponseCounter()
    return build_replica_application(
        lambda parts: _build_routes(parts, answers),
        Middleware(ResponseCounterMiddleware, answers),
        body_limit_for=lambda path: None,  # read once the secret in its address is known
    )


class WebhooksReplica:
    """The gateway's door."""


webhooks = serve.deployment(
    name="Webhooks",
    num_replicas=min_replicas(),
    max_ongoing_requests=500,
    max_queued_requests=100,  # the door refuses before that, and says when to come again
    max_surge_percent=100,  # the new replica answers before the old one leaves
    health_check_period_s=10,
    ray_actor_options=ray_actor_options(NodeRole.INGRESS, 0.2),
)(serve.ingress(_build_application)(WebhooksReplica)).bind()
