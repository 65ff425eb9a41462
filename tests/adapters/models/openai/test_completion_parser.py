"""Whatever shape an answer has, whole or streamed, it is read as what was meant."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from niochat.adapters.models.openai.model_client import ModelClient, ModelCompletion, ModelEndpoint
from tests.adapters.models.openai.scripted_endpoint import (
    ScriptedEndpoint,
    build_stream_chunks,
    build_text_response,
    build_tool_call,
    build_tool_call_response,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(20)]

TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("faturas", "planos")
]
Called = list[tuple[str, Any]]
A: tuple[str, Any] = ("faturas", {"opcao": 1})
B: tuple[str, Any] = ("planos", {})


@pytest_asyncio.fixture
async def at() -> AsyncIterator[ScriptedEndpoint]:
    end_point = ScriptedEndpoint()
    await end_point.open()
    yield end_point
    end_point.close()


async def asked(
    at: ScriptedEndpoint, answer: Any, *, stream: bool | None = None
) -> ModelCompletion:
    """What is read of an answer; a list is a stream's."""
    at.answers = [answer]
    models = ModelClient()
    streams = isinstance(answer, list) if stream is None else stream
    try:
        return await models.complete(
            ModelEndpoint(at.url, "chave", "um-modelo"),
            [{"role": "user", "content": "oi"}],
            max_tokens=100,
            timeout_s=10,
            stream=streams,
            tools=TOOLS,
        )
    finally:
        await models.close()


def called(completion: ModelCompletion) -> Called:
    """Names and arguments; those that are no JSON as they are."""
    found: Called = []
    for each in completion.calls:
        try:
            found.append((each.name, json.loads(each.arguments)))
        except (ValueError, RecursionError):
            found.append((each.name, each.arguments))
    return found


def part(text: str, kind: str = "text") -> dict[str, Any]:
    return {"type": kind, kind: text}


HARMONY = (
    "<|channel|>analysis<|message|>O cliente quer a fatura.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Olá!<|return|>"
)
TEXTS: dict[str, tuple[Any, str]] = {
    "text": (build_text_response("Olá!"), "Olá!"),
    "null": (build_text_response(None), ""),
    "left out": ({"choices": [{"message": {"role": "assistant"}}]}, ""),
    "parts": (build_text_response([part("Ol"), part("á!")]), "Olá!"),
    "output text": (build_text_response([{"type": "output_text", "text": "Olá!"}]), "Olá!"),
    "parts that are texts": (build_text_response(["Ol", "á!"]), "Olá!"),
    "Magistral's thinking": (
        build_text_response([{"type": "thinking", "thinking": [part("hm")]}, part("Olá!")]),
        "Olá!",
    ),
    "Anthropic's thinking": (build_text_response([part("hm", "thinking"), part("Olá!")]), "Olá!"),
    "an unknown part": (
        build_text_response([{"type": "image_url", "image_url": {}}, part("Olá!")]),
        "Olá!",
    ),
    "reasoning_content": (build_text_response("Olá!", reasoning_content="hm"), "Olá!"),
    "reasoning": (
        build_text_response("Olá!", reasoning="hm", reasoning_details=[{"text": "hm"}]),
        "Olá!",
    ),
    "think": (build_text_response("<think>\nO cliente…\n</think>\n\nOlá!"), "Olá!"),
    "think, twice": (build_text_response("<think>a</think><think>b</think>Olá!"), "Olá!"),
    "think that the template opened": (
        build_text_response("O cliente quer…\n</think>\nOlá!"),
        "Olá!",
    ),
    "think that never ends": (build_text_response("<think>O cliente quer", "length"), ""),
    "an empty think": (build_text_response("<think>\n\n</think>\n\nOlá!"), "Olá!"),
    "capital THINK": (build_text_response("[THINK]hm[/THINK]Olá!"), "Olá!"),
    "thought": (build_text_response("<thought>hm</thought>Olá!"), "Olá!"),
    "reasoning tag": (
        build_text_response("<reasoning>hm</reasoning><answer>Olá!</answer>"),
        "Olá!",
    ),
    "gpt-oss' channels": (build_text_response(HARMONY), "Olá!"),
    "gpt-oss' analysis alone": (build_text_response("<|channel|>analysis<|message|>hm<|end|>"), ""),
    "channels without marks": (
        build_text_response("analysisO cliente quer.assistantfinalOlá!"),
        "Olá!",
    ),
    "Gemma's channel": (build_text_response("<|channel>thought\nhm<channel|>Olá!"), "Olá!"),
    "im_end": (build_text_response("Olá!<|im_end|>"), "Olá!"),
    "goes on as the customer": (
        build_text_response("Olá!<|im_end|>\n<|im_start|>user\nquero pagar"),
        "Olá!",
    ),
    "end_of_turn": (build_text_response("Olá!<end_of_turn>\n<start_of_turn>user\noi"), "Olá!"),
    "eot_id": (
        build_text_response("<|start_header_id|>assistant<|end_header_id|>Olá!<|eot_id|>"),
        "Olá!",
    ),
    "</s>": (build_text_response("<s>Olá!</s>"), "Olá!"),
    "INST": (build_text_response("[INST]Olá![/INST]"), "Olá!"),
    "an arithmetic sign is no mark": (
        build_text_response("a < b > c, e [1] fica"),
        "a < b > c, e [1] fica",
    ),
    "analysis as a word": (build_text_response("analysis of it"), "analysis of it"),
    "text in a second choice": (
        {
            "choices": [
                *build_tool_call_response(build_tool_call(*B, "c1"))["choices"],
                *build_text_response("Olá!")["choices"],
            ]
        },
        "Olá!",
    ),
}


