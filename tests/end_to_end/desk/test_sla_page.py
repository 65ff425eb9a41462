"""An SLA policy is made on the page; a customer waits too long; desk and report tell it."""

import re

import pytest
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

TEAM = "vendas"
"""Nobody of this team is there, so that its customers wait."""


async def test_a_promise_is_made_breached_shown_and_counted(desk: DeskFixture) -> None:
    api = await desk.api("admin")
    user = await desk.sign_in("admin")
    await user.goto("/sla")
    page = user.page
    await user.button("Nova política").click()
    form = page.get_by_role("dialog", name="Nova política")
    await form.get_by_label("Primeira resposta").fill("")
    await form.get_by_label("Próxima resposta").fill("")
    await form.get_by_role("button", name="Salvar").click()
    await expect(form.get_by_role("alert").first).to_contain_text("nome")
    assert await user.axe_findings() == []
    await form.get_by_label("Nome").fill("Vendas em segundos")
    await form.get_by_label("Primeira resposta").fill("0,1")
    await form.get_by_role("checkbox", name="Vendas").click()
    await form.get_by_label("Só no horário comercial").click()
    await form.get_by_role("button", name="Salvar").click()
    policies = page.get_by_role("region", name="Políticas").get_by_role("listitem")
    policy = policies.filter(has_text="Vendas em segundos")
    await expect(policy).to_contain_text("6 s")
    assert await user.axe_findings() == []

    customer = desk.customer()
    await desk.hold_model()
    await customer.say("quero contratar um plano")
    conversation = (await desk.conversation_of(customer))["id"]
    agent = await desk.sign_in("admin")
    await agent.open_conversation(conversation)
    await agent.page.evaluate("window.isSameDocument = true")
    moved = await api.post(f"/conversations/{conversation}/transfer", json={"team": TEAM})
    assert moved.status_code in (200, 202), moved.text

    chip = (
        agent.page.get_by_role("banner")
        .locator("[data-sla]")
        .or_(agent.page.locator("header [data-sla]"))
    )
    await expect(chip.first).to_have_attribute("data-sla", "breached", timeout=30_000)
    await expect(chip.first).to_contain_text("SLA estourado")
    line = agent.page.locator('[data-event="sla_breached"]')
    await expect(line).to_contain_text("primeira resposta", timeout=30_000)
    assert await agent.page.evaluate("window.isSameDocument") is True
    assert await agent.axe_findings() == []
    shown = (await api.get(f"/conversations/{conversation}")).json()
    assert shown["sla"]["policy"] == "Vendas em segundos"
    first = (await api.get("/conversations", params={"sort": "due"})).json()["items"]
    assert str(conversation) in [each["id"] for each in first]

    await user.goto("/relatorios?aba=sla")
    row = page.get_by_role("row").filter(has_text="Vendas em segundos")
    await expect(row).to_contain_text("0%", timeout=30_000)
    assert await user.axe_findings() == []

    await desk.product.clear_faults()
    await user.goto("/sla")
    await policy.get_by_role("button", name=re.compile("Excluir")).click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Excluir").click()
    await expect(policy).to_have_count(0)
