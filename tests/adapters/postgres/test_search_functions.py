"""The functions that search: whose messages they give, and what they read at a million of them."""

import asyncio
import re
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import PLANNER_SETTINGS, Database
from niochat.conversations.conversation_queries import ConversationVisibility
from niochat.conversations.message_search import MessageSearch, MessageSearchRequest
from niochat.conversations.search_indexer import SearchIndexer
from niochat.domain.errors import NiochatError
from tests.builders import Admin, ChannelRef, RowBuilder, open_connection

pytestmark = pytest.mark.asyncio

LATEST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
SEARCH = "SELECT id, at, upto FROM search_messages($1, $2, $3, $4, $5)"
ALL = ConversationVisibility("all", "", frozenset())


async def visit(given: RowBuilder, place: ChannelRef) -> UUID:
    """A conversation without messages."""
    thread = await given.thread(place)
    await given.admin.execute(
        "INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, version, state,"
        " schema_version, opened_at, changed_at)"
        " VALUES ($1, $2, $2, $2::uuid::text, 'pending', 1, '{}', 1, now(), now())",
        place.tenant,
        thread,
    )
    return thread


async def say(given: RowBuilder, place: ChannelRef, thread: UUID, texts: list[str]) -> None:
    """Messages of yesterday, a second after another."""
    await given.admin.execute(
        "INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author, kind,"
        " text, sent_at, stored_at) SELECT $1, gen_random_uuid(), $2, $2, n, 'customer', 'text',"
        " said, now(), now() - interval '1 day' + n * interval '1 second'"
        " FROM unnest($3::text[]) WITH ORDINALITY AS t (said, n)",
        place.tenant,
        thread,
        texts,
    )


async def gather(database: Database) -> int:
    blocks = 0
    while made := await SearchIndexer(database).index_next_blocks():
        blocks += made
    return blocks


async def walked(database: Database, tenant: UUID, words: str, limit: int = 7) -> list[str]:
    """Texts of all pages."""
    texts: list[str] = []
    before = None
    while True:
        wanted = MessageSearchRequest(words.split(), before, limit)
        found = await MessageSearch(database).search_page(tenant, ALL, wanted)
        texts += [row["text"] for row in found.rows]
        before = found.next_position
        if before is None:
            return texts


async def test_what_is_gathered_is_found_as_before_and_nothing_twice(
    database: Database, given: RowBuilder
) -> None:
    place = await given.place()
    thread = await visit(given, place)
    texts = [
        f"{'fatura' if n % 3 else 'boleto'} {'vencida' if n % 5 else 'paga'} n{n}"
        for n in range(700)
    ]
    await say(given, place, thread, texts)
    asked = ("fatura", "faturas vencidas", "boleto paga", "n333", "boletto pagas n15", "nada")
    before = {words: await walked(database, place.tenant, words) for words in asked}
    assert before["fatura"] == [text for text in reversed(texts) if "fatura" in text]
    assert before["n333"] == [texts[333]]
    assert before["boletto pagas n15"] == [texts[15]]

    assert await gather(database) == 5
    assert await gather(database) == 0
    assert {words: await walked(database, place.tenant, words) for words in asked} == before
    sizes = await given.rows("SELECT cardinality(ids) FROM search_blocks ORDER BY number")
    assert sizes == [128] * 5
    ids = await given.rows("SELECT DISTINCT unnest(ids) FROM search_blocks")
    assert len(ids) == 640


async def test_two_that_gather_at_once_make_each_block_once(
    database: Database, given: RowBuilder
) -> None:
    place = await given.place()
    await say(given, place, await visit(given, place), ["fatura"] * 400)
    await asyncio.gather(*(gather(database) for _ in range(3)))
    assert await given.rows("SELECT number FROM search_blocks ORDER BY 1") == [1, 2, 3]


async def test_what_may_still_be_edited_is_not_gathered(
    database: Database, given: RowBuilder
) -> None:
    place = await given.place()
    await say(given, place, await visit(given, place), ["fatura"] * 200)
    await given.admin.execute("UPDATE messages SET stored_at = now()")
    assert await gather(database) == 0


async def test_what_was_deleted_after_it_was_gathered_is_not_found(
    database: Database, given: RowBuilder
) -> None:
    place = await given.place()
    await say(given, place, await visit(given, place), ["fatura"] * 127 + ["fatura apagada"])
    await gather(database)
    await given.admin.execute("UPDATE messages SET deleted_at = now() WHERE text LIKE '%apagada'")
    assert len(await walked(database, place.tenant, "fatura")) == 127
    assert await walked(database, place.tenant, "apagada") == []


