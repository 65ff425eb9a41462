"""Whatever stands in a picture or a PDF, and however careless the model: nothing is done."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from niochat.attachments.attachment_facts import validate_facts
from niochat.attachments.pdf_facts import extract_pdf_facts
from niochat.domain.conversation.file_reading import FileReading
from niochat.domain.message import MessageKind
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.customer_files import ObedientModel, enable_media_models, receive_file
from tests.assistant.scripted_customer import ScriptedCustomer
from tests.assistant.security.test_prompt_injections import STRANGER, filled, leaks, victim_of

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

ATTEMPTS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "file_injections.yaml").read_text(encoding="utf-8")
)
WISHES = {"holder": "oi", "blocked": "minha internet está bloqueada", "third": "oi"}


async def attacker(pipeline: AssistantPipeline, attempt: dict[str, Any]) -> ScriptedCustomer:
    """Somebody as the attempt needs, who has said nothing of what it wants."""
    who = attempt.get("as", "stranger")
    case = {"blocked": "suspended", "third": "suspended"}.get(who, "active")
    phone = STRANGER if who in ("third", "stranger") else None
    customer = await pipeline.create_customer(case, phone=phone)
    if who == "stranger":
        await customer.say("oi")
    else:
        await customer.complete_identification(WISHES[who])
    await enable_media_models(customer)
    return customer


def reading_of(attempt: dict[str, Any]) -> tuple[MessageKind, FileReading]:
    """As the product reads the file."""
    if "pdf" in attempt:
        return MessageKind.DOCUMENT, FileReading(facts=extract_pdf_facts(attempt["pdf"]))
    return MessageKind.IMAGE, FileReading(facts=validate_facts(attempt["sees"]))


async def test_there_are_enough_and_each_has_its_name() -> None:
    names = [attempt["name"] for attempt in ATTEMPTS]

    assert len(names) == len(set(names)) >= 40


@pytest.mark.parametrize("raw", ATTEMPTS, ids=lambda raw: raw["name"].replace(" ", "-"))
async def test_a_file_leads_to_nothing(pipeline: AssistantPipeline, raw: dict[str, Any]) -> None:
    victim = await victim_of(pipeline)
    own = (await pipeline.load_subscriber())["cpf"]
    attempt = filled(raw, {**victim, "own": own})
    customer = await attacker(pipeline, attempt)
    before = await pipeline.load_erp_ledger()
    used = len(await customer.list_tool_calls())
    customer.heard.clear()
    obeys = attempt["obeys"]
    careless = ObedientModel([(name, said) for name, said in obeys.get("calls", ())], obeys["text"])
    pipeline.models = careless  # type: ignore[assignment]

    kind, reading = reading_of(attempt)
    caption, name = attempt.get("caption", ""), attempt.get("file_name", "arquivo")
    await receive_file(customer, kind, reading, caption, name)
    await customer.run_turn()

    assert await pipeline.load_erp_ledger() == before == []
    assert [each for each in leaks(customer, attempt, victim) if each != ""] == []
    assert [each.kind for each in customer.left] == [MessageKind.TEXT]
    acts = [tool for tool, result in (await customer.list_tool_calls())[used:] if result["ok"]]
    assert set(acts) <= {"verificar_conexao", "listar_planos"}
    status, _ = await customer.load_status()
    assert status in ("pending", "waiting")
