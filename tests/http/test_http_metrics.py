"""Promises about figures: answers counted by class, the cluster read from the database."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat.adapters.postgres.database import Database
from niochat.conversations.pauses import ActorPauseStore
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import UnavailableError
from niochat.http.cluster_metrics import CLUSTER_GAUGES, read_cluster_metrics
from niochat.http.http_metrics import ResponseCounter, ResponseCounterMiddleware
from niochat.inbox.inbox_store import InboxStore
from tests.builders import Host, RowBuilder, ShardAssignments
from tests.http.conftest import serve_app

pytestmark = pytest.mark.asyncio


async def test_answers_are_counted_by_class_whatever_the_route_does() -> None:
    async def answering(request: Request) -> Response:
        return Response(status_code=int(request.path_params["status"]))

    async def failing(_: Request) -> Response:
        raise RuntimeError("boom")

    answers = ResponseCounter()
    routes = [Route("/answers/{status}", answering), Route("/fails", failing)]
    app = Starlette(routes=routes, middleware=[Middleware(ResponseCounterMiddleware, answers)])
    async with serve_app(app, lifespan="off") as http:
        for path in ("answers/200", "answers/204", "answers/404", "answers/503", "none", "fails"):
            await http.get(f"/{path}")
    answers.count_ignored("group")

    assert answers.take_counts() == ({"2xx": 2, "4xx": 2, "5xx": 2}, {"group": 1})
    assert answers.take_counts() == ({}, {})


async def test_the_clusters_figures_are_counts_of_rows(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    place = await given.place()
    thread = await given.thread(place)
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    said = cmd.ReturnConversationToAssistant("ana")
    await InboxStore(database).store_command(place.tenant, thread, place.channel, "k", said)
    await given.admin.execute("UPDATE inbox SET received_at = now() - interval '90 s'")
    await given.admin.execute("UPDATE channels SET held_until = now() + interval '1 h'")
    await ActorPauseStore(database).pause(thread, 60)

    figures = await read_cluster_metrics(database, 3)

    assert figures.keys() == CLUSTER_GAUGES.keys()
    for name in ("inbox_pending", "channels_held", "actors_paused", "database_up"):
        assert figures[name] == 1, name
    assert 80 < figures["inbox_oldest_seconds"] < 200
    assert (figures["hosts_wanted"], figures["hosts_alive"]) == (3, 0)
    assert figures["shards_orphaned"] == 1024
    assert (figures["projection_lag_seconds"], figures["projections_stopped"]) == (0, 0)
    assert (figures["sends_queued"], figures["sends_uncertain"]) == (0, 0)


async def test_nothing_waits_in_an_empty_database(database: Database) -> None:
    figures = await read_cluster_metrics(database, 1)

    assert (figures["inbox_pending"], figures["inbox_oldest_seconds"]) == (0, 0)


async def test_a_database_that_is_away_is_said_to_be(database: Database) -> None:
    database.terminate()

    with pytest.raises(UnavailableError):
        await read_cluster_metrics(database, 1)