async def test_no_number_gets_into_the_dictionary(database: Database, given: RowBuilder) -> None:
    place = await given.place()
    await say(
        given,
        place,
        await visit(given, place),
        ["meu cpf é 529.982.247-25 ou 52998224725, fone 5511987654321, código a1"] * 128,
    )
    await gather(database)
    assert await given.rows("SELECT word FROM search_words ORDER BY 1") == ["codigo", "fone"]
    assert len(await walked(database, place.tenant, "52998224725", 200)) == 128


async def test_without_a_tenant_and_for_others_nothing_is_given(
    database: Database, given: RowBuilder
) -> None:
    place, foreign = await given.place(), await given.place()
    thread = await visit(given, place)
    await say(given, place, thread, ["fatura"] * 130)
    for gathered in (False, True):
        for tenant, words in ((foreign.tenant, 0), (None, 0), (place.tenant, 1)):
            async with database.as_tenant(tenant or UUID(int=0)) as connection:
                if tenant is None:
                    await connection.execute("SET LOCAL niochat.tenant = ''")
                rows = await connection.fetch(SEARCH, ["fatur"], [1], *LATEST, 500)
                similar = await connection.fetch("SELECT * FROM similar_words('fatrua')")
            assert len(rows) == 130 * words
            assert len(similar) == words
        if not gathered:
            await gather(database)


async def test_only_the_tenants_role_may_call_and_only_the_searching_role_sees_all(
    database: Database, given: RowBuilder
) -> None:
    owned = await given.rows(
        "SELECT proname::text FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1"
    )
    assert owned == ["search_messages", "similar_words"]
    for function in (
        "search_messages(text[], int[], timestamptz, uuid, int)",
        "similar_words(text)",
    ):
        may = await given.rows(
            "SELECT rolname::text FROM pg_roles WHERE NOT rolsuper AND rolname NOT LIKE 'pg\\_%'"
            " AND has_function_privilege(oid, $1, 'EXECUTE') ORDER BY 1",
            function,
        )
        assert may == ["niochat_app", "niochat_search"]
        (settings,) = await given.rows(
            "SELECT proconfig FROM pg_proc WHERE oid = $1::text::regprocedure", function
        )
        assert "search_path=pg_catalog, pg_temp" in settings
    (role,) = await given.admin.fetch(
        "SELECT rolcanlogin, rolbypassrls, rolsuper FROM pg_roles WHERE rolname = 'niochat_search'"
    )
    assert tuple(role) == (False, False, False)
    grants = await given.rows(
        "SELECT DISTINCT table_name || ' ' || privilege_type"
        " FROM information_schema.column_privileges WHERE grantee = 'niochat_search' ORDER BY 1"
    )
    assert grants == ["messages SELECT", "search_blocks SELECT", "search_words SELECT"]
    with pytest.raises(NiochatError, match="permission denied"):
        async with database.as_system() as connection:
            await connection.fetch(SEARCH, ["fatur"], [1], *LATEST, 1)


# ---------------------------------------------------------------- at a million messages
LOUD, QUIET, SMALL = UUID(int=1), UUID(int=2), UUID(int=3)
INDEXES = "messages_external, messages_conversation, messages_thread"
MILLION = """
INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author, kind, text,
                      sent_at, stored_at)
SELECT (CASE WHEN n % 10000 = 5 THEN $3::uuid WHEN n % 4 = 3 THEN $2::uuid
             ELSE $1::uuid END),
       uuidv7(), $1::uuid, $1::uuid, n, 'customer', 'text',
       'bom dia ' || CASE WHEN n % 10000 = 5 THEN 'roteador'
                          WHEN n % 4 = 3 THEN 'sinal'
                          WHEN n = 400 THEN 'desbloqueio urgente'
                          WHEN n % 100 = 0 THEN 'faturas'
                          WHEN n % 100 = 50 THEN 'vencidas'
                          ELSE 'internet' END,
       now(), now() - interval '1 hour' - (1000000 - n) * interval '10 s'
  FROM generate_series(1, 1000000) AS n
"""
"""A million: three in four are of the loud tenant, a hundred of the small one."""


async def loaded(admin: Admin) -> None:
    """Without the keys and indexes that a search does not use: they would take minutes."""
    await admin.execute("SET session_replication_role = replica; SET max_parallel_workers = 0")
    await admin.execute(f"DROP INDEX {INDEXES}")
    for tenant in (LOUD, QUIET, SMALL):
        await admin.execute(
            "INSERT INTO tenants (tenant_id, slug, name) VALUES ($1, $1::uuid::text, 'x')", tenant
        )
    await admin.execute(MILLION, LOUD, QUIET, SMALL)
    await admin.execute("RESET session_replication_role; ANALYZE messages")


async def gathered(admin_url: str, tenant: UUID) -> None:
    """All blocks of a tenant, in one transaction."""
    connection = await open_connection(admin_url)
    await connection.execute("SET ROLE niochat_system")
    await connection.execute(
        f"DO $$ BEGIN WHILE gather_block('{tenant}', '20 min') LOOP END LOOP; END $$"
    )
    await connection.close()


