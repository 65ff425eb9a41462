"""The gateway answers as §2.1 and §2.2 of the reference say."""

import re

import pytest

from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = pytest.mark.asyncio

MARIA = "5581988887777"
SEND_RESPONSE = """
id messageid chatid sender senderName isGroup fromMe messageType source messageTimestamp status text
quoted edited reaction vote convertOptions buttonOrListid owner error content wasSentByApi
sendFunction sendPayload fileURL send_folder_id track_source track_id response
"""


async def test_a_send_answers_with_the_message_schema(sandbox: SandboxFixture) -> None:
    body = {"number": MARIA, "text": "Olá", "track_id": "t1", "replyid": "AC01"}
    sent = (await sandbox.gateway("/send/text", body)).json()
    assert set(SEND_RESPONSE.split()) <= set(sent)
    assert re.fullmatch(r"3EB0[0-9A-F]{18}", sent["messageid"])
    assert sent["id"] == f"558130000001:{sent['messageid']}"
    assert (sent["track_id"], sent["status"], sent["quoted"]) == ("t1", "Pending", "AC01")
    assert sent["response"]["status"] == "success"


async def test_the_same_track_id_sends_twice(sandbox: SandboxFixture) -> None:
    body = {"number": MARIA, "text": "Olá", "track_id": "t1"}
    ids = [(await sandbox.gateway("/send/text", body)).json()["messageid"] for _ in range(2)]
    assert [line["messageid"] for line in await sandbox.phone(MARIA)] == ids
    found = (await sandbox.gateway("/message/find", {"track_id": "t1"})).json()
    assert [each["messageid"] for each in found["messages"]] == ids[::-1]


async def test_placeholders_become_the_contacts_name(sandbox: SandboxFixture) -> None:
    await sandbox.write(MARIA, text="Oi", name="Maria")
    text = "Olá {{name}}, {{lead_field01}}! { {name}}"
    await sandbox.gateway("/send/text", {"number": MARIA, "text": text})
    assert (await sandbox.phone(MARIA, after=1))[0]["text"] == "Olá Maria, Maria! { {name}}"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/send/text", {"number": MARIA}, 400),
        ("/send/text", {"text": "Olá"}, 400),
        ("/send/text", {"number": f"{MARIA}@s.whatsapp.net", "text": "x"}, 400),
        ("/send/text", {"number": "999999999999999@lid", "text": "x"}, 400),
        ("/send/text", ["x"], 400),
        ("/send/media", {"number": MARIA, "type": "hologram", "file": "x"}, 415),
        ("/send/menu", {"number": MARIA, "type": "list", "text": "x", "choices": []}, 400),
        ("/message/edit", {"id": "AC99", "text": "x"}, 404),
        ("/message/download", {"id": "AC99"}, 404),
    ],
)
async def test_bad_input_is_refused(
    sandbox: SandboxFixture, path: str, body: object, status: int
) -> None:
    reply = await sandbox.gateway(path, body)
    assert (reply.status_code, list(reply.json())) == (status, ["error"])
    assert await sandbox.phone(MARIA) == []


async def test_token_and_connection_are_needed(sandbox: SandboxFixture) -> None:
    body = {"number": MARIA, "text": "Olá"}
    wrong = await sandbox.http.post("/gateway/send/text", json=body, headers={"token": "wrong"})
    assert (wrong.status_code, wrong.json()) == (401, {"error": "Invalid token"})
    await sandbox.gateway("/instance/disconnect")
    reply = await sandbox.gateway("/send/text", body)
    assert (reply.status_code, reply.json()) == (503, {"error": "WhatsApp disconnected"})


async def test_media_and_menus_reach_the_phone(sandbox: SandboxFixture) -> None:
    media = {"number": MARIA, "type": "document", "file": "data:;base64,eA==", "text": "Boleto"}
    await sandbox.gateway("/send/media", media)
    choices = ["[Financeiro]", "Boleto|boleto|Segunda via", "Suporte"]
    menu = {"number": MARIA, "type": "list", "text": "Escolha", "choices": choices}
    sent = (await sandbox.gateway("/send/menu", menu)).json()
    assert sent["messageType"] == "ListMessage"
    rows = [{"title": "Boleto", "description": "Segunda via", "rowID": "boleto"}]
    rows.append({"title": "Suporte", "description": "", "rowID": "Suporte"})
    assert sent["content"]["sections"] == [{"title": "Financeiro", "rows": rows}]
    document, listed = await sandbox.phone(MARIA)
    assert (document["kind"], document["text"]) == ("document", "Boleto")
    assert (listed["kind"], listed["choices"]) == ("list", choices)


async def test_find_pages_newest_first(sandbox: SandboxFixture) -> None:
    for number in range(5):
        await sandbox.write(MARIA, text=str(number))
    await sandbox.write("5581977776666", text="outro")
    chat = {"chatid": f"{MARIA}@s.whatsapp.net", "limit": 2}
    first = (await sandbox.gateway("/message/find", chat)).json()
    assert [each["text"] for each in first["messages"]] == ["4", "3"]
    assert (first["returnedMessages"], first["hasMore"]) == (2, True)
    last = (await sandbox.gateway("/message/find", {**chat, "offset": 4})).json()
    assert ([each["text"] for each in last["messages"]], last["hasMore"]) == (["0"], False)
    everything = (await sandbox.gateway("/message/find", {})).json()
    assert everything["messages"][0]["text"] == "outro"
    hook = (await sandbox.hooks(6))[0]["message"]
    by_id = (await sandbox.gateway("/message/find", {"id": hook["id"]})).json()
    assert by_id["messages"] == [hook]


