"""Who comes in, put together: what the API asks about users, sessions and keys."""

from dataclasses import dataclass

from niochat.access.api_keys import ApiKeys
from niochat.access.audit import Audit
from niochat.access.callers import Callers
from niochat.access.heads import Heads
from niochat.access.idempotency import Idempotency
from niochat.access.links import Links
from niochat.access.mail import Post
from niochat.access.passwords import Passwords
from niochat.access.roles import Roles
from niochat.access.second_factor import SecondFactor
from niochat.access.sessions import Sessions
from niochat.access.signing import Signer
from niochat.access.teams import Teams
from niochat.access.tenants import Tenants
from niochat.access.throttle import Throttle
from niochat.access.tickets import Tickets
from niochat.access.users import Users
from niochat.access.warning import Warnings
from niochat.adapters.postgres.database import Database
from niochat.config import Settings
from niochat.domain.sealing import Encryptor


@dataclass(frozen=True, slots=True)
class IdentityServices:
    """The rooms' parts on one database."""

    sessions: Sessions
    authenticator: Callers
    second_factor: SecondFactor
    one_time_links: Links
    mail_outbox: Post
    users: Users
    roles: Roles
    teams: Teams
    api_keys: ApiKeys
    audit_log: Audit
    tenants: Tenants
    socket_tickets: Tickets
    idempotency: Idempotency
    login_throttle: Throttle


def build_identity_services(
    database: Database,
    seals: Encryptor,
    base_url: str,
    sender: str,
    passwords: Passwords | None = None,
    heads: Heads | None = None,
) -> IdentityServices:
    """Nothing is asked before it is used. ``heads``: where that of the audit log is kept."""
    passwords, signer = passwords or Passwords(), Signer(database, seals)
    throttle = Throttle(database)
    second_factor = SecondFactor(database, seals, throttle)
    post = Post(database, seals, sender)
    warnings = Warnings(database, post)
    return IdentityServices(
        sessions=Sessions(database, signer, passwords, second_factor, throttle, seals, warnings),
        authenticator=Callers(database, signer),
        second_factor=second_factor,
        one_time_links=Links(database, post, passwords, throttle, base_url),
        mail_outbox=post,
        users=Users(database),
        roles=Roles(database),
        teams=Teams(database),
        api_keys=ApiKeys(database),
        audit_log=Audit(database, heads=heads),
        tenants=Tenants(database),
        socket_tickets=Tickets(database),
        idempotency=Idempotency(database, seals),
        login_throttle=throttle,
    )


def build_audit_heads(settings: Settings, seals: Encryptor) -> Heads:
    """Where the settings say."""
    return Heads(settings.audit_head_url, seals)
