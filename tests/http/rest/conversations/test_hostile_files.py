"""Whatever a stored file claims to be, a browser neither runs it nor trusts its name."""

from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest

from tests.http.rest.conftest import RestApiFixture, assert_problem
from tests.outbox.outbox_harness import PNG

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(1)</script></html>"


async def served(
    rest_api: RestApiFixture, mimetype: str, filename: str, method: str = "GET"
) -> httpx.Response:
    """The content of a file whose row an older release wrote, before types were checked."""
    _, who = await rest_api.add_signed_in_user("agent")
    uploaded = await rest_api.http.post("/files", files={"file": ("a.png", PNG)}, headers=who)
    file_id = UUID(uploaded.json()["id"])
    await rest_api.given.admin.execute(
        "UPDATE attachments SET mimetype = $2, filename = $3 WHERE id = $1",
        file_id,
        mimetype,
        filename,
    )
    store = rest_api.services.attachments
    stored = await store.find(rest_api.house.tenant, file_id)
    token, _ = store.create_download_token(stored, rest_api.house.clock.now.replace(year=2999))
    return await rest_api.http.request(method, f"/files/content/{token}")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("mimetype", "filename"),
    [
        ("image/svg+xml", "foto.svg"),
        ("image/svg+xml", "foto.png"),
        ("text/html", "pagina.html"),
        ("text/html; charset=utf-8", "fatura.txt"),
        ("application/xhtml+xml", "fatura.pdf"),
        ("text/xml", "nota.xml"),
        ("application/javascript", "x.txt"),
        ("application/octet-stream", "fatura.pdf.exe"),
    ],
)
async def test_pages_scripts_and_programs_are_downloads_without_a_type(
    rest_api: RestApiFixture, mimetype: str, filename: str, method: str
) -> None:
    answer = await served(rest_api, mimetype, filename, method)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert_sandboxed(answer)


@pytest.mark.parametrize(
    ("mimetype", "shown"),
    [
        ("image/png", True),
        ("image/webp", True),
        ("audio/ogg", True),
        ("video/mp4", True),
        ("application/pdf", False),
        ("text/plain", False),
        ("application/zip", False),
    ],
)
async def test_only_pictures_sound_and_video_are_shown_in_a_page(
    rest_api: RestApiFixture, mimetype: str, shown: bool
) -> None:
    answer = await served(rest_api, mimetype, "arquivo")

    assert answer.headers["content-disposition"].startswith("inline;" if shown else "attachment;")
    assert answer.headers["content-type"].partition(";")[0] == mimetype
    assert_sandboxed(answer)


@pytest.mark.parametrize(
    "filename",
    [
        'a"; filename=evil.exe; x="',
        "a\r\nset-cookie: session=1\r\n\r\n<script>.png",
        "../../etc/passwd",
        "C:\\Windows\\system32\\notas",
        "foto\u202egnp.exe",
        "fatura\u200b.png",
        "<img src=x onerror=alert(1)>.png",
        "%0d%0aset-cookie: a=b",
        "n" * 5_000 + ".png",
        "\U0001f600 ção.png",
        "...",
    ],
    ids=range(11),
)
async def test_a_hostile_name_stays_inside_its_header(
    rest_api: RestApiFixture, filename: str
) -> None:
    answer = await served(rest_api, "image/png", filename)

    assert answer.status_code == 200
    assert answer.content == PNG
    assert "set-cookie" not in answer.headers
    _, _, encoded = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert set(encoded) <= set("0123456789ABCDEF%")
    name = unquote(encoded)
    assert name
    assert len(name) <= 130
    assert name.isprintable()
    assert not set(name) & set('/\\<>":|?*\u202e\u200b')
    assert not name.lower().endswith(".exe")


@pytest.mark.parametrize("content", [SVG, HTML], ids=["svg", "html"])
@pytest.mark.parametrize("name", ["foto.png", "foto.svg", "x.html", "x.txt", "x"])
async def test_a_page_or_a_drawing_with_scripts_cannot_be_sent(
    rest_api: RestApiFixture, content: bytes, name: str
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    answer = await rest_api.http.post("/files", files={"file": (name, content)}, headers=who)

    assert_problem(answer, 400, "runnable_file")
    assert await rest_api.given.count("attachments") == 0


def assert_sandboxed(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy.split("; ")
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"].startswith("private")
