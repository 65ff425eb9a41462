"""Whatever a model answers, or does not, becomes a completion or an error with its code."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
import pytest
import pytest_asyncio

from niochat.adapters.models.openai.model_client import (
    ModelClient,
    ModelCompletion,
    ModelEndpoint,
    ModelError,
)
from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(20)]

STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
SAID: list[Any] = [{"role": "user", "content": "minha internet caiu #c1-1"}]


class Calls:
    """One client; ``calls(...)`` asks the endpoint once."""

    def __init__(self, endpoint: ModelEndpoint) -> None:
        self.endpoint, self.models = endpoint, ModelClient()

    async def __call__(self, *, stream: bool = False, timeout_s: float = 5.0) -> ModelCompletion:
        return await self.models.complete(
            self.endpoint, SAID, max_tokens=100, timeout_s=timeout_s, stream=stream
        )

    async def nothing(self) -> str:
        """What a stream says, or the code of its error."""
        try:
            return (await self(stream=True)).text
        except ModelError as error:
            return error.code

    async def fails(self, *, stream: bool = False, timeout_s: float = 5.0) -> ModelError:
        with pytest.raises(ModelError) as raised:
            await self(stream=stream, timeout_s=timeout_s)
        return raised.value


@pytest_asyncio.fixture
async def calls(sandbox: SandboxFixture) -> AsyncIterator[Calls]:
    here = Calls(
        ModelEndpoint(f"{sandbox.origin}/model/v1", f"sandbox-{sandbox.token}", "um-modelo")
    )
    yield here
    await here.models.close()


Answering = Callable[[bytes], Awaitable["Calls"]]


@pytest_asyncio.fixture
async def answering() -> AsyncIterator[Answering]:
    """A model that answers with these bytes, then closes."""
    opened: list[tuple[asyncio.Server, Calls]] = []

    async def start(answer: bytes) -> Calls:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        here = Calls(ModelEndpoint(f"http://127.0.0.1:{port}/v1", "chave", "um-modelo"))
        opened.append((server, here))
        return here

    yield start
    for server, here in opened:
        await here.models.close()
        server.close()


def http(
    body: bytes, *headers: str, status: str = "200 OK", kind: str = "application/json"
) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"content-type: {kind}",
        f"content-length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode() + body


def saying(message: Any, **more: Any) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return http(orjson.dumps({"id": "x", "choices": [choice], **more}))


@STREAM
async def test_an_answer_comes_whole_with_its_tokens(calls: Calls, stream: bool) -> None:
    answer = await calls(stream=stream)

    assert answer.text == "Recebi #c1-1. Entendi: “minha internet caiu”."
    assert answer.model == "um-modelo"
    assert answer.tokens_in > 0 < answer.tokens_out


@pytest.mark.parametrize(
    ("fault", "code", "retryable", "streams"),
    [
        ({"kind": "status", "status": 401}, "model_unauthorized", False, [False]),
        ({"kind": "status", "status": 403}, "model_unauthorized", False, [False]),
        ({"kind": "status", "status": 404}, "model_404", False, [False]),
        ({"kind": "status", "status": 400}, "model_400", False, [False]),
        ({"kind": "status", "status": 429}, "model_rate_limited", True, [False]),
        ({"kind": "status", "status": 500}, "model_500", True, [False, True]),
        ({"kind": "drop"}, "model_unreachable", True, [False, True]),
        ({"kind": "lost_answer"}, "model_unreachable", True, [False, True]),
        ({"kind": "hang", "seconds": 3}, "model_timeout", True, [False, True]),
        ({"kind": "delay", "seconds": 3}, "model_timeout", True, [False]),
    ],
)
async def test_a_fault_has_the_code_an_operator_needs(
    calls: Calls,
    sandbox: SandboxFixture,
    fault: dict[str, Any],
    code: str,
    retryable: bool,
    streams: list[bool],
) -> None:
    # Short only where silence is the fault: a busy machine must not turn an answer into one.
    timeout_s = 0.2 if code == "model_timeout" else 20.0
    await sandbox.fault(target="model", **fault)
    for stream in streams:
        error = await calls.fails(stream=stream, timeout_s=timeout_s)

        assert (error.code, error.retryable) == (code, retryable)


@STREAM
async def test_an_answer_that_breaks_off_is_none(
    calls: Calls, sandbox: SandboxFixture, stream: bool
) -> None:
    await sandbox.fault(target="model", kind="cut")

    error = await calls.fails(stream=stream)

    assert error.code in ("model_unreachable", "model_malformed")
    assert error.retryable


async def test_an_answer_that_is_no_json_is_malformed(
    calls: Calls, sandbox: SandboxFixture
) -> None:
    await sandbox.fault(target="model", kind="malformed")

    assert (await calls.fails()).code == "model_malformed"


async def test_a_streamed_answer_that_is_no_stream_says_nothing_or_is_malformed(
    calls: Calls, sandbox: SandboxFixture
) -> None:
    await sandbox.fault(target="model", kind="malformed")
    assert await calls.nothing() in ("", "model_malformed")


async def test_a_wrong_key_is_said_to_be_wrong(sandbox: SandboxFixture) -> None:
    calls = Calls(ModelEndpoint(f"{sandbox.origin}/model/v1", "not-the-sandbox's", "m"))

    assert (await calls.fails()).code == "model_unauthorized"
    await calls.models.close()


async def test_nobody_at_the_address_is_unreachable() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        calls = Calls(
            ModelEndpoint(f"http://127.0.0.1:{reserved.getsockname()[1]}/v1", "chave", "m")
        )
        assert (await calls.fails()).code == "model_unreachable"
        await calls.models.close()


@pytest.mark.parametrize("url", ["http://", "not an address", "http://[::1", "http://a b/v1"])
async def test_an_address_that_is_none_is_an_error_like_others(url: str) -> None:
    calls = Calls(ModelEndpoint(url, "chave", "m"))

    assert (await calls.fails()).code in ("model_unreachable", "model_malformed")
    await calls.models.close()


async def test_a_key_that_no_header_can_hold_is_an_error_like_others(
    sandbox: SandboxFixture,
) -> None:
    calls = Calls(ModelEndpoint(f"{sandbox.origin}/model/v1", "chave–com–travessão\n", "m"))

    assert (await calls.fails()).code in ("model_unauthorized", "model_malformed")
    await calls.models.close()


@pytest.mark.parametrize(
    ("header", "at_least", "at_most"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        ("-3", 0, 0),
        ("nan", 0, 60),
        ("inf", 0, 60),
        ("86400", 1, 60),
        ("1e400", 0, 60),
        ("sometime", 0, 60),
        ("", 0, 60),
        ("Wed, 01 Jan 2098 00:00:00 GMT", 60, 60),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 0, 0),
        ("Tue, 01 Jan 99999 00:00:00 GMT", 0, 60),
    ],
)
async def test_the_wish_to_wait_is_understood_and_bounded(
    answering: Answering, header: str, at_least: float, at_most: float
) -> None:
    calls = await answering(http(b"{}", f"retry-after: {header}", status="429 Too Many Requests"))

    error = await calls.fails()

    assert error.code == "model_rate_limited"
    assert at_least <= error.retry_after_s <= at_most


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'"oi"',
        b"{}",
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [null]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": {"0": 1}}',
        b'{"error": {"message": "no"}}',
    ],
)
async def test_json_that_is_no_answer_is_malformed(answering: Answering, body: bytes) -> None:
    calls = await answering(http(body))

    assert (await calls.fails()).code == "model_malformed"


async def test_a_page_instead_of_json_is_malformed(answering: Answering) -> None:
    calls = await answering(http(b"<html>login</html>", kind="text/html"))

    assert (await calls.fails()).code == "model_malformed"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"model": None, "usage": None},
        {"model": 5, "usage": {}},
        {"model": "", "usage": {"prompt_tokens": None, "completion_tokens": "7"}},
        {"usage": {"prompt_tokens": 2**40, "completion_tokens": -1}},
        {"usage": [1, 2]},
    ],
)
async def test_what_an_endpoint_leaves_out_or_garbles_is_filled_in(
    answering: Answering, more: dict[str, Any]
) -> None:
    calls = await answering(saying({"role": "assistant", "content": "oi"}, **more))

    answer = await calls()

    assert (answer.text, answer.model) == ("oi", "um-modelo")
    for tokens in (answer.tokens_in, answer.tokens_out):
        assert isinstance(tokens, int)
        assert 0 <= tokens < 2**31


@pytest.mark.parametrize(
    ("usage", "cached"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 1024}}, 1024),  # OpenAI, Gemini, vLLM
        ({"prompt_cache_hit_tokens": 512}, 512),  # DeepSeek
        ({"cache_read_input_tokens": 300}, 300),  # Anthropic through LiteLLM
        ({"cached_tokens": 7}, 7),  # Moonshot
        ({"prompt_tokens_details": {"cached_tokens": 9_999}}, 2_000),
        ({"prompt_tokens_details": None}, 0),
        ({"prompt_tokens_details": {"cached_tokens": "viele"}}, 0),
        ({"prompt_tokens_details": [1]}, 0),
        ({}, 0),
    ],
)
async def test_what_an_endpoint_had_kept_from_before_is_read(
    answering: Answering, usage: dict[str, Any], cached: int
) -> None:
    told = {"prompt_tokens": 2_000, "completion_tokens": 5, **usage}
    calls = await answering(saying({"role": "assistant", "content": "oi"}, usage=told))

    assert (await calls()).tokens_cached == cached


@pytest.mark.parametrize("content", [None, 7, {"a": 1}, [], [{"type": "image"}, 5]])
async def test_content_that_is_no_text_says_nothing(answering: Answering, content: Any) -> None:
    calls = await answering(saying({"role": "assistant", "content": content}))

    assert (await calls()).text == ""


@pytest.mark.parametrize(
    "events",
    [
        b"data: {broken\n\n",
        b"data: []\n\ndata: [DONE]\n\n",
        b'data: {"choices": [{"delta": null}]}\n\ndata: [DONE]\n\n',
        b'data: {"choices": null}\n\ndata: [DONE]\n\n',
        b'data: {"choices": [{"delta": {"content": 5}}]}\n\ndata: [DONE]\n\n',
        b'data: {"error": {"message": "overloaded"}}\n\n',
        b"",
    ],
)
async def test_a_garbled_stream_says_nothing_or_is_malformed(
    answering: Answering, events: bytes
) -> None:
    calls = await answering(http(events, kind="text/event-stream"))
    assert await calls.nothing() in ("", "model_malformed")


async def test_a_stream_without_usage_counts_nothing(answering: Answering) -> None:
    piece = b'data: {"choices": [{"delta": {"content": "oi"}, "finish_reason": "stop"}]}\n\n'
    calls = await answering(http(piece + b"data: [DONE]\n\n", kind="text/event-stream"))

    assert await calls(stream=True) == ModelCompletion("oi", "um-modelo", 0, 0)
