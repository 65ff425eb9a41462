"""The services of the application ``api``, beside the components of its process."""

from dataclasses import dataclass
from email.utils import parseaddr
from uuid import UUID

from niochat.adapters.http_pool import HttpTransport
from niochat.adapters.postgres.idempotency_store import CLEANUP_INTERVAL_S
from niochat.adapters.redis.token_buckets import RedisTokenBuckets
from niochat.adapters.smtp import SmtpClient
from niochat.alerts.alert_evaluator import AlertEvaluator, AnnounceAlerts
from niochat.alerts.alert_notifier import AlertNotifier
from niochat.alerts.alert_rule_store import AlertRuleStore
from niochat.assignment.agent_presence import PresenceStore
from niochat.assignment.colleagues import ColleagueDirectory
from niochat.assignment.pause_reasons import PauseReasonStore
from niochat.assignment.queue_assignment import QueueAssigner
from niochat.composition.components import Components
from niochat.composition.identity_services import (
    IdentityServices,
    build_audit_heads,
    build_identity_services,
)
from niochat.composition.mirror.mirror_services import (
    SupabaseServices,
    build_supabase_services,
)
from niochat.composition.tenant_services import (
    TenantServices,
    build_gateway_access,
    build_tenant_services,
)
from niochat.config import Settings
from niochat.conversations.canned.canned_responses import CannedResponseStore
from niochat.conversations.contacts import ContactStore
from niochat.conversations.conversation_queries import ConversationQueries
from niochat.conversations.history.conversation_history import ConversationHistory
from niochat.conversations.history.turn_queries import TurnQueries
from niochat.conversations.message_search import MessageSearch
from niochat.conversations.opt_outs import OptOutStore
from niochat.conversations.read_markers import ReadMarkerStore
from niochat.conversations.search_indexer import SearchIndexer
from niochat.identity.demo_users import CHECK_INTERVAL_S, DemoUserGuard
from niochat.insights.exports.export_store import ReportExportStore
from niochat.insights.follow_ups.follow_up_report import FollowUpReport
from niochat.insights.reports.dashboard import DashboardStore
from niochat.insights.reports.report_store import ReportStore
from niochat.insights.schedules.schedule_runner import ScheduledReportRunner
from niochat.insights.schedules.schedule_store import ReportScheduleStore
from niochat.insights.sla.sla_policy_store import SlaPolicyStore
from niochat.live.ephemeral_frames import AlertsFrame, FrameEnvelope
from niochat.mail.mail_outbox import run_mail_delivery
from niochat.push.push_planner import PushPlanner
from niochat.push.push_sender import PushSender, run_push_delivery
from niochat.push.push_subscriptions import PushSubscriptionStore
from niochat.push.vapid_keys import VapidKeyStore
from niochat.ratings.rating_queries import RatingQueries
from niochat.runtime.periodic_loop import run_periodically

PUSH_CONNECTIONS = 40
"""Connections to push services, half of them to one."""
ALERT_CONNECTIONS = 20
"""Connections to webhooks of alert rules, half of them to one."""


@dataclass(frozen=True, slots=True)
class ApiServices:
    """The services of one replica."""

    identity: IdentityServices
    tenants: TenantServices
    conversation_queries: ConversationQueries
    conversation_history: ConversationHistory
    turn_queries: TurnQueries
    ratings: RatingQueries
    message_search: MessageSearch
    contacts: ContactStore
    read_markers: ReadMarkerStore
    agent_presence: PresenceStore
    queue_assigner: QueueAssigner
    colleagues: ColleagueDirectory
    pause_reasons: PauseReasonStore
    canned_responses: CannedResponseStore
    push_subscriptions: PushSubscriptionStore
    vapid_keys: VapidKeyStore
    reports: ReportStore
    dashboard: DashboardStore
    alert_rules: AlertRuleStore
    report_schedules: ReportScheduleStore
    report_exports: ReportExportStore
    sla_policies: SlaPolicyStore
    follow_up_report: FollowUpReport
    opt_outs: OptOutStore
    supabase: SupabaseServices
    request_buckets: RedisTokenBuckets


