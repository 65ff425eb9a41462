"""The desk can be installed, and its service worker takes pushes."""

import pytest

from tests.end_to_end.desk.conftest import DeskFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(180)]


async def test_the_manifest_its_icons_and_the_service_worker_are_served(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    await user.goto("/atendimentos")
    await user.link_is("connected")
    link = user.page.locator("link[rel=manifest]")
    address = f"{user.url}{await link.get_attribute('href')}"
    get = user.context.request.get
    manifest = await (await get(address)).json()
    assert manifest["display"] == "standalone"
    assert manifest["start_url"].startswith("/")
    assert {"192x192", "512x512"} <= {each["sizes"] for each in manifest["icons"]}
    for icon in manifest["icons"]:
        answer = await get(f"{user.url}/{icon['src'].lstrip('/')}")
        assert answer.ok
        assert answer.headers["content-type"].startswith("image/")
    worker = await get(f"{user.url}/service-worker.js")
    assert worker.ok
    assert "javascript" in worker.headers["content-type"]
    assert "push" in await worker.text()
