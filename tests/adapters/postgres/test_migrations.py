"""Each migration on the data that the one before left behind."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from niochat.adapters.postgres.domain_json_codec import state_from_json
from niochat.adapters.postgres.schema_migration import migrate
from niochat.domain.conversation.state import ConversationStatus
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from tests.conftest import database_dsn

BEFORE = """
WITH tenant AS (INSERT INTO tenants (tenant_id, slug, name) VALUES (%(t)s, 'a', 'A')),
     team AS (INSERT INTO teams VALUES (%(t)s, 'atendimento', 'Atendimento')),
     model AS (INSERT INTO assistants (tenant_id, endpoint, model, api_key_sealed)
               VALUES (%(t)s, 'http://m', 'm', 'k')),
     line AS (INSERT INTO channels (tenant_id, id, slug, name, base_url, token_hash, token_sealed,
                                    secret_hash, secret_sealed)
              VALUES (%(t)s, %(i)s, 'c', 'C', 'http://g', 'h', 's', 'h', 's')),
     person AS (INSERT INTO contacts (tenant_id, id) VALUES (%(t)s, %(i)s))
SELECT 1;
"""
VISIT = """
INSERT INTO threads (tenant_id, id, channel_id, contact_id) VALUES (%(t)s, %(i)s, %(i)s, %(i)s);
INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, version, state,
                           schema_version, opened_at, changed_at)
VALUES (%(t)s, %(i)s, %(i)s, '1', 'pending', 3, %(state)s, 1, now(), now());
INSERT INTO turns (tenant_id, id, conversation_id, thread_id, shard, attempt, upto_version, host,
                   started_at) VALUES (%(t)s, %(i)s, %(i)s, %(i)s, 0, 1, 2, 'h', now());
INSERT INTO messages (tenant_id, id, thread_id, author, kind, text, sent_at)
VALUES (%(t)s, %(i)s, %(i)s, 'assistant', 'text', 'oi', now());
INSERT INTO outbox (tenant_id, id, thread_id, shard, channel_id, conversation_id, message_id,
                    origin, text)
VALUES (%(t)s, %(i)s, %(i)s, 0, %(i)s, %(i)s, %(i)s, 'assistant', 'oi');
INSERT INTO erp_writes (tenant_id, key, turn_id, request) VALUES (%(t)s, 'unlock:1:1', %(i)s, '{}');
"""
STATE = (
    '{"id": "%s", "protocol": "1", "status": "pending", "version": 3, "unanswered": 1,'
    ' "timers": {"burst": 1}}'
)


@pytest.fixture
def owner(
    postgres: EmbeddedPostgres, empty_database_url: str
) -> Iterator["psycopg.Connection[dict[str, object]]"]:
    """The superuser in a database of the first version, with a visit under way."""
    migrate(empty_database_url, to="0001")
    name = empty_database_url.rpartition("/")[2]
    with psycopg.connect(
        database_dsn(postgres.admin_dsn, name), row_factory=dict_row, autocommit=True
    ) as connection:
        yield connection


def test_a_visit_under_way_outlives_the_assistants_tables(
    owner: "psycopg.Connection[dict[str, object]]", empty_database_url: str
) -> None:
    tenant, every = uuid4(), uuid4()
    values = {"t": tenant, "i": every, "state": STATE % every}
    owner.execute(BEFORE, values)
    for statement in VISIT.split(";\n")[:-1]:
        owner.execute(statement.encode(), values)

    migrate(empty_database_url)

    (send,) = owner.execute("SELECT kind, attachment_id, text FROM outbox").fetchall()
    assert send == {"kind": "text", "attachment_id": None, "text": "oi"}
    (write,) = owner.execute("SELECT key, status, left_at FROM erp_writes").fetchall()
    assert write == {"key": "unlock:1:1", "status": "started", "left_at": None}
    (turn,) = owner.execute("SELECT status, cost FROM turns").fetchall()
    assert (turn["status"], turn["cost"]) == ("running", 0)
    (visit,) = owner.execute("SELECT id, state, schema_version FROM conversations").fetchall()
    state = state_from_json(visit["state"], 1)
    assert (state.id, state.status, state.reminded) == (
        UUID(str(every)),
        ConversationStatus.PENDING,
        False,
    )


CALLS = """[
  {"tool": "identificar_cliente", "result": {"ok": true, "n": 52998224725},
   "arguments": {"cpf_cnpj": "529.982.247-25", "desejo": "fatura \\" 1"}},
  {"tool": "identificar_cliente", "result": {}, "arguments": "{\\"cpf_cnpj\\": \\"52998224725"},
  {"tool": "escolher_contrato", "result": {}, "arguments": {"opcao": 1}}
]"""


def test_documents_of_kept_calls_are_masked_and_keys_get_their_owners(
    owner: "psycopg.Connection[dict[str, object]]", empty_database_url: str
) -> None:
    tenant, every = uuid4(), uuid4()
    values = {"t": tenant, "i": every, "state": STATE % every}
    owner.execute(BEFORE, values)
    for statement in VISIT.split(";\n")[:-1]:
        owner.execute(statement.encode(), values)
    migrate(empty_database_url, to="0016")
    owner.execute("UPDATE turns SET tool_results = %s", (CALLS,))
    ana, root = uuid4(), uuid4()
    owner.execute(
        "INSERT INTO users (id, tenant_id, login, name, role) VALUES"
        " (%s, %s, 'ana@example.com', 'Ana', 'admin'), (%s, NULL, 'root@example.com', 'R',"
        " 'superuser')",
        (ana, tenant, root),
    )
    makers: dict[str, object] = {"a": ana, "b": root, "c": None, "d": None, "e": uuid4()}
    ids = {name: uuid4() for name in makers}
    makers |= {"c": ids["a"], "d": ids["c"]}
    for name, maker in makers.items():
        owner.execute(
            "INSERT INTO api_keys (tenant_id, id, name, digest, hint, permissions, created_by)"
            " VALUES (%s, %s, %s, %s, 'nk_', '{}', %s)",
            (tenant, ids[name], name, name.encode(), maker),
        )

    migrate(empty_database_url)

    (turn,) = owner.execute("SELECT tool_results FROM turns").fetchall()
    assert turn["tool_results"] == [
        {
            "tool": "identificar_cliente",
            "result": {"ok": True, "n": 52998224725},
            "arguments": {"cpf_cnpj": "***.***.***-**", "desejo": 'fatura " 1'},
        },
        {"tool": "identificar_cliente", "result": {}, "arguments": '{"cpf_cnpj": "***********'},
        {"tool": "escolher_contrato", "result": {}, "arguments": {"opcao": 1}},
    ]
    keys = owner.execute("SELECT name, owner_id FROM api_keys ORDER BY name").fetchall()
    assert [key["owner_id"] for key in keys] == [ana, root, ana, ana, None]


def test_what_agents_have_is_spoken_for_by_then(
    owner: "psycopg.Connection[dict[str, object]]", empty_database_url: str
) -> None:
    tenant, every = uuid4(), uuid4()
    values = {"t": tenant, "i": every, "state": STATE % every}
    owner.execute(BEFORE, values)
    for statement in VISIT.split(";\n")[:2]:
        owner.execute(statement.encode(), values)
    owner.execute("UPDATE conversations SET status = 'open', agent = 'ana'")

    migrate(empty_database_url)

    (visit,) = owner.execute("SELECT state FROM conversations").fetchall()
    assert state_from_json(visit["state"], 1).spoken_for, "the agent may have written"
    (contact,) = owner.execute("SELECT known_at, shared_at FROM contacts").fetchall()
    assert contact == {"known_at": None, "shared_at": None}