def build_api_services(components: Components, requests_per_s: float, burst: float) -> ApiServices:
    """Build the services from the components of the process. A caller may send ``burst`` requests
    at once.
    """
    settings, database = components.settings, components.database
    reports = ReportStore(components.report_database)
    return ApiServices(
        identity=build_identity_services(
            database,
            components.vault,
            settings.base_url,
            settings.mail_from,
            heads=build_audit_heads(settings, components.vault),
        ),
        tenants=build_tenant_services(
            database,
            components.vault,
            build_gateway_access(components),
            components.tenant_changes.publish,
        ),
        conversation_queries=ConversationQueries(database),
        conversation_history=ConversationHistory(database),
        turn_queries=TurnQueries(database),
        ratings=RatingQueries(database),
        message_search=MessageSearch(database),
        contacts=ContactStore(database, components.vault),
        read_markers=ReadMarkerStore(database),
        agent_presence=PresenceStore(database),
        queue_assigner=QueueAssigner(database),
        colleagues=ColleagueDirectory(database),
        pause_reasons=PauseReasonStore(database),
        canned_responses=CannedResponseStore(database),
        push_subscriptions=PushSubscriptionStore(
            database, components.vault, components.ssrf_guard.check_url
        ),
        vapid_keys=VapidKeyStore(database, components.vault),
        reports=reports,
        dashboard=DashboardStore(components.report_database, reports),
        alert_rules=AlertRuleStore(database, components.vault, components.ssrf_guard.check_url),
        report_schedules=ReportScheduleStore(database),
        report_exports=ReportExportStore(database),
        sla_policies=SlaPolicyStore(database),
        follow_up_report=FollowUpReport(components.report_database),
        opt_outs=OptOutStore(database),
        supabase=build_supabase_services(
            database, components.vault, settings, components.ssrf_guard
        ),
        request_buckets=RedisTokenBuckets(
            settings.redis_url.get_secret_value(), per_s=requests_per_s, burst=burst, kind="api"
        ),
    )


def start_api_jobs(components: Components, services: ApiServices) -> None:
    """Start the background jobs of the process, which end when the components are closed."""
    identity, background = services.identity, components.background
    background.start(identity.audit_log.run_sealing())
    background.start(SearchIndexer(components.database).run())
    guard = DemoUserGuard(components.database, components.settings)
    background.start(
        run_periodically(
            "demo_user_check_failed", CHECK_INTERVAL_S, guard.check, first_at_once=True
        )
    )
    background.start(
        run_periodically(
            "idempotency_cleanup_failed",
            CLEANUP_INTERVAL_S,
            identity.idempotency.delete_expired,
            first_at_once=True,
        )
    )
    background.start(_run_push_delivery(components, services.vapid_keys))
    background.start(_run_alert_notices(components, identity))
    background.start(
        ScheduledReportRunner(
            components.database,
            services.reports,
            identity.mail_outbox,
            components.settings.base_url,
        ).run()
    )
    background.start(
        AlertEvaluator(
            components.database, components.report_database, _alert_announcer(components)
        ).run()
    )
    if components.settings.smtp_url is not None:
        mail_server = SmtpClient(components.settings.smtp_url.get_secret_value())
        background.start(run_mail_delivery(identity.mail_outbox, mail_server.send))


async def _run_push_delivery(components: Components, keys: VapidKeyStore) -> None:
    transport = HttpTransport(PUSH_CONNECTIONS, components.ssrf_guard)
    sender = PushSender(
        components.database, components.vault, keys, transport, _push_contact(components.settings)
    )
    try:
        await run_push_delivery(PushPlanner(components.database), sender)
    finally:
        await transport.close()


async def _run_alert_notices(components: Components, identity: IdentityServices) -> None:
    transport = HttpTransport(ALERT_CONNECTIONS, components.ssrf_guard)
    notifier = AlertNotifier(
        components.database,
        components.vault,
        identity.mail_outbox,
        transport,
        components.settings.base_url,
    )
    try:
        await notifier.run()
    finally:
        await transport.close()


def _alert_announcer(components: Components) -> AnnounceAlerts:
    """Tells the screens of a tenant that its alerts have changed."""

    async def announce(tenant_id: UUID) -> None:
        frame = FrameEnvelope.wrap(tenant_id, AlertsFrame()).encode()
        await components.ephemeral_frames.publish_bytes(frame)

    return announce


def _push_contact(settings: Settings) -> str:
    """Where a push service can reach the operator: it rejects contacts that are not public."""
    if settings.base_url.startswith("https://"):
        return settings.base_url
    return f"mailto:{parseaddr(settings.mail_from)[1]}"
