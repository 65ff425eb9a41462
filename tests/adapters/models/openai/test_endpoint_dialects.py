"""Every end point is asked in the form it takes, within one call; and once learned, at once."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from niochat.adapters.models.openai.endpoint_quirks import EndpointQuirk
from niochat.adapters.models.openai.model_client import (
    ModelClient,
    ModelCompletion,
    ModelEndpoint,
    ModelError,
    ModelOptions,
)
from tests.adapters.models.openai.scripted_endpoint import (
    DIALECTS,
    Dialect,
    ScriptedEndpoint,
    build_stream_chunks,
    build_text_response,
    build_tool_call,
    build_tool_call_response,
    openai_error,
    openai_now,
    vllm_gemma,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(20)]

ALL = ModelOptions(temperature=0.2, seed=7, parallel_tool_calls=False)
HEAD = [{"role": "system", "content": "Você é a Nia."}, {"role": "system", "content": "São 10h."}]
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "Lê.",
            "parameters": {
                "type": "object",
                "properties": {
                    "opcao": {
                        "anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "null"}]
                    }
                },
                "additionalProperties": False,
            },
        },
    }
    for name in ("consultar_faturas", "escolher_contrato")
]
FIRST: list[Any] = [
    *HEAD,
    {"role": "assistant", "content": "Olá! Sou a Nia."},
    {"role": "user", "content": "oi"},
    {"role": "user", "content": "minha fatura"},
]
CALLED: list[Any] = [
    *FIRST,
    {
        "role": "assistant",
        "content": None,
        "reasoning_content": "preciso ler",
        "tool_calls": [
            build_tool_call("consultar_faturas", '{"opcao": '),
            build_tool_call("consultar_faturas", "", "c2"),
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": '{"ok": false}'},
    {"role": "tool", "tool_call_id": "c2", "content": '{"ok": true}'},
    {
        "role": "assistant",
        "content": "",
        "reasoning_content": "agora",
        "tool_calls": [
            build_tool_call("escolher contrato!", "null"),
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": '{"ok": true}'},
]
CORRECTED: list[Any] = [
    *CALLED,
    {"role": "assistant", "content": "Sua fatura foi paga."},
    {"role": "system", "content": "texto_recusado: escreva de novo."},
]
TALKS = {"greeted": FIRST, "called": CALLED, "corrected": CORRECTED}


class Client:
    """Asks an end point, and tells how often it had to."""

    def __init__(self, at: ScriptedEndpoint) -> None:
        self.at, self.models = at, ModelClient()

    async def __call__(
        self,
        messages: list[Any] = FIRST,
        options: ModelOptions = ALL,
        *,
        stream: bool = False,
        max_tokens: int = 800,
        key: str = "chave-secreta",
    ) -> ModelCompletion:
        endpoint = ModelEndpoint(self.at.url, key, "um-modelo", options)
        return await self.models.complete(
            endpoint, messages, max_tokens=max_tokens, timeout_s=10, stream=stream, tools=TOOLS
        )

    async def refused(self, **more: Any) -> ModelError:
        with pytest.raises(ModelError) as raised:
            await self(**more)
        return raised.value


Opening = Callable[..., Any]


@pytest_asyncio.fixture
async def opening() -> AsyncIterator[Opening]:
    """Opens an end point of a dialect that answers so."""
    clients: list[Client] = []

    async def start(dialect: Dialect = lambda body: None, *answers: Any) -> Client:
        at = ScriptedEndpoint(dialect, list(answers) or [build_text_response("Olá!")])
        await at.open()
        clients.append(Client(at))
        return clients[-1]

    yield start
    for client in clients:
        await client.models.close()
        client.at.close()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.__name__)
async def test_each_dialect_is_spoken_in_each_part_of_a_talk(
    opening: Opening, dialect: Dialect
) -> None:
    for stream in (False, True):
        answer = (
            build_stream_chunks({"content": "Ol"}, {"content": "á!"})
            if stream
            else build_text_response("Olá!")
        )
        client = await opening(
            dialect,
            answer if dialect.__name__ != "openai_unverified" else build_text_response("Olá!"),
        )
        for name, messages in TALKS.items():
            assert (await client(messages, stream=stream)).text == "Olá!", (name, stream)
        learned = len(client.at.requests)
        for messages in TALKS.values():
            await client(messages, stream=stream)
        # What was learned in a later part of the talk fits its earlier parts too.
        assert len(client.at.requests) == learned + len(TALKS)


async def test_everything_that_was_said_is_still_said_in_the_strictest_form(
    opening: Opening,
) -> None:
    client = await opening()
    strict = frozenset(
        {
            EndpointQuirk.ALTERNATE,
            EndpointQuirk.NO_SYSTEM,
            EndpointQuirk.TOOLS_AS_TEXT,
            EndpointQuirk.SHORT_IDS,
        }
    )

    await client(CORRECTED, ModelOptions(quirks=strict))

    (body,) = client.at.requests
    whole = "\n".join(each["content"] for each in body["messages"])
    for told in (
        "Você é a Nia.",
        "São 10h.",
        "Sou a Nia.",
        "minha fatura",
        '{"ok": true}',
        "consultar_faturas",
        "foi paga",
        "texto_recusado",
    ):
        assert told in whole, told
    assert {each["role"] for each in body["messages"]} == {"user", "assistant"}


async def test_nobody_but_the_start_speaks_for_the_system_when_there_is_one_message_of_it(
    opening: Opening,
) -> None:
    client = await opening()

    await client(CORRECTED, ModelOptions(quirks=frozenset({EndpointQuirk.ONE_SYSTEM})))

    system, *rest = client.at.requests[0]["messages"]
    assert system["content"].endswith("texto_recusado: escreva de novo.")
    assert all("texto_recusado" not in (each["content"] or "") for each in rest)


async def test_an_end_point_that_takes_all_is_asked_once_and_as_most_know_it(
    opening: Opening,
) -> None:
    client = await opening()

    await client(CORRECTED)

    (body,) = client.at.requests
    assert (body["max_tokens"], body["temperature"], body["seed"]) == (800, 0.2, 7)
    assert body["parallel_tool_calls"] is False
    assert [each["role"] for each in body["messages"]].count("system") == 2
    assert body["tools"] == TOOLS
    assert "reasoning_content" not in str(body["messages"])


async def test_what_was_set_by_hand_is_not_learned(opening: Opening) -> None:
    client = await opening(openai_now)
    by_hand = frozenset({EndpointQuirk.COMPLETION_TOKENS, EndpointQuirk.NO_TEMPERATURE})

    await client(options=ModelOptions(temperature=0.2, quirks=by_hand))

    assert len(client.at.requests) == 1
    assert client.at.requests[0]["max_completion_tokens"] == 800


async def test_what_one_key_learned_teaches_no_other(opening: Opening) -> None:
    client = await opening(openai_now)
    await client()
    assert len(client.at.requests) == 3

    await client(key="outra-chave")

    assert len(client.at.requests) == 6


async def test_an_end_point_that_became_another_is_learned_anew(opening: Opening) -> None:
    client = await opening(openai_now)
    await client()

    def former(body: dict[str, Any]) -> tuple[int, Any] | None:
        if "max_completion_tokens" in body:
            return 400, openai_error(
                "Unrecognized request argument supplied: max_completion_tokens"
            )
        return None

    client.at.dialect = former
    await client()
    await client()

    assert len(client.at.requests) == 3 + 2 + 1


@pytest.mark.parametrize(
    ("told", "code", "requests"),
    [
        ("This model's maximum context length is 8192 tokens.", "model_context", 1),
        ("Nope: 42", "model_400", 6),
    ],
)
async def test_what_was_learned_does_not_hide_what_is_wrong_later(
    opening: Opening, told: str, code: str, requests: int
) -> None:
    client = await opening(openai_now)
    await client()
    client.at.requests.clear()
    client.at.dialect = lambda body: openai_now(body) or (400, openai_error(told))

    error = await client.refused()

    assert (error.code, told in str(error)) == (code, True)
    assert len(client.at.requests) <= requests


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failure_in_between_is_told_as_what_it_is(opening: Opening, status: int) -> None:
    client = await opening(lambda body: openai_now(body) or (status, {"error": "overloaded"}))

    error = await client.refused()

    assert error.retryable
    assert error.code == ("model_rate_limited" if status == 429 else f"model_{status}")


async def test_what_was_learned_is_forgotten_after_its_time(opening: Opening) -> None:
    client = await opening(openai_now)
    client.models = ModelClient(quirks_ttl_s=-1.0)
    await client()
    await client()

    assert len(client.at.requests) == 6


HOPELESS: list[tuple[int, Any, str, str]] = [
    (
        400,
        openai_error(
            "This model's maximum context length is 8192 tokens. However, your messages"
            " resulted in 9000 tokens.",
            "messages",
            "context_length_exceeded",
        ),
        "model_context",
        "maximum context length is 8192",
    ),
    (
        400,
        openai_error(
            "max_tokens is too large: 90000. This model supports at most 16384 "
            "completion tokens, whereas you provided 90000.",
            "max_tokens",
        ),
        "model_400",
        "at most 16384",
    ),
    (
        400,
        {
            "object": "error",
            "message": '"auto" tool choice requires --enable-auto-tool-choice '
            "and --tool-call-parser to be set",
            "type": "BadRequestError",
            "code": 400,
        },
        "model_400",
        "--enable-auto-tool-choice",
    ),
    (
        400,
        {"error": {"message": "registry.ollama.ai/library/gemma:2b does not support tools"}},
        "model_400",
        "does not support tools",
    ),
    (
        404,
        {"error": {"message": "The model `gpt-9` does not exist", "code": "model_not_found"}},
        "model_404",
        "does not exist",
    ),
    (
        400,
        openai_error(
            "The response was filtered due to the prompt triggering Azure OpenAI's "
            "content management policy.",
            "prompt",
            "content_filter",
        ),
        "model_filtered",
        "content management policy",
    ),
    (
        400,
        [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}],
        "model_unauthorized",
        "API key not valid",
    ),
    (
        429,
        openai_error(
            "You exceeded your current quota, please check your plan.", None, "insufficient_quota"
        ),
        "model_quota",
        "exceeded your current quota",
    ),
    (402, {"error": "Insufficient credit balance"}, "model_quota", "credit balance"),
    (500, {"error": {"message": "CUDA out of memory"}}, "model_500", "CUDA out of memory"),
    (
        400,
        {
            "error": {
                "message": "Could not finish the message because max_tokens or model output "
                "limit was reached."
            }
        },
        "model_400",
        "Could not finish",
    ),
]


@pytest.mark.parametrize(("status", "body", "code", "told"), HOPELESS)
async def test_what_no_form_helps_against_is_asked_once_and_told_in_its_own_words(
    opening: Opening, status: int, body: Any, code: str, told: str
) -> None:
    client = await opening(lambda _: (status, body))

    error = await client.refused()

    assert (error.code, len(client.at.requests)) == (code, 1)
    assert told in str(error)


async def test_a_refusal_that_is_not_understood_is_told_after_one_guess(opening: Opening) -> None:
    client = await opening(lambda _: (400, {"error": {"message": "Nope: 42"}}))

    error = await client.refused()

    assert str(error) == "the model answered 400: Nope: 42"
    assert len(client.at.requests) == 2
    assert not error.retryable


async def test_an_end_point_that_takes_nothing_is_asked_a_few_times_only(opening: Opening) -> None:
    client = await opening(lambda body: (400, openai_error(f"roles must alternate {len(body)}")))

    error = await client.refused(messages=CORRECTED)

    assert len(client.at.requests) <= 8
    assert "roles must alternate" in str(error)


async def test_a_later_refusal_after_a_guess_still_counts(opening: Opening) -> None:
    """The guess is not refused for what was wrong first."""

    def twice(body: dict[str, Any]) -> tuple[int, Any] | None:
        if "seed" in body:
            return 422, {"detail": "Unprocessable"}
        return openai_now(body) or vllm_gemma(body)

    client = await opening(twice)

    assert (await client()).text == "Olá!"


SECRET_SENTENCES: list[tuple[str, str]] = [
    ("Incorrect field for key chave-secreta", "chave-secreta"),
    ("Bad header um-segredo-do-provedor here", "um-segredo-do-provedor"),
    ("Bad body valor-do-corpo here", "valor-do-corpo"),
    ("Bearer abcdefghijklmnop was sent", "abcdefghijklmnop"),
    ("the key sk-proj-abcdefghijklmnop1234 is odd", "abcdefghijklmnop"),
    ("cannot parse 'minha fatura' in messages", "minha fatura"),
    ("bad input: Você é a Nia, da Rede Norte, e atende clientes", "da Rede Norte, e atende"),
    ("user 529.982.247-25 is not allowed", "982"),
    ("user 5581999998888 is not allowed", "99999"),
    ("write to ana@example.com", "ana@"),
]


@pytest.mark.parametrize(("sentence", "hidden"), SECRET_SENTENCES)
async def test_neither_a_secret_nor_the_prompt_is_told(
    opening: Opening, sentence: str, hidden: str
) -> None:
    client = await opening(lambda _: (400, openai_error(sentence + " x" * 300)))
    options = ModelOptions(
        extra_headers={"x-proxy": "um-segredo-do-provedor"}, extra_body={"a": ["valor-do-corpo"]}
    )
    talk = [
        {"role": "system", "content": "Você é a Nia, da Rede Norte, e atende clientes."},
        {"role": "user", "content": "minha fatura"},
    ]

    error = await client.refused(messages=talk, options=options)

    assert hidden not in str(error)
    assert len(str(error)) < 300


async def test_what_a_tenant_adds_is_sent_and_stands_for_nothing_of_ours(opening: Opening) -> None:
    client = await opening()
    options = ModelOptions(
        extra_headers={
            "X-Title": "Rede Norte",
            "Authorization": "Bearer outra",
            "HOST": "outro.example",
        },
        extra_body={
            "reasoning_effort": "low",
            "model": "outro",
            "messages": [],
            "api_base": "http://x",
            "max_tokens": 1,
            "stream": True,
        },
    )

    await client(options=options)

    (body,), (headers,) = client.at.requests, client.at.headers
    assert headers["x-title"] == "Rede Norte"
    assert headers["authorization"] == "Bearer chave-secreta"
    assert headers["host"].startswith("127.0.0.1")
    assert body["reasoning_effort"] == "low"
    assert (body["model"], body["max_tokens"], len(body["messages"])) == ("um-modelo", 800, 4)
    assert not {"api_base", "stream"} & set(body)


async def test_gemini_gets_its_own_signature_back(opening: Opening) -> None:
    signed = {"extra_content": {"google": {"thought_signature": "abc"}}}
    client = await opening(
        lambda body: None,
        build_tool_call_response(build_tool_call("consultar_faturas", "{}", **signed)),
    )

    (made,) = (await client()).calls

    assert made.extra_fields == signed


async def test_an_error_inside_an_answer_of_200_is_one(opening: Opening) -> None:
    client = await opening(
        lambda _: None, {"error": {"code": 429, "message": "upstream is rate limited"}}
    )
    assert (await client.refused()).code == "model_rate_limited"

    client = await opening(lambda _: None, [{"error": {"message": "overloaded"}}])
    error = await client.refused(stream=True)
    assert (error.code, error.retryable) == ("model_malformed", True)
    assert "overloaded" in str(error)


async def test_a_server_that_does_not_stream_is_read_whole(opening: Opening) -> None:
    client = await opening(lambda _: None, build_text_response("Olá!"))

    assert (await client(stream=True)).text == "Olá!"


async def test_pictures_among_texts_are_kept_in_every_form(opening: Opening) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    talk = [*FIRST, {"role": "user", "content": [{"type": "text", "text": "a luz"}, picture]}]

    for form in EndpointQuirk:
        client = await opening()
        await client(talk, ModelOptions(quirks=frozenset({form})))
        assert str(picture) in str(client.at.requests[0]["messages"]), form
