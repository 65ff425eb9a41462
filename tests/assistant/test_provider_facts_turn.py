"""A turn with the provider's facts: the model reads them, and the customer hears what is so."""

from typing import Any

import pytest

from niochat.adapters.models.openai.model_client import ModelClient, ModelCompletion
from niochat.assistant.guardrail.fallback.fallback_replies import ASK_AGAIN_TEXT
from niochat.tenants.provider_file.facts_schema import FactsConfig
from tests.assistant import demo_provider_facts
from tests.assistant.assistant_pipeline import AssistantPipeline

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

WEEK = {
    "hours": [{"days": [0, 1, 2, 3, 4], "opens": "08:00:00", "closes": "18:00:00"}],
    "holidays": "BR-PE",
}


class PromptRecordingModels(ModelClient):
    """Answers one text, and keeps what it was told."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.told: list[Any] = []

    async def complete(self, *args: Any, **_: Any) -> ModelCompletion:
        self.told = list(args[1])
        return ModelCompletion(self.text, "m", 1, 1)


async def known(pipeline: AssistantPipeline) -> None:
    """The office's provider tells what the demo's does."""
    await pipeline.update_settings(
        facts=FactsConfig.model_validate(demo_provider_facts.load_provider_facts()).to_row()
    )
    (policy,) = await pipeline.given.rows(
        "SELECT policy FROM tenants WHERE tenant_id = $1", pipeline.place.tenant
    )
    await pipeline.update_settings("tenants", policy={**policy, **WEEK})


async def answered(
    pipeline: AssistantPipeline, asked: str, text: str
) -> tuple[str, PromptRecordingModels]:
    models = PromptRecordingModels(text)
    pipeline.models = models
    customer = await pipeline.create_customer()
    await customer.say(asked)
    return "\n".join(customer.texts), models


async def test_the_model_reads_the_facts_in_its_first_message(pipeline: AssistantPipeline) -> None:
    await known(pipeline)

    said, models = await answered(
        pipeline, "qual o site?", "Nosso site é https://provedordemo.example.com.br"
    )

    assert "https://provedordemo.example.com.br" in said
    first = models.told[0]
    assert first["role"] == "system"
    for fact in ("segunda a sexta das 8h às 18h", "Rua do Sol, 120", "IP fixo → suporte"):
        assert fact in first["content"]


async def test_a_false_fact_does_not_leave(pipeline: AssistantPipeline) -> None:
    await known(pipeline)

    said, _ = await answered(pipeline, "quanto é a instalação?", "A instalação custa R$ 80,00.")

    assert "80" not in said
    assert said.startswith(ASK_AGAIN_TEXT)
    kept = await pipeline.given.rows("SELECT code FROM refused_texts ORDER BY refused_at")
    assert kept == ["valor", "valor"]


async def test_a_change_of_facts_counts_once_it_is_announced(pipeline: AssistantPipeline) -> None:
    _, before = await answered(pipeline, "oi", "Olá!")
    assert "Rua do Sol" not in before.told[0]["content"]

    await known(pipeline)

    _, after = await answered(pipeline, "e agora?", "Olá!")
    assert "Rua do Sol" in after.told[0]["content"]
