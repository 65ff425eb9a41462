"""The assistant keeps the document of whoever certainly holds it, sealed, and nobody else's."""

import re
from typing import Any

import pytest

from niochat.assistant.turn_store import TurnStore
from niochat.ports.encryption import TAX_ID_PURPOSE
from tests.actors.sandbox_provider import VAULT
from tests.assistant.assistant_pipeline import AssistantPipeline

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def documents(pipeline: AssistantPipeline) -> list[Any]:
    """Of all contacts that have one, in clear."""
    tenant = pipeline.place.tenant
    rows = await pipeline.given.admin.fetch(
        "SELECT * FROM contacts WHERE document_index IS NOT NULL"
    )
    for row in rows:
        document = VAULT.open(row["document_sealed"], tenant_id=tenant, purpose=TAX_ID_PURPOSE)
        assert row["document_index"] == VAULT.blind_index(
            document, tenant_id=tenant, purpose=TAX_ID_PURPOSE
        )
    return [
        VAULT.open(row["document_sealed"], tenant_id=tenant, purpose=TAX_ID_PURPOSE) for row in rows
    ]


async def test_whoever_writes_from_the_holders_telephone_is_the_holder(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura")
    cpf = re.sub(r"\D", "", customer.cpf)
    assert await documents(pipeline) == [cpf]
    log = await pipeline.given.admin.fetch("SELECT * FROM audit WHERE action = 'contacts.change'")
    assert [(row["who_kind"], row["after"]) for row in log] == [
        ("assistant", {"document": "identified"})
    ]
    assert cpf not in str([dict(row) for row in log])
    await customer.end_conversation()
    await customer.complete_identification("quero minha fatura")
    assert await pipeline.given.count("audit", "action = 'contacts.change'") == 1


async def test_a_third_partys_contact_gets_no_document(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer(phone="5581900001111")
    await customer.complete_identification("quero minha fatura")
    assert (await customer.load_facts())["trusted"] is False
    assert await documents(pipeline) == []


async def test_a_tax_id_entered_by_an_agent_is_kept(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    tenant = pipeline.place.tenant
    await pipeline.given.admin.execute(
        "UPDATE contacts SET document_sealed = $1, document_index = $2",
        VAULT.seal("11144477735", tenant_id=tenant, purpose=TAX_ID_PURPOSE),
        VAULT.blind_index("11144477735", tenant_id=tenant, purpose=TAX_ID_PURPOSE),
    )
    await customer.complete_identification("quero minha fatura")
    assert await documents(pipeline) == ["11144477735"]


async def test_a_number_that_was_somebody_elses_proves_nothing(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    await pipeline.given.admin.execute("UPDATE identities SET taken_over = true")
    await customer.complete_identification("quero minha fatura")
    assert (await customer.load_facts())["trusted"] is False
    assert await documents(pipeline) == []


async def test_who_changes_number_within_a_visit_is_not_trusted_by_the_old_one(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura")
    assert (await customer.load_facts())["trusted"] is True
    await pipeline.given.admin.execute("UPDATE identities SET value = '5581900002222'")
    await customer.write("e o meu plano?")
    visit = await TurnStore(pipeline.host.database, VAULT).load_snapshot(
        await customer.pending_turn()
    )
    assert visit is not None
    assert visit.phone == "5581900002222"
    assert visit.facts.trusted is False
