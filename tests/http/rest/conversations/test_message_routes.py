"""Answers with files, quotes, changes, retries: over the API."""

import io
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import segno

from niochat.attachments.attachment_store import MAX_FILE_BYTES
from niochat.domain.conversation import commands as cmd
from niochat.domain.ids import OutboxId
from tests.attachments.media.recordings import encode_tone
from tests.builders import build_message, insert_commands
from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem
from tests.outbox.outbox_harness import PDF, PNG

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
Who = dict[str, str]


async def taken(rest_api: RestApiFixture) -> tuple[ConversationFixture, Who]:
    """A conversation that an agent took over."""
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    await rest_api.http.post(f"/conversations/{visit.id}/assign", json={}, headers=who)
    return visit, who


async def uploaded(
    rest_api: RestApiFixture, who: Who, data: bytes, name: str = "foto.png"
) -> httpx.Response:
    return await rest_api.http.post("/files", files={"file": (name, data)}, headers=who)


async def says(
    rest_api: RestApiFixture, visit: ConversationFixture, who: Who, **body: object
) -> httpx.Response:
    return await rest_api.http.post(f"/conversations/{visit.id}/messages", json=body, headers=who)


async def lines(
    rest_api: RestApiFixture, visit: ConversationFixture, who: Who
) -> list[dict[str, Any]]:
    """What was said, the newest first."""
    told = await rest_api.http.get(f"/conversations/{visit.id}/messages", headers=who)
    items: list[dict[str, Any]] = told.json()["items"]
    return items


async def sends(
    rest_api: RestApiFixture, visit: ConversationFixture, result: cmd.SendStatus
) -> None:
    """What was queued leaves, or does not."""
    claimed = await rest_api.host.claim(visit.thread)
    assert claimed is not None
    external = f"out-{claimed.id}" if result is cmd.SendStatus.SENT else None
    settled = cmd.SettleSend(OutboxId(claimed.id), result, external, "gateway_400")
    await rest_api.host.step(visit.thread, settled)


async def test_a_picture_is_uploaded_sent_and_shown_by_an_address_that_ends(
    rest_api: RestApiFixture,
) -> None:
    visit, who = await taken(rest_api)
    file = (await uploaded(rest_api, who, PNG)).json()
    assert (file["mimetype"], file["size"], file["filename"]) == ("image/png", len(PNG), "foto.png")
    assert (await says(rest_api, visit, who, file=file["id"], text="o mapa")).status_code == 200

    said = (await lines(rest_api, visit, who))[0]
    assert (said["kind"], said["text"], said["file"]["status"]) == ("image", "o mapa", "kept")
    message = f"/conversations/{visit.id}/messages/{said['id']}/file"
    told = (await rest_api.http.get(message, headers=who)).json()
    shown = await rest_api.http.get(told["url"].removeprefix("/api/v1"))
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert shown.headers["content-disposition"].startswith("inline")
    assert "sandbox" in shown.headers["content-security-policy"]
    queued = await rest_api.given.rows(
        "SELECT (kind, text)::text FROM outbox WHERE origin = 'agent'"
    )
    assert queued == ['(image,"o mapa")']


async def test_a_document_is_only_downloaded_and_comes_in_parts(rest_api: RestApiFixture) -> None:
    visit, who = await taken(rest_api)
    file = (await uploaded(rest_api, who, PDF, "fatura março.pdf")).json()
    await says(rest_api, visit, who, file=file["id"])
    said = (await lines(rest_api, visit, who))[0]
    address = await rest_api.http.get(
        f"/conversations/{visit.id}/messages/{said['id']}/file", headers=who
    )
    url = address.json()["url"].removeprefix("/api/v1")

    part = await rest_api.http.get(url, headers={"range": "bytes=2-5"})
    rest = await rest_api.http.get(url, headers={"range": "bytes=6-"})
    odd = await rest_api.http.get(url, headers={"range": "bytes=9999-"})

    assert (part.status_code, part.content) == (206, PDF[2:6])
    assert part.headers["content-range"] == f"bytes 2-5/{len(PDF)}"
    assert (rest.content, odd.status_code, odd.content) == (PDF[6:], 200, PDF)
    assert part.headers["content-disposition"].startswith("attachment; filename*=UTF-8")


