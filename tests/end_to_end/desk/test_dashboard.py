"""The dashboard: its figures follow the live stream, and lead to the conversations behind them."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.end_to_end.desk.conftest import DeskFixture
from tests.end_to_end.desk.desk_user import DeskUser
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]


async def open_dashboard(desk: DeskFixture, path: str = "/painel") -> DeskUser:
    """An admin's dashboard with its figures and an open line."""
    user = await desk.sign_in("admin")
    await user.goto(path)
    await expect(today_figure(user)).to_be_visible()
    return user


def today_figure(user: DeskUser) -> Locator:
    """How many conversations were opened today; a click shows them."""
    return user.page.locator("[data-metric=conversations]").get_by_role("button").last


async def count_today(user: DeskUser) -> int:
    return int((await today_figure(user).inner_text()).replace(".", ""))


async def test_a_figure_moves_without_a_reload_when_a_customer_writes(desk: DeskFixture) -> None:
    user = await open_dashboard(desk)
    await user.link_is("connected")
    before = await count_today(user)
    await user.page.evaluate("window.isSameDocument = true")
    customer = desk.customer()
    await customer.say("minha internet está lenta")

    async def has_moved() -> bool:
        return await count_today(user) > before

    await wait_until(has_moved)
    assert await user.page.evaluate("window.isSameDocument") is True


async def test_a_presence_moves_without_a_reload(desk: DeskFixture) -> None:
    user = await open_dashboard(desk)
    await user.link_is("connected")
    row = user.page.get_by_role("region", name="Atendentes").get_by_role("link", name="Atendente")
    agent = await desk.api("agent")
    states = {"away": re.compile("Em pausa"), "online": re.compile("Disponível")}
    for state, text in states.items():
        told = await agent.put("/presence/me", json={"state": state, "reason": None})
        assert told.status_code == 200, told.text
        await expect(row.first).to_contain_text(text)


async def test_a_figure_leads_to_its_conversations(desk: DeskFixture) -> None:
    customer = desk.customer()
    await desk.hold_model()
    await customer.say("quem me ajuda?")
    conversation = await desk.conversation_of(customer)
    user = await open_dashboard(desk)
    await today_figure(user).click()
    sheet = user.page.get_by_role("dialog", name="Atendimentos")
    await sheet.locator(f"a[href$='{conversation['id']}']").click()
    await expect(user.page).to_have_url(re.compile(f"/atendimentos/{conversation['id']}"))
    await desk.product.clear_faults()

    await user.goto("/painel")
    await user.page.get_by_role("link", name=re.compile("^Com a IA")).click()
    await expect(user.page).to_have_url(re.compile("/atendimentos.*pending"))
    await expect(user.conversations.get_by_role("option").first).to_be_visible()


async def test_the_wall_has_no_navigation_and_can_be_left(desk: DeskFixture) -> None:
    user = await open_dashboard(desk, "/dashboard?wall=1")
    navigation = user.page.get_by_role("navigation", name="Principal")
    await expect(navigation).to_have_count(0)
    await user.button("Sair do modo TV").click()
    await expect(navigation).to_be_visible()
    await expect(today_figure(user)).to_be_visible()
    await expect(user.page).to_have_url(re.compile("/painel$"))
