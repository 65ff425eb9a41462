"""The users of the demo, whose password is printed at each start: not for a reachable installation.

Their logins are in ``example.com``, which belongs to nobody (RFC 2606), so no other user has them.
"""

from urllib.parse import parse_qs, urlsplit

import structlog

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.config import Settings, is_loopback
from niochat.domain.permissions import BuiltInRole
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry

_SQL = queries("demo_users")
_log = structlog.get_logger(__name__)

DEMO_TENANTS = ("demo", "vizinho")
"""The tenants of examples/demo.yaml. The first is the default."""
DEMO_ROLE_NAMES = {
    BuiltInRole.ADMIN: "Administradora",
    BuiltInRole.AGENT: "Atendente",
    BuiltInRole.VIEWER: "Consulta",
}
CHECK_INTERVAL_S = 300.0


def demo_login(role: str, tenant: str | None) -> str:
    """Login of the user with this role; of the superuser if ``tenant`` is None."""
    return f"{role}@{tenant}.example.com" if tenant else "root@plataforma.example.com"


DEMO_AGENT_NAMES = {
    "bruno": "Bruno Lacerda",
    "camila": "Camila Freitas",
    "diego": "Diego Nunes",
    "elaine": "Elaine Barros",
    "fabio": "Fábio Moura",
}
"""Agents whom ``niochat demo --history`` adds to the first tenant, by the name in their login."""
DEMO_LOGINS = (
    demo_login("root", None),
    *(demo_login(role, tenant) for tenant in DEMO_TENANTS for role in DEMO_ROLE_NAMES),
    *(demo_login(name, DEMO_TENANTS[0]) for name in DEMO_AGENT_NAMES),
)


def find_demo_obstacle(settings: Settings) -> str | None:
    """Return why this installation must not have the demo's users, as the part of a sentence; None
    if only this machine reaches it.
    """
    if not is_loopback(urlsplit(settings.base_url).hostname or ""):
        return f"other machines reach it at {settings.base_url}"
    host = _remote_host(settings.database_url.get_secret_value())
    return f"its database is on another machine ({host})" if host else None


class DemoUserGuard:
    """Disables the demo's users where others could use them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._obstacle = find_demo_obstacle(settings)

    async def check(self) -> None:
        """Disable the users if this installation can be reached. Repeating it changes nothing."""
        if self._obstacle is None:
            return
        actor = AuditActor(AuditActorKind.OPERATOR, "operator")
        async with self._database.as_auth() as connection:
            rows = await connection.fetch(_SQL["disable"], list(DEMO_LOGINS))
            for row in rows:
                target = f"user:{row['id']}"
                states = [{"role": row["role"], "status": each} for each in ("active", "disabled")]
                entry = AuditEntry(row["tenant_id"], actor, "users.change", target, *states)
                await record_change(connection, entry)
        if rows:
            _log.warning("demo_users_disabled", count=len(rows), why=self._obstacle)

    async def count_active(self) -> int:
        """Number of the demo's users who may sign in."""
        async with self._database.as_auth() as connection:
            count: int = await connection.fetchval(_SQL["count_active"], list(DEMO_LOGINS))
        return count


def _remote_host(database_url: str) -> str | None:
    """The first host of the database that is not this machine. A path is a local socket."""
    parts = urlsplit(database_url)
    listed = parts.netloc.rpartition("@")[2].split(",")
    hosts = [urlsplit(f"//{each}").hostname or "" for each in listed]
    hosts += [each for value in parse_qs(parts.query).get("host", []) for each in value.split(",")]
    return next(
        (host for host in hosts if host and host[0] not in "/@" and not is_loopback(host)), None
    )