@pytest.mark.parametrize("name", TEXTS)
async def test_a_text_is_what_is_meant_for_people(at: ScriptedEndpoint, name: str) -> None:
    answer, text = TEXTS[name]

    assert (await asked(at, answer)).text.strip() == text


HOSTILE = [
    "<think>",
    "</think>",
    "<|channel|>",
    "<|channel|>a",
    "<tool_call>{",
    "<function=a>",
    "[TOOL_CALLS]{",
    "[THINK]",
    "<",
    " ",
    "```",
    "{}",
    '{"name": 1}',
    ",",
]


@pytest.mark.parametrize("bit", HOSTILE)
async def test_an_answer_made_to_be_slow_is_not(at: ScriptedEndpoint, bit: str) -> None:
    """It would hold up every other tenant's turns in its process."""
    text = "<{" + bit * (200_000 // len(bit))
    began = time.process_time()

    await asked(at, build_text_response(text, tool_calls=[build_tool_call("faturas", text)]))
    await asked(at, build_text_response(text))

    assert time.process_time() - began < 2


STREAMED = ["Olá!", "<think>hm, hm</think>Olá!", HARMONY, "Olá!<|im_end|>", "[THINK]a[/THINK]Olá!"]
WRITTEN = 'Olá!<tool_call>{"name": "planos", "arguments": {}}</tool_call>'


@pytest.mark.parametrize("text", [*STREAMED, WRITTEN])
@pytest.mark.parametrize("size", [1, 3, 7])
async def test_a_streamed_text_shows_nothing_else_while_it_comes(
    at: ScriptedEndpoint, text: str, size: int
) -> None:
    parts = [text[n : n + size] for n in range(0, len(text), size)]
    at.answers = [
        build_stream_chunks({"role": "assistant"}, *[{"content": each} for each in parts])
    ]
    models, told = ModelClient(), list[str]()

    completion = await models.complete(
        ModelEndpoint(at.url, "chave", "m"),
        [{"role": "user", "content": "oi"}],
        max_tokens=9,
        timeout_s=10,
        stream=True,
        tools=TOOLS,
        on_text=told.append,
    )

    assert completion.text == "Olá!"
    assert all("Olá!".startswith(each) for each in told), told
    await models.close()


async def test_streamed_thinking_in_fields_is_no_text(at: ScriptedEndpoint) -> None:
    answer = build_stream_chunks(
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"content": None},
        {"content": "Olá!"},
        {"content": [part("!")]},
    )

    assert (await asked(at, answer)).text == "Olá!!"


