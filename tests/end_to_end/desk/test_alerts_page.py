"""Alert rules on the screen: one is made, alerts without a reload, and is over again."""

import re

import httpx
import pytest
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

TEAM = "vendas"
"""Nobody of this team is there, so that its customers wait."""


async def transfer(api: httpx.AsyncClient, conversation: str, team: str) -> None:
    """The conversation waits for a team."""
    done = await api.post(f"/conversations/{conversation}/transfer", json={"team": team})
    assert done.status_code in (200, 202), done.text


async def empty_queue(api: httpx.AsyncClient, team: str) -> None:
    """Other tests may have left somebody there."""
    waiting = await api.get("/conversations", params={"status": "waiting", "team": team})
    for conversation in waiting.json()["items"]:
        done = await api.post(f"/conversations/{conversation['id']}/assign", json={})
        assert done.status_code in (200, 202), done.text


async def test_a_rule_is_made_alerts_and_is_over_without_a_reload(desk: DeskFixture) -> None:
    api = await desk.api("admin")
    await empty_queue(api, TEAM)
    user = await desk.sign_in("admin")
    await user.goto("/alertas")
    await user.link_is("connected")
    page = user.page
    await user.button("Nova regra").click()
    form = page.get_by_role("dialog", name="Nova regra")
    await form.get_by_role("button", name="Salvar").click()
    await expect(form.get_by_role("alert")).to_contain_text("nome")
    assert await user.axe_findings() == []
    await form.get_by_label("Nome").fill("Fila de vendas")
    await form.get_by_label("Alertar a partir de").fill("1")
    await form.get_by_label("Voltar ao normal").fill("2")
    await form.get_by_label("Esperar").fill("0")
    await form.get_by_label("Equipe").click()
    await page.get_by_role("option", name="Vendas").click()
    await form.get_by_role("button", name="Salvar").click()
    await expect(form.get_by_role("alert")).to_contain_text("precisa ser melhor")
    await form.get_by_label("Voltar ao normal").fill("0")
    await form.get_by_role("button", name="Salvar").click()
    rule = (
        page.get_by_role("region", name="Regras")
        .get_by_role("listitem")
        .filter(has_text="Fila de vendas")
    )
    await expect(rule).to_contain_text("a partir de 1 na fila")

    await page.evaluate("window.isSameDocument = true")
    customer = desk.customer()
    await desk.hold_model()
    await customer.say("quero contratar um plano")
    conversation = (await desk.conversation_of(customer))["id"]
    await transfer(api, conversation, TEAM)
    await expect(rule).to_contain_text("Em alerta: 1 na fila", timeout=60_000)
    history = page.get_by_role("region", name="Histórico").get_by_role("listitem")
    entry = history.filter(has_text="Fila de vendas").first
    await expect(entry).to_contain_text("Desde")

    assert await user.axe_findings() == []

    board = await desk.sign_in("admin")
    await board.goto("/painel")
    problems = board.page.get_by_role("region", name="Atenção agora")
    await expect(problems).to_contain_text("Fila de vendas")

    taken = await api.post(f"/conversations/{conversation}/assign", json={})
    assert taken.status_code in (200, 202), taken.text
    await expect(entry).to_contain_text("durou", timeout=60_000)
    await expect(problems).not_to_contain_text("Fila de vendas")
    assert await page.evaluate("window.isSameDocument") is True
    await desk.product.clear_faults()

    await rule.get_by_role("button", name=re.compile("Excluir")).click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Excluir").click()
    await expect(rule).to_have_count(0)
    await expect(entry).to_be_visible()


async def test_who_may_only_read_sees_rules_and_changes_none(desk: DeskFixture) -> None:
    user = await desk.sign_in("viewer")
    await user.goto("/alertas")
    await expect(user.page.get_by_role("region", name="Regras")).to_be_visible()
    await expect(user.button("Nova regra")).to_have_count(0)
