"""Builds what makes and deletes the files of export jobs."""

from uuid import UUID

from niochat.adapters.clock import database_clock
from niochat.composition.components import Components
from niochat.domain.permissions import PermissionAction
from niochat.identity.access_tokens import AccessTokenSigner
from niochat.identity.authentication import Authenticator, Principal, PrincipalKind
from niochat.insights.exports.export_claims import ExportClaims
from niochat.insights.exports.export_job import ExportAccess, ExportRequester
from niochat.insights.exports.export_purge import ExportPurge
from niochat.insights.exports.export_runner import (
    AnnounceExport,
    ExportProgress,
    LoadExportAccess,
    ReportExportRunner,
)
from niochat.insights.reports.report_request import ReportAudience
from niochat.insights.reports.report_store import ReportStore
from niochat.live.ephemeral_frames import ExportFrame, FrameEnvelope
from niochat.mail.mail_outbox import MailOutbox


def build_export_runner(components: Components) -> ReportExportRunner:
    """Build the runner of export jobs. Mails are queued only where they can be sent."""
    settings, database = components.settings, components.database
    mails = None
    if settings.smtp_url is not None:
        mails = MailOutbox(database, components.vault, settings.mail_from)
    signer = AccessTokenSigner(database, components.vault)
    return ReportExportRunner(
        ExportClaims(database, mails, settings.base_url),
        ReportStore(components.report_database),
        components.object_store,
        build_access_loader(Authenticator(database, signer)),
        _build_announcer(components),
    )


def build_export_purge(components: Components) -> ExportPurge:
    """Build what deletes expired files."""
    return ExportPurge(components.database, components.object_store)


def build_access_loader(authenticator: Authenticator) -> LoadExportAccess:
    """Build the function that says what a requester may export now."""

    async def load_access(tenant_id: UUID, requester: ExportRequester) -> ExportAccess | None:
        principal = await authenticator.find_absent(
            tenant_id, PrincipalKind(requester.kind), requester.id, database_clock.now()
        )
        return None if principal is None else export_access(principal)

    return load_access


def export_access(principal: Principal) -> ExportAccess | None:
    """Return what a principal may export; None: nothing."""
    needed = (PermissionAction.REPORTS_READ, PermissionAction.CONVERSATIONS_READ)
    if principal.tenant_id is None or not all(principal.may(action) for action in needed):
        return None
    reports, visible = (report_audience(principal, action) for action in needed)
    return ExportAccess(reports, visible, principal.login)


def report_audience(principal: Principal, action: PermissionAction) -> ReportAudience:
    """Return the conversations that ``action``, which the principal may do, covers."""
    scope = principal.grants[action].name.lower()
    return ReportAudience(scope, str(principal.id), principal.teams)


def _build_announcer(components: Components) -> AnnounceExport:
    """Tells the screens of the requester how far a job is."""

    async def announce(progress: ExportProgress) -> None:
        frame = ExportFrame(
            export_id=progress.export_id,
            state=progress.state.value,
            rows_written=progress.rows_written,
            rows_expected=progress.rows_expected,
        )
        envelope = FrameEnvelope.wrap(progress.tenant_id, frame, user_id=progress.requester.id)
        await components.ephemeral_frames.publish_bytes(envelope.encode())

    return announce
