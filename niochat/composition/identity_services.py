"""Builds the services for users, sessions and keys."""

from dataclasses import dataclass

from niochat.adapters.file_store import FileStore
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.idempotency_store import IdempotencyStore
from niochat.audit.audit_chain import AuditChain
from niochat.audit.audit_head_store import AuditHeadStore
from niochat.config import Settings
from niochat.identity.access_tokens import AccessTokenSigner
from niochat.identity.api_keys import ApiKeyRepository
from niochat.identity.authentication import Authenticator
from niochat.identity.login.login_alerts import LoginAlertSender
from niochat.identity.login.login_throttle import LoginThrottle
from niochat.identity.login.password_change import PasswordChangeService
from niochat.identity.login.passwords import PasswordService
from niochat.identity.login.second_factor import SecondFactorService
from niochat.identity.one_time_links import OneTimeLinkService
from niochat.identity.preferences import PreferenceStore
from niochat.identity.profiles import ProfileStore
from niochat.identity.roles import RoleRepository
from niochat.identity.sessions import SessionService
from niochat.identity.socket_tickets import SocketTicketStore
from niochat.identity.teams import TeamRepository
from niochat.identity.users import UserRepository
from niochat.mail.mail_outbox import MailOutbox
from niochat.ports.encryption import Encryptor
from niochat.tenants.tenant_listing import TenantListing


@dataclass(frozen=True, slots=True)
class IdentityServices:
    """The identity services on one database."""

    sessions: SessionService
    authenticator: Authenticator
    second_factor: SecondFactorService
    one_time_links: OneTimeLinkService
    mail_outbox: MailOutbox
    users: UserRepository
    roles: RoleRepository
    teams: TeamRepository
    api_keys: ApiKeyRepository
    audit_log: AuditChain
    tenants: TenantListing
    socket_tickets: SocketTicketStore
    idempotency: IdempotencyStore
    login_throttle: LoginThrottle
    password_changes: PasswordChangeService
    profiles: ProfileStore
    preferences: PreferenceStore


def build_identity_services(
    database: Database,
    encryptor: Encryptor,
    base_url: str,
    sender: str,
    passwords: PasswordService | None = None,
    heads: AuditHeadStore | None = None,
) -> IdentityServices:
    """Build the services; nothing connects yet. ``heads`` stores the head of the audit log."""
    passwords, signer = passwords or PasswordService(), AccessTokenSigner(database, encryptor)
    throttle = LoginThrottle(database)
    second_factor = SecondFactorService(database, encryptor, throttle)
    mail_outbox = MailOutbox(database, encryptor, sender)
    login_alerts = LoginAlertSender(database, mail_outbox)
    return IdentityServices(
        sessions=SessionService(
            database, signer, passwords, second_factor, throttle, encryptor, login_alerts
        ),
        authenticator=Authenticator(database, signer),
        second_factor=second_factor,
        one_time_links=OneTimeLinkService(database, mail_outbox, passwords, throttle, base_url),
        mail_outbox=mail_outbox,
        users=UserRepository(database),
        roles=RoleRepository(database),
        teams=TeamRepository(database),
        api_keys=ApiKeyRepository(database),
        audit_log=AuditChain(database, heads=heads),
        tenants=TenantListing(database),
        socket_tickets=SocketTicketStore(database),
        idempotency=IdempotencyStore(database, encryptor),
        login_throttle=throttle,
        password_changes=PasswordChangeService(database, passwords, throttle),
        profiles=ProfileStore(database),
        preferences=PreferenceStore(database),
    )


def build_audit_heads(settings: Settings, encryptor: Encryptor) -> AuditHeadStore:
    """Build the store of the newest audit head, at the address in the settings."""
    return AuditHeadStore(settings.audit_head_url, encryptor, FileStore.from_url)
