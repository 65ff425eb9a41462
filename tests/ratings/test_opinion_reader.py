"""What a model's answer means for a message after a rating was requested."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.actors.opinion_scheduler import OpinionScheduler
from niochat.adapters.models.openai.completion_types import ModelOptions
from niochat.adapters.models.openai.model_client import ModelClient
from niochat.domain.errors import NotFoundError
from niochat.domain.rating.rating_message import OpinionKind, RatingOpinion
from niochat.ratings.opinion_reader import OpinionReader, OpinionRequest, parse_opinion
from tests.adapters.models.openai.scripted_endpoint import (
    ScriptedEndpoint,
    build_text_response,
    openai_error,
)

TENANT = uuid4()
REQUEST = OpinionRequest(TENANT, "resolveu rapidinho")
EVALUATION = RatingOpinion(OpinionKind.EVALUATION, 4)
OTHER = RatingOpinion(OpinionKind.OTHER)


@dataclass(frozen=True)
class EvaluatingModel:
    """The model of a tenant."""

    endpoint: str
    model: str = "m"
    api_key: str = "k"
    options: ModelOptions = field(default_factory=ModelOptions)
    price_in: Decimal = Decimal(2)
    price_out: Decimal = Decimal(10)


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    opened = ScriptedEndpoint()
    await opened.open()
    yield opened
    opened.close()


@pytest_asyncio.fixture
async def reader(endpoint: ScriptedEndpoint) -> AsyncIterator[OpinionReader]:
    models = ModelClient()

    async def load(tenant: UUID) -> EvaluatingModel:
        if tenant != TENANT:
            raise NotFoundError("no assistant")
        return EvaluatingModel(endpoint.url)

    yield OpinionReader(models, load)
    await models.close()


@pytest.mark.parametrize(
    ("text", "kind", "score"),
    [
        ('{"tipo": "avaliacao", "nota": 4}', OpinionKind.EVALUATION, 4),
        ('```json\n{"tipo": "avaliacao", "nota": 5}\n```', OpinionKind.EVALUATION, 5),
        ('{"tipo": "avaliacao", "nota": null}', OpinionKind.EVALUATION, None),
        ('{"tipo": "avaliacao"}', OpinionKind.EVALUATION, None),
        ('{"tipo": "avaliacao", "nota": 6}', OpinionKind.EVALUATION, None),
        ('{"tipo": "avaliacao", "nota": "5"}', OpinionKind.EVALUATION, None),
        ('{"tipo": "avaliacao", "nota": true}', OpinionKind.EVALUATION, None),
        ('{"tipo": "outra"}', OpinionKind.OTHER, None),
        ('{"tipo": "elogio", "nota": 5}', OpinionKind.OTHER, None),
        ('["avaliacao", 5]', OpinionKind.OTHER, None),
        ("a nota é 5", OpinionKind.OTHER, None),
        ('{"tipo": "avaliacao", ', OpinionKind.OTHER, None),
        ("", OpinionKind.OTHER, None),
    ],
)
def test_only_what_has_the_asked_form_is_an_evaluation(
    text: str, kind: OpinionKind, score: int | None
) -> None:
    assert parse_opinion(text) == (kind, score)


@pytest.mark.asyncio
async def test_the_model_is_asked_once_and_its_cost_is_told(
    endpoint: ScriptedEndpoint, reader: OpinionReader
) -> None:
    answer = build_text_response('{"tipo": "avaliacao", "nota": 4}')
    endpoint.answers = [{**answer, "usage": {"prompt_tokens": 100, "completion_tokens": 10}}]

    opinion = await reader.read_opinion(REQUEST)

    assert opinion == RatingOpinion(OpinionKind.EVALUATION, 4, Decimal("0.0003"))
    (asked,) = endpoint.requests
    assert asked["messages"][-1] == {"role": "user", "content": REQUEST.text}


@pytest.mark.asyncio
async def test_without_a_model_a_message_is_about_something_else(
    endpoint: ScriptedEndpoint, reader: OpinionReader
) -> None:
    assert await reader.read_opinion(OpinionRequest(uuid4(), "ok")) == OTHER

    endpoint.dialect = lambda body: (500, openai_error("overloaded"))
    assert await reader.read_opinion(REQUEST) == OTHER


class OpinionPoolRecorder:
    """A pool that answers when it is told to."""

    def __init__(self, *answers: RatingOpinion | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[OpinionRequest] = []
        self.may_answer = asyncio.Event()

    async def read_opinion(self, request: OpinionRequest) -> RatingOpinion:
        self.asked.append(request)
        await self.may_answer.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.asyncio
async def test_a_message_is_asked_about_once_however_often_its_thread_steps() -> None:
    pool, thread, known = OpinionPoolRecorder(EVALUATION), uuid4(), asyncio.Event()
    scheduler = OpinionScheduler(pool)
    for _ in range(3):
        scheduler.request(thread, 7, REQUEST, known.set)
    await asyncio.sleep(0)
    assert scheduler.opinions_of(thread) == {}

    pool.may_answer.set()
    await known.wait()

    assert pool.asked == [REQUEST]
    assert scheduler.opinions_of(thread) == {7: EVALUATION}
    scheduler.forget(thread)
    assert scheduler.opinions_of(thread) == {}


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [OSError("the member is gone"), None])
async def test_without_an_answer_in_time_the_message_goes_on(answer: Exception | None) -> None:
    pool, thread, known = OpinionPoolRecorder(answer or EVALUATION), uuid4(), asyncio.Event()
    scheduler = OpinionScheduler(pool, deadline_s=0.05)
    if answer is not None:
        pool.may_answer.set()

    scheduler.request(thread, 7, REQUEST, known.set)
    await known.wait()

    assert scheduler.opinions_of(thread) == {7: OTHER}


@pytest.mark.asyncio
async def test_without_a_pool_nobody_is_asked() -> None:
    thread, known = uuid4(), asyncio.Event()
    scheduler = OpinionScheduler(None)

    scheduler.request(thread, 7, REQUEST, known.set)

    assert known.is_set()
    assert scheduler.opinions_of(thread) == {7: OTHER}
