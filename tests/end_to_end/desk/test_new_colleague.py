"""A new colleague: by invitation to a first password, a second factor and a recovery code."""

import base64
import re
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture
from tests.end_to_end.desk.desk_user import DeskUser
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]

LOGIN, PASSWORD = "chegou.agora@demo.example.com", "uma frase bem comprida"
STEP_S = 30


async def test_an_invited_colleague_sets_a_password_and_signs_in_with_a_second_factor(
    desk: DeskFixture,
) -> None:
    user = await desk.visitor(name="new colleague")
    user.allowed.append("status of 401")
    await user.goto(await invite(desk))
    await user.page.get_by_label("Nova senha", exact=True).fill(PASSWORD)
    await user.page.get_by_label("Repita a nova senha").fill(PASSWORD)
    await user.button("Salvar senha").click()
    await expect(user.page.get_by_text("Senha salva")).to_be_visible()
    await user.page.get_by_role("link", name="Entrar").click()
    await enter_password(user)
    await expect(user.page).to_have_url(re.compile("/atendimentos"))

    secret, recovery = await turn_on_second_factor(user)

    await sign_out(user)
    await enter_password(user)
    code = user.page.get_by_label("Código de 6 dígitos")
    await code.fill("000000")
    await user.button("Confirmar").click()
    await expect(user.page.get_by_role("alert")).to_be_visible()
    # The code of this half minute was used to turn it on; the phone may be ahead of the server.
    await code.fill(app_code(secret, steps=1))
    await user.button("Confirmar").click()
    await expect(user.page).to_have_url(re.compile("/atendimentos"))

    await sign_out(user)
    await enter_password(user)
    await user.button("Usar código de recuperação").click()
    await user.page.get_by_label("Código de recuperação").fill(recovery)
    await user.button("Confirmar").click()
    await expect(user.page).to_have_url(re.compile("/atendimentos"))


async def invite(desk: DeskFixture) -> str:
    """The path of the link in the mail that an administrator's invitation sends."""
    admin = await desk.api("admin")
    new = {"login": LOGIN, "name": "Chegou Agora", "role": "agent", "teams": ["atendimento"]}
    made = await admin.post("/users", json=new)
    assert made.status_code == 201, made.text

    async def mails() -> Any:
        return (await desk.product.sandbox("GET", f"/mails?to={LOGIN}"))["items"]

    (mail,) = await wait_until(mails)
    found = re.search(r"/convite#\S+", mail["text"])
    assert found, mail["text"]
    return found[0]


async def enter_password(user: DeskUser) -> None:
    await user.page.get_by_label("E-mail").fill(LOGIN)
    await user.page.get_by_label("Senha", exact=True).fill(PASSWORD)
    await user.button("Entrar").click()


async def sign_out(user: DeskUser) -> None:
    await user.page.get_by_role("button", name="Sua conta").click()
    await user.page.get_by_role("menuitem", name="Sair").click()
    await expect(user.page.get_by_label("E-mail")).to_be_visible()


async def turn_on_second_factor(user: DeskUser) -> tuple[str, str]:
    """The key for an app, and a recovery code."""
    await user.goto("/perfil")
    section = user.page.get_by_role("region", name="Verificação em duas etapas")
    await section.get_by_role("button", name="Ativar").click()
    await expect(section.get_by_role("img", name="Código QR")).to_be_visible()
    secret = "".join((await section.locator("code").inner_text()).split())
    await section.get_by_label("Código que o aplicativo mostra").fill(app_code(secret))
    await section.get_by_role("button", name="Confirmar e ativar").click()
    codes = section.get_by_role("listitem")
    await expect(codes).to_have_count(10)
    recovery = await codes.first.inner_text()
    await section.get_by_label("Guardei os códigos").check()
    await section.get_by_role("button", name="Concluir").click()
    await expect(section.get_by_text("Ativada.")).to_be_visible()
    return secret, recovery


def app_code(secret: str, steps: int = 0) -> str:
    """What the authenticator shows now, or so many half minutes later."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    totp = TOTP(key, 6, SHA1(), STEP_S, enforce_key_length=False)
    return totp.generate(int(time.time()) + steps * STEP_S).decode()
