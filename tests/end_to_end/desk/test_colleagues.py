"""Two agents at the same conversation, and those who may only look or not even that."""

import re

import pytest
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]


async def test_two_agents_see_each_other_and_who_was_faster(desk: DeskFixture) -> None:
    ana, chief = await desk.sign_in("agent"), await desk.sign_in("admin")
    customer = desk.customer()
    await desk.hold_model()
    await customer.say("quem me atende?")
    conversation = await desk.conversation_of(customer)
    await ana.open_conversation(conversation["id"])
    await chief.open_conversation(conversation["id"])
    await expect(ana.page.get_by_title("Administradora também está vendo")).to_be_visible()

    await chief.composer.press_sequentially("Bom d")
    await expect(ana.page.get_by_text("Administradora está digitando…").first).to_be_visible()

    # Who sees all conversations keeps the words and is told; who sees those of nobody alone is told
    # why the conversation has gone.
    await chief.composer.fill("Bom dia, aqui é")
    await ana.take_over()
    await desk.product.clear_faults()
    word = chief.page.get_by_text("Atendente assumiu este atendimento.")
    await expect(word.first).to_be_visible()
    await expect(chief.composer).to_have_value("Bom dia, aqui é")
    await expect(chief.page.get_by_text("Atendente está atendendo.").first).to_be_visible()

    await ana.composer.fill("Olá, sou a Ana e")
    await chief.button("Assumir").first.click()
    await expect(ana.page.get_by_text("Um colega pode ter assumido")).to_be_visible()


async def test_a_viewer_sees_the_conversation_and_cannot_act(desk: DeskFixture) -> None:
    customer = desk.customer()
    await customer.say("bom dia")
    conversation = await desk.conversation_of(customer)
    viewer = await desk.sign_in("viewer")
    await viewer.open_conversation(conversation["id"])
    await viewer.shows("bom dia")
    await expect(
        viewer.page.get_by_text("Você pode ver este atendimento, mas não responder.")
    ).to_be_visible()
    await expect(viewer.composer).to_have_count(0)
    for act in ("Assumir", "Encerrar", "Transferir…", "Adiar"):
        await expect(viewer.button(act)).to_have_count(0)


async def test_another_tenants_user_sees_nothing(desk: DeskFixture) -> None:
    customer = desk.customer()
    await customer.say("segredo do provedor demo")
    conversation = await desk.conversation_of(customer)
    stranger = await desk.sign_in("admin", "vizinho")
    stranger.allowed.append("status of 404")
    await stranger.goto(f"/atendimentos/{conversation['id']}")
    await expect(stranger.page.get_by_text("Você não pode ver este atendimento")).to_be_visible()
    await stranger.page.get_by_role("tab", name=re.compile("^Todas")).click()
    await stranger.link_is("connected")
    await expect(stranger.page.get_by_text("segredo do provedor demo")).to_have_count(0)
    await expect(stranger.page.get_by_text(f"Cliente {customer.phone[-4:]}")).to_have_count(0)
