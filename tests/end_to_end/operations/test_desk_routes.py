"""The desk is at /, behind the real proxy, and hides no route of the API."""

import pytest

from niochat.http.desk.desk_builds import DeskBuilds
from tests.end_to_end.conftest import EndToEndFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]
BROWSER = {"accept": "text/html,*/*;q=0.8", "accept-encoding": "br, gzip"}


async def test_every_path_of_the_desk_gets_its_page_and_no_path_of_the_api_does(
    running_product: EndToEndFixture,
) -> None:
    http, url = running_product.http, running_product.stack.url
    built = DeskBuilds().current_digest() is not None
    for path in ("/", "/conversas/42"):
        page = await http.get(url + path, headers=BROWSER)
        assert page.status_code == (200 if built else 503)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "script-src 'unsafe-inline'" not in page.headers["content-security-policy"]

    for path in ("/api/v1/nowhere", "/api/nowhere", "/live/nowhere", "/assets/x-12345678.js"):
        missing = await http.get(url + path, headers=BROWSER)
        assert missing.status_code == 404, path
        assert missing.headers["content-type"] == "application/problem+json"
    assert (await http.post(url + "/", content=b"x")).status_code == 405
    assert (await http.get(url + "/webhooks/nowhere", headers=BROWSER)).status_code == 404
