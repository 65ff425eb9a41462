"""Comments on ratings get a theme, a tone and an urgency, within what a provider pays for them."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.adapters.models.openai.model_client import ModelClient
from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from niochat.ratings.comment_classifier import (
    CommentClass,
    CommentClassifier,
    parse_comment_class,
)
from tests.adapters.models.openai.scripted_endpoint import (
    ScriptedEndpoint,
    build_text_response,
    openai_error,
)
from tests.builders import Host, RowBuilder, ShardAssignments, build_message, insert_commands
from tests.ratings.test_opinion_reader import EvaluatingModel

pytestmark = pytest.mark.asyncio
ANSWER = {
    **build_text_response('{"tema": "espera", "tom": "negativo", "urgencia": "alta"}'),
    "usage": {"prompt_tokens": 1000, "completion_tokens": 0},
}


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    opened = ScriptedEndpoint(answers=[ANSWER])
    await opened.open()
    yield opened
    opened.close()


@pytest_asyncio.fixture
async def classifier(
    database: Database, endpoint: ScriptedEndpoint
) -> AsyncIterator[CommentClassifier]:
    models = ModelClient()

    async def load(tenant: UUID) -> EvaluatingModel:
        return EvaluatingModel(endpoint.url)

    yield CommentClassifier(database, models, load)
    await models.close()


async def commented(
    database: Database, given: RowBuilder, ownership: ShardAssignments, **ratings: Any
) -> None:
    """A customer scored and commented with thanks."""
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    quiet = {"quiet_from": "00:00", "quiet_until": "00:00", "ask_again_days": 0}
    place = await given.place(ratings={**quiet, "classify_comments": True, **ratings})
    thread = await given.thread(place)

    async def take(*commands: cmd.DurableCommand) -> None:
        await insert_commands(host, place, thread, list(commands))
        await host.run(thread)

    await take(build_message("m1"))
    await host.answer(thread, "Pronto!")
    await take(cmd.ResolveConversation("ana"))
    await given.admin.execute("UPDATE outbox SET status = 'sent'")
    await given.admin.execute("UPDATE timers SET due_at = now() WHERE name = 'rating'")
    await host.run(thread)
    await take(build_message("m2", "1"), build_message("m3", "muito obrigada"))


async def classes(given: RowBuilder) -> list[tuple[Any, ...]]:
    rows = await given.admin.fetch("SELECT classification, theme, tone, urgency, cost FROM ratings")
    return [tuple(row) for row in rows]


async def test_a_comment_is_classified_once(
    database: Database,
    given: RowBuilder,
    ownership: ShardAssignments,
    endpoint: ScriptedEndpoint,
    classifier: CommentClassifier,
) -> None:
    await commented(database, given, ownership)

    await classifier.classify_pending()
    await classifier.classify_pending()

    assert await classes(given) == [("done", "waiting", "negative", "high", Decimal("0.002"))]
    (asked,) = endpoint.requests
    assert asked["messages"][-1]["content"] == "1\nmuito obrigada"


async def test_by_default_no_comment_is_classified(
    database: Database,
    given: RowBuilder,
    ownership: ShardAssignments,
    endpoint: ScriptedEndpoint,
    classifier: CommentClassifier,
) -> None:
    await commented(database, given, ownership, classify_comments=False)

    await classifier.classify_pending()

    assert await classes(given) == [(None, None, None, None, Decimal(0))]
    assert endpoint.requests == []


async def test_the_budget_of_a_day_ends_it(
    database: Database,
    given: RowBuilder,
    ownership: ShardAssignments,
    endpoint: ScriptedEndpoint,
    classifier: CommentClassifier,
) -> None:
    await commented(database, given, ownership, classify_cost_per_day=0.002)
    await given.admin.execute(
        "INSERT INTO ratings (tenant_id, id, conversation_id, thread_id, channel_id, status,"
        " reason, classify_cost) SELECT tenant_id, uuidv7(), conversation_id, thread_id,"
        " channel_id, 'answered', '', 0.002 FROM ratings"
    )

    await classifier.classify_pending()

    assert {row[0] for row in await classes(given)} == {"over_budget", None}
    assert endpoint.requests == []


async def test_a_model_that_fails_is_asked_again_and_then_no_more(
    database: Database,
    given: RowBuilder,
    ownership: ShardAssignments,
    endpoint: ScriptedEndpoint,
    classifier: CommentClassifier,
) -> None:
    await commented(database, given, ownership)
    endpoint.dialect = lambda body: (401, openai_error("wrong key"))

    for expected in ("wanted", "wanted", "failed", "failed"):
        await given.admin.execute("UPDATE ratings SET classify_at = now()")
        await classifier.classify_pending()
        assert [row[0] for row in await classes(given)] == [expected]


async def test_a_claimed_comment_is_found_again_when_its_claimer_died(
    database: Database,
    given: RowBuilder,
    ownership: ShardAssignments,
    classifier: CommentClassifier,
) -> None:
    await commented(database, given, ownership)
    await given.admin.execute(
        "UPDATE ratings SET classify_tries = 1, classify_at = now() + interval '2 min'"
    )
    await classifier.classify_pending()
    assert [row[0] for row in await classes(given)] == ["wanted"], "somebody has it"

    await given.admin.execute("UPDATE ratings SET classify_at = now()")
    await classifier.classify_pending()

    assert [row[0] for row in await classes(given)] == ["done"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"tema": "preco", "tom": "neutro", "urgencia": "media"}', ("price", "neutral", "normal")),
        ('{"tema": "amor", "tom": "positivo"}', (None, "positive", None)),
        ("[]", (None, None, None)),
        ("", (None, None, None)),
    ],
)
async def test_only_known_words_count(text: str, expected: tuple[str | None, ...]) -> None:
    assert parse_comment_class(text) == CommentClass(*expected)
