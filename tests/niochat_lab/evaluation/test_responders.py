"""Who answers as the model: by files, in the terminal, behind an end point, or without care."""

import asyncio
import json
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from rich.console import Console

from niochat.adapters.postgres.database import Database
from niochat.domain.errors import InvalidInputError
from niochat_lab.evaluation.definitions.scenario_loader import load_all_scenarios, select_scenarios
from niochat_lab.evaluation.evaluation_options import ResponderOptions, ResponderType
from niochat_lab.evaluation.in_process.loopback_server import serve_app
from niochat_lab.evaluation.responders.file_responder import FileResponder
from niochat_lab.evaluation.responders.forwarding_responder import ForwardingResponder
from niochat_lab.evaluation.responders.model_answer import (
    ModelAnswer,
    RequestedToolCall,
    ResponderRefusedError,
)
from niochat_lab.evaluation.responders.model_request import ModelRequest
from niochat_lab.evaluation.responders.responder_endpoint import ResponderEndpoint
from niochat_lab.evaluation.responders.terminal_responder import TerminalResponder
from tests.builders import Admin
from tests.niochat_lab.evaluation.evaluation_harness import EvaluationHarness, problems
from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = pytest.mark.asyncio
TOOL = {
    "type": "function",
    "function": {
        "name": "enviar_fatura",
        "parameters": {
            "type": "object",
            "properties": {"forma": {"type": "string"}, "fatura": {"type": "integer"}},
            "required": ["forma"],
        },
    },
}
PROMPT = {"role": "system", "content": "Você é a Nia."}
HELLO = {"role": "user", "content": "oi"}
BODY: dict[str, Any] = {"model": "m", "messages": [PROMPT, HELLO], "tools": [TOOL]}
ASKED = ModelRequest("fatura-pix", 1, BODY, [HELLO])


async def waited(file: Path) -> dict[str, Any]:
    """The file, once it is there."""
    async with asyncio.timeout(5):
        while not file.exists():
            await asyncio.sleep(0.01)
    return dict(json.loads(file.read_text("utf-8")))


def answers(folder: Path, **told: object) -> None:
    (folder / "x").write_text(json.dumps(told), "utf-8")
    (folder / "x").rename(folder / "answer-1.json")


async def test_by_files_a_request_waits_for_its_answer(tmp_path: Path) -> None:
    waiting = asyncio.create_task(FileResponder(tmp_path, "eu", poll_s=0.01).answer(ASKED))
    folder = tmp_path / "fatura-pix"
    request = await waited(folder / "request-1.json")
    answers(
        folder, id=request["id"], calls=[{"name": "enviar_fatura", "arguments": {"forma": "pix"}}]
    )

    answer = await waiting

    assert request["new"] == [{"from": "customer", "text": "oi"}]
    assert request["messages"] == [PROMPT, HELLO]
    assert request["tools"] == [TOOL["function"]]
    assert answer == ModelAnswer("", (RequestedToolCall("enviar_fatura", {"forma": "pix"}),), "eu")


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({}, "text or calls is required"),
        ({"text": ["oi"]}, "text must be a string"),
        ({"text": "oi", "txt": "oi"}, "unknown key txt"),
        ({"id": "another", "text": "oi"}, "this answers another request"),
        ({"calls": [{"name": "nada"}]}, "nada is not offered; offered: enviar_fatura"),
        ({"calls": [{"name": "enviar_fatura", "arguments": {}}]}, "enviar_fatura needs forma"),
        ({"calls": [{"name": "enviar_fatura", "arguments": {"form": "pix"}}]}, "no argument form"),
        ({"calls": ["enviar_fatura"]}, "calls[0]: must be {name, arguments}"),
    ],
)
async def test_a_bad_answer_is_told_and_asked_for_again(
    tmp_path: Path, told: dict[str, Any], problem: str
) -> None:
    waiting = asyncio.create_task(FileResponder(tmp_path, "eu", poll_s=0.01).answer(ASKED))
    folder = tmp_path / "fatura-pix"
    id_ = (await waited(folder / "request-1.json"))["id"]
    answers(folder, **{"id": id_, **told})

    error = await waited(folder / "error-1.json")
    assert any(problem in each for each in error["problems"])
    assert (folder / "rejected-1-1.json").exists()
    answers(folder, id=id_, text="Olá!")

    assert (await waiting).text == "Olá!"
    assert not (folder / "error-1.json").exists()


async def test_in_the_terminal_lines_are_text_and_calls() -> None:
    said = Console(record=True, file=StringIO())
    typed = iter(
        [
            "/enviar_fatura {pix}",
            "/enviar_fatura {}",
            "",
            '/enviar_fatura {"forma": "pix"}',
            "Segue!",
            "Algo mais?",
            "",
        ]
    )
    player = TerminalResponder("eu", read=lambda: next(typed), console=said)

    answer = await player.answer(ASKED)

    assert answer == ModelAnswer(
        "Segue!\nAlgo mais?", (RequestedToolCall("enviar_fatura", {"forma": "pix"}),), "eu"
    )
    shown = said.export_text()
    assert "customer: oi" in shown
    assert "are not valid JSON" in shown
    assert "needs forma" in shown


