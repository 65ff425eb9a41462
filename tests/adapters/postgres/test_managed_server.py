"""A managed server, whose strongest log-in is no superuser but bypasses row-level security, such as
the role ``postgres`` of Supabase. (Supabase itself has older servers, see docs/supabase.md.)
"""

from collections.abc import Iterator
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import psycopg
import pytest

from niochat.adapters.postgres.schema_migration import migrate
from niochat.launcher.databases.postgres_server import EmbeddedPostgres

PASSWORD = "managed-1"


def _url(server: EmbeddedPostgres, login: str, database: str) -> str:
    parts = urlsplit(server.admin_dsn)
    place = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(login)}:{PASSWORD}@{place}"
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))


@pytest.fixture
def managed(supabase_postgres: EmbeddedPostgres) -> Iterator[tuple[str, str]]:
    """The log-ins of an owner with the attributes of ``postgres`` there, and of what serves."""
    name = f"managed_{uuid4().hex[:8]}"
    owner, serving = f"{name}_owner", f"{name}_serving"
    with psycopg.connect(supabase_postgres.admin_dsn, autocommit=True) as admin:
        admin.execute(
            f"CREATE ROLE {owner} LOGIN CREATEDB CREATEROLE REPLICATION BYPASSRLS"
            f" PASSWORD '{PASSWORD}'".encode()
        )
        admin.execute(f"CREATE DATABASE {name} OWNER {owner}".encode())
        yield _url(supabase_postgres, owner, name), _url(supabase_postgres, serving, name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.asyncio
async def test_an_owner_that_bypasses_row_level_security_does_not_make_what_serves_bypass_it(
    managed: tuple[str, str],
) -> None:
    owner_url, serving_url = managed
    migrate(owner_url, serving_url=serving_url)
    owner = await asyncpg.connect(owner_url)
    await owner.execute("INSERT INTO tenants (slug, name) VALUES ('um', 'Um'), ('dois', 'Dois')")
    await owner.execute(
        "INSERT INTO contacts (tenant_id, name) SELECT tenant_id, name FROM tenants"
    )
    tenant = await owner.fetchval("SELECT tenant_id FROM tenants WHERE slug = 'um'")
    await owner.close()

    serving = await asyncpg.connect(serving_url)
    await serving.execute("SET ROLE niochat_app")
    assert await serving.fetch("SELECT name FROM contacts") == []
    await serving.execute(f"SET niochat.tenant = '{tenant}'")
    rows = await serving.fetch("SELECT name FROM contacts")
    bypasses = await serving.fetchval(
        "SELECT bool_or(rolbypassrls OR rolsuper) FROM pg_roles"
        " WHERE rolname IN ('niochat_app', 'niochat_system', 'niochat_gate', session_user)"
    )
    await serving.close()
    assert ([row["name"] for row in rows], bypasses) == (["Um"], False)
