"""One row that a project refuses becomes a dead letter with its reason; the others are stored."""

import pytest

from niochat.adapters.postgres.queries import queries
from tests.mirror.mirror_fixture import MirrorFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]
_SQL = queries("mirror")
NO_SWEARING = (
    "ALTER TABLE public.mensagens ADD CONSTRAINT no_swearing CHECK (content NOT LIKE '%droga%')"
)


async def _dead_letters(mirrored: MirrorFixture) -> list[tuple[str, str, int]]:
    rows = await mirrored.given.admin.fetch(
        "SELECT source, code, attempts FROM mirror_dead_letters"
    )
    return [tuple(row) for row in rows]


async def test_a_refused_row_does_not_keep_the_others(mirrored: MirrorFixture) -> None:
    await mirrored.sandbox.run_sql(NO_SWEARING)
    for _ in range(5):
        await mirrored.insights.serve()
    await mirrored.given.admin.execute(
        "UPDATE messages SET text = 'que droga' WHERE id = (SELECT id FROM messages LIMIT 1)"
    )
    await mirrored.send()
    assert len(await mirrored.rows("mensagens")) == 5 * 4 - 1
    assert await _dead_letters(mirrored) == [("messages", "23514", 1)]
    (difference,) = await mirrored.differences()
    assert (difference.place.table, len(difference.missing)) == ("mensagens", 1)


async def test_a_dead_letter_is_gone_once_its_row_is_stored(mirrored: MirrorFixture) -> None:
    await mirrored.sandbox.run_sql(NO_SWEARING)
    await mirrored.insights.serve()
    await mirrored.given.admin.execute(
        "UPDATE messages SET text = 'que droga' WHERE id = (SELECT id FROM messages LIMIT 1)"
    )
    await mirrored.send()
    await mirrored.given.admin.execute(_SQL["retry_dead_letters"], mirrored.tenant)
    await mirrored.send()
    assert await _dead_letters(mirrored) == [("messages", "23514", 2)]
    await mirrored.sandbox.run_sql("ALTER TABLE public.mensagens DROP CONSTRAINT no_swearing")
    await mirrored.given.admin.execute(_SQL["retry_dead_letters"], mirrored.tenant)
    await mirrored.send()
    assert await _dead_letters(mirrored) == []
    assert await mirrored.differences() == []


async def test_a_schema_that_refuses_everything_is_no_rows_fault(mirrored: MirrorFixture) -> None:
    await mirrored.sandbox.run_sql(
        "ALTER TABLE public.mensagens ADD CONSTRAINT nothing CHECK (content = '') NOT VALID"
    )
    for _ in range(8):
        await mirrored.insights.serve()
    await mirrored.insights.project()
    await mirrored.mirror.run_until_sent()
    position = await mirrored.position()
    assert position["failure"] == "schema_differs"
    assert await _dead_letters(mirrored) == []
    await mirrored.sandbox.run_sql("ALTER TABLE public.mensagens DROP CONSTRAINT nothing")
    await mirrored.given.admin.execute("UPDATE mirror_positions SET retry_at = now()")
    await mirrored.send()
    assert await mirrored.differences() == []
