"""After an upgrade the projector replaces, once, what older code wrote; that serves meanwhile."""

import asyncio
from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Connection, Database
from niochat.domain.errors import UnavailableError
from niochat.insights.conversation_projection import ConversationProjection
from niochat.insights.projection_runner import ProjectionRunner
from niochat.insights.projector import Projector
from niochat.insights.rebuild import ProjectionRebuilder
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_request import ReportAudience, ReportRequest, parse_metrics
from niochat.insights.reports.report_store import ReportStore, load_serving
from tests.insights.conftest import TABLES, InsightsFixture

pytestmark = pytest.mark.asyncio
OF_OTHERS = ("assistant_turns", "deliveries", "delivery_rollups")
UNTOUCHED = [("deliveries", 1, 1), ("turns", 1, 1)]
OF_CONVERSATIONS = [table for table in TABLES if table not in OF_OTHERS]


async def upgrade(insights: InsightsFixture, served: int = 3) -> dict[str, list[dict[str, object]]]:
    """The live generation becomes one of older code, which did not count turns. Returns what the
    code of now made of the events.
    """
    for number in range(served):
        await insights.serve(f"agent-{number}")
    await insights.project()
    right = await insights.snapshot()
    for statement in (
        "UPDATE analytics.positions SET revision = 1 WHERE name = 'conversations'",
        "UPDATE analytics.conversation_measures SET turns = 0, state = state - 'turns'",
        "UPDATE analytics.rollups SET turns = 0",
        "DELETE FROM analytics.duration_rollups",
    ):
        await insights.given.admin.execute(statement)
    return right


async def generations(insights: InsightsFixture) -> list[tuple[str, int, int]]:
    rows = await insights.given.admin.fetch(
        "SELECT p.name, j.generation, p.generation FROM analytics.positions p"
        " JOIN analytics.projections j USING (tenant_id, name) ORDER BY 1, 3"
    )
    return [tuple(row) for row in rows]


async def is_complete(insights: InsightsFixture) -> bool:
    async with insights.database.as_tenant(insights.place.tenant) as connection:
        return (await load_serving(connection, insights.place.tenant)).has_turns


async def test_what_older_code_wrote_is_built_anew_and_removed(insights: InsightsFixture) -> None:
    right = await upgrade(insights)
    assert not await is_complete(insights)

    await insights.projector.run_until_read()

    assert await generations(insights) == [
        ("conversations", 2, 2),
        *UNTOUCHED,
    ]
    assert await is_complete(insights)
    for table in OF_CONVERSATIONS:
        assert await insights.rows(table, 2) == right[table]
        assert await insights.rows(table, 1) == []
    await insights.projector.run_until_read()
    assert await generations(insights) == [
        ("conversations", 2, 2),
        *UNTOUCHED,
    ], "once"


async def test_until_then_reports_say_what_the_old_one_knows(insights: InsightsFixture) -> None:
    await upgrade(insights)
    names = "conversations,turns,assistant_assumed,answers"
    request = ReportRequest(
        parse_metrics(names, ReportGrouping.NONE),
        ReportGrouping.NONE,
        ReportAudience("all", "", frozenset()),
    )
    store = ReportStore(insights.database)

    before = await store.run_report(insights.place.tenant, request)
    await insights.projector.run_until_read()
    afterwards = await store.run_report(insights.place.tenant, request)

    assert list(before.rows[0].values.values()) == [3, None, None, 3]
    assert list(afterwards.rows[0].values.values()) == [3, 3, 0, 3]


async def test_the_old_generation_serves_until_nothing_is_missing(
    insights: InsightsFixture,
) -> None:
    right = await upgrade(insights)
    rebuilder = ProjectionRebuilder(insights.database, ProjectionRunner(insights.database, limit=5))
    projection, tenant = ConversationProjection(), insights.place.tenant

    assert await rebuilder.replace_outdated(projection, tenant, 2) == 10

    assert await generations(insights) == [
        ("conversations", 1, 1),
        ("conversations", 1, 2),
        *UNTOUCHED,
    ]
    while await rebuilder.replace_outdated(projection, tenant, 2):
        assert len(await insights.rows("human_answers", 1)) in (0, 3)
    assert await insights.rows("rollups", 2) == right["rollups"]


async def test_projectors_at_once_replace_it_once(
    insights: InsightsFixture, serving_url: str
) -> None:
    right = await upgrade(insights, served=6)
    databases = [await Database.open(serving_url, size=3) for _ in range(3)]
    projectors = [Projector(each, runner=ProjectionRunner(each, limit=3)) for each in databases]

    for _ in range(40):  # one run each, again and again, in whatever order locks allow
        await asyncio.gather(*(each.run_once() for each in projectors))
    await insights.project()

    for each in databases:
        each.terminate()
    assert await generations(insights) == [
        ("conversations", 2, 2),
        *UNTOUCHED,
    ]
    for table in OF_CONVERSATIONS:
        assert await insights.rows(table, 2) == right[table]


async def test_whoever_comes_after_the_flip_begins_no_other_generation(
    insights: InsightsFixture,
) -> None:
    """It saw the old generation in its list, and the other one was faster."""
    await upgrade(insights)
    rebuilder = ProjectionRebuilder(insights.database)
    projection, tenant = ConversationProjection(), insights.place.tenant
    await rebuilder.replace_outdated(projection, tenant, 100)

    assert await rebuilder.replace_outdated(projection, tenant, 100) == 0

    assert await generations(insights) == [
        ("conversations", 2, 2),
        *UNTOUCHED,
    ]


class DyingDatabase(Database):
    """Dies after so many commits of a tenant's transactions."""

    left = 0

    async def commit(self, connection: Connection) -> None:
        await super().commit(connection)
        type(self).left -= 1
        if self.left <= 0:
            raise UnavailableError("killed after the commit")


async def replace_all(rebuilder: ProjectionRebuilder, tenant: UUID) -> None:
    for _ in range(9):
        await rebuilder.replace_outdated(ConversationProjection(), tenant, 4)


@pytest.mark.parametrize("commits", range(1, 9))
async def test_wherever_it_dies_another_projector_ends_it(
    insights: InsightsFixture, serving_url: str, commits: int
) -> None:
    """Also between the flip and the removal of the rows that served before."""
    right = await upgrade(insights)
    dying = await DyingDatabase.open(serving_url, size=2)
    DyingDatabase.left = commits
    runner = ProjectionRunner(dying, limit=20)
    with pytest.raises(UnavailableError):
        await replace_all(ProjectionRebuilder(dying, runner), insights.place.tenant)
    dying.terminate()

    await insights.projector.run_until_read()

    assert await generations(insights) == [
        ("conversations", 2, 2),
        *UNTOUCHED,
    ]
    for table in OF_CONVERSATIONS:
        assert await insights.rows(table, 2) == right[table]
        assert await insights.rows(table, 1) == []


async def test_two_rebuilds_at_once_leave_one_generation(
    insights: InsightsFixture, serving_url: str
) -> None:
    await insights.serve()
    await insights.project()
    live = await insights.snapshot()
    other = await Database.open(serving_url, size=3)
    rebuilders = [
        ProjectionRebuilder(each, ProjectionRunner(each, limit=2))
        for each in (insights.database, other)
    ]

    served = await asyncio.gather(
        *(each.rebuild(ConversationProjection(), insights.place.tenant) for each in rebuilders)
    )

    other.terminate()
    newest = max(served)
    assert await generations(insights) == [
        ("conversations", newest, newest),
        *UNTOUCHED,
    ]
    for table in OF_CONVERSATIONS:
        assert await insights.rows(table, newest) == live[table]
