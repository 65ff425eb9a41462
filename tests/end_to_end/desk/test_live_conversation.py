"""A conversation as it happens, on the screen of an agent."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

QUICK = {"latency_s": 0.05, "stream_chunk_delay_s": 0.02}
SLOW = {"latency_s": 0.3, "stream_chunk_delay_s": 0.25}


def longest_part(text: str) -> str:
    """What is shown as it was written: no mark of WhatsApp's formatting is in it."""
    return max(re.split(r"[*_~`\n]", text), key=len).strip()


@pytest_asyncio.fixture
async def slow_model(desk: DeskFixture) -> AsyncIterator[None]:
    """The model writes slowly enough to be watched."""
    await desk.product.sandbox("PUT", "/model", SLOW)
    yield
    await desk.product.sandbox("PUT", "/model", QUICK)


async def test_a_message_appears_in_the_list_and_the_thread_without_a_reload(
    desk: DeskFixture,
) -> None:
    user = await desk.sign_in("agent")
    await user.goto("/atendimentos")
    await user.link_is("connected")
    await user.page.get_by_role("tab", name=re.compile("^Todas")).click()
    customer = desk.customer()
    await desk.hold_model()
    await customer.say("a luz do roteador está vermelha")

    row = user.conversations.get_by_text("a luz do roteador está vermelha")
    await expect(row).to_be_visible()
    await row.click()
    await user.shows("a luz do roteador está vermelha")
    await customer.say("e o telefone também parou")
    await user.shows("e o telefone também parou")
    await desk.product.clear_faults()


async def test_the_assistant_answers_before_the_agents_eyes(
    desk: DeskFixture, slow_model: None
) -> None:
    user = await desk.sign_in("agent")
    customer = desk.customer()
    await customer.say("oi")
    heard = await customer.hears(1)
    conversation = await desk.conversation_of(customer)
    await user.open_conversation(conversation["id"])
    # The model writes this answer itself, after it has asked for the plans.
    await customer.say("o roteador está incluso no plano?")

    draft = user.feed.locator("[data-row=draft]")
    await expect(draft).to_contain_text("Assistente está escrevendo…")
    await expect(draft).to_contain_text("FIBRA")

    heard = await customer.hears(len(heard) + 1)
    await user.shows(re.compile(re.escape(longest_part(heard[-1]))))
    await expect(draft).to_have_count(0)
    calls = user.feed.get_by_role("button", name=re.compile(r"\d+ consultas?")).last
    await expect(calls).to_have_attribute("aria-expanded", "false")
    await calls.click()
    await expect(user.feed.get_by_text("listar planos").first).to_be_visible()