@pytest.mark.parametrize("token", ["x", "A" * 80, str(UUID(int=7)), "á"])
async def test_an_address_that_nobody_gave_opens_nothing(
    rest_api: RestApiFixture, token: str
) -> None:
    assert_problem(await rest_api.http.get(f"/files/content/{token}"), 404, "address_over")


async def test_an_altered_or_old_address_opens_nothing(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    file = (await uploaded(rest_api, who, PNG)).json()
    library, now = rest_api.services.attachments, rest_api.house.clock.now
    known = await library.find(rest_api.house.tenant, UUID(file["id"]))
    old, _ = library.create_download_token(known, now.replace(year=now.year - 1))
    fresh, _ = library.create_download_token(known, now.replace(year=now.year + 10))
    assert_problem(await rest_api.http.get(f"/files/content/{old}"), 404, "address_over")
    assert (await rest_api.http.get(f"/files/content/{fresh}")).status_code == 200
    altered = fresh[:-3] + ("AAA" if fresh[-3:] != "AAA" else "BBB")
    assert_problem(await rest_api.http.get(f"/files/content/{altered}"), 404, "address_over")


@pytest.mark.parametrize(
    ("data", "name", "status", "code"),
    [
        (b"MZ" + bytes(200), "foto.jpg", 400, "runnable_file"),
        (b"<html></html>", "x.pdf", 400, "runnable_file"),
        (b"ol\xc3\xa1", "fatura.pdf.vbs", 400, "runnable_file"),
        (bytes(range(256)), "x.dat", 400, "unsupported_file"),
        (b"", "vazio.png", 400, "file_size"),
        (PNG + bytes(MAX_FILE_BYTES), "grande.png", 400, "file_size"),
        (PNG + bytes(MAX_FILE_BYTES + 100_000), "maior.png", 413, "http"),
    ],
    ids=["exe", "html", "vbs", "noise", "empty", "large", "larger"],
)
async def test_a_file_that_cannot_be_sent_is_refused_with_the_reason(
    rest_api: RestApiFixture, data: bytes, name: str, status: int, code: str
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    assert_problem(await uploaded(rest_api, who, data, name), status, code)
    assert await rest_api.given.count("attachments") == 0


async def test_a_form_without_a_file_says_what_to_send(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    for answer in (
        await rest_api.http.post("/files", json={"file": "x"}, headers=who),
        await rest_api.http.post("/files", data={"file": "x"}, headers=who),
        await rest_api.http.post(
            "/files",
            content=b"nonsense",
            headers={**who, "content-type": "multipart/form-data; boundary=x"},
        ),
    ):
        assert_problem(answer, 400, "no_file")


async def test_a_file_of_another_tenant_or_a_customers_cannot_be_sent(
    rest_api: RestApiFixture,
) -> None:
    visit, who = await taken(rest_api)
    foreign = await rest_api.given.tenant()
    _, theirs = await rest_api.add_signed_in_user("agent", foreign)
    file = (await uploaded(rest_api, theirs, PNG)).json()
    assert_problem(await says(rest_api, visit, who, file=file["id"]), 404, "not_found")
    assert_problem(await says(rest_api, visit, who, file=str(uuid4())), 404, "not_found")


async def test_files_that_were_never_sent_go_after_a_day_and_those_of_sends_stay(
    rest_api: RestApiFixture,
) -> None:
    visit, who = await taken(rest_api)
    new, old, sent = [(await uploaded(rest_api, who, PNG)).json()["id"] for _ in range(3)]
    await says(rest_api, visit, who, file=sent)
    await rest_api.given.admin.execute(
        "UPDATE attachments SET created_at = now() - interval '25 h' WHERE id <> $1", UUID(new)
    )
    library = rest_api.services.attachments
    await library.delete_unused()

    left = await rest_api.given.rows("SELECT id::text FROM attachments ORDER BY created_at")
    assert set(left) == {new, sent}
    kept = [await library.read_all(rest_api.house.tenant, UUID(each)) for each in (new, old, sent)]
    assert [each is not None for each in kept] == [True, False, True]


async def test_an_answer_quotes_and_is_changed_after_it_left(rest_api: RestApiFixture) -> None:
    visit, who = await taken(rest_api)
    asked = (await lines(rest_api, visit, who))[0]["id"]
    await says(rest_api, visit, who, text="olá", reply_to=asked)
    said = (await lines(rest_api, visit, who))[0]
    path = f"/conversations/{visit.id}/messages/{said['id']}"
    assert said["reply_to"] == asked
    assert_problem(
        await rest_api.http.patch(path, json={"text": "oi"}, headers=who), 409, "not_sent"
    )

    await sends(rest_api, visit, cmd.SendStatus.SENT)
    for answer in (
        await rest_api.http.patch(path, json={"text": "oi"}, headers=who),
        await rest_api.http.put(f"{path}/reaction", json={"emoji": "👍"}, headers=who),
        await rest_api.http.delete(path, headers=who),
    ):
        assert answer.json() == {"done": True, "message_id": None}, answer.text
        await sends(rest_api, visit, cmd.SendStatus.SENT)

    after = (await lines(rest_api, visit, who))[0]
    assert (after["text"], after["reactions"], after["deleted_at"] is not None) == (
        "oi",
        {"provider": "👍"},
        True,
    )


async def test_what_failed_is_said_again_once_with_its_file(rest_api: RestApiFixture) -> None:
    visit, who = await taken(rest_api)
    file = (await uploaded(rest_api, who, PDF, "boleto.pdf")).json()
    await says(rest_api, visit, who, text="segue", file=file["id"])
    failed = (await lines(rest_api, visit, who))[0]
    retry = f"/conversations/{visit.id}/messages/{failed['id']}/retry"
    assert_problem(await rest_api.http.post(retry, headers=who), 409, "not_failed")

    await sends(rest_api, visit, cmd.SendStatus.FAILED)
    answers = [(await rest_api.http.post(retry, headers=who)).json() for _ in range(2)]

    newest, old, *_ = await lines(rest_api, visit, who)
    assert answers == [{"done": True, "message_id": newest["id"]}] * 2
    assert (newest["text"], newest["kind"], newest["status"]) == ("segue", "document", "queued")
    assert newest["file"]["id"] == file["id"]
    assert (old["id"], old["status"], old["code"]) == (failed["id"], "failed", "said_again")
    assert await rest_api.given.count("outbox", "origin = 'agent'") == 2


async def test_what_failed_is_said_again_once_whoever_of_two_asks(rest_api: RestApiFixture) -> None:
    visit, who = await taken(rest_api)
    _, boss = await rest_api.add_signed_in_user("admin")
    await says(rest_api, visit, who, text="olá")
    failed = (await lines(rest_api, visit, who))[0]
    await sends(rest_api, visit, cmd.SendStatus.FAILED)
    retry = f"/conversations/{visit.id}/messages/{failed['id']}/retry"

    assert (await rest_api.http.post(retry, headers=who)).json()["done"]
    assert_problem(await rest_api.http.post(retry, headers=boss), 409, "key_reused")

    assert await rest_api.given.count("outbox", "origin = 'agent'") == 2


async def test_a_message_of_another_conversation_is_unknown(rest_api: RestApiFixture) -> None:
    visit, who = await taken(rest_api)
    other = await rest_api.conversation()
    strange = (await lines(rest_api, other, who))[0]["id"]
    path = f"/conversations/{visit.id}/messages/{strange}"
    assert_problem(
        await rest_api.http.patch(path, json={"text": "x"}, headers=who), 404, "not_found"
    )
    assert_problem(await rest_api.http.get(f"{path}/file", headers=who), 404, "not_found")
    assert_problem(await says(rest_api, visit, who, text="x", reply_to=strange), 404, "not_found")


async def test_a_recording_of_a_browser_goes_out_as_a_voice_note(rest_api: RestApiFixture) -> None:
    visit, who = await taken(rest_api)
    webm = encode_tone("webm", "libopus")
    file = (await uploaded(rest_api, who, webm, "gravação.webm")).json()
    assert (file["voice"], file["mimetype"], file["filename"]) == (
        True,
        "audio/ogg",
        "gravação.ogg",
    )
    assert (round(file["duration_s"], 1), len(file["waveform"])) == (1.0, 64)
    caption = await says(rest_api, visit, who, file=file["id"], text="ouça")
    assert_problem(caption, 400, "voice_caption")
    assert (await says(rest_api, visit, who, file=file["id"])).status_code == 200

    said = (await lines(rest_api, visit, who))[0]
    assert said["kind"] == "voice"
    assert (said["file"]["duration_s"], said["file"]["waveform"]) == (
        file["duration_s"],
        file["waveform"],
    )
    assert await rest_api.given.rows("SELECT kind FROM outbox WHERE origin = 'agent'") == ["voice"]


async def test_music_stays_a_file_and_becomes_a_voice_note_on_request(
    rest_api: RestApiFixture,
) -> None:
    visit, who = await taken(rest_api)
    mp3 = encode_tone("mp3", "libmp3lame")
    music = (await uploaded(rest_api, who, mp3, "espera.mp3")).json()
    assert (music["voice"], music["mimetype"], music["size"]) == (False, "audio/mpeg", len(mp3))
    as_voice = await says(rest_api, visit, who, file=music["id"], as_voice=True)
    assert_problem(as_voice, 400, "not_voice")
    files = {"file": ("espera.mp3", mp3)}
    note = await rest_api.http.post("/files", files=files, params={"as_voice": "true"}, headers=who)
    assert note.json()["voice"]
    await says(rest_api, visit, who, file=note.json()["id"], as_voice=False)
    assert (await lines(rest_api, visit, who))[0]["kind"] == "audio"


async def test_what_is_no_recording_is_no_voice_note(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    for data in (PNG, b"OggS" + bytes(40) + b"OpusHead" + bytes(200), b"\x1aE\xdf\xa3" * 40):
        answer = await rest_api.http.post(
            "/files", files={"file": ("x", data)}, params={"as_voice": "true"}, headers=who
        )
        assert_problem(answer, 400, "not_audio")
    assert not await rest_api.given.rows("SELECT id FROM attachments")


async def test_a_picture_has_its_size(rest_api: RestApiFixture) -> None:
    visit, who = await taken(rest_api)
    picture = io.BytesIO()
    segno.make_qr("x").save(picture, kind="png", scale=3)
    file = (await uploaded(rest_api, who, picture.getvalue())).json()
    assert file["width"] == file["height"] == 87
    await says(rest_api, visit, who, file=file["id"])
    said = (await lines(rest_api, visit, who))[0]
    assert (said["file"]["width"], said["file"]["height"]) == (87, 87)


async def test_a_note_carries_mentions_and_a_file_that_is_never_sent(
    rest_api: RestApiFixture,
) -> None:
    visit, who = await taken(rest_api)
    colleague, _ = await rest_api.add_signed_in_user("viewer")
    file = (await uploaded(rest_api, who, PNG)).json()
    body = {"mentions": [str(colleague)], "file": file["id"]}
    path = f"/conversations/{visit.id}/notes"
    assert (await rest_api.http.post(path, json=body, headers=who)).status_code == 200
    assert (await rest_api.http.post(path, json={"text": ""}, headers=who)).status_code == 422
    unknown = await rest_api.http.post(path, json={"file": str(uuid4())}, headers=who)
    assert_problem(unknown, 404, "not_found")

    note = (await lines(rest_api, visit, who))[0]
    assert (note["kind"], note["details"]["mentions"]) == ("note", [str(colleague)])
    assert (note["file"]["id"], note["file"]["status"]) == (file["id"], "kept")
    assert note["details"]["file_kind"] == "image"
    told = await rest_api.http.get(
        f"/conversations/{visit.id}/messages/{note['id']}/file", headers=who
    )
    shown = await rest_api.http.get(told.json()["url"].removeprefix("/api/v1"))
    assert shown.content == PNG
    assert not await rest_api.given.rows("SELECT id FROM outbox")
    await rest_api.house.admin.execute(
        "UPDATE attachments SET created_at = now() - interval '2 days'"
    )
    await rest_api.services.attachments.delete_unused()
    assert len(await rest_api.given.rows("SELECT id FROM attachments")) == 1


@pytest.mark.parametrize("path", ["messages", "notes"])
async def test_the_answer_names_the_message_also_before_its_step(
    rest_api: RestApiFixture, path: str
) -> None:
    visit, who = await taken(rest_api)
    url, body = f"/conversations/{visit.id}/{path}", {"text": "oi"}
    keyed = who | {"idempotency-key": "click"}
    submitter = rest_api.services.command_submitter
    poke, submitter._poke = submitter._poke, lambda thread: None
    rest_api.with_services(command_timeout_s=0.1)

    late = await rest_api.http.post(url, json=body, headers=keyed)
    submitter._poke = poke
    rest_api.with_services(command_timeout_s=10)
    again = await rest_api.http.post(url, json=body, headers=keyed)
    other = await rest_api.http.post(url, json=body, headers=who)

    second, first, *_ = await lines(rest_api, visit, who)
    assert (late.status_code, late.json()) == (202, {"done": False, "message_id": first["id"]})
    assert (again.status_code, again.json()) == (200, {"done": True, "message_id": first["id"]})
    assert other.json()["message_id"] == second["id"]


async def test_a_repeat_after_202_tells_of_a_refusal(rest_api: RestApiFixture) -> None:
    visit, who = await taken(rest_api)
    submitter = rest_api.services.command_submitter
    poke, submitter._poke = submitter._poke, lambda thread: None
    rest_api.with_services(command_timeout_s=0.1)
    resolve = f"/conversations/{visit.id}/resolve"
    assert (await rest_api.http.post(resolve, headers=who)).status_code == 202
    url = f"/conversations/{visit.id}/messages"
    body, keyed = {"text": "oi"}, who | {"idempotency-key": "click"}
    assert (await rest_api.http.post(url, json=body, headers=keyed)).status_code == 202

    submitter._poke = poke
    rest_api.with_services(command_timeout_s=10)
    assert_problem(await rest_api.http.post(url, json=body, headers=keyed), 409, "resolved")


async def test_a_message_that_went_to_a_later_conversation_has_no_known_id(
    rest_api: RestApiFixture,
) -> None:
    visit, who = await taken(rest_api)
    await rest_api.http.post(f"/conversations/{visit.id}/resolve", headers=who)
    later = [build_message("m-later", "voltei")]
    await insert_commands(rest_api.host, visit.place, visit.thread, later)
    await rest_api.host.run(visit.thread)
    (newest,) = await rest_api.given.rows("SELECT id FROM conversations WHERE status <> 'resolved'")
    await rest_api.http.post(f"/conversations/{newest}/assign", json={}, headers=who)

    told = await says(rest_api, visit, who, text="oi")

    assert told.json() == {"done": True, "message_id": None}
