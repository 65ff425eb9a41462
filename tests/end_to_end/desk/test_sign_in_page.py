"""How somebody comes to the desk, and how the desk ends."""

import re

import pytest
from playwright.async_api import Route, expect

from tests.end_to_end.desk.conftest import DeskFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]


async def test_a_wrong_password_is_told_and_the_right_one_opens_what_was_asked_for(
    desk: DeskFixture,
) -> None:
    visitor = await desk.visitor()
    visitor.allowed.append("status of 401")
    page, who = visitor.page, desk.credentials("agent")
    await visitor.goto("/contatos")
    await expect(page).to_have_url(re.compile("/entrar"))
    await page.get_by_label("E-mail").fill(who["login"])
    await page.get_by_label("Senha", exact=True).fill("errada errada")
    await visitor.button("Entrar").click()
    await expect(page.get_by_role("alert")).to_contain_text("E-mail ou senha incorretos")

    await page.get_by_label("Senha", exact=True).fill(who["password"])
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/contatos"))
    stored = await page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
    assert "token" not in stored
    assert who["password"] not in stored


async def test_a_log_out_elsewhere_ends_the_page(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    user.allowed.append("status of 401")
    await user.goto("/atendimentos")
    await user.link_is("connected")

    # Another device ends all sessions, as the profile page does.
    elsewhere = await desk.api("agent")
    ended = await elsewhere.post("/auth/logout-everywhere")
    assert ended.is_success, ended.text

    await expect(user.page).to_have_url(re.compile("/entrar.*motivo=encerrada"))
    await expect(user.page.get_by_text("Sua sessão foi encerrada")).to_be_visible()
    await expect(user.conversations).to_have_count(0)


async def test_signing_out_leads_to_the_sign_in_page_and_back_shows_nothing(
    desk: DeskFixture,
) -> None:
    user = await desk.sign_in("agent")
    await user.goto("/atendimentos")
    await user.link_is("connected")
    await user.page.get_by_role("button", name="Sua conta").click()
    await user.page.get_by_role("menuitem", name="Sair").click()
    await expect(user.page).to_have_url(re.compile("/entrar"))
    await user.page.go_back()
    await expect(user.page.get_by_label("E-mail")).to_be_visible()


async def test_who_has_not_touched_the_page_is_warned_before_the_session_ends(
    desk: DeskFixture,
) -> None:
    user = await desk.sign_in("agent")

    async def end_soon(route: Route) -> None:
        answer = await route.fetch()
        # The page looks every 15 s and warns in the last quarter: after 45 s.
        await route.fulfill(response=answer, json={**await answer.json(), "idle_timeout_s": 56})

    await user.page.route("**/api/v1/auth/me", end_soon)
    await user.goto("/perfil")
    await expect(user.page.get_by_text("Sua sessão termina em 0:")).to_be_visible(timeout=90_000)
    async with user.page.expect_response("**/api/v1/auth/refresh") as refreshed:
        await user.button("Continuar conectado").click()
    assert (await refreshed.value).ok
    await expect(user.page.get_by_text("Sua sessão termina em")).to_have_count(0)
    await user.link_is("connected")
