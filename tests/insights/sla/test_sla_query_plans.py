"""What the watcher asks each second uses its indexes, however much was promised before."""

import pytest

from niochat.adapters.postgres.queries import queries
from tests.builders import Admin

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

FILL = """
INSERT INTO tenants (slug, name) SELECT 'p-' || n, 'p' FROM generate_series(1, 20) n;
INSERT INTO sla_tenants (tenant_id, revision, refreshed) SELECT tenant_id, 1, 2 FROM tenants;
INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body, schema_version, at,
                    xid)
SELECT tenant_id, uuidv7(), 1, uuidv7(), 'note_added', '{}', 1, now(), n::text::xid8
  FROM tenants, generate_series(1, 2000) n;
INSERT INTO analytics.projections SELECT tenant_id, 'sla', 1 FROM tenants;
INSERT INTO analytics.positions (tenant_id, name, generation, xid)
SELECT tenant_id, 'sla', 1, '3000' FROM tenants;
INSERT INTO sla_clocks (tenant_id, conversation_id, target, number, started_at, warn_at, due_at,
                        warning_logged, breach_logged)
SELECT tenant_id, uuidv7(), 'resolution', 1, now(), now() - interval '1 h', now() + interval '1 h',
       n > 20, n > 20
  FROM tenants, generate_series(1, 2000) n;
ANALYZE;
"""


async def test_finding_what_to_do_reads_no_table_as_a_whole(admin: Admin) -> None:
    await admin.execute("SET session_replication_role = replica")
    await admin.execute(FILL)
    await admin.execute("RESET session_replication_role; SET ROLE niochat_system")

    rows = await admin.fetch(f"EXPLAIN {queries('sla_clocks')['list_busy']}")

    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan on events" not in plan, plan
    assert "Seq Scan on sla_clocks" not in plan, plan
    assert "using events_tenant_position" in plan, plan
    assert "Index Cond: ((ROW(tenant_id, xid, conversation_id, version) > ROW(" in plan, plan
    assert "sla_clocks_due" in plan, plan
