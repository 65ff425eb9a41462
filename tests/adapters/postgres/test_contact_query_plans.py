"""Contacts are found by their indexes, as the tenant's role, on a connection like the product's."""

from uuid import UUID

import pytest

from niochat.adapters.postgres.database import PLANNER_SETTINGS
from niochat.adapters.postgres.queries import queries
from tests.builders import Admin

pytestmark = pytest.mark.asyncio

FILL = """
INSERT INTO tenants (slug, name) SELECT 'p-' || n, 'p' FROM generate_series(1, 10) n;
INSERT INTO contacts (tenant_id, name, document_sealed, document_index)
SELECT tenant_id, 'Nome ' || n, 's', sha256(n::text::bytea)
  FROM tenants, generate_series(1, 2000) n;
INSERT INTO identities SELECT tenant_id, 'phone', '55' || row_number() OVER (), id FROM contacts;
INSERT INTO channels (tenant_id, slug, name, base_url, token_hash, token_sealed, secret_hash,
                      secret_sealed)
SELECT tenant_id, 'c', 'c', '', '', '', '', '' FROM tenants;
INSERT INTO threads (tenant_id, channel_id, contact_id)
SELECT c.tenant_id, h.id, c.id FROM contacts c JOIN channels h USING (tenant_id);
INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, version, state,
                           schema_version, opened_at, changed_at)
SELECT tenant_id, uuidv7(), id, row_number() OVER (), 'pending', 1, '{}', 1, now(), now()
  FROM threads;
ANALYZE;
"""


async def test_each_way_to_find_a_contact_has_its_index(admin: Admin) -> None:
    for setting, value in PLANNER_SETTINGS.items():
        await admin.execute(f"SET {setting} = '{value}'")
    await admin.execute("SET session_replication_role = replica")
    await admin.execute(FILL)
    await admin.execute("RESET session_replication_role")
    tenant, nobody = await admin.fetchval("SELECT tenant_id FROM tenants LIMIT 1"), UUID(int=0)
    await admin.execute("SELECT set_config('niochat.tenant', $1, false)", str(tenant))
    await admin.execute("SET ROLE niochat_app")
    for name, values, index, condition in (
        ("by_name", ["nome 1", "", nobody, 51, None], "contacts_name", "name_folded >= "),
        ("by_word", ["nome", "nome 5", nobody, 51, ["vip"]], "contacts_name", "name_folded >= "),
        ("by_phone", [["5511"], "", 51, None], "identities_pkey", "value >= "),
        ("labels", ["all", "", [], True], "contacts_labelled", "tenant_id ="),
        ("unresolved", [nobody], "conversations_one_live", "thread_id ="),
        ("by_tax_id", [[b"x"], nobody, 51], "contacts_document", "document_index = ANY"),
        (
            "conversations",
            [nobody, "all", "", [], None, None, 51],
            "conversations_thread",
            "thread_id =",
        ),
    ):
        rows = await admin.fetch(f"EXPLAIN {queries('contacts')[name]}", tenant, *values)
        plan = "\n".join(row[0] for row in rows)
        assert "Seq Scan" not in plan, plan
        assert index in plan, f"{name}: {plan}"
        look = plan.partition(f"using {index} ")[2].partition("Index Cond: ")[2]
        assert condition in look.splitlines()[0], plan


async def test_sealing_anew_goes_through_documents_in_order_of_an_index(admin: Admin) -> None:
    await admin.execute("SET session_replication_role = replica")
    await admin.execute(FILL)
    await admin.execute("RESET session_replication_role; SET ROLE niochat_system")
    for setting, value in PLANNER_SETTINGS.items():
        await admin.execute(f"SET {setting} = '{value}'")
    rows = await admin.fetch(f"EXPLAIN {queries('key_rotation')['documents']}", str(UUID(int=1)), 9)
    assert "contacts_sealed" in "\n".join(row[0] for row in rows)
