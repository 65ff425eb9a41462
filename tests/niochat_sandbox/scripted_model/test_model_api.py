"""The simulated model, seen through the real `openai` client."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
import pytest_asyncio

from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = pytest.mark.asyncio

PLAYERS = ["sandbox-simulador", "sandbox-obediente", "sandbox-teimoso"]


@pytest_asyncio.fixture
async def client(sandbox: SandboxFixture) -> AsyncIterator[openai.AsyncOpenAI]:
    base = f"{sandbox.origin}/model/v1"
    key = "sandbox-x"
    async with openai.AsyncOpenAI(base_url=base, api_key=key, max_retries=0, timeout=5) as made:
        yield made


def said(*texts: str) -> list[Any]:
    return [{"role": "user", "content": text} for text in texts]


async def ask(client: openai.AsyncOpenAI, messages: list[Any]) -> str:
    reply = await client.chat.completions.create(model="qualquer", messages=messages)
    return reply.choices[0].message.content or ""


async def test_it_says_that_it_is_a_simulator(client: openai.AsyncOpenAI) -> None:
    assert "Sou um simulador de atendimento" in await ask(client, said("Bom dia"))


async def test_tags_since_its_last_word_come_back_in_order(client: openai.AsyncOpenAI) -> None:
    old = [*said("#c12-2"), {"role": "assistant", "content": "Recebi #c12-2."}]
    assert await ask(client, old + said("#c12-3", "#c12-4")) == "Recebi #c12-3 #c12-4."
    reply = await ask(client, said("minha internet caiu #c1-1"))
    assert reply == "Recebi #c1-1. Entendi: “minha internet caiu”."


async def test_a_human_is_handed_over_to(client: openai.AsyncOpenAI) -> None:
    assert "atendente" in await ask(client, said("Oi, quero falar com uma pessoa"))


async def test_parts_and_tools_are_understood(client: openai.AsyncOpenAI) -> None:
    parts: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "#c1-2"}]}]
    tool: Any = {"type": "function", "function": {"name": "boleto", "parameters": {}}}
    reply = await client.chat.completions.create(model="m", messages=parts, tools=[tool])
    assert reply.choices[0].message.content == "Recebi #c1-2."
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


async def test_a_stream_is_the_same_answer_with_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="m", messages=said("Oi"), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
    assert text == await ask(client, said("Oi"))
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0


async def test_models_are_listed_and_the_key_is_checked(
    sandbox: SandboxFixture, client: openai.AsyncOpenAI
) -> None:
    assert [model.id async for model in await client.models.list()] == PLAYERS
    wrong = client.with_options(api_key="sk-real")
    with pytest.raises(openai.AuthenticationError) as refused:
        await wrong.models.list()
    assert refused.value.code == "invalid_api_key"


async def test_a_bad_body_is_an_openai_error(client: openai.AsyncOpenAI) -> None:
    nonsense: Any = "x"
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model="m", messages=nonsense)


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({"kind": "status", "status": 429, "retry_after": 3}, openai.RateLimitError),
        ({"kind": "status", "status": 401}, openai.AuthenticationError),
        ({"kind": "status", "status": 500}, openai.InternalServerError),
        ({"kind": "drop"}, openai.APIConnectionError),
        ({"kind": "lost_answer"}, openai.APIConnectionError),
        ({"kind": "hang", "seconds": 0.01}, openai.APIConnectionError),
        ({"kind": "malformed"}, ValueError),
    ],
)
async def test_ordered_model_faults_are_applied(
    sandbox: SandboxFixture,
    client: openai.AsyncOpenAI,
    order: dict[str, Any],
    error: type[Exception],
) -> None:
    await sandbox.fault(target="model", count=1, **order)
    with pytest.raises(error) as failed:
        await ask(client, said("Oi"))
    if isinstance(failed.value, openai.RateLimitError):
        assert failed.value.response.headers["retry-after"] == "3"
    assert await ask(client, said("Oi"))


async def test_an_empty_answer_is_well_formed(
    sandbox: SandboxFixture, client: openai.AsyncOpenAI
) -> None:
    await sandbox.fault(target="model", kind="empty", count=1)
    assert await ask(client, said("Oi")) == ""


async def test_a_cut_stream_breaks_in_the_middle(
    sandbox: SandboxFixture, client: openai.AsyncOpenAI
) -> None:
    await sandbox.fault(target="model", kind="cut", count=1)
    create = client.chat.completions.create
    stream = await create(model="m", messages=said("Oi"), stream=True)
    pieces: list[object] = []

    async def read() -> None:
        async for chunk in stream:
            pieces.append(chunk)

    with pytest.raises((httpx.RemoteProtocolError, openai.APIError)):
        await read()
    assert pieces
