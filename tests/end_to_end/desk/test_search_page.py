"""A word that somebody wrote is found, and opens where it was written."""

import re

import pytest
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]


async def test_a_hit_opens_in_its_conversation(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    customer = desk.customer()
    await desk.hold_model()
    word = f"jabuticaba{customer.number}"
    await customer.say(f"a caixa preta caiu na {word}")
    await customer.say("e agora?")
    await customer.stored(2)
    await user.goto("/atendimentos")
    await user.link_is("connected")

    await user.has_shortcuts()
    await user.page.keyboard.press("Control+Shift+F")
    await expect(user.page).to_have_url(re.compile("/busca"))
    await user.page.get_by_role("searchbox").first.fill(word)
    await user.page.get_by_role("main").get_by_text(word).first.click()
    await expect(user.page).to_have_url(re.compile("/atendimentos/[^?]+"))
    await user.shows(re.compile(word))
    await desk.product.clear_faults()


async def test_a_protocol_number_opens_its_conversation_from_the_command_bar(
    desk: DeskFixture,
) -> None:
    customer = desk.customer()
    await customer.say("anote o meu protocolo")
    conversation = await desk.conversation_of(customer)
    user = await desk.sign_in("agent")
    await user.goto("/atendimentos")
    await user.link_is("connected")
    await user.has_shortcuts()
    await user.page.keyboard.press("Control+k")
    await expect(user.page.get_by_role("combobox", name="Comandos")).to_be_focused()
    protocol = str(conversation["protocol"])
    # As somebody reads it from a note: with blanks.
    await user.page.keyboard.type(f"{protocol[:8]} {protocol[8:]}")
    hit = user.page.get_by_role("option", name=re.compile(protocol))
    await expect(hit).to_be_visible()
    await user.page.keyboard.press("Enter")
    await expect(user.page).to_have_url(re.compile(str(conversation["id"])))
    await user.shows("anote o meu protocolo")
