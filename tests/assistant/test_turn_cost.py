"""What a conversation costs: how often the model is asked, what it reads, what is read again."""

import json
from itertools import pairwise
from typing import Any

import pytest

from niochat.adapters.models.openai.model_client import ModelClient, ModelCompletion
from tests.assistant.assistant_pipeline import AssistantPipeline

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


class RequestRecordingModels(ModelClient):
    """Keeps what each request began with."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []
        self.messages: list[list[Any]] = []

    async def complete(self, endpoint: Any, messages: Any, **more: Any) -> ModelCompletion:
        self.made.append(json.dumps([more["tools"], messages], ensure_ascii=False))
        self.messages.append([dict(each) for each in messages])
        return await super().complete(endpoint, messages, **more)


async def test_an_invoice_by_pix_costs_no_more_than_the_issue_allows(
    pipeline: AssistantPipeline,
) -> None:
    """Tokens as the sandbox's model counts them: four characters each."""
    customer = await pipeline.create_customer()

    await customer.complete_identification("oi, quero pagar minha fatura no pix")

    assert [each.kind for each in customer.left][-1:] == ["text"]
    spent = await pipeline.given.admin.fetchrow(
        "SELECT sum(model_calls) AS calls, sum(tokens_in) AS read, sum(tokens_cached) AS cached"
        " FROM turns WHERE thread_id = $1",
        customer.thread,
    )
    assert spent is not None
    assert spent["calls"] <= 5
    assert spent["read"] <= 9_000
    assert spent["cached"] / spent["read"] >= 0.6, spent


async def test_what_a_request_adds_comes_after_what_was_there(pipeline: AssistantPipeline) -> None:
    """Tools, prompt and transcript stay where they are; only the situation goes."""
    pipeline.models = requests = RequestRecordingModels()
    customer = await pipeline.create_customer()

    await customer.complete_identification("quero minha fatura")
    await customer.say("no pix")

    for earlier, later in pairwise(requests.messages):
        kept = [each for each in earlier if not str(each["content"]).startswith("⟦situação⟧")]
        said = [each for each in kept if each["role"] in ("system", "user", "assistant")]
        said = [each for each in said if not each.get("tool_calls")]
        assert later[: len(said)] == said
    assert {each[0]["role"] for each in requests.messages} == {"system"}
    assert all(m["role"] != "system" for each in requests.messages for m in each[1:])


async def test_two_customers_of_a_tenant_share_the_beginning(pipeline: AssistantPipeline) -> None:
    pipeline.models = requests = RequestRecordingModels()
    for case in ("active", "slow"):
        await (await pipeline.create_customer(case)).say("oi")

    one, other = (json.loads(each) for each in requests.made)

    assert one[0] == other[0], "tools"
    assert one[1][0] == other[1][0], "prompt"


async def test_what_is_not_so_is_not_told(pipeline: AssistantPipeline) -> None:
    pipeline.models = requests = RequestRecordingModels()
    await (await pipeline.create_customer()).say("oi")

    situation = str(requests.messages[0][-1]["content"])

    told = json.loads(situation.removeprefix("⟦situação⟧"))
    assert set(told) == {"agora", "protocolo", "primeira_resposta"}