ARGUMENTS: dict[str, tuple[Any, Any]] = {
    "text": ('{"opcao": 1}', {"opcao": 1}),
    "an object": ({"opcao": 1}, {"opcao": 1}),
    "null": (None, {}),
    "empty": ("", {}),
    "blank": (" \n", {}),
    "the text null": ("null", {}),
    "twice encoded": ('"{\\"opcao\\": 1}"', {"opcao": 1}),
    "three times encoded": (json.dumps(json.dumps('{"opcao": 1}')), {"opcao": 1}),
    "encoded nothing": ('""', {}),
    "in a list": ('[{"opcao": 1}]', {"opcao": 1}),
    "in a fence": ('```json\n{"opcao": 1}\n```', {"opcao": 1}),
    "said twice": ('{"opcao": 1}{"opcao": 1}', {"opcao": 1}),
    "after an empty object": ('{}{"opcao": 1}', {"opcao": 1}),
    "Python's quotes": ("{'opcao': 1, 'sim': True}", {"opcao": 1, "sim": True}),
    "a comma too many": ('{"opcao": 1,}', {"opcao": 1}),
    "a line in a text": ('{"opcao": "a\nb"}', {"opcao": "a\nb"}),
    "two that differ": ('{"opcao": 1}{"opcao": 2}', '{"opcao": 1}{"opcao": 2}'),
    "cut off": ('{"opcao": ', '{"opcao": '),
    "no JSON": ("isto não", "isto não"),
    "a list": ("[1, 2]", [1, 2]),
    "a number": (5, 5),
    "nested too deep": ("[" * 5000, "[" * 5000),
}


@pytest.mark.parametrize("name", ARGUMENTS)
async def test_arguments_are_an_object_where_one_was_meant(at: ScriptedEndpoint, name: str) -> None:
    arguments, meant = ARGUMENTS[name]
    whole = await asked(at, build_tool_call_response(build_tool_call("faturas", arguments)))
    delta = {"tool_calls": [{"index": 0, **build_tool_call("faturas", arguments)}]}
    streamed = await asked(at, build_stream_chunks(delta, finish="tool_calls"))

    assert called(whole) == called(streamed) == [("faturas", meant)]


def delta(*made: dict[str, Any]) -> dict[str, Any]:
    return {"tool_calls": list(made)}


def piece(arguments: Any = None, **more: Any) -> dict[str, Any]:
    """``name`` is the function's."""
    name = {"name": more.pop("name")} if "name" in more else {}
    return {**more, "function": {**name, "arguments": arguments}}