async def plans(admin_url: str, tenant: UUID, lexemes: list[str]) -> tuple[list[str], list[Any]]:
    """What the function did on a connection like the product's, statement by statement."""
    connection = await open_connection(admin_url)
    told: list[str] = []
    connection.add_log_listener(lambda _, message: told.append(message.message))
    await connection.execute("LOAD 'auto_explain'")
    for setting, value in {**EXPLAINED, **PLANNER_SETTINGS, "niochat.tenant": str(tenant)}.items():
        await connection.execute(f"SET {setting} = '{value}'")
    await connection.execute("SET ROLE niochat_app")
    groups = list(range(len(lexemes)))
    rows = await connection.fetch(SEARCH, lexemes, groups, *LATEST, 51)
    await connection.close()
    return [plan for plan in told if "pg_type" not in plan], rows  # the driver asks for types


EXPLAINED = {
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_level": "notice",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_parameter_max_length": "0",
}


def read(told: list[str]) -> int:
    """Rows that were read out of tables by all statements, those that did not fit included."""
    rows = 0.0
    scan = r"(?:Index|Bitmap Heap|Seq)[\w ]* Scan .*? on .*?actual rows=([\d.]+) loops=(\d+)"
    for plan in told:
        rows += sum(float(number) * int(loops) for number, loops in re.findall(scan, plan))
        rows += sum(int(number) for number in re.findall(r"Rows Removed by Filter: (\d+)", plan))
    return int(rows)


@pytest.mark.long
@pytest.mark.timeout(280)
async def test_at_a_million_messages_a_search_reads_few_rows_by_its_index(
    admin: Admin, admin_url: str, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    await loaded(admin)
    after_load = time.monotonic()
    await asyncio.gather(*(gathered(admin_url, tenant) for tenant in (LOUD, QUIET)))
    await admin.execute("ANALYZE search_blocks; ANALYZE search_words")
    after_gathering = time.monotonic()
    assert (
        await admin.fetchval("SELECT count(*) FROM search_blocks")
        == 749_900 // 128 + 250_000 // 128
    )

    for tenant, lexemes, hits, most in (
        (LOUD, ["internet"], 51, 100),  # in nearly every message
        (LOUD, ["bom", "dia"], 51, 100),
        (LOUD, ["fatur"], 51, 400),  # in one of a hundred
        (LOUD, ["desbloquei", "urgent"], 1, 200),  # in the oldest block
        (LOUD, ["inexistent"], 0, 200),
        (QUIET, ["fatur"], 0, 200),  # others' words
        (QUIET, ["roteador"], 0, 200),
        (SMALL, ["internet"], 0, 200),  # 100 messages, in no block
        (SMALL, ["roteador"], 51, 100),
        (SMALL, ["bom"], 51, 100),
    ):
        told, rows = await plans(admin_url, tenant, lexemes)
        whole = "\n".join(told)
        named = f"{tenant} {lexemes}"
        assert len(rows) == hits, f"{named}: {len(rows)}"
        assert "Seq Scan" not in whole, named
        assert read(told) <= most, f"{named} read {read(told)} rows"
        if hits < 51 and tenant != SMALL:
            assert "Bitmap Index Scan on search_blocks_words" in whole, named
        assert await admin.fetchval(
            "SELECT bool_and(tenant_id = $1) IS NOT FALSE FROM messages WHERE id = ANY ($2)",
            tenant,
            [row["id"] for row in rows],
        )
    # Words that stand together in many blocks and in no message: a bounded piece at a time.
    told, rows = await plans(admin_url, LOUD, ["fatur", "venc"])
    assert [row["id"] for row in rows] == [None]
    assert read(told) < 20_000
    async with database.as_tenant(LOUD) as connection:
        similar = await connection.fetch("SELECT word FROM similar_words('desbloqueoi')")
    assert "desbloqueio" in [row["word"] for row in similar]

    with capsys.disabled():
        print(
            f"\na million messages: {after_load - began:.0f} s to load,"
            f" {after_gathering - after_load:.0f} s to gather,"
            f" {time.monotonic() - after_gathering:.0f} s to search"
        )


async def test_the_functions_take_no_bad_input(database: Database, given: RowBuilder) -> None:
    place = await given.place()
    async with database.as_tenant(place.tenant) as connection:
        for lexemes, groups, most in (
            ([], [], 5),
            (None, None, 5),
            (["x"], [1], 0),
            (["it''s", "a\\b", "c & !d", "e:*"], [1, 2, 3, 4], 5),
        ):
            assert await connection.fetch(SEARCH, lexemes, groups, *LATEST, most) == []
