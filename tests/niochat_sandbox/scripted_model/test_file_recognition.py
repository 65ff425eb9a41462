"""The simulated model hears voice notes and looks at files, as its phones send them."""

import base64
from typing import Any

import httpx
import pytest

from niochat_sandbox.sample_files import list_samples, read_file_label
from niochat_sandbox.voice_notes import build_voice_note, read_voice_note_text
from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = pytest.mark.asyncio

MARIA = "5581988887777"
WORDS = "oi, quero minha fatura, é ação"
BEARER = {"authorization": "Bearer sandbox-x"}


async def heard(sandbox: SandboxFixture, data: bytes, **form: str) -> httpx.Response:
    return await sandbox.http.post(
        "/model/v1/audio/transcriptions",
        headers=BEARER,
        data={"model": "m", **form},
        files={"file": ("audio.ogg", data, "audio/ogg")},
    )


async def looked_at(sandbox: SandboxFixture, part: dict[str, Any]) -> httpx.Response:
    messages = [{"role": "user", "content": [{"type": "text", "text": "?"}, part]}]
    body = {"model": "sandbox-simulador", "messages": messages}
    return await sandbox.http.post("/model/v1/chat/completions", headers=BEARER, json=body)


async def sent(sandbox: SandboxFixture, **body: Any) -> dict[str, Any]:
    """What the gateway hands out of a file that a customer sent."""
    external = await sandbox.write(MARIA, **body)
    query = {"id": external, "return_base64": True, "generate_mp3": False}
    return dict((await sandbox.gateway("/message/download", query)).json())


@pytest.mark.parametrize("length", [1, 300, 64_770, 64_771, 130_000])
async def test_what_is_spoken_into_a_note_is_found_in_it_again(length: int) -> None:
    note = build_voice_note("a" * length, seconds=3)

    assert note.startswith(b"OggS")
    assert read_voice_note_text(note) == "a" * length


async def test_a_note_is_sent_downloaded_and_understood(sandbox: SandboxFixture) -> None:
    file = await sent(sandbox, speech=WORDS)
    assert file["mimetype"] == "audio/ogg"
    data = base64.b64decode(file["base64Data"])

    assert (await heard(sandbox, data)).json() == {"text": WORDS}
    (line, *_) = await sandbox.phone(MARIA)
    assert (line["kind"], line["file"]["size"]) == ("ptt", len(data))


async def test_another_sound_has_no_words_and_no_sound_is_refused(sandbox: SandboxFixture) -> None:
    assert (await heard(sandbox, b"OggS" + bytes(40))).json() == {"text": ""}
    assert (await heard(sandbox, b"GIF89a")).status_code == 400
    assert (await heard(sandbox, build_voice_note("oi"), model="")).status_code == 400


async def test_without_a_key_nobody_listens(sandbox: SandboxFixture) -> None:
    answer = await sandbox.http.post("/model/v1/audio/transcriptions", data={"model": "m"})
    assert answer.status_code == 401


@pytest.mark.parametrize("name", list_samples())
async def test_each_sample_is_sent_and_those_without_text_say_what_they_show(
    sandbox: SandboxFixture, name: str
) -> None:
    known = list_samples()[name]
    file = await sent(sandbox, sample=name, text="olha")
    data = base64.b64decode(file["base64Data"])
    assert (data, file["mimetype"]) == (known.data, known.mimetype)
    (line, *_) = await sandbox.phone(MARIA)
    assert (line["kind"], line["text"], line["file"]["name"]) == (known.kind, "olha", known.name)

    address = f"data:{known.mimetype};base64,{file['base64Data']}"
    answer = await looked_at(sandbox, {"type": "image_url", "image_url": {"url": address}})
    expected = read_file_label(data) or {"kind": "other"}
    assert httpx.Response(200, text=answer.json()["choices"][0]["message"]["content"]).json() == (
        expected
    )


async def test_a_file_of_ones_own_is_handed_out_as_it_came(sandbox: SandboxFixture) -> None:
    data = base64.b64encode(b"%PDF-own").decode()
    file = await sent(sandbox, kind="document", data=data, mimetype="application/pdf", file="x.pdf")

    assert (file["base64Data"], file["mimetype"]) == (data, "application/pdf")


@pytest.mark.parametrize(
    "wrong", [{"sample": "nada"}, {"data": "*"}, {"speech": "oi", "seconds": 0}]
)
async def test_a_wrong_file_is_told(sandbox: SandboxFixture, wrong: dict[str, Any]) -> None:
    path = f"/sandbox/instances/{sandbox.token}/customers/{MARIA}/messages"
    assert (await sandbox.http.post(path, json=wrong)).status_code == 400


async def test_a_transcription_can_fail_in_every_way(sandbox: SandboxFixture) -> None:
    order = {"target": "model", "path": "/v1/audio", "count": 1}
    await sandbox.fault(kind="empty", **order)
    assert (await heard(sandbox, build_voice_note("oi"))).json() == {"text": ""}
    await sandbox.control("DELETE", "/faults")
    await sandbox.fault(kind="huge", **order)
    assert len((await heard(sandbox, build_voice_note("oi"))).content) > 4 * 2**20
    await sandbox.control("DELETE", "/faults")
    await sandbox.fault(kind="status", status=500, **order)
    assert (await heard(sandbox, build_voice_note("oi"))).status_code == 500
