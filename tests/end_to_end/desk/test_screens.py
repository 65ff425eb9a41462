"""Every screen, in both themes, at a laptop's width and a phone's: no error and no axe finding."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture, Theme
from tests.end_to_end.desk.desk_user import LAPTOP, PHONE, DeskUser

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(300)]

Step = Callable[[DeskUser], Awaitable[None]]
PUBLIC = {
    "sign in": "/entrar",
    "signed out": "/entrar?motivo=saiu",
    "suspended": "/entrar?motivo=suspenso",
    "forgotten": "/esqueci",
    "invitation": "/convite#invented",
    "reset": "/redefinir#invented",
    "not found": "/nada-aqui",
}
INSIDE = {
    "inbox": "/atendimentos",
    "all conversations": "/atendimentos?aba=all",
    "conversation": "/atendimentos/{conversation}",
    "board": "/quadro",
    "contacts": "/contatos",
    "contact": "/contatos/{contact}",
    "search": "/busca",
    "hits": "/busca?q=internet",
    "profile": "/perfil",
    "dashboard": "/painel",
    "wall": "/painel?wall=1",
    "reports": "/relatorios",
    "days": "/relatorios?aba=atendimentos&periodo=30d",
    "agents": "/relatorios?aba=atendentes",
    "assistant": "/relatorios?aba=ia",
    "ratings": "/relatorios?aba=avaliacoes",
    "times of day": "/relatorios?aba=horarios",
    "contact reasons": "/relatorios?aba=contatos",
    "deliveries": "/relatorios?aba=entregas",
    "alerts": "/alertas",
    "sla": "/sla",
    "follow-ups": "/recuperacao",
    "supabase": "/supabase",
    "promises": "/relatorios?aba=sla",
}


async def command_bar(user: DeskUser) -> None:
    await user.page.keyboard.press("Control+k")


async def shortcuts(user: DeskUser) -> None:
    await user.page.keyboard.press("Control+/")


async def transfer(user: DeskUser) -> None:
    await menu_entry(user, "Transferir…")


async def history(user: DeskUser) -> None:
    await menu_entry(user, "Histórico")


async def menu_entry(user: DeskUser, name: str) -> None:
    """An entry of the menu that has all acts, also on a phone."""
    await user.page.get_by_role("main").get_by_role("button", name="Mais", exact=True).click()
    await user.page.get_by_role("menuitem", name=name).click()


DIALOGS: dict[str, Step] = {
    "command bar": command_bar,
    "shortcuts": shortcuts,
    "transfer": transfer,
    "history": history,
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_no_screen_has_an_error_or_an_axe_finding(
    desk: DeskFixture, theme: Theme, size: dict[str, int]
) -> None:
    customer = desk.customer()
    await customer.say("minha internet está lenta")
    await customer.hears(1)
    conversation = await desk.conversation_of(customer)
    api = await desk.api("agent")
    shown = (await api.get(f"/conversations/{conversation['id']}")).json()
    places = {"conversation": conversation["id"], "contact": shown["contact_id"]}
    found: dict[str, list[str]] = {}
    visitor = await desk.visitor(theme=theme, size=size)
    user = await desk.sign_in("agent", theme=theme, size=size)
    for name, path in PUBLIC.items():
        await visitor.goto(path)
        await expect(visitor.page.get_by_role("heading").first).to_be_visible()
        await collect_findings(visitor, name, found)
    for name, path in INSIDE.items():
        await user.goto(path.format(**places))
        await expect(user.page.locator("#content")).to_be_visible()
        await expect(user.page.locator("[aria-busy=true], .animate-pulse")).to_have_count(0)
        await collect_findings(user, name, found)
    await user.goto(INSIDE["conversation"].format(**places))
    await expect(user.feed).to_be_visible()
    await user.has_shortcuts()
    for name, open_dialog in DIALOGS.items():
        await open_dialog(user)
        dialog = user.page.get_by_role("dialog")
        await expect(dialog).to_be_visible()
        await collect_findings(user, name, found)
        await user.page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
    assert not found, "\n".join(f"{name}: {each}" for name in found for each in found[name])


async def collect_findings(user: DeskUser, name: str, found: dict[str, list[str]]) -> None:
    """Put what is wrong with the screen into ``found``."""
    wrong = await user.axe_findings()
    if (wider := await user.overflow()) > 0:
        wrong.append(f"{wider} pixels wider than the window")
    if user.unexpected():
        wrong += user.unexpected()
        user.complaints.clear()
    if wrong:
        found[name] = wrong