async def test_edit_delete_react_and_read(sandbox: SandboxFixture) -> None:
    theirs = await sandbox.write(MARIA, text="Oi")
    body = {"number": MARIA, "text": "Olá"}
    ours = (await sandbox.gateway("/send/text", body)).json()["messageid"]
    await sandbox.gateway("/message/react", {"number": MARIA, "text": "👍", "id": theirs})
    await sandbox.gateway("/message/edit", {"id": ours, "text": "Olá!"})
    assert (await sandbox.gateway("/message/delete", {"id": ours})).status_code == 200
    assert (await sandbox.gateway("/message/delete", {"id": theirs})).status_code == 400
    lines = await sandbox.phone(MARIA, after=2)
    seen = [(line["kind"], line["text"], line["target"]) for line in lines]
    assert seen == [("reaction", "👍", theirs), ("edit", "Olá!", ours), ("deletion", "", ours)]
    marked = (await sandbox.gateway("/message/markread", {"id": [theirs, "AC99"]})).json()
    assert [each["status"] for each in marked["results"]] == ["success", "error"]


async def test_media_can_be_downloaded(sandbox: SandboxFixture) -> None:
    voice = await sandbox.write(MARIA, kind="ptt")
    text = await sandbox.write(MARIA, text="Oi")
    body = {"id": voice, "return_base64": True}
    found = (await sandbox.gateway("/message/download", body)).json()
    assert found["mimetype"] == "audio/mpeg"
    assert found["base64Data"]
    file = await sandbox.http.get(found["fileURL"])
    assert (file.status_code, file.headers["content-type"]) == (200, "audio/mpeg")
    assert (await sandbox.gateway("/message/download", {"id": text})).status_code == 400


async def test_the_ninth_digit_is_resolved(sandbox: SandboxFixture) -> None:
    await sandbox.write("558188887777", text="Oi")
    numbers = {"numbers": [MARIA, "abc"]}
    good, bad = (await sandbox.gateway("/chat/check", numbers)).json()
    assert (good["jid"], good["isInWhatsapp"]) == ("558188887777@s.whatsapp.net", True)
    assert bad["error"]
    await sandbox.gateway("/send/text", {"number": MARIA, "text": "Olá"})
    assert len(await sandbox.phone("558188887777")) == 2
    details = (await sandbox.gateway("/chat/details", {"number": MARIA})).json()
    assert details["wa_chatid"] == "558188887777@s.whatsapp.net"


async def test_an_instance_is_created_connected_and_given_a_webhook(
    sandbox: SandboxFixture,
) -> None:
    admin = {"admintoken": "sandbox-admin"}
    create = sandbox.http.post("/gateway/instance/init", json={"name": "novo"}, headers=admin)
    made = (await create).json()
    token = {"token": made["token"]}
    hook = {"url": f"{sandbox.receiver.origin}/hooks/{sandbox.hook}"}
    await sandbox.http.post("/gateway/webhook", json=hook, headers=token)
    [webhook] = (await sandbox.http.get("/gateway/webhook", headers=token)).json()
    assert (webhook["url"], webhook["enabled"]) == (hook["url"], True)
    started = (await sandbox.http.post("/gateway/instance/connect", headers=token)).json()
    assert started["instance"]["qrcode"].startswith("data:image/png;base64,")
    again = await sandbox.http.post("/gateway/instance/connect", headers=token)
    assert again.status_code == 409
    path = f"/instances/{made['token']}/connection"
    await sandbox.control("POST", path, json={"status": "connected"})
    status = (await sandbox.http.get("/gateway/instance/status", headers=token)).json()
    assert status["status"]["connected"] is True
    assert status["status"]["jid"]["user"] == status["instance"]["owner"]
    assert [each["instance"]["status"] for each in await sandbox.hooks(2)] == [
        "connecting",
        "connected",
    ]


async def test_creating_needs_the_admin_token(sandbox: SandboxFixture) -> None:
    reply = await sandbox.http.post("/gateway/instance/init", json={"name": "x"})
    assert reply.status_code == 401


async def test_the_page_shows_the_world_escaped(sandbox: SandboxFixture) -> None:
    await sandbox.write(MARIA, text="<script>Oi</script>", name="Maria & José")
    page = (await sandbox.http.get("/sandbox")).text
    assert "Maria &amp; José" in page
    assert "&lt;script&gt;Oi" in page
    assert "<script>" not in page


async def test_a_picture_is_scanned_and_a_code_typed_once_they_are_shown(
    sandbox: SandboxFixture,
) -> None:
    admin = {"admintoken": "sandbox-admin"}
    body = {"name": "marcada", "adminField01": "meu"}
    made = (await sandbox.http.post("/gateway/instance/init", json=body, headers=admin)).json()
    listed = (await sandbox.http.get("/gateway/instance/all", headers=admin)).json()
    assert [each["adminField01"] for each in listed if each["name"] == "marcada"] == ["meu"]
    scan = f"/sandbox/instances/{made['token']}/scan"
    assert (await sandbox.http.post(scan)).status_code == 409
    token, phone = {"token": made["token"]}, {"phone": "5581988887777"}
    path = "/gateway/instance/connect"
    started = (await sandbox.http.post(path, json=phone, headers=token)).json()["instance"]
    assert (started["paircode"], started["qrcode"]) == ("1234-5678", "")
    assert "Ler o QR code" in (await sandbox.http.get("/sandbox")).text
    done = await sandbox.http.post(scan, json={"phone": "558133334444"})
    assert (done.json()["status"], done.json()["owner"]) == ("connected", "558133334444")
    assert done.json()["paircode"] == ""