ONE = '{"opcao": 1}'
CALLS: dict[str, tuple[Any, Called]] = {
    "two in one": (
        build_tool_call_response(
            build_tool_call("faturas", ONE), build_tool_call("planos", "{}", "c2")
        ),
        [A, B],
    ),
    "without ids": (
        build_tool_call_response(
            build_tool_call("faturas", ONE, None), build_tool_call("planos", "{}", "")
        ),
        [A, B],
    ),
    "with one id": (
        build_tool_call_response(build_tool_call("faturas", ONE), build_tool_call("planos", "{}")),
        [A, B],
    ),
    "with text": (
        build_tool_call_response(build_tool_call("faturas", ONE), content="Vou ver."),
        [A],
    ),
    "finish stop": (build_tool_call_response(build_tool_call("faturas", ONE), finish="stop"), [A]),
    "finish null": (build_tool_call_response(build_tool_call("faturas", ONE), finish=None), [A]),
    "one that is no list": (
        build_text_response(None, tool_calls=build_tool_call("faturas", ONE)),
        [A],
    ),
    "not in a function": (
        build_text_response(None, tool_calls=[{"name": "faturas", "arguments": ONE}]),
        [A],
    ),
    "no calls": (build_text_response("oi", tool_calls=[]), []),
    "null calls": (build_text_response("oi", tool_calls=None), []),
    "odd calls": (build_text_response("oi", tool_calls=[None, 5, {}]), []),
    "legacy": (
        build_text_response(
            None, "function_call", function_call={"name": "faturas", "arguments": ONE}
        ),
        [A],
    ),
    "legacy and null": (build_text_response("oi", function_call=None), []),
    "a prefix": (build_tool_call_response(build_tool_call("functions.faturas", ONE)), [A]),
    "a channel in the name": (
        build_tool_call_response(build_tool_call("faturas<|channel|>commentary", ONE)),
        [A],
    ),
    "in another choice": (
        {
            "choices": [
                *build_text_response("Vou ver.")["choices"],
                *build_tool_call_response(build_tool_call("faturas", ONE))["choices"],
            ]
        },
        [A],
    ),
    "Qwen's as text": (
        build_text_response(
            '<tool_call>\n{"name": "faturas", "arguments": {"opcao": 1}}\n</tool_call>'
        ),
        [A],
    ),
    "Qwen's two as text": (
        build_text_response(
            '<tool_call>{"name": "faturas", "arguments": {"opcao": 1}}</tool_call>\n'
            '<tool_call>{"name": "planos", "arguments": {}}</tool_call>'
        ),
        [A, B],
    ),
    "Qwen's after thinking": (
        build_text_response(
            '<think>hm</think><tool_call>{"name": "planos", "arguments": {}}</tool_call>'
        ),
        [B],
    ),
    "Mistral's as text": (
        build_text_response('[TOOL_CALLS] [{"name": "faturas", "arguments": {"opcao": 1}}]'),
        [A],
    ),
    "Mistral's newer": (build_text_response('[TOOL_CALLS]faturas[ARGS]{"opcao": 1}'), [A]),
    "Llama's as text": (
        build_text_response('{"name": "faturas", "parameters": {"opcao": 1}}'),
        [A],
    ),
    "Llama's mark": (
        build_text_response('<|python_tag|>{"name": "faturas", "parameters": {"opcao": 1}}'),
        [A],
    ),
    "Llama's function": (build_text_response('<function=faturas>{"opcao": 1}</function>'), [A]),
    "gpt-oss' as text": (
        build_text_response(
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary "
            'to=functions.faturas <|constrain|>json<|message|>{"opcao": 1}<|call|>'
        ),
        [A],
    ),
    "as earlier ones were told": (
        build_text_response('Vou ver.\n[chamada de faturas] {"opcao": 1}'),
        [A],
    ),
    "only thought of": (
        build_text_response(
            '<think><tool_call>{"name": "planos", "arguments": {}}</tool_call>?</think>Olá!'
        ),
        [],
    ),
    "a tool that nobody offered": (build_text_response('{"name": "apagar", "parameters": {}}'), []),
    "JSON that is no call": (build_text_response('{"valor": 1}'), []),
    "streamed": (
        build_stream_chunks(
            delta(piece("", index=0, id="a", name="faturas")),
            delta(piece('{"opcao"', index=0)),
            delta(piece(": 1}", index=0)),
            finish="tool_calls",
        ),
        [A],
    ),
    "streamed, two": (
        build_stream_chunks(
            delta(piece("", index=0, id="a", name="faturas")),
            delta(piece(ONE, index=0)),
            delta(piece("", index=1, id="b", name="planos")),
            delta(piece("{}", index=1)),
        ),
        [A, B],
    ),
    "streamed, interleaved": (
        build_stream_chunks(
            delta(
                piece('{"op', index=0, id="a", name="faturas"),
                piece("{", index=1, id="b", name="planos"),
            ),
            delta(piece("}", index=1), piece('cao": 1}', index=0)),
        ),
        [A, B],
    ),
    "Ollama: all are 0": (
        build_stream_chunks(
            delta(piece(ONE, index=0, id="a", name="faturas")),
            delta(piece("{}", index=0, id="b", name="planos")),
        ),
        [A, B],
    ),
    "all are 0, the same tool": (
        build_stream_chunks(
            delta(piece(ONE, index=0, id="a", name="faturas")),
            delta(piece('{"opcao": 2}', index=0, id="b", name="faturas")),
        ),
        [A, ("faturas", {"opcao": 2})],
    ),
    "all are 0, no ids": (
        build_stream_chunks(
            delta(piece(ONE, index=0, name="faturas")), delta(piece("{}", index=0, name="planos"))
        ),
        [A, B],
    ),
    "no index": (
        build_stream_chunks(
            delta(piece("", id="a", name="faturas")),
            delta(piece('{"opcao"')),
            delta(piece(": 1}")),
            delta(piece("{}", id="b", name="planos")),
        ),
        [A, B],
    ),
    "no index, one delta": (
        build_stream_chunks(
            delta(piece(ONE, id="a", name="faturas"), piece("{}", id="b", name="planos"))
        ),
        [A, B],
    ),
    "no index, no ids": (
        build_stream_chunks(delta(piece(ONE, name="faturas")), delta(piece("{}", name="planos"))),
        [A, B],
    ),
    "index null": (
        build_stream_chunks(
            delta(piece("", index=None, id="a", name="faturas")), delta(piece(ONE, index=None))
        ),
        [A],
    ),
    "index from 1": (
        build_stream_chunks(
            delta(piece(ONE, index=1, id="a", name="faturas")),
            delta(piece("{}", index=2, id="b", name="planos")),
        ),
        [A, B],
    ),
    "index inside": (
        build_stream_chunks(
            delta({"id": "a", "function": {"index": 0, "name": "faturas", "arguments": ONE}})
        ),
        [A],
    ),
    "id and name repeated": (
        build_stream_chunks(
            delta(piece('{"opcao"', index=0, id="a", name="faturas")),
            delta(piece(": 1}", index=0, id="a", name="faturas")),
            delta(piece("", index=0, id="a", name="faturas")),
        ),
        [A],
    ),
    "a new id for each piece": (
        build_stream_chunks(
            delta(piece("", index=0, id="a", name="faturas")),
            delta(piece('{"opcao"', index=0, id="b")),
            delta(piece(": 1}", index=0, id="c")),
        ),
        [A],
    ),
    "one id for two": (
        build_stream_chunks(
            delta(piece(ONE, index=0, id="a", name="faturas")),
            delta(piece("{}", index=1, id="a", name="planos")),
        ),
        [A, B],
    ),
    "streamed as an object": (
        build_stream_chunks(delta(piece({"opcao": 1}, index=0, id="a", name="faturas"))),
        [A],
    ),
    "streamed without arguments": (
        build_stream_chunks(delta(piece("", index=0, id="b", name="planos")), finish="tool_calls"),
        [B],
    ),
    "legacy, streamed": (
        build_stream_chunks(
            {"function_call": {"name": "faturas", "arguments": ""}},
            {"function_call": {"arguments": '{"opcao"'}},
            {"function_call": {"arguments": ": 1}"}},
            finish="function_call",
        ),
        [A],
    ),
    "a whole message in a stream": (
        [build_tool_call_response(build_tool_call("faturas", ONE))],
        [A],
    ),
    "null calls in deltas": (build_stream_chunks({"tool_calls": None, "content": "oi"}), []),
    "Qwen's as text, streamed": (
        build_stream_chunks(
            {"content": '<tool_call>{"name": "faturas",'},
            {"content": '"arguments": {"opcao": 1}}</tool_call>'},
        ),
        [A],
    ),
}