class Says:
    """Tells what it was asked."""

    def __init__(self) -> None:
        self.asked: list[ModelRequest] = []

    async def answer(self, asked: ModelRequest) -> ModelAnswer:
        self.asked.append(asked)
        if asked.body.get("model") == "none":
            raise ResponderRefusedError("no such model", status=404)
        return ModelAnswer(f"resposta {asked.number}", (), "eu")


@pytest.fixture
def says() -> Says:
    return Says()


@pytest_asyncio.fixture
async def address(says: Says) -> AsyncIterator[tuple[ResponderEndpoint, str]]:
    endpoint = ResponderEndpoint(says)
    endpoint.register_key("chave", "fatura-pix")
    app = endpoint.create_app()
    async with serve_app(lambda _: app) as origin:
        yield endpoint, f"{origin}/v1"


async def post(address: str, body: dict[str, Any], key: str = "chave") -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": f"Bearer {key}"}
        return await http.post(f"{address}/chat/completions", json=body, headers=headers)


async def test_the_end_point_tells_what_is_new_and_what_was_there(
    says: Says, address: tuple[ResponderEndpoint, str]
) -> None:
    endpoint, url = address
    first = (await post(url, BODY)).json()
    more = [*BODY["messages"], first["choices"][0]["message"], {"role": "user", "content": "pix"}]
    second = (await post(url, {**BODY, "messages": more})).json()

    assert first["choices"][0]["message"]["content"] == "resposta 1"
    assert says.asked[1].shape() == ["customer"]
    assert says.asked[1].new_texts()[-1] == {"from": "customer", "text": "pix"}
    cached = second["usage"]["prompt_tokens_details"]["cached_tokens"]
    assert 0 < cached < second["usage"]["prompt_tokens"]
    talk = endpoint.conversations["fatura-pix"]
    assert (talk.calls, talk.cached) == (2, cached)


async def test_the_same_request_again_is_one_question(
    says: Says, address: tuple[ResponderEndpoint, str]
) -> None:
    _, url = address

    assert (await post(url, BODY)).json() == (await post(url, BODY)).json()
    assert len(says.asked) == 1


async def test_a_streamed_answer_holds_the_whole(address: tuple[ResponderEndpoint, str]) -> None:
    _, url = address

    text = (await post(url, {**BODY, "stream": True})).text

    assert "resposta 1" in text
    assert text.endswith("data: [DONE]\n\n")


async def test_a_strangers_key_and_a_refusal_are_errors(
    address: tuple[ResponderEndpoint, str],
) -> None:
    _, url = address

    assert (await post(url, BODY, key="outra")).status_code == 401
    refused = await post(url, {**BODY, "model": "none"})
    assert (refused.status_code, refused.json()["error"]["message"]) == (404, "no such model")


async def test_a_real_end_point_is_asked_as_the_product_asks(
    says: Says, address: tuple[ResponderEndpoint, str]
) -> None:
    _, url = address
    forwarded = ForwardingResponder(url, "chave")

    answer = await forwarded.answer(ASKED)
    with pytest.raises(ResponderRefusedError) as refused:
        await forwarded.answer(ModelRequest("fatura-pix", 2, {**BODY, "model": "none"}))

    assert (answer.text, answer.finish) == ("resposta 1", "stop")
    assert answer.usage["completion_tokens"] == 3
    assert says.asked[0].body == BODY
    assert refused.value.status == 404


async def test_a_careless_model_does_no_harm(
    database: Database, world: SandboxFixture, admin: Admin
) -> None:
    evaluated = EvaluationHarness(database, world.origin, admin)
    careless = ResponderOptions(ResponderType.CARELESS).build_runner(
        "", "", "", (0, 0), stream=False
    )
    scenarios = [
        each for each in select_scenarios(load_all_scenarios(), ["field"]) if careless.accepts(each)
    ]

    results = await evaluated.play(careless, scenarios)

    assert not problems(results)
    assert sum(each.refused for each in results.values()) > len(results)


def options(**given: Any) -> ResponderOptions:
    return ResponderOptions(**given)


@pytest.mark.parametrize(
    ("by", "endpoint", "told"),
    [
        (options(hand_dir=Path("x")), "", "--hand-dir belongs to"),
        (options(model_by=ResponderType.HAND), "https://a.example/v1", "--model-by excludes"),
        (options(replay=Path("x"), model_by=ResponderType.HAND), "", "--replay excludes"),
        (options(record=Path("x")), "", "--record needs"),
    ],
)
async def test_options_that_exclude_each_other_are_refused(
    by: ResponderOptions, endpoint: str, told: str
) -> None:
    with pytest.raises(InvalidInputError, match=told):
        by.build_runner(
            endpoint, "m" if endpoint else "", "env:KEY" if endpoint else "", (0, 0), stream=False
        )
