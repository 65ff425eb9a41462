"""The line is cut for a while: nothing is missing afterwards, and nothing is there twice."""

import pytest
from playwright.async_api import WebSocketRoute, expect

from tests.end_to_end.desk.conftest import DeskFixture
from tests.end_to_end.desk.desk_user import DeskUser

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

RECORD_LINK = """() => {
    const mark = document.querySelector("[data-link]");
    window.linkStates = [mark.dataset.link];
    new MutationObserver(() => window.linkStates.push(mark.dataset.link))
        .observe(mark, {attributes: true, attributeFilter: ["data-link"]});
}"""


class CuttableLine:
    """The live socket of a page, which goes through our hands."""

    def __init__(self, user: DeskUser) -> None:
        self._user = user
        self._sockets: list[WebSocketRoute] = []
        self._is_cut = False

    async def join(self) -> None:
        """Before the page is opened."""
        await self._user.page.route_web_socket("**/live*", self._take)

    async def cut(self) -> None:
        """No request and no socket passes; open sockets end."""
        self._is_cut = True
        await self._user.context.set_offline(True)
        for socket in self._sockets:
            await socket.close()
        self._sockets.clear()

    async def mend(self) -> None:
        self._is_cut = False
        await self._user.context.set_offline(False)

    async def _take(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            await socket.close()
            return
        socket.connect_to_server()
        self._sockets.append(socket)


async def test_what_came_while_the_line_was_cut_is_there_once_and_the_words_stay(
    desk: DeskFixture,
) -> None:
    user = await desk.sign_in("agent")
    user.allowed += ["net::ERR_INTERNET_DISCONNECTED", "WebSocket connection"]
    line = CuttableLine(user)
    await line.join()
    customer = await desk.taken_over(user)
    await user.page.evaluate(RECORD_LINK)
    await user.composer.fill("Um momento, estou")

    await line.cut()
    await user.link_is("offline")
    await expect(user.page.get_by_text("Sem conexão").first).to_be_visible()
    words = [f"mensagem {number} de dez" for number in range(1, 11)]
    for text in words:
        await customer.say(text)
    await customer.stored(1 + len(words))
    await expect(user.feed.get_by_text(words[0])).to_have_count(0)

    await line.mend()
    await user.link_is("connected")
    await user.shows(words[-1])
    shown = await user.feed.locator("[data-message]").all_inner_texts()
    found = [text for line in shown for text in words if text == line.split("\n")[0]]
    assert found == words
    await expect(user.composer).to_have_value("Um momento, estou")
    states = await user.page.evaluate("window.linkStates")
    assert states[0] == "connected"
    assert "offline" in states
    assert states[-1] == "connected"

    # What is sent while the line is cut leaves once it is back, and once only.
    await line.cut()
    await user.link_is("offline")
    await user.send("enviada sem linha")
    await expect(user.feed.locator("[data-row=outbox]")).to_be_visible()
    await line.mend()
    await desk.received(customer, "enviada sem linha")
    await expect(user.feed.locator("[data-row=outbox]")).to_have_count(0)
    assert (await customer.heard()).count("enviada sem linha") == 1


async def test_a_part_that_is_asked_for_without_a_line_comes_with_it(desk: DeskFixture) -> None:
    """The page must not load itself again meanwhile: without a line it would be gone."""
    user = await desk.sign_in("agent")
    user.allowed += ["net::ERR_INTERNET_DISCONNECTED", "WebSocket connection"]
    line = CuttableLine(user)
    await line.join()
    await desk.taken_over(user)
    await user.has_shortcuts()
    await user.composer.fill("Um momento, estou")
    await user.page.evaluate("window.isSamePage = true")

    await line.cut()
    await user.link_is("offline")
    await user.button("Emoji").click()
    await expect(user.page.get_by_text("Sem conexão").first).to_be_visible()

    await line.mend()
    await user.link_is("connected")
    await expect(user.page.get_by_role("searchbox", name="Buscar emoji")).to_be_visible()
    assert await user.page.evaluate("window.isSamePage")
    await expect(user.composer).to_have_value("Um momento, estou")
