"""Tool calls of the simulated model on the wire, seen through the real `openai` client."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import orjson
import pytest
import pytest_asyncio
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion

from niochat_sandbox.scripted_model.model_actions import ToolName
from tests.niochat_sandbox.conftest import SandboxFixture
from tests.niochat_sandbox.scripted_model.chat_requests import (
    CONTRACT,
    CPF,
    DIGITS,
    KNOWN,
    build_call_with_result,
    build_messages,
    build_ok_result,
)

pytestmark = pytest.mark.asyncio

SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}
TOOLS: Any = [
    {"type": "function", "function": {"name": tool, "parameters": SCHEMA}} for tool in ToolName
]
IDENTIFY: Any = build_messages("quero a fatura", "> Qual é o CPF ou CNPJ do titular?", CPF)


@pytest_asyncio.fixture
async def client(sandbox: SandboxFixture) -> AsyncIterator[openai.AsyncOpenAI]:
    base = f"{sandbox.origin}/model/v1"
    async with openai.AsyncOpenAI(base_url=base, api_key="sandbox-x", max_retries=0) as made:
        yield made


async def ask(client: openai.AsyncOpenAI, told: Any, **more: Any) -> ChatCompletion:
    options: dict[str, Any] = {"model": "sandbox-simulador", "tools": TOOLS, **more}
    completion: ChatCompletion = await client.chat.completions.create(messages=told, **options)
    return completion


async def refused(client: openai.AsyncOpenAI, told: Any, **more: Any) -> openai.BadRequestError:
    with pytest.raises(openai.BadRequestError) as error:
        await ask(client, told, **more)
    assert error.value.type == "invalid_request_error"
    return error.value


async def test_a_call_has_an_id_a_name_and_arguments(client: openai.AsyncOpenAI) -> None:
    reply = await ask(client, IDENTIFY)
    choice = reply.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    assert choice.message.tool_calls is not None
    (made,) = choice.message.tool_calls
    assert made.type == "function"
    assert made.id.startswith("call_")
    assert made.function.name == "identificar_cliente"
    assert orjson.loads(made.function.arguments) == {"cpf_cnpj": DIGITS, "desejo": "fatura"}


async def test_a_streamed_call_is_the_same_call_in_several_chunks(
    client: openai.AsyncOpenAI,
) -> None:
    stream = await client.chat.completions.create(
        model="m",
        messages=IDENTIFY,
        tools=TOOLS,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    deltas = [
        part
        for chunk in chunks
        if chunk.choices
        for part in chunk.choices[0].delta.tool_calls or ()
    ]
    first, *rest = deltas
    assert first.id is not None
    assert first.function is not None
    assert (first.index, first.function.name, first.function.arguments) == (
        0,
        "identificar_cliente",
        "",
    )
    assert len(rest) > 1
    assert all(part.index == 0 and part.id is None for part in rest)
    joined = "".join((part.function and part.function.arguments) or "" for part in rest)
    assert orjson.loads(joined) == {"cpf_cnpj": DIGITS, "desejo": "fatura"}
    assert chunks[-2].choices[0].finish_reason == "tool_calls"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0


async def test_the_clients_own_reading_of_a_stream_finds_the_call(
    client: openai.AsyncOpenAI,
) -> None:
    state = ChatCompletionStreamState()
    create = client.chat.completions.create
    async for chunk in await create(model="m", messages=IDENTIFY, tools=TOOLS, stream=True):
        state.handle_chunk(chunk)
    made = state.get_final_completion().choices[0].message.tool_calls
    assert made is not None
    assert made[0].function.name == "identificar_cliente"


async def test_a_whole_turn_goes_from_call_to_call_to_text(client: openai.AsyncOpenAI) -> None:
    told: list[Any] = build_messages("quero a fatura no pix", situation=KNOWN)
    listed = {"ok": True, "faturas": [{"fatura": 1}], "apresentar": "1"}
    sent = {"ok": True, "enviado": ["pix"], "valor": "R$ 99,90", "vencimento": "10/11/2026"}
    for name, result in (("consultar_faturas", listed), ("enviar_fatura", sent)):
        message = (await ask(client, told)).choices[0].message
        assert message.tool_calls is not None
        made = message.tool_calls[0]
        assert made.type == "function"
        assert made.function.name == name
        content = orjson.dumps(result).decode()
        told.append(message.model_dump(exclude_none=True))
        told.append({"role": "tool", "tool_call_id": made.id, "content": content})
    final = (await ask(client, told)).choices[0]
    assert final.finish_reason == "stop"
    assert (final.message.content or "").startswith("Segue sua fatura de R$ 99,90")


async def test_calls_have_ids_of_their_own(client: openai.AsyncOpenAI) -> None:
    replies = [await ask(client, IDENTIFY) for _ in range(2)]
    assert len({(reply.choices[0].message.tool_calls or [])[0].id for reply in replies}) == 2


async def test_without_permission_to_call_a_text_comes(client: openai.AsyncOpenAI) -> None:
    reply = await ask(client, IDENTIFY, tool_choice="none")
    assert reply.choices[0].finish_reason == "stop"
    assert reply.choices[0].message.content


async def test_only_offered_tools_are_called(client: openai.AsyncOpenAI) -> None:
    few = [tool for tool in TOOLS if tool["function"]["name"] == "transferir_atendimento"]
    made = (await ask(client, IDENTIFY, tools=few)).choices[0].message.tool_calls
    assert made is not None
    assert made[0].type == "function"
    assert made[0].function.name == "transferir_atendimento"


async def test_tags_are_echoed_with_tools_too(client: openai.AsyncOpenAI) -> None:
    reply = await ask(client, build_messages("quero a fatura #c1-2", situation=KNOWN))
    assert reply.choices[0].message.content == "Recebi #c1-2. Entendi: “quero a fatura”."


async def test_usage_counts_schemas_and_arguments(client: openai.AsyncOpenAI) -> None:
    told = build_messages("quero a fatura", situation=KNOWN)
    bare = (await ask(client, told, tools=openai.omit)).usage
    tooled = (await ask(client, told)).usage
    again = (
        await ask(
            client, told + build_call_with_result("call_1", "consultar_faturas", {"ok": True})
        )
    ).usage
    assert bare is not None
    assert tooled is not None
    assert again is not None
    assert bare.prompt_tokens < tooled.prompt_tokens < again.prompt_tokens
    assert tooled.completion_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
async def test_an_ordered_empty_answer_calls_nothing(
    sandbox: SandboxFixture, client: openai.AsyncOpenAI, stream: bool
) -> None:
    await sandbox.fault(target="model", kind="empty", count=1)
    body = {"model": "m", "messages": IDENTIFY, "tools": TOOLS, "stream": stream}
    headers = {"authorization": "Bearer sandbox-x"}
    reply = await sandbox.http.post("/model/v1/chat/completions", json=body, headers=headers)
    assert reply.is_success
    assert "tool_calls" not in reply.text


CALL = {"id": "a", "type": "function", "function": {"name": "x", "arguments": "{}"}}
USER = {"role": "user", "content": "oi"}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([], "empty array"),
        ([{"role": "robô", "content": "x"}], "Invalid value"),
        ([{"content": "x"}], "Invalid value"),
        ([{"role": "user", "content": None}], "content"),
        ([{"role": "user", "content": [{"text": "x"}]}], "content"),
        ([USER, {"role": "assistant", "content": None}], "content"),
        ([USER, {"role": "assistant", "content": "x", "tool_calls": []}], "tool_calls"),
        ([USER, {**CALLING, "tool_calls": [{**CALL, "id": 3}]}], "tool call"),
        ([USER, {**CALLING, "tool_calls": [{**CALL, "type": "x"}]}], "tool call"),
        ([USER, {"role": "tool", "tool_call_id": "a", "content": "{}"}], "preceeding message"),
        ([USER, CALLING, {"role": "tool", "content": "{}"}], "tool_call_id"),
        (
            [USER, CALLING, {"role": "tool", "tool_call_id": "b", "content": "{}"}],
            "preceeding message",
        ),
        ([USER, CALLING], "did not have response messages: a"),
        ([USER, CALLING, USER], "did not have response messages: a"),
    ],
)
async def test_malformed_messages_are_refused(
    client: openai.AsyncOpenAI, told: Any, words: str
) -> None:
    assert words in (await refused(client, told)).message


@pytest.mark.parametrize(
    "more",
    [
        {"tools": []},
        {"tools": ["x"]},
        {"tools": [{"type": "x", "function": {"name": "x"}}]},
        {"tools": [{"type": "function", "function": {"name": "com espaço"}}]},
        {"tools": [{"type": "function", "function": {"name": "x", "parameters": 3}}]},
        {"tool_choice": "talvez"},
        {"tool_choice": {"type": "function", "function": {"name": "outra"}}},
        {"tools": openai.omit, "tool_choice": "auto"},
    ],
)
async def test_malformed_tools_are_refused(
    client: openai.AsyncOpenAI, more: dict[str, Any]
) -> None:
    await refused(client, build_messages("oi"), **more)


async def test_results_of_several_calls_may_come_in_any_order(client: openai.AsyncOpenAI) -> None:
    made = [{**CALL, "id": "a"}, {**CALL, "id": "b"}]
    answers = [{"role": "tool", "tool_call_id": each, "content": "{}"} for each in "ba"]
    assert await ask(client, [USER, {**CALLING, "tool_calls": made}, *answers])


async def test_a_confirmed_contract_of_this_turn_counts(sandbox: SandboxFixture) -> None:
    result = build_ok_result(ToolName.CHOOSE_CONTRACT, contrato=CONTRACT, desejo="chamado")
    body = {"model": "m", "messages": build_messages("sim", results=(result,)), "tools": TOOLS}
    headers = {"authorization": "Bearer sandbox-x"}
    reply: httpx.Response = await sandbox.http.post(
        "/model/v1/chat/completions", json=body, headers=headers
    )
    made = reply.json()["choices"][0]["message"]["tool_calls"]
    assert made[0]["function"] == {"name": "consultar_chamados", "arguments": "{}"}
