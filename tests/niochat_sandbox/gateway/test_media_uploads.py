"""What a provider sends by `/send/media` is checked, shown on the phone and kept for a while."""

import base64
from hashlib import sha256
from typing import Any

import httpx
import pytest

from niochat_sandbox.gateway.media_uploads import (
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_TOTAL_BYTES,
    UploadedFile,
    UploadStore,
)
from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = pytest.mark.asyncio

MARIA, JOAO = "5581988887777", "5581977776666"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PDF = b"%PDF-1.4\n%%EOF\n"


def encoded(data: bytes, mimetype: str | None = None) -> str:
    """Base64, as a data URI when there is a type."""
    plain = base64.b64encode(data).decode()
    return plain if mimetype is None else f"data:{mimetype};base64,{plain}"


async def send(sandbox: SandboxFixture, kind: str, file: str, **more: Any) -> httpx.Response:
    return await sandbox.gateway(
        "/send/media", {"number": MARIA, "type": kind, "file": file, **more}
    )


async def kept(sandbox: SandboxFixture, phone: str, messageid: str) -> httpx.Response:
    path = f"/sandbox/instances/{sandbox.token}/customers/{phone}/files/{messageid}"
    return await sandbox.http.get(path)


@pytest.mark.parametrize(
    ("kind", "file", "mimetype", "data"),
    [
        ("image", encoded(PNG, "image/png"), "image/png", PNG),
        ("image", encoded(PNG), "image/png", PNG),
        ("document", encoded(PDF, "application/pdf"), "application/pdf", PDF),
        ("document", encoded(b"a;b", "text/csv"), "text/csv", b"a;b"),
        ("document", encoded(b"x", ""), "application/octet-stream", b"x"),
        ("ptt", encoded(b"OggS", "audio/ogg;codecs=opus"), "audio/ogg", b"OggS"),
    ],
)
async def test_a_file_is_on_the_phone_and_its_bytes_come_back(
    sandbox: SandboxFixture, kind: str, file: str, mimetype: str, data: bytes
) -> None:
    await send(sandbox, kind, file, text="Aqui está", docName="boleto.pdf", track_id="t1")
    (line,) = await sandbox.phone(MARIA)
    assert (line["kind"], line["text"], line["track_id"]) == (kind, "Aqui está", "t1")
    assert line["file"] == {
        "mimetype": mimetype,
        "name": "boleto.pdf",
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "voice": False,
    }
    found = await kept(sandbox, MARIA, line["messageid"])
    assert (found.status_code, found.content) == (200, data)
    assert found.headers["content-type"].startswith(mimetype)


@pytest.mark.parametrize(
    ("kind", "file", "mimetype", "status"),
    [
        ("image", "isto não é base64", "", 400),
        ("image", "data:image/png;base64,", "", 400),
        ("image", "https://example.com/pix.png", "", 400),
        ("document", encoded(PDF), "application/pdf\r\nx", 400),
        ("image", encoded(PDF), "image/png", 415),
        ("image", encoded(PDF, "image/jpeg"), "", 415),
        ("image", encoded(PDF), "", 415),
        ("image", encoded(PDF, "application/pdf"), "application/pdf", 415),
        ("document", encoded(PNG), "application/pdf", 415),
        ("document", encoded(bytes(MAX_FILE_BYTES + 1)), "", 413),
    ],
)
async def test_a_file_that_cannot_be_what_it_says_is_refused(
    sandbox: SandboxFixture, kind: str, file: str, mimetype: str, status: int
) -> None:
    reply = await send(sandbox, kind, file, mimetype=mimetype)
    assert (reply.status_code, list(reply.json())) == (status, ["error"])
    assert await sandbox.phone(MARIA) == []


async def test_the_echo_tells_what_the_file_is(sandbox: SandboxFixture) -> None:
    await sandbox.control("PUT", "/delivery", json={"echo": True})
    await send(sandbox, "document", encoded(PDF), docName="boleto.pdf", text="Boleto")
    (hook,) = await sandbox.hooks(1, "messages")
    content = hook["message"]["content"]
    assert (content["mimetype"], content["fileName"]) == ("application/pdf", "boleto.pdf")
    assert (content["fileLength"], content["caption"]) == (len(PDF), "Boleto")


async def test_a_text_has_no_file_and_nobody_reads_anothers(sandbox: SandboxFixture) -> None:
    text = await sandbox.gateway("/send/text", {"number": MARIA, "text": "Olá"})
    file = await send(sandbox, "image", encoded(PNG))
    first, _ = await sandbox.phone(MARIA)
    assert "file" not in first
    assert (await kept(sandbox, MARIA, text.json()["messageid"])).status_code == 404
    assert (await kept(sandbox, JOAO, file.json()["messageid"])).status_code == 404
    assert (await kept(sandbox, MARIA, file.json()["messageid"])).status_code == 200


async def test_an_emptied_ledger_keeps_no_files(sandbox: SandboxFixture) -> None:
    messageid = (await send(sandbox, "image", encoded(PNG))).json()["messageid"]
    await sandbox.control("DELETE", f"/ledger?token={sandbox.token}")
    assert (await kept(sandbox, MARIA, messageid)).status_code == 404


async def test_the_oldest_files_go_and_their_lines_stay(sandbox: SandboxFixture) -> None:
    for _ in range(MAX_FILES + 1):
        assert (await send(sandbox, "document", encoded(b"x"))).is_success
    lines = await sandbox.phone(MARIA)
    assert len(lines) == MAX_FILES + 1
    assert lines[0]["file"]["size"] == 1
    found = [(await kept(sandbox, MARIA, line["messageid"])).status_code for line in lines[:2]]
    assert found == [404, 200]


async def test_few_large_files_make_room_as_well() -> None:
    uploads, large = UploadStore(), UploadedFile(bytes(MAX_FILE_BYTES), "application/pdf", "a.pdf")
    most = MAX_TOTAL_BYTES // MAX_FILE_BYTES
    for number in range(most + 1):
        uploads.add(str(number), large)
    assert uploads.get("0") is None
    assert uploads.get("1") is large
    assert uploads.size == MAX_TOTAL_BYTES
