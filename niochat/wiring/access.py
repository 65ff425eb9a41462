"""Who comes in, put together: what the API asks about users, sessions and keys."""

from dataclasses import dataclass

from niochat.access.api_keys import ApiKeyRepository
from niochat.access.audit import AuditChain
from niochat.access.callers import Authenticator
from niochat.access.heads import AuditHeadStore
from niochat.access.idempotency import IdempotencyStore
from niochat.access.links import OneTimeLinkService
from niochat.access.mail import MailOutbox
from niochat.access.passwords import PasswordService
from niochat.access.roles import RoleRepository
from niochat.access.second_factor import SecondFactorService
from niochat.access.sessions import SessionService
from niochat.access.signing import AccessTokenSigner
from niochat.access.teams import TeamRepository
from niochat.access.tenants import TenantListing
from niochat.access.throttle import LoginThrottle
from niochat.access.tickets import SocketTicketStore
from niochat.access.users import UserRepository
from niochat.access.warning import LoginAlertSender
from niochat.adapters.postgres.database import Database
from niochat.config import Settings
from niochat.domain.sealing import Encryptor


@dataclass(frozen=True, slots=True)
class IdentityServices:
    """The rooms' parts on one database."""

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


def build_identity_services(
    database: Database,
    seals: Encryptor,
    base_url: str,
    sender: str,
    passwords: PasswordService | None = None,
    heads: AuditHeadStore | None = None,
) -> IdentityServices:
    """Nothing is asked before it is used. ``heads``: where that of the audit log is kept."""
    passwords, signer = passwords or PasswordService(), AccessTokenSigner(database, seals)
    throttle = LoginThrottle(database)
    second_factor = SecondFactorService(database, seals, throttle)
    post = MailOutbox(database, seals, sender)
    warnings = LoginAlertSender(database, post)
    return IdentityServices(
        sessions=SessionService(
            database, signer, passwords, second_factor, throttle, seals, warnings
        ),
        authenticator=Authenticator(database, signer),
        second_factor=second_factor,
        one_time_links=OneTimeLinkService(database, post, passwords, throttle, base_url),
        mail_outbox=post,
        users=UserRepository(database),
        roles=RoleRepository(database),
        teams=TeamRepository(database),
        api_keys=ApiKeyRepository(database),
        audit_log=AuditChain(database, heads=heads),
        tenants=TenantListing(database),
        socket_tickets=SocketTicketStore(database),
        idempotency=IdempotencyStore(database, seals),
        login_throttle=throttle,
    )


def build_audit_heads(settings: Settings, seals: Encryptor) -> AuditHeadStore:
    """Where the settings say."""
    return AuditHeadStore(settings.audit_head_url, seals)
