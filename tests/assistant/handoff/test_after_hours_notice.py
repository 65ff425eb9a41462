"""What customers and the team are told while nobody is there."""

import pytest
import pytest_asyncio

from niochat.domain.conversation.commands import AssignConversation
from niochat.ports.erp import ListTickets
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.scripted_customer import ScriptedCustomer
from tests.builders import insert_commands

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
CLOSED = [{"days": [0, 1, 2, 3, 4, 5, 6], "opens": "03:33:00", "closes": "03:34:00"}]


@pytest_asyncio.fixture
async def closed(pipeline: AssistantPipeline) -> AssistantPipeline:
    await pipeline.given.admin.execute(
        "UPDATE tenants SET policy = policy || jsonb_build_object('hours', $1::jsonb)", CLOSED
    )
    return pipeline


def promises(customer: ScriptedCustomer) -> int:
    return sum("Nossa equipe volta" in each.text for each in customer.heard)


async def test_after_the_hand_off_an_invoice_leaves_and_the_queue_keeps_the_conversation(
    closed: AssistantPipeline,
) -> None:
    customer = await closed.create_customer()
    await customer.say("quero falar com uma pessoa")
    assert await customer.load_status() == ("waiting", "atendimento")
    await customer.complete_identification("enquanto isso, me manda a fatura por pix")

    assert any(text.startswith("000201") for text in customer.texts)
    assert await customer.load_status() == ("waiting", "atendimento")
    assert promises(customer) == 1, "said once"


async def test_when_people_return_is_said_again_to_who_asks(closed: AssistantPipeline) -> None:
    customer = await closed.create_customer()
    await customer.say("quero falar com uma pessoa")
    await customer.say("quero falar com alguém")
    assert promises(customer) == 1
    assert "já está com a equipe" in customer.texts[0]

    await customer.say("que horas um atendente vai me responder?")

    assert promises(customer) == 2
    assert len(await customer.load_notes()) == 3


async def test_a_ticket_at_night_says_who_goes_on_and_when(closed: AssistantPipeline) -> None:
    customer = await closed.create_customer("offline_dark")
    await customer.complete_identification("minha internet caiu")

    await customer.say("sim, está vermelha")

    (said,) = customer.texts
    (deed,) = await closed.load_erp_ledger()
    assert deed["protocol"] in said
    assert "suporte" in said.lower()
    assert "Nossa equipe volta" in said
    assert await customer.load_status() == ("waiting", "suporte")


async def test_once_a_person_took_it_nothing_more_is_said(closed: AssistantPipeline) -> None:
    customer = await closed.create_customer()
    await customer.say("quero falar com uma pessoa")
    await insert_commands(closed.host, closed.place, customer.thread, [AssignConversation("ana")])
    await closed.host.run(customer.thread)

    await customer.write("me manda a fatura")

    assert await closed.given.count("turns", "status = 'running'") == 0


async def test_the_notes_say_in_five_lines_what_was_found_and_tried(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("offline_dark")
    await customer.complete_identification("minha internet caiu")
    await customer.say("sim, está vermelha")

    (note,) = await customer.load_notes()
    lines = dict(line.split(": ", 1) for line in note.splitlines()[1:])

    assert lines["Cliente"].startswith(f"{customer.subscriber['name'].upper()}, contrato ")
    assert lines["Pedido"] == "sem_internet."
    assert lines["Conexão"].startswith("desconectado, sem luz na fibra (")
    assert "Luz LOS: cliente respondeu «sim, está vermelha»" in lines["Tentado"]
    assert "manutenção verificada" in lines["Tentado"]
    assert "suporte continua o chamado" in lines["Prometido"]
    (deed,) = await pipeline.load_erp_ledger()
    (ticket,) = await pipeline.read(pipeline.place.tenant, ListTickets(str(customer.contract)))
    assert "Conexão: desconectado, sem luz na fibra" in ticket.content
    assert "está vermelha" in ticket.content
    assert customer.cpf not in note
    assert deed["kind"] == "ticket"
