"""Who was identified before is recognised from the same identity, and nobody else is."""

import re
from typing import Any

import pytest

from niochat.assistant import customer_recognition
from niochat.assistant.prompt.state_prompt import format_state as told_of
from niochat.assistant.turn_context import TurnContext
from niochat.assistant.turn_store import TurnStore
from niochat.conversations.contacts import ContactStore
from niochat.ports.audit import AuditActor, AuditActorKind
from tests.actors.sandbox_provider import VAULT
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.scripted_customer import ScriptedCustomer

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
INVOICE = "quero minha fatura por pix"


async def came_before(
    pipeline: AssistantPipeline, case: str = "active", **more: Any
) -> ScriptedCustomer:
    """Somebody who was identified, confirmed the contract, and left."""
    customer = await pipeline.create_customer(case, **more)
    await customer.complete_identification("oi")
    await customer.end_conversation()
    return customer


async def contact(pipeline: AssistantPipeline) -> dict[str, Any]:
    (row,) = await pipeline.given.admin.fetch("SELECT * FROM contacts")
    return dict(row)


async def is_asked(customer: ScriptedCustomer) -> bool:
    """Whether the customer is nobody until a document is written."""
    await customer.say(INVOICE)
    return "CPF" in " ".join(customer.texts) and not (await newest(customer)).get("name")


async def newest(customer: ScriptedCustomer) -> dict[str, Any]:
    """Facts of the visit under way."""
    rows = await customer.pipeline.given.rows(
        "SELECT m.facts FROM memories m JOIN conversations c ON c.id = m.conversation_id"
        " WHERE c.thread_id = $1 AND c.status <> 'resolved'",
        customer.thread,
    )
    return dict(rows[0]) if rows else {}


async def aged(pipeline: AssistantPipeline, column: str, days: float) -> None:
    await pipeline.given.admin.execute(
        f"UPDATE contacts SET {column} = now() - make_interval(secs => $1)", days * 86_400
    )


async def situation(customer: ScriptedCustomer) -> str:
    """What the turn that waits is told."""
    office = customer.pipeline
    visits = TurnStore(office.host.database, VAULT)
    visit = await visits.load_snapshot(await customer.pending_turn())
    assert visit is not None
    case = TurnContext(visit, visits, office, office.capabilities, 5.0)
    await customer_recognition.recognize_customer(case)
    return told_of(case)


async def test_the_next_visit_needs_no_document_for_what_is_only_read(
    pipeline: AssistantPipeline,
) -> None:
    await came_before(pipeline)
    again = await pipeline.create_customer()

    await again.say(INVOICE)

    assert any(text.startswith("000201") for text in again.texts), "the code left at once"
    assert again.cpf not in str(await again.list_tool_calls())
    facts = await newest(again)
    assert (facts["recognised"], facts["confirmed"]) == (True, False)


async def test_the_model_is_told_whom_it_talks_to_and_of_the_visits_before(
    pipeline: AssistantPipeline,
) -> None:
    before = await pipeline.create_customer()
    await before.complete_identification(INVOICE)
    await before.end_conversation()
    again = await pipeline.create_customer()
    await again.write(INVOICE)

    said = await situation(again)

    first = again.subscriber["name"].split()[0].capitalize()
    assert f'"nome": "{first}"' in said
    assert f'"contrato": "{again.contract}"' in said
    assert re.search(
        r'"atendimentos_anteriores": \["\d\d/\d\d/\d{4}: pedido: fatura; .*pix"\]', said
    )


async def test_the_erp_is_asked_anew_for_what_it_says_now(pipeline: AssistantPipeline) -> None:
    before = await came_before(pipeline)
    await pipeline.sandbox.control(
        "PUT", f"/sgp/{pipeline.erp_token}/subscribers/{before.cpf}", json={"status": 4}
    )
    again = await pipeline.create_customer()

    await again.say("estou sem internet")

    facts = await newest(again)
    assert facts["contracts"][0]["status"] == "suspended"


async def test_a_write_waits_for_one_yes_to_the_contract_by_name(
    pipeline: AssistantPipeline,
) -> None:
    await came_before(pipeline, "suspended")
    again = await pipeline.create_customer("suspended")
    unlock = ("desbloqueio_confianca", {"palavras": "quero o desbloqueio"})
    choose = ("escolher_contrato", {"opcao": 1, "palavras": "sim"})

    await again.run_with_model_output(
        "quero o desbloqueio em confiança", [choose, unlock], "Como quiser."
    )
    assert [code(each) for each in await newest_uses(again)] == [
        "aguarde_resposta",
        "confirme_contrato",
    ]
    assert await pipeline.load_erp_ledger() == []

    await again.run_with_model_output(
        "sim", [choose, unlock], "É o contrato " + str(again.contract) + "?"
    )
    assert [code(each) for each in await newest_uses(again)][-2:] == [
        "pergunte_antes",
        "confirme_contrato",
    ], "our question did not name it"
    assert await pipeline.load_erp_ledger() == []

    await again.run_with_model_output("sim, esse", [choose, unlock], "Pronto.")

    assert [each["kind"] for each in await pipeline.load_erp_ledger()] == ["unlock"]


