"""Follow-ups are switched on at the desk; one customer is won back, another one opts out."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(300)]

TEXT = "Ainda quer um plano? (PARAR para não receber)"
SOON = {
    "enabled": False,
    "delays_s": [10, 15],
    "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    "sends_from": "00:00",
    "sends_until": "24:00",
    "on_holidays": True,
    "again_days": 0,
    "texts": [[TEXT], ["Segunda mensagem"]],
}


@pytest_asyncio.fixture
async def soon_followed_up(desk: DeskFixture) -> AsyncIterator[None]:
    async def change(rule: Mapping[str, Any]) -> None:
        api = await desk.api("admin")
        etag = (await api.get("/settings")).headers["etag"]
        told = await api.patch(
            "/settings", json={"policy": {"follow_ups": rule}}, headers={"if-match": etag}
        )
        assert told.status_code == 200, told.text

    await change(SOON)
    yield
    await change({"enabled": False})


async def test_one_customer_is_won_back_and_another_one_opts_out(
    desk: DeskFixture, soon_followed_up: None
) -> None:
    user = await desk.sign_in("admin")
    page = user.page
    await user.goto("/recuperacao")
    await expect(page.get_by_text("As mensagens estão desligadas")).to_be_visible()
    await user.button("Regra").click()
    form = page.get_by_role("dialog", name="Regra das mensagens")
    await form.get_by_label("Mensagens por dia, no total").fill("0")
    await form.get_by_label("Texto 1").first.fill("Nada sobre recusa")
    await form.get_by_role("button", name="Salvar").click()
    await expect(form.get_by_text("Escreva um número de 1 a 10000.")).to_be_visible()
    await expect(form.get_by_text("Diga como parar de receber")).to_be_visible()
    assert await user.axe_findings() == []
    await form.get_by_label("Mensagens por dia, no total").fill("50")
    await form.get_by_label("Texto 1").first.fill(TEXT)
    await form.get_by_label("Enviar mensagens").click()
    await form.get_by_role("button", name="Salvar").click()
    await expect(form).to_have_count(0)
    await expect(page.get_by_text("As mensagens estão desligadas")).to_have_count(0)

    won, refusing = desk.customer(), desk.customer()
    for customer in (won, refusing):
        await customer.say("quais planos vocês têm?")
    for customer in (won, refusing):
        await desk.received(customer, TEXT)
    await won.say("quero sim, como faço?")
    await refusing.say("PARAR")
    await desk.received(
        refusing,
        "Tudo bem, você não vai mais receber mensagens assim. Se precisar, é só escrever aqui.",
    )
    conversation = (await desk.conversation_of(won))["id"]

    async def is_won_back() -> bool:
        api = await desk.api("admin")
        rows = (
            await api.get("/reports/follow-ups/conversations", params={"step": "recovered"})
        ).json()["items"]
        return str(conversation) in [row["conversation_id"] for row in rows]

    await wait_until(is_won_back)
    before = len(await refusing.phone_shows())

    await user.goto("/recuperacao")
    recovered = page.locator("[data-figure=recovered] dd").first
    await expect(recovered).to_have_text("1")
    await expect(page.get_by_text(TEXT)).to_be_visible()
    await expect(page.get_by_role("region", name="Por que parou")).to_contain_text(
        "Pediu para não receber"
    )
    assert await user.axe_findings() == []
    await page.get_by_role("region", name="Funil").get_by_role("button", name="Recuperados").click()
    sheet = page.get_by_role("dialog", name="Recuperados")
    await expect(sheet.get_by_role("link")).to_have_count(1)
    assert await user.axe_findings() == []
    await page.keyboard.press("Escape")
    opt_outs = page.get_by_role("region", name="Não querem receber mensagens")
    await expect(opt_outs.get_by_role("listitem")).to_have_count(1)
    phone = await desk.sign_in("admin", theme="dark", size={"width": 360, "height": 740})
    await phone.goto("/recuperacao")
    await expect(phone.page.get_by_text(TEXT)).to_be_visible()
    await expect(phone.page.locator(".animate-pulse")).to_have_count(0)
    assert await phone.overflow() == 0
    assert await phone.axe_findings() == []

    await page.wait_for_timeout(20_000)  # the second attempt would have been due
    assert len(await refusing.phone_shows()) == before, "who opted out gets nothing more"