@pytest.mark.parametrize("name", CALLS)
async def test_calls_are_read_however_they_come(at: ScriptedEndpoint, name: str) -> None:
    answer, meant = CALLS[name]

    completion = await asked(at, answer)

    assert called(completion) == meant
    ids = [each.id for each in completion.calls]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert "tool_call" not in completion.text


async def test_what_stands_beside_a_call_written_as_text_is_kept(at: ScriptedEndpoint) -> None:
    text = 'Vou ver.\n<tool_call>{"name": "planos", "arguments": {}}</tool_call>'

    assert (await asked(at, build_text_response(text))).text.strip() == "Vou ver."


@pytest.mark.parametrize(
    ("finish", "read"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
        ("content_filter", "content_filter"),
        ("content_filter: PROHIBITED_CONTENT", "content_filter"),
        ("SAFETY", "content_filter"),
        ("MAX_TOKENS", "length"),
        ("end_turn", "stop"),
        ("eos", "stop"),
        ("something", "something"),
        ("", ""),
        (None, ""),
        (5, ""),
    ],
)
async def test_every_way_to_finish_is_known_or_told(
    at: ScriptedEndpoint, finish: Any, read: str
) -> None:
    assert (await asked(at, build_text_response("oi", finish))).finish == read
    assert (await asked(at, build_stream_chunks({"content": "oi"}, finish=finish))).finish == read


async def test_a_refusal_is_no_text(at: ScriptedEndpoint) -> None:
    whole = await asked(at, build_text_response(None, refusal="I can't"))
    streamed = await asked(at, build_stream_chunks({"refusal": "I "}, {"refusal": "can't"}))
    parted = await asked(at, build_text_response([part("I can't", "refusal")]))

    for each in (whole, streamed, parted):
        assert (each.text, each.refusal) == ("", "I can't")
