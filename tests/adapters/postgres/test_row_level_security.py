"""A tenant sees only its own: in every table, whatever a query forgets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Connection, Database
from niochat.assistant.conversation_facts import ConversationFacts
from niochat.assistant.turn_messages import TurnRequest
from niochat.assistant.turn_store import RejectedReply, TurnStore
from niochat.conversations.pauses import ActorPauseStore
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import InvalidInputError, NiochatError
from niochat.domain.message import DeliveryStatus
from niochat.domain.tenant.throttling import TenantThrottleStatus, ThrottleReason
from niochat.erp.write_journal import ErpWriteJournal
from niochat.tenants.throttle_status import ThrottleReporter
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)

pytestmark = pytest.mark.asyncio

REFUSED = "row-level security|permission denied"

PATH = {
    "tenants",
    "teams",
    "assistants",
    "channels",
    "contacts",
    "identities",
    "threads",
    "former_identities",
    "conversations",
    "events",
    "messages",
    "unmatched",
    "inbox",
    "outbox",
    "timers",
    "ratings",
    "turns",
    "erps",
    "attachments",
    "readings",
    "replaced_texts",
    "pauses",
    "held_back",
    "team_members",
    "presences",
    "presence_changes",
    "reservations",
    "reads",
    "search_blocks",
    "search_words",
    "audit",
    "idempotency_keys",
    "canned_response_files",
    "preferences",
    "push_subscriptions",
    "push_sends",
    "channel_status_changes",
    "projections",
    "positions",
    "alert_rules",
    "alerts",
    "alert_notices",
    "report_schedules",
    "report_exports",
    "sla_tenants",
    "sla_conversations",
    "sla_clocks",
    "mirror_settings",
    "mirror_positions",
    "mirror_changes",
    "mirror_dead_letters",
    "follow_ups",
    "follow_up_attempts",
    "complaints",
    "mails",
}
"""What ``niochat_system`` may touch of the tables of tenants."""
OF_THE_GATE = {
    "refresh_tokens.refresh_tokens_session_id_fkey",
    "recovery_codes.recovery_codes_user_id_fkey",
    "tickets.tickets_session_id_fkey",
    "one_time_links.one_time_links_user_id_fkey",
    "sessions.sessions_user_id_fkey",  # beside the key with the tenant, which superusers lack
    "sessions.sessions_acting_tenant_fkey",  # a superuser's, of another tenant on purpose
}
"""Keys without a tenant."""


@pytest_asyncio.fixture
async def place(database: Database, given: RowBuilder, ownership: ShardAssignments) -> ChannelRef:
    """A tenant with at least one row in every table."""
    place = await given.place(burst_window_s=0)
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    thread = await given.thread(place)
    await insert_commands(host, place, thread, [build_message("m1")])
    await host.run(thread)
    await ActorPauseStore(database).pause(thread, 60)
    journal = ErpWriteJournal(database)
    await journal.begin(place.tenant, "unlock:1:2026-03", host.turn(thread).id, 1, {})
    await remembered(database, given, host, place, thread)
    await host.answer(thread, "Olá!")
    await insert_commands(
        host, place, thread, [cmd.ReceiveDeliveryReceipt(("?",), DeliveryStatus.READ)]
    )
    await host.run(thread)
    await given.admin.execute(
        "UPDATE tenants SET policy = '{\"burst_window_s\": 60}' WHERE tenant_id = $1",
        place.tenant,
    )
    await insert_commands(host, place, thread, [build_message("m2")])
    await host.run(thread)
    await given.admin.execute(
        "INSERT INTO assistants (tenant_id, endpoint, model, api_key_sealed)"
        " VALUES ($1, 'http://model.invalid', 'm', '\\x00')",
        place.tenant,
    )
    await given.admin.execute(
        "INSERT INTO erps (tenant_id, base_url, app, token_sealed)"
        " VALUES ($1, 'http://erp.invalid', 'niochat', '\\x00')",
        place.tenant,
    )
    await people(given, place)
    await searched(given, place)
    await left(given, place)
    await ThrottleReporter(database, "host-a:1").report(
        [TenantThrottleStatus(place.tenant, ThrottleReason.TURNS, datetime.now(UTC), 3)]
    )
    return place


async def remembered(
    database: Database, given: RowBuilder, host: Host, place: ChannelRef, thread: UUID
) -> None:
    """What a turn keeps of a visit, and a file that it will send."""
    (conversation,) = await given.rows("SELECT id FROM conversations WHERE thread_id = $1", thread)
    turn = host.turn(thread)
    request = TurnRequest(place.tenant, conversation, turn.id, 1, 99, "20260302000001")
    visits = TurnStore(database)
    await visits.save_progress(request, ConversationFacts(name="Maria"), {"name": "list_invoices"})
    await visits.save_rejected_reply(
        request, RejectedReply(1, "valor", "R$ 1,00", "R$ 1,00", "m", "p")
    )
    await visits.add_attachment(request, "boleto", "application/pdf", "boleto.pdf", b"%PDF-")
    await given.admin.execute(
        "INSERT INTO replaced_texts (tenant_id, message_id, text, replaced_at)"
        " SELECT tenant_id, id, text, now() FROM messages WHERE tenant_id = $1 LIMIT 1",
        place.tenant,
    )
    await given.admin.execute(
        "INSERT INTO readings (tenant_id, message_id, file_id, thread_id, sort, said_seconds)"
        " SELECT tenant_id, $2, id, $3, 'voice', 0 FROM attachments WHERE tenant_id = $1",
        place.tenant,
        uuid4(),
        thread,
    )


async def left(given: RowBuilder, place: ChannelRef) -> None:
    """A telephone that somebody had before, and a rating that nobody was asked for."""
    await given.admin.execute(
        "INSERT INTO ratings (tenant_id, id, conversation_id, thread_id, channel_id, status,"
        " reason) SELECT c.tenant_id, uuidv7(), c.id, c.thread_id, t.channel_id, 'skipped', ''"
        " FROM conversations c JOIN threads t ON t.id = c.thread_id WHERE c.tenant_id = $1 LIMIT 1",
        place.tenant,
    )
    await alerted(given, place)
    await promised(given, place)
    await followed_up(given, place)
    await given.admin.execute(
        "INSERT INTO report_schedules (tenant_id, name, metrics, grouping, cadence, hour,"
        " file_format, language, recipients, next_at) VALUES ($1, 'Semana', '{conversations}',"
        " 'day', 'week', 8, 'pdf', 'pt', '{ana@example.com}', now())",
        place.tenant,
    )
    await given.admin.execute(
        "INSERT INTO report_exports (tenant_id, requester_kind, requester_id, metric, grouping,"
        " since, until, file_format, language) VALUES ($1, 'user', $1, 'conversations', 'none',"
        " now() - interval '1 day', now(), 'csv', 'pt')",
        place.tenant,
    )
    await given.admin.execute(
        "INSERT INTO former_identities SELECT $1, 'phone', '5581988880009', id, now()"
        " FROM contacts WHERE tenant_id = $1 LIMIT 1",
        place.tenant,
    )


async def alerted(given: RowBuilder, place: ChannelRef) -> None:
    """An alert of a rule, and somebody who was told."""
    await given.admin.execute(
        "WITH r AS (INSERT INTO alert_rules (tenant_id, name, kind, threshold, clear_threshold,"
        " hold_minutes) VALUES ($1, 'Fila', 'queue_long', 2, 1, 0) RETURNING id), a AS ("
        "INSERT INTO alerts (tenant_id, rule_id, name, kind, threshold, value, worst)"
        " SELECT $1, id, 'Fila', 'queue_long', 2, 2, 2 FROM r RETURNING id)"
        " INSERT INTO alert_notices (tenant_id, alert_id, change, way, recipient)"
        " SELECT $1, id, 'started', 'email', 'ana@example.com' FROM a",
        place.tenant,
    )


async def promised(given: RowBuilder, place: ChannelRef) -> None:
    """An SLA policy, and a clock of it."""
    for table, columns, values in (
        ("sla_policies", "name, position, resolution_s", "'Ouro', 1, 60"),
        ("sla_tenants", "revision", "1"),
        ("sla_conversations", "conversation_id, version, revision, progress", "$1, 1, 1, '{}'"),
        (
            "sla_clocks",
            "conversation_id, target, number, started_at",
            "$1, 'resolution', 1, now()",
        ),
        ("mirror_settings", "messages", "'full'"),
        (
            "mirror_positions",
            "log_xid, log_conversation, log_version, audit_xid, audit_id",
            "'0', $1, 0, '0', 0",
        ),
        ("mirror_changes", "source, ref", "'contacts', '1'"),
        ("mirror_dead_letters", "source, ref, code, reason", "'contacts', '1', '22P02', 'bad'"),
    ):
        await given.admin.execute(
            f"INSERT INTO {table} (tenant_id, {columns}) VALUES ($1, {values})", place.tenant
        )


async def followed_up(given: RowBuilder, place: ChannelRef) -> None:
    """An attempt to win a customer back, and a complaint."""
    await given.admin.execute(
        "WITH f AS (INSERT INTO follow_ups (tenant_id, conversation_id, interest, interested_at,"
        " check_at) SELECT tenant_id, id, 'plans', now(), now() FROM conversations"
        " WHERE tenant_id = $1 LIMIT 1 RETURNING conversation_id)"
        " INSERT INTO follow_up_attempts (tenant_id, conversation_id, number, status, channel_id,"
        " day, variant, template, send_until) SELECT $1, conversation_id, 1, 'skipped', $2,"
        " current_date, 1, '', now() FROM f",
        place.tenant,
        place.channel,
    )
    await given.admin.execute(
        "INSERT INTO complaints SELECT tenant_id, id, now() FROM contacts"
        " WHERE tenant_id = $1 LIMIT 1",
        place.tenant,
    )


async def searched(given: RowBuilder, place: ChannelRef) -> None:
    """What a search looks through."""
    await given.admin.execute(
        "INSERT INTO search_blocks VALUES ($1, 1, now(), $1, now(), $1, '{}', '')", place.tenant
    )
    await given.admin.execute("INSERT INTO search_words VALUES ($1, 'fatura')", place.tenant)


async def people(given: RowBuilder, place: ChannelRef) -> None:
    """A user with all that belongs to one."""
    user = await given.admin.fetchval(
        "INSERT INTO users (tenant_id, login, name, role)"
        " VALUES ($1, 'ana@example.com', 'Ana', 'conferente') RETURNING id",
        place.tenant,
    )
    for statement in (
        "INSERT INTO roles VALUES ($1, 'conferente', '{}') RETURNING $2::uuid",
        "INSERT INTO team_members VALUES ($1, 'atendimento', $2)",
        "INSERT INTO presences (tenant_id, user_id) VALUES ($1, $2)",
        "INSERT INTO presence_changes (tenant_id, user_id, state, reason)"
        " VALUES ($1, $2, 'online', '')",
        "INSERT INTO reservations SELECT $1, id, $2, 1 FROM conversations WHERE tenant_id = $1",
        "INSERT INTO sessions (tenant_id, user_id, address, agent, expires_at)"
        " VALUES ($1, $2, '', '', now())",
        "INSERT INTO api_keys (tenant_id, created_by, name, digest, hint, permissions)"
        " VALUES ($1, $2, 'erp', '\\x00', '', '{}')",
        "INSERT INTO audit (tenant_id, who_kind, who, action, target, address)"
        " VALUES ($1, 'user', $2::uuid::text, 'x', 'y', '')",
        "INSERT INTO idempotency_keys (tenant_id, caller, route, key, request, lease, leased_until)"
        " VALUES ($1, $2, 'POST /users', 'k', '\\x00', $2, now())",
        "INSERT INTO reads SELECT tenant_id, $2, id, 1 FROM conversations WHERE tenant_id = $1",
        "INSERT INTO mails (tenant_id, recipient, sealed) VALUES ($1, $2::uuid::text, '\\x00')",
        "INSERT INTO canned_responses (tenant_id, shortcut, title, text, scope, owner_id)"
        " VALUES ($1, 'oi', 'Oi', 'oi', 'personal', $2)",
        "INSERT INTO canned_response_files SELECT $1, r.id, 1, a.id FROM canned_responses r,"
        " attachments a WHERE r.tenant_id = $1 AND a.tenant_id = $1 AND r.owner_id = $2 LIMIT 1",
        "INSERT INTO preferences (tenant_id, user_id, document) VALUES ($1, $2, '{}')",
        "INSERT INTO user_photos (tenant_id, user_id, image, digest) VALUES ($1, $2, '\\x00', 'x')",
        "INSERT INTO pause_reasons (tenant_id, reasons) VALUES ($1, jsonb_build_array($2::uuid))",
        "INSERT INTO push_subscriptions (tenant_id, user_id, session_id, digest, sealed, device)"
        " SELECT $1, $2, id, '\\x00', '\\x00', 'x' FROM sessions WHERE tenant_id = $1",
        "INSERT INTO push_sends (tenant_id, subscription_id, user_id, kind, conversation_id,"
        " version, next_at) SELECT $1, id, $2, 'mention', $2, 1, now() FROM push_subscriptions"
        " WHERE tenant_id = $1",
    ):
        await given.admin.execute(statement, place.tenant, user)


async def tables(given: RowBuilder) -> list[str]:
    return await given.rows(
        "SELECT table_name::text FROM information_schema.columns"
        " JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND column_name = 'tenant_id'"
        " AND table_type = 'BASE TABLE'"  # views run with the rights of who asks
        " AND table_name::text NOT IN (SELECT relname::text FROM pg_class WHERE relispartition)"
        " ORDER BY 1"
    )


async def test_every_table_of_tenants_enables_and_forces_row_level_security(
    given: RowBuilder,
) -> None:
    loose = await given.rows(
        "SELECT relname::text FROM pg_class WHERE relname = ANY ($1)"
        " AND NOT (relrowsecurity AND relforcerowsecurity)",
        await tables(given),
    )

    assert loose == []
    assert len(await tables(given)) >= 19


async def test_parts_of_a_table_are_reached_through_the_table_alone(given: RowBuilder) -> None:
    parts = await given.rows(
        "SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r'"
    )
    loose = await given.rows(
        "SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r'"
        " AND NOT (relrowsecurity AND relforcerowsecurity)"
    )

    assert len(parts) > 12
    assert loose == []
    assert (
        await given.rows(
            "SELECT table_name::text FROM information_schema.role_table_grants"
            " WHERE table_name = ANY ($1) AND grantee LIKE 'niochat\\_%'",
            parts,
        )
        == []
    )


async def test_no_role_of_the_product_bypasses_row_level_security(given: RowBuilder) -> None:
    assert (
        await given.rows(
            "SELECT rolname::text FROM pg_roles WHERE (rolbypassrls OR rolsuper)"
            " AND rolname LIKE 'niochat%'"
        )
        == []
    )
    assert (
        await given.rows("SELECT rolname::text FROM pg_roles WHERE rolbypassrls AND NOT rolsuper")
        == []
    )


async def test_the_roles_that_work_own_nothing(given: RowBuilder) -> None:
    assert (
        await given.rows(
            "SELECT c.relname::text FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
            " WHERE r.rolname IN ('niochat_system', 'niochat_app')"
        )
        == []
    )


async def test_the_paths_role_has_policies_on_the_tables_of_the_path_only(
    given: RowBuilder,
) -> None:
    reachable = await given.rows(
        "SELECT tablename::text FROM pg_policies WHERE 'niochat_system' = ANY (roles)"
    )

    assert set(reachable) == PATH
    assert (
        await given.rows(
            "SELECT DISTINCT table_name::text FROM information_schema.role_table_grants"
            " WHERE grantee = 'niochat_system' AND table_name IN ('erp_writes', 'memories')"
        )
        == []
    )


async def test_the_owner_itself_sees_no_row(
    database_url: str, given: RowBuilder, place: ChannelRef
) -> None:
    owner = await asyncpg.connect(database_url)
    try:
        seen = {t: await owner.fetchval(f"SELECT count(*) FROM {t}") for t in await tables(given)}
    finally:
        await owner.close()

    assert set(seen.values()) == {0}


async def test_a_tenant_sees_its_own_rows_and_an_unset_or_foreign_one_none(
    database: Database, given: RowBuilder, place: ChannelRef
) -> None:
    foreign = await given.tenant()
    await given.admin.execute("DELETE FROM teams WHERE tenant_id = $1", foreign)
    for table in await tables(given):
        assert await seen(database, place.tenant, table) > 0, f"{table} is not covered"
        assert await seen(database, foreign, table) == (1 if table == "tenants" else 0)
        assert await seen(database, None, table) == 0


async def test_an_unset_or_foreign_tenant_changes_and_deletes_nothing(
    database: Database, given: RowBuilder, place: ChannelRef
) -> None:
    foreign = await given.tenant()
    for table in await tables(given):
        before = await given.rows(f"SELECT t::text FROM {table} t ORDER BY 1")
        for tenant in (foreign, None):
            where = f"WHERE tenant_id = '{place.tenant}'"
            for change in ("DELETE FROM {}", "UPDATE {} SET tenant_id = tenant_id"):
                statement = f"{change.format(table)} {where}"
                assert await changed(database, tenant, statement) == 0, statement
        assert await given.rows(f"SELECT t::text FROM {table} t ORDER BY 1") == before


async def test_an_unset_or_foreign_tenant_inserts_nothing(
    database: Database, given: RowBuilder, place: ChannelRef
) -> None:
    foreign = await given.tenant()
    for table in await tables(given):
        columns = ", ".join(
            await given.rows(
                "SELECT column_name::text FROM information_schema.columns WHERE table_name = $1"
                " AND is_generated = 'NEVER' AND is_identity = 'NO'",
                table,
            )
        )
        (row,) = (
            await given.rows(
                f"SELECT to_jsonb(t) FROM {table} t WHERE tenant_id = $1", place.tenant
            )
        )[:1]
        for tenant in (foreign, None):
            with pytest.raises(NiochatError, match=REFUSED):
                async with acting_for(database, tenant) as connection:
                    await connection.execute(
                        f"INSERT INTO {table} ({columns}) SELECT {columns}"
                        f" FROM jsonb_populate_record(NULL::{table}, $1)",
                        row,
                    )


async def test_a_row_cannot_be_given_away(
    database: Database, given: RowBuilder, place: ChannelRef
) -> None:
    foreign = await given.tenant()
    for table in await tables(given):
        with pytest.raises(NiochatError, match=REFUSED):
            async with database.as_tenant(place.tenant) as connection:
                await connection.execute(f"UPDATE {table} SET tenant_id = '{foreign}'")


async def test_the_tenant_ends_with_its_transaction(database: Database, place: ChannelRef) -> None:
    async with database.as_tenant(place.tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM threads") == 1
    async with acting_for(database, None) as connection:
        assert await connection.fetchval("SELECT current_tenant()") is None


async def test_every_key_between_tables_of_tenants_carries_the_tenant(given: RowBuilder) -> None:
    keys = await given.rows(
        "SELECT conrelid::regclass || '.' || conname || ': ' || EXISTS ("
        "  SELECT FROM unnest(conkey, confkey) AS k (child, parent)"
        "    JOIN pg_attribute c ON c.attrelid = conrelid AND c.attnum = child"
        "    JOIN pg_attribute p ON p.attrelid = confrelid AND p.attnum = parent"
        "   WHERE c.attname = 'tenant_id' AND p.attname = 'tenant_id')"
        "  FROM pg_constraint WHERE contype = 'f'"
    )

    assert {key.partition(":")[0] for key in keys if not key.endswith(": true")} == OF_THE_GATE
    assert len(keys) >= 20


async def test_tables_without_a_tenant_are_not_the_tenants(given: RowBuilder) -> None:
    """They belong to a person, who may be of the platform: the gate alone looks at them."""
    assert (
        await given.rows(
            "SELECT DISTINCT table_name::text FROM information_schema.role_column_grants"
            " WHERE grantee IN ('niochat_app', 'niochat_system') AND table_name = ANY ($1)",
            [key.partition(".")[0] for key in OF_THE_GATE if not key.startswith("sessions.")]
            + ["signing_keys", "tenant_token_keys", "attempts"],
        )
        == []
    )


async def test_a_row_cannot_point_into_another_tenant(given: RowBuilder, place: ChannelRef) -> None:
    """Even the superuser, whom no policy binds, is refused by the keys."""
    foreign = await given.tenant()
    for child in (
        "messages",
        "events",
        "outbox",
        "timers",
        "turns",
        "inbox",
        "erp_writes",
        "memories",
        "pauses",
    ):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await given.admin.execute(f"UPDATE {child} SET tenant_id = $1", foreign)


async def test_a_thread_of_another_tenants_channel_is_refused(
    given: RowBuilder, database: Database, place: ChannelRef
) -> None:
    other = await given.place()
    (contact,) = await given.rows("SELECT id FROM contacts WHERE tenant_id = $1", place.tenant)
    with pytest.raises(InvalidInputError):
        async with database.as_system() as connection:
            await connection.execute(
                "INSERT INTO threads (tenant_id, channel_id, contact_id) VALUES ($1, $2, $3)",
                place.tenant,
                other.channel,
                contact,
            )


async def changed(database: Database, tenant: UUID | None, statement: str) -> int:
    """Rows that the statement changed; none when the role may not even try."""
    try:
        async with acting_for(database, tenant) as connection:
            return int((await connection.execute(statement)).split()[-1])
    except NiochatError as refusal:
        assert "permission denied" in str(refusal)  # noqa: PT017 - 0 rows is as good
        return 0


async def test_the_log_is_only_added_to_and_a_tenant_keeps_its_standing(
    database: Database, place: ChannelRef
) -> None:
    for statement in (
        "UPDATE events SET type = 'x'",
        "DELETE FROM events",
        "UPDATE tenants SET status = 'active'",
        "DELETE FROM tenants",
    ):
        with pytest.raises(NiochatError, match="permission denied"):
            async with database.as_tenant(place.tenant) as connection:
                await connection.execute(statement)


async def seen(database: Database, tenant: UUID | None, table: str) -> int:
    async with acting_for(database, tenant) as connection:
        number: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
        return number


@asynccontextmanager
async def acting_for(database: Database, tenant: UUID | None) -> AsyncIterator[Connection]:
    """A transaction as ``niochat_app`` for a tenant; ``None``: the tenant is not set."""
    async with database.as_tenant(tenant or UUID(int=0)) as connection:
        if tenant is None:
            await connection.execute("SET LOCAL niochat.tenant = ''")
        yield connection
