"""An assignment reads the few rows it needs, however many conversations go on."""

import re
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import PLANNER_SETTINGS, Database
from niochat.adapters.postgres.queries import queries
from tests.adapters.postgres.test_query_plans import AS_PLANNED, looks
from tests.builders import Admin, open_connection

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

SHARDS = list(range(1024))
FILL = """
INSERT INTO tenants (slug, name) VALUES ('grande', 'p'), ('pequeno', 'p');
INSERT INTO teams (tenant_id, slug, name, assignment)
SELECT tenant_id, team, 'A', 'balanced' FROM tenants, (VALUES ('a'), ('b')) AS t (team);
INSERT INTO contacts (tenant_id) SELECT tenant_id FROM tenants, generate_series(1, 100000)
 WHERE slug = 'grande';
INSERT INTO threads (tenant_id, channel_id, contact_id)
SELECT tenant_id, uuidv7(), id FROM contacts;
INSERT INTO users (tenant_id, login, name, role)
SELECT tenant_id, slug || n, 'a', 'agent' FROM tenants, generate_series(1, 500) n;
INSERT INTO team_members
SELECT tenant_id, CASE WHEN login LIKE '%0' THEN 'a' ELSE 'b' END, id FROM users;
INSERT INTO presences (tenant_id, user_id, state, capacity)
SELECT tenant_id, id, CASE WHEN login LIKE '%9' THEN 'offline' ELSE 'online' END, 20 FROM users;
INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, team, agent, version, state,
                           schema_version, opened_at, changed_at, waiting_since)
SELECT t.tenant_id, uuidv7(), t.id, t.n,
       CASE WHEN t.n % 10 = 0 THEN 'open' ELSE 'waiting' END,
       CASE WHEN t.n % 100 = 1 THEN 'a' ELSE 'b' END,
       CASE WHEN t.n % 10 = 0 THEN a.id END, 1, '{}', 1, now(), now(), now()
  FROM (SELECT *, row_number() OVER () AS n FROM threads) AS t
  JOIN (SELECT tenant_id, id::text, row_number() OVER (PARTITION BY tenant_id) AS n FROM users) AS a
    ON a.tenant_id = t.tenant_id AND a.n = t.n / 10 % 500 + 1;
ANALYZE;
"""
ASSIGNED = {
    "teams_pkey": {"tenant_id", "slug"},
    "presences_pkey": {"tenant_id", "user_id"},
    "inbox_pkey": {"tenant_id", "id"},
    "tenants_pkey": {"tenant_id"},
    "conversations_held": {"tenant_id", "agent"},
    "conversations_queued": {"tenant_id", "team"},
    "reservations_pkey": {"tenant_id"},
}
SWEEPS: list[tuple[str, str, list[object], str]] = [
    ("assignment", "queues", [SHARDS, 45.0], "conversations_queued"),
    ("assignment", "queues_of", [[UUID(int=1)], [UUID(int=2)]], "team_members_user teams_pkey"),
    ("assignment", "offline_agents", [SHARDS], "presences_gone conversations_held"),
    (
        "assignment",
        "return_unanswered",
        [[UUID(int=1)], [UUID(int=2)]],
        "presences_pkey conversations_held events_pkey",
    ),
    ("agent_presence", "expire", [SHARDS, 45.0, 500], "presences_here presences_pkey"),
    ("agent_presence", "mark_seen", [[UUID(int=1)], [UUID(int=2)]], "presences_pkey"),
]


async def assignment_plans(admin_url: str, tenant: UUID) -> list[str]:
    """Plans of all statements of one assignment, on a connection like the product's."""
    connection = await open_connection(admin_url)
    plans: list[str] = []
    connection.add_log_listener(lambda _, message: plans.append(message.message))
    await connection.execute("LOAD 'auto_explain'")
    for setting, value in {**AS_PLANNED, **PLANNER_SETTINGS}.items():
        await connection.execute(f"SET {setting} = '{value}'")
    await connection.execute("SET ROLE niochat_system")
    await connection.fetch("SELECT assign_waiting($1, 'a', 45, 200)", tenant)
    await connection.close()
    return plans


def keyed(plans: list[str]) -> dict[str, set[str]]:
    """Each index that is read by some key, with its columns; a whole one is read by none."""
    found: dict[str, set[str]] = {}
    for plan in plans:
        assert not re.search("Seq Scan|Hash Join", plan), plan
        for index, columns in looks(plan).items():
            assert columns, plan
            found[index] = found.get(index, columns) & columns
    return found


@pytest.mark.parametrize("analysed", [False, True])
async def test_a_new_database_assigns_by_keys(admin: Admin, admin_url: str, analysed: bool) -> None:
    """Also where the planner has seen that there is nothing yet, and keeps the plan for a while.
    (Then a winner's thread may be looked for among the tenant's, as in every step.)
    """
    tenant = await admin.fetchval(
        "INSERT INTO tenants (slug, name) VALUES ('p', 'p') RETURNING tenant_id"
    )
    await admin.execute(
        "INSERT INTO teams (tenant_id, slug, name, assignment) VALUES ($1, 'a', 'a', 'balanced')",
        tenant,
    )

    if analysed:
        await admin.execute("VACUUM (ANALYZE)")

    found = keyed(await assignment_plans(admin_url, tenant))

    for name in [name for name in found if name.startswith(("team_members", "threads"))]:
        assert found.pop(name) >= {"tenant_id"} or name == "threads_id_key"
    assert found == ASSIGNED


@pytest.mark.long
async def test_a_hundred_thousand_conversations_that_go_on_are_not_looked_through(
    admin: Admin, admin_url: str, database: Database
) -> None:
    await admin.execute("SET session_replication_role = replica")  # keys have tests of their own
    await admin.execute(FILL)
    tenant = await admin.fetchval("SELECT tenant_id FROM tenants WHERE slug = 'grande'")

    found = keyed(await assignment_plans(admin_url, tenant))

    assert found["conversations_queued"] >= {"tenant_id", "team"}
    assert found["conversations_held"] == {"tenant_id", "agent"}
    for file, name, values, indexes in SWEEPS:
        async with database.as_system() as connection:
            rows = await connection.fetch(f"EXPLAIN {queries(file)[name]}", *values)
        plan = "\n".join(row[0] for row in rows)
        assert not re.search("Seq Scan on (?!tenants|teams)", plan), plan
        assert all(index in plan for index in indexes.split()), f"{name}:\n{plan}"