async def test_a_no_does_not_confirm_the_remembered_contract(pipeline: AssistantPipeline) -> None:
    await came_before(pipeline, "suspended")
    again = await pipeline.create_customer("suspended")
    await again.run_with_model_output("quero o desbloqueio", (), f"É o contrato {again.contract}?")

    await again.run_with_model_output(
        "não, é outro",
        [
            ("escolher_contrato", {"opcao": 1, "palavras": "é outro"}),
            ("desbloqueio_confianca", {"palavras": "quero o desbloqueio"}),
        ],
        "Certo.",
    )

    assert await pipeline.load_erp_ledger() == []


def code(use: tuple[str, Any]) -> str:
    return str(use[1].get("erro", ""))


async def newest_uses(customer: ScriptedCustomer) -> list[tuple[str, Any]]:
    rows = await customer.pipeline.given.rows(
        "SELECT tool_results FROM turns WHERE conversation_id = (SELECT id FROM conversations"
        " WHERE thread_id = $1 AND status <> 'resolved') ORDER BY started_at, id",
        customer.thread,
    )
    return [(call["tool"], call["result"]) for calls in rows for call in calls]


async def test_of_several_contracts_the_last_one_is_a_suggestion_and_which_is_asked(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("two_contracts")
    await customer.say("oi")
    await customer.say(customer.cpf)
    await customer.say("2")
    chosen = (await customer.load_facts())["contract"]
    await customer.end_conversation()
    again = await pipeline.create_customer("two_contracts")

    await again.write(INVOICE)
    told = await situation(again)
    await again.run_turn()

    assert f'"contrato": "{chosen}"' in told
    assert '"varios_contratos": true' in told
    facts = await newest(again)
    assert (facts["contract"], facts["contracts"][0]["id"]) == ("", chosen)
    assert not any(text.startswith("000201") for text in again.texts)


async def test_the_time_is_the_tenants_and_the_last_visit_does_not_prolong_it(
    pipeline: AssistantPipeline,
) -> None:
    await came_before(pipeline)
    known_at = (await contact(pipeline))["known_at"]
    again = await pipeline.create_customer()
    await again.run_with_model_output("oi", (), f"É o contrato {again.contract}?")
    await again.run_with_model_output(
        "sim", [("escolher_contrato", {"opcao": 1, "palavras": "sim"})]
    )
    assert (await newest(again))["confirmed"] is True
    assert (await contact(pipeline))["known_at"] == known_at, "no document was written"

    await aged(pipeline, "known_at", 89.9)
    assert not await is_asked(await pipeline.create_customer())
    await aged(pipeline, "known_at", 90.1)
    assert await is_asked(await pipeline.create_customer())


@pytest.mark.parametrize("days", [0, 7])
async def test_a_tenant_sets_for_how_long(pipeline: AssistantPipeline, days: int) -> None:
    await pipeline.given.admin.execute(
        "UPDATE tenants SET policy = policy || jsonb_build_object('remember_days', $1::int)", days
    )
    await came_before(pipeline)
    await aged(pipeline, "known_at", 6.9)

    assert await is_asked(await pipeline.create_customer()) is (days == 0)
    await aged(pipeline, "known_at", 7.1)
    assert await is_asked(await pipeline.create_customer())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE identities SET value = '5581900002222'",
        "UPDATE identities SET taken_over = true",
        "UPDATE identities SET wrote = false",
        "UPDATE identities SET left_at = now()",
        "UPDATE contacts SET known_phone = '5581900002222'",
    ],
)
async def test_another_number_or_one_that_proves_nothing_is_asked(
    pipeline: AssistantPipeline, change: str
) -> None:
    await came_before(pipeline)
    again = await pipeline.create_customer()
    await pipeline.given.admin.execute(change)

    assert await is_asked(again)


async def test_who_changes_number_in_the_visit_is_nobody_again(pipeline: AssistantPipeline) -> None:
    await came_before(pipeline)
    again = await pipeline.create_customer()
    await again.say("oi")
    assert (await newest(again))["recognised"] is True

    await pipeline.given.admin.execute("UPDATE identities SET value = '5581900002222'")
    await again.say(INVOICE)

    assert "CPF" in again.texts[-1]
    assert not any(text.startswith("000201") for text in again.texts)


