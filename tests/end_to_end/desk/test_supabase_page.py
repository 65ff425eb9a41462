"""A project is saved and tried on the page, and the mirror tells what keeps it."""

from typing import Literal

import pytest
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture
from tests.end_to_end.desk.desk_user import LAPTOP, PHONE

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

NOBODY = "http://127.0.0.1:9"
"""Nothing listens there, as with a project that is paused."""
KEY = "sb_secret_of-nobody-1234"


@pytest.mark.parametrize(
    ("theme", "size"), [("light", LAPTOP), ("dark", PHONE)], ids=["laptop", "phone"]
)
async def test_a_project_is_saved_tried_paused_and_left(
    desk: DeskFixture, theme: Literal["light", "dark"], size: dict[str, int]
) -> None:
    api = await desk.api("admin")
    user = await desk.sign_in("admin", theme=theme, size=size)
    page = user.page
    await user.goto("/supabase")
    address = page.get_by_label("Endereço do projeto")
    await address.fill(f"{NOBODY}/rest/v1")
    await page.get_by_label("Chave secreta").fill("sb_publishable_1")
    await user.button("Salvar").click()
    await expect(page.get_by_role("alert").first).to_contain_text("sem /rest/v1")
    await expect(page.get_by_role("alert").nth(1)).to_contain_text("chave publicável")
    assert await user.axe_findings() == []
    assert await user.overflow() <= 0

    await address.fill(NOBODY)
    await page.get_by_label("Chave secreta").fill(KEY)
    await page.get_by_label("Chave publicável").fill("sb_publishable_1")
    await user.button("Salvar").click()
    await expect(page.get_by_text("termina em 1234")).to_be_visible()
    await expect(page.get_by_label("Chave secreta")).to_have_value("")
    saved = (await api.get("/supabase")).json()
    assert (saved["url"], saved["key_hint"], saved["messages"]) == (NOBODY, "1234", "metadata")

    await user.button("Testar projeto").click()
    results = page.get_by_role("list", name="Resultado do teste")
    await expect(results).to_contain_text("O projeto responde: falhou", timeout=30_000)
    await expect(results).to_contain_text("não testado ainda")
    state = page.get_by_role("region", name="Situação")
    await expect(state).to_contain_text("Com falha", timeout=60_000)
    await expect(state).to_contain_text("O projeto não responde")
    customer = desk.customer()
    await customer.say("minha internet está lenta")
    await customer.hears(1)  # what the mirror does concerns nobody
    assert await user.axe_findings() == []
    assert await user.overflow() <= 0

    await user.button("Pausar").click()
    await expect(state).to_contain_text("Pausado")
    await user.button("Retomar").click()
    await expect(state).not_to_contain_text("Pausado", timeout=30_000)
    await page.get_by_label("Espelhar este provedor").click()
    await address.fill("")
    await page.get_by_label("Chave publicável").fill("")
    await user.button("Salvar").click()
    await expect(state).to_contain_text("Desligado", timeout=30_000)
    assert (await api.get("/supabase")).json()["key_hint"] is None
    await api.put("/supabase", json={"enabled": True})
