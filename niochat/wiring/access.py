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
class Access:
    """The rooms' parts on one database."""

    sessions: Sessions
    callers: Callers
    second_factor: SecondFactor
    links: Links
    post: Post
    users: Users
    roles: Roles
    teams: Teams
    keys: ApiKeys
    audit: Audit
    tenants: Tenants
    tickets: Tickets
    idempotency: Idempotency
    throttle: Throttle


def open_access(
    database: Database,
    seals: Encryptor,
    base_url: str,
    sender: str,
    passwords: Passwords | None = None,
    heads: Heads | None = None,
) -> Access:
    """Nothing is asked before it is used. ``heads``: where that of the audit log is kept."""
    passwords, signer = passwords or Passwords(), Signer(database, seals)
    throttle = Throttle(database)
    second_factor = SecondFactor(database, seals, throttle)
    post = Post(database, seals, sender)
    warnings = Warnings(database, post)
    return Access(
        sessions=Sessions(database, signer, passwords, second_factor, throttle, seals, warnings),
        callers=Callers(database, signer),
        second_factor=second_factor,
        links=Links(database, post, passwords, throttle, base_url),
        post=post,
        users=Users(database),
        roles=Roles(database),
        teams=Teams(database),
        keys=ApiKeys(database),
        audit=Audit(database, heads=heads),
        tenants=Tenants(database),
        tickets=Tickets(database),
        idempotency=Idempotency(database, seals),
        throttle=throttle,
    )


def heads_of(settings: Settings, seals: Encryptor) -> Heads:
    """Where the settings say."""
    return Heads(settings.audit_url, seals)
