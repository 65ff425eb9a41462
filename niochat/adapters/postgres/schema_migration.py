"""Migrates a database to the schema of this code; forward only."""

from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from niochat.adapters.postgres.audit_months import add_months_ahead
from niochat.adapters.postgres.log_position_base import raise_log_base
from niochat.domain.errors import InvalidInputError, NiochatError, OperationRefusedError

MIN_SERVER_VERSION = 18
WORKING_ROLES = ("niochat_system", "niochat_app", "niochat_gate")
"""The roles that the serving processes use; they own no tables."""
CONNECT_TIMEOUT_S = 5
_SCRIPTS = Path(__file__).parent / "migrations"
_Session = psycopg.Connection[tuple[object, ...]]


def migrate(owner_url: str, *, serving_url: str | None = None, to: str = "head") -> None:
    """Run the missing migrations up to the revision ``to``. Blocking. Two processes may run it at
    once; two threads of one process may not, because Alembic keeps its context in a global.

    The log-in of ``owner_url`` becomes the owner of the tables and needs ``CREATEROLE`` the first
    time. The log-in of ``serving_url`` is created if it does not exist, and may work as each of
    ``WORKING_ROLES`` and as no other role. In a database that was restored from a dump, new log
    positions follow those in the dump. Parts for the next months of the audit log are added.

    Raises ``InvalidInputError``, which names the variable, ``OperationRefusedError`` for a schema
    newer than this code or tables of another owner, and ``NiochatError`` (``migration_failed``).
    """
    name = "DATABASE_URL" if serving_url is None else "DATABASE_OWNER_URL"
    require_database(owner_url, name)
    require_known_schema(owner_url)
    # Alembic takes longer to import than most commands take to run.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import SQLAlchemyError

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    parts = urlsplit(owner_url)
    config.attributes["url"] = urlunsplit(parts._replace(scheme="postgresql+psycopg"))
    try:
        command.upgrade(config, to)
    except (SQLAlchemyError, psycopg.Error) as error:
        raise NiochatError(
            f"The migration failed, and nothing of it was kept: {_reason(error)}.",
            code="migration_failed",
        ) from error
    raise_log_base(owner_url)
    add_months_ahead(owner_url)
    if serving_url is not None:
        _admit_serving_login(owner_url, serving_url)


def known_revisions() -> list[str]:
    """The revisions that this code knows; the newest is the last."""
    return sorted(file.stem.partition("_")[0] for file in (_SCRIPTS / "versions").glob("*.py"))


def require_database(url: str, name: str) -> None:
    """Check that the database of the variable ``name`` can be used. Raises ``InvalidInputError``
    with one sentence that says what to do.
    """
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            server = connection.info.server_version // 10_000
    except psycopg.Error as error:
        raise InvalidInputError(
            f"{name} cannot be used: {_reason(error)}. Start that server, or correct the address, "
            f"the user, the password or the database in {name}.",
            code="bad_settings",
        ) from None
    if server < MIN_SERVER_VERSION:
        raise InvalidInputError(
            f"{name} leads to PostgreSQL {server}: use version {MIN_SERVER_VERSION} or newer.",
            code="bad_settings",
        )


def require_known_schema(owner_url: str) -> None:
    """Raises ``OperationRefusedError`` when a newer release has migrated this database, or when the
    log-in does not own its tables.
    """
    with psycopg.connect(owner_url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        table = connection.execute("SELECT to_regclass('public.alembic_version')").fetchone()
        if table is None or table[0] is None:
            return
        try:
            row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
        except psycopg.errors.InsufficientPrivilege:
            raise OperationRefusedError(
                f"{connection.info.user} does not own the tables: set DATABASE_OWNER_URL to the "
                "log-in that does.",
                code="not_the_owner",
            ) from None
    if row is not None and row[0] not in known_revisions():
        raise OperationRefusedError(newer_schema_message(str(row[0])), code="newer_schema")


def newer_schema_message(revision: str) -> str:
    """The message about the schema of a newer release, with what to do."""
    return (
        f"The database has the schema {revision}, which this release does not know (its newest is "
        f"{known_revisions()[-1]}): use the release that made it, or restore a backup of before."
    )


def _admit_serving_login(owner_url: str, serving_url: str) -> None:
    user = unquote(urlsplit(serving_url).username or "")
    with psycopg.connect(owner_url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        if user in ("", connection.info.user):
            return  # one log-in for everything
        # When two processes start at once, the second one waits and finds nothing to do.
        connection.execute("SELECT pg_advisory_xact_lock(5581988887778)")
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (user,)).fetchone():
            _create_login(connection, user, unquote(urlsplit(serving_url).password or ""))
        for role in WORKING_ROLES:
            _grant_role(connection, role, user)


def _create_login(connection: _Session, user: str, password: str) -> None:
    """Send the SCRAM verifier instead of the password, so that a server that logs statements does
    not log the password.
    """
    verifier = connection.pgconn.encrypt_password(
        password.encode(), user.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL(
            "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}"
        ).format(sql.Identifier(user), sql.Literal(verifier.decode()))
    )


def _grant_role(connection: _Session, role: str, user: str) -> None:
    membership = connection.execute("SELECT pg_has_role(%s, %s, 'SET')", (user, role)).fetchone()
    if membership is not None and membership[0]:
        return
    try:
        connection.execute(
            sql.SQL("GRANT {} TO {} WITH SET TRUE, INHERIT FALSE").format(
                sql.Identifier(role), sql.Identifier(user)
            )
        )
    except psycopg.errors.InsufficientPrivilege:
        raise OperationRefusedError(
            f"{connection.info.user} may not let {user} work as {role}: as a superuser say "
            f"GRANT {', '.join(WORKING_ROLES)} TO {user} WITH SET TRUE, INHERIT FALSE",
            code="may_not_grant",
        ) from None


def _reason(error: Exception) -> str:
    """libpq's message; it names server, user and database, never the password."""
    lines = [line.strip(" -\t") for line in str(error).splitlines() if line.strip()]
    chosen = next((line for line in lines if "failed: " in line), lines[0] if lines else "")
    return chosen.rstrip(".") or type(error).__name__
