"""What the side panel shows of the ERP, and what leaves from it."""

import re

import pytest
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

MARIA, HER_CPF = "5581988887777", "318.204.500-82"


async def test_an_invoice_is_sent_from_the_panel_and_its_pix_arrives(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    customer = desk.customer(MARIA)
    heard = len(await customer.heard())
    await customer.say(f"quero pagar, meu CPF é {HER_CPF}")
    await customer.hears(heard + 1)
    conversation = await desk.conversation_of(customer)
    await user.open_conversation(conversation["id"])
    await user.take_over()
    before = len(await customer.phone_shows())
    panel = user.page.get_by_role("complementary", name="Dados do contato")
    await expect(panel.get_by_text("Faturas em aberto")).to_be_visible()
    await panel.get_by_role("button", name="Enviar", exact=True).first.click()
    await user.page.get_by_role("menuitem", name="Enviar Pix", exact=True).click()

    async def pix() -> bool:
        news = (await customer.phone_shows())[before:]
        return any("br.gov.bcb.pix" in str(each) for each in news)

    await wait_until(pix)
    await user.shows(re.compile("PIX", re.I))
    await user.button("Encerrar").click()


async def test_the_history_slider_shows_an_earlier_moment(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    await desk.taken_over(user)
    await user.page.get_by_role("main").get_by_role("button", name="Mais", exact=True).click()
    await user.page.get_by_role("menuitem", name="Histórico").click()
    sheet = user.page.get_by_role("dialog", name="Histórico do atendimento")
    slider = sheet.get_by_role("slider", name="Momento do atendimento")
    last = await slider.get_attribute("max")
    await expect(slider).to_have_value(last or "")
    await slider.press("Home")
    await expect(slider).to_have_attribute("aria-valuetext", f"Evento 1 de {last}")
    await expect(sheet.get_by_text("Atendimento aberto").first).to_be_visible()
    await sheet.get_by_role("button", name="Próximo evento").click()
    await expect(slider).to_have_value("2")