async def test_a_number_from_which_two_subscribers_were_looked_up_is_asked(
    pipeline: AssistantPipeline,
) -> None:
    customer = await came_before(pipeline)
    other = await pipeline.load_subscriber("suspended")
    find = ("identificar_cliente", {"cpf_cnpj": other["cpf"]})
    await customer.run_with_model_output("esse é o da minha mãe: " + other["cpf"], [find])
    await customer.end_conversation()
    assert (await contact(pipeline))["shared_at"] is not None

    assert await is_asked(await pipeline.create_customer())
    await aged(pipeline, "shared_at", 91)
    assert not await is_asked(await pipeline.create_customer())


async def test_a_contract_that_is_gone_or_a_telephone_that_is_not_theirs_any_more_is_asked(
    pipeline: AssistantPipeline,
) -> None:
    before = await came_before(pipeline)
    path = f"/sgp/{pipeline.erp_token}/subscribers/{before.cpf}"
    await pipeline.sandbox.control("PUT", path, json={"status": 3})
    assert await is_asked(await pipeline.create_customer())


async def test_a_contract_that_became_another_holders_is_asked(pipeline: AssistantPipeline) -> None:
    await came_before(pipeline)
    await pipeline.given.admin.execute("UPDATE contacts SET known_contract = '999999'")

    again = await pipeline.create_customer()
    assert await is_asked(again)
    assert (await newest(again))["unrecognised"] is True


async def test_a_third_party_is_never_known(pipeline: AssistantPipeline) -> None:
    await came_before(pipeline, phone="5581900001111")

    assert (await contact(pipeline))["known_at"] is None
    assert await is_asked(await pipeline.create_customer(phone="5581900001111"))


async def test_without_the_erp_nobody_is_recognised_and_nobody_forgotten(
    pipeline: AssistantPipeline,
) -> None:
    await came_before(pipeline)
    again = await pipeline.create_customer()
    await pipeline.inject_fault("sgp", "drop")
    assert await is_asked(again)
    await pipeline.clear_faults()

    await again.say(INVOICE)

    assert any(text.startswith("000201") for text in again.texts)


async def test_taking_the_document_from_the_contact_forgets_the_person(
    pipeline: AssistantPipeline,
) -> None:
    await came_before(pipeline)
    contacts, who = (
        ContactStore(pipeline.host.database, VAULT),
        AuditActor(AuditActorKind.USER, "ana"),
    )
    row = await contact(pipeline)
    tenant = pipeline.place.tenant
    await contacts.update_contact(tenant, row["id"], {"notes": "liga de manhã"}, who)
    assert (await contact(pipeline))["known_at"] is not None

    await contacts.update_contact(tenant, row["id"], {"document": None}, who)

    row = await contact(pipeline)
    assert (row["known_contract"], row["known_phone"], row["known_at"]) == (None, None, None)
    assert await is_asked(await pipeline.create_customer())


async def test_what_is_kept_holds_no_document_in_clear(pipeline: AssistantPipeline) -> None:
    customer = await came_before(pipeline)
    row = await contact(pipeline)
    cpf = re.sub(r"\D", "", customer.cpf)
    assert row["known_contract"] == str(customer.contract)
    assert cpf not in str({k: v for k, v in row.items() if k.startswith("known")})
    await (await pipeline.create_customer()).say(INVOICE)
    facts = await pipeline.given.rows("SELECT facts FROM memories")
    assert cpf not in str(facts)


async def test_another_tenants_memory_is_not_seen(pipeline: AssistantPipeline) -> None:
    await came_before(pipeline)
    stranger = await pipeline.given.tenant()
    async with pipeline.host.database.as_tenant(stranger) as connection:
        assert await connection.fetchval("SELECT count(*) FROM contacts") == 0


async def test_earlier_visits_are_told_in_two_lines_at_most(pipeline: AssistantPipeline) -> None:
    for _ in range(4):
        customer = await pipeline.create_customer()
        await customer.say(INVOICE)
        if not (await newest(customer)).get("recognised"):
            await customer.say(customer.cpf)
            await customer.say("sim")
        await customer.end_conversation()
    again = await pipeline.create_customer()
    await again.say("oi")

    lines = (await newest(again))["earlier"]

    assert len(lines) == 2
    assert all("pedido: fatura" in line or "fatura enviada" in line for line in lines)


async def test_a_turn_that_is_run_again_recognises_once(pipeline: AssistantPipeline) -> None:
    await came_before(pipeline)
    again = await pipeline.create_customer()
    await again.write("oi")
    before = sum((await pipeline.count_erp_requests()).values())
    await again.run_turn_without_commit()
    asked = sum((await pipeline.count_erp_requests()).values())
    await again.run_turn()

    assert asked == before + 1
    assert sum((await pipeline.count_erp_requests()).values()) == asked, "the facts were kept"
