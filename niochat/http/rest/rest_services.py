"""The services that the routes of the REST API use."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from niochat.adapters.file_store import FileStore
from niochat.alerts.alert_rule_store import AlertRuleStore
from niochat.assignment.agent_presence import PresenceStore
from niochat.assignment.colleagues import ColleagueDirectory
from niochat.assignment.pause_reasons import PauseReasonStore
from niochat.attachments.attachment_store import AttachmentStore
from niochat.composition.identity_services import IdentityServices
from niochat.composition.mirror.mirror_services import SupabaseServices
from niochat.composition.subscriber_services import SubscriberServices
from niochat.composition.tenant_services import TenantServices
from niochat.conversations.canned.canned_responses import CannedResponseStore
from niochat.conversations.contact_directory import ContactDirectory
from niochat.conversations.contacts import ContactStore
from niochat.conversations.conversation_lists import ConversationLists
from niochat.conversations.conversation_queries import ConversationQueries
from niochat.conversations.history.conversation_history import ConversationHistory
from niochat.conversations.history.turn_queries import TurnQueries
from niochat.conversations.message_history import MessageHistory
from niochat.conversations.message_search import MessageSearch
from niochat.conversations.opt_outs import OptOutStore
from niochat.conversations.read_markers import ReadMarkerStore
from niochat.http.rest.caller_rate_limit import CallerRateLimiter
from niochat.inbox.command_submitter import COMMAND_TIMEOUT_S, CommandSubmitter
from niochat.inbox.conversation_starter import ConversationStarter
from niochat.insights.exports.export_store import ReportExportStore
from niochat.insights.follow_ups.follow_up_report import FollowUpReport
from niochat.insights.reports.dashboard import DashboardStore
from niochat.insights.reports.report_store import ReportStore
from niochat.insights.schedules.schedule_store import ReportScheduleStore
from niochat.insights.sla.sla_policy_store import SlaPolicyStore
from niochat.push.push_subscriptions import PushSubscriptionStore
from niochat.push.vapid_keys import VapidKeyStore
from niochat.ratings.rating_queries import RatingQueries


@dataclass(frozen=True, slots=True)
class RestServices:
    """``announce_access_change`` is called with the id of a user or tenant whose access has
    changed, ``publish_frame`` with an encoded ``FrameEnvelope`` for screens, and
    ``announce_presence_change`` with (tenant, user) after a change of presence or capacity.
    Without ``rate_limiter`` no caller is limited. A command that takes longer than
    ``command_timeout_s`` is answered with 202 and executed later.
    """

    identity: IdentityServices
    tenants: TenantServices
    conversation_queries: ConversationQueries
    conversation_lists: ConversationLists
    conversation_starter: ConversationStarter
    message_history: MessageHistory
    conversation_history: ConversationHistory
    turn_queries: TurnQueries
    ratings: RatingQueries
    message_search: MessageSearch
    contacts: ContactStore
    contact_directory: ContactDirectory
    command_submitter: CommandSubmitter
    read_markers: ReadMarkerStore
    attachments: AttachmentStore
    file_store: FileStore
    announce_access_change: Callable[[UUID], Awaitable[object]]
    publish_frame: Callable[[bytes], Awaitable[object]]
    agent_presence: PresenceStore
    announce_presence_change: Callable[[UUID, UUID], Awaitable[object]]
    subscribers: SubscriberServices
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
    secure_cookies: bool
    rate_limiter: CallerRateLimiter | None = None
    command_timeout_s: float = COMMAND_TIMEOUT_S


def services_for(request: Request) -> RestServices:
    """Return the services that the application was built with."""
    services: RestServices = request.app.state.services
    return services
