"""What a customer does arrives in the shape of the captures (fixtures/uazapi)."""

import orjson
import pytest

from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = pytest.mark.asyncio

PHONE = "5581988887777"
ENVELOPE = "BaseUrl EventType chat chatSource instanceName message owner token"
MESSAGE = """
buttonOrListid chatid chatlid content convertOptions edited fromMe groupName id isGroup mediaType
messageTimestamp messageType messageid owner quoted reaction sender senderName sender_lid sender_pn
source status text track_id track_source type vote wasSentByApi
"""
CHAT = """
chatbot_agentResetMemoryAt chatbot_disableUntil chatbot_lastTriggerAt chatbot_lastTrigger_id id
image imagePreview lead_assignedAttendant_id lead_email lead_fullName lead_isTicketOpen
lead_kanbanOrder lead_name lead_notes lead_personalid lead_status lead_tags name owner phone
wa_archived wa_chatid wa_chatlid wa_contactName wa_ephemeralExpiration wa_fastid wa_isBlocked
wa_isGroup wa_isGroup_admin wa_isGroup_announce wa_isGroup_community wa_isGroup_member wa_isPinned
wa_label wa_lastMessageSender wa_lastMessageTextVote wa_lastMessageType wa_lastMsgTimestamp
wa_muteEndTime wa_name wa_unreadCount
"""
LEAD_FIELDS = [f"lead_field{number:02d}" for number in range(1, 21)]
FILE_KEYS = """URL mimetype fileSHA256 fileLength mediaKey fileEncSHA256 directPath
mediaKeyTimestamp contextInfo"""
FILE = FILE_KEYS.split()

KINDS = [
    ("conversation", "text", "Conversation", "", None),
    ("image", "media", "ImageMessage", "image", [*FILE, "height", "width", "JPEGThumbnail"]),
    ("video", "media", "VideoMessage", "video", [*FILE, "seconds", "height", "width"]),
    ("gif", "media", "VideoMessage", "gif", [*FILE, "seconds", "gifPlayback"]),
    ("ptt", "media", "AudioMessage", "ptt", [*FILE, "seconds", "PTT", "waveform"]),
    ("audio", "media", "AudioMessage", "audio", [*FILE, "seconds"]),
    ("document", "media", "DocumentMessage", "document", [*FILE, "fileName", "pageCount"]),
    ("sticker", "media", "StickerMessage", "user_created_sticker", [*FILE, "isAnimated"]),
    ("location", "media", "LocationMessage", "location", ["degreesLatitude", "degreesLongitude"]),
    ("contact", "media", "ContactMessage", "vcard", ["displayName", "vcard", "contextInfo"]),
    ("reaction", "reaction", "ReactionMessage", "", ["key", "text", "senderTimestampMS"]),
    ("edit", "text", "ExtendedTextMessage", "", ["text", "previewType", "contextInfo"]),
    ("list_reply", "media", "ListResponseMessage", "list_response", ["title", "listType"]),
    ("button_reply", "text", "ButtonsResponseMessage", "", ["Response", "selectedButtonID"]),
    ("template_reply", "text", "TemplateButtonReplyMessage", "", ["selectedID"]),
    ("poll", "poll", "PollCreationMessageV3", "", ["pollCreationMessageV3"]),
    ("poll_vote", "poll", "PollUpdateMessage", "", ["pollCreationMessageKey", "vote"]),
    ("unsupported", "media", "UnsupportedMessage", "", []),
]


async def test_a_text_has_every_field_of_the_capture(sandbox: SandboxFixture) -> None:
    messageid = await sandbox.write("+55 81 98888-7777", text="Oi", name="Maria Silva")
    [hook] = await sandbox.hooks()
    assert sorted(hook) == sorted(ENVELOPE.split())
    assert sorted(hook["message"]) == sorted(MESSAGE.split())
    assert sorted(hook["chat"]) == sorted(CHAT.split() + LEAD_FIELDS)
    assert 1900 < len(orjson.dumps(hook)) < 4096
    message, chat = hook["message"], hook["chat"]
    assert message["messageid"] == messageid
    assert message["id"] == f"558130000001:{messageid}"
    assert message["sender"] == message["sender_lid"] == message["chatlid"]
    assert message["sender"].endswith("@lid")
    assert message["sender_pn"] == message["chatid"] == f"{PHONE}@s.whatsapp.net"
    assert message["content"]["text"] == message["text"] == "Oi"
    assert message["messageTimestamp"] > 1e12
    assert chat["phone"] == "+55 81 98888-7777"
    assert chat["wa_fastid"] == f"558130000001:{PHONE}"
    assert (hook["token"], hook["owner"]) == (sandbox.token, "558130000001")


@pytest.mark.parametrize(("kind", "type_", "message_type", "media_type", "content"), KINDS)
async def test_each_kind_has_its_type_and_content(
    sandbox: SandboxFixture,
    kind: str,
    type_: str,
    message_type: str,
    media_type: str,
    content: list[str],
) -> None:
    await sandbox.write(PHONE, kind=kind, text="Sim", target="AC01", option="sim")
    [hook] = await sandbox.hooks()
    message = hook["message"]
    assert sorted(message) == sorted(MESSAGE.split())
    assert (message["type"], message["messageType"]) == (type_, message_type)
    assert message["mediaType"] == media_type
    if content is None:
        assert message["content"] == "Sim"
    else:
        assert set(content) <= set(message["content"])


async def test_a_choice_has_no_text_but_an_id_and_a_vote(sandbox: SandboxFixture) -> None:
    await sandbox.write(
        PHONE, kind="list_reply", text="Segunda via", option="boleto", reply_to="3EB0"
    )
    message = (await sandbox.hooks())[0]["message"]
    assert (message["text"], message["vote"]) == ("", "Segunda via")
    assert (message["buttonOrListid"], message["quoted"]) == ("boleto", "3EB0")
    assert message["content"]["singleSelectReply"] == {"selectedRowID": "boleto"}
    assert message["content"]["contextInfo"]["stanzaID"] == "3EB0"


async def test_reaction_and_edit_point_at_their_message(sandbox: SandboxFixture) -> None:
    first = await sandbox.write(PHONE, text="Oi")
    await sandbox.write(PHONE, kind="reaction", text="❤️", target=first)
    await sandbox.write(PHONE, kind="edit", text="Oi2", target=first)
    _, reaction, edit = [hook["message"] for hook in await sandbox.hooks(3)]
    assert (reaction["reaction"], reaction["text"]) == (first, "❤️")
    assert (edit["edited"], edit["text"]) == (first, "Oi2")
    assert edit["messageid"] != first


async def test_a_deletion_is_an_update(sandbox: SandboxFixture) -> None:
    first = await sandbox.write(PHONE, text="Oi")
    await sandbox.write(PHONE, kind="deletion", target=first)
    [update] = await sandbox.hooks(event="messages_update")
    assert (update["state"], update["event"]["MessageIDs"]) == ("Deleted", [first])


async def test_a_hidden_phone_shows_only_its_lid(sandbox: SandboxFixture) -> None:
    await sandbox.write(PHONE, text="Oi", lid="123456789012345", hide_phone=True)
    [hook] = await sandbox.hooks()
    message = hook["message"]
    lid = "123456789012345@lid"
    assert (message["chatid"], message["chatlid"], message["sender_pn"]) == (lid, lid, "")
    assert (hook["chat"]["phone"], hook["chat"]["wa_chatid"]) == ("", lid)
    assert PHONE not in orjson.dumps(hook).decode()
    sent = await sandbox.gateway("/send/text", {"number": lid, "text": "Olá"})
    assert sent.json()["chatid"] == lid
    assert [line["text"] for line in await sandbox.phone(PHONE)] == ["Oi", "Olá"]


async def test_a_contact_without_lid_sends_from_its_phone(sandbox: SandboxFixture) -> None:
    await sandbox.write(PHONE, text="Oi", lid=False)
    message = (await sandbox.hooks())[0]["message"]
    assert message["sender"] == f"{PHONE}@s.whatsapp.net"
    assert (message["sender_lid"], message["chatlid"]) == ("", "")


async def test_a_person_of_the_provider_is_the_sender_of_what_they_typed(
    sandbox: SandboxFixture,
) -> None:
    body = {"phone": PHONE, "text": "Vou ver aqui"}
    await sandbox.control("POST", f"/instances/{sandbox.token}/phone-messages", json=body)
    message = (await sandbox.hooks())[0]["message"]
    assert (message["fromMe"], message["wasSentByApi"]) == (True, False)
    assert message["sender"] != message["chatlid"]
    assert message["sender_pn"] == "558130000001@s.whatsapp.net"
    assert message["chatid"] == f"{PHONE}@s.whatsapp.net"
    assert (await sandbox.phone(PHONE))[0]["direction"] == "received"


async def test_connection_webhooks_follow_the_captures(sandbox: SandboxFixture) -> None:
    for status in ("disconnected", "connecting", "connected"):
        path = f"/instances/{sandbox.token}/connection"
        await sandbox.control("POST", path, json={"status": status})
    lost, connecting, back = await sandbox.hooks(3, event="connection")
    keys = ["BaseUrl", "EventType", "instance", "instanceName", "owner", "token"]
    assert sorted(lost) == [*keys, "type"]
    assert sorted(lost["instance"]) == ["lastDisconnect", "lastDisconnectReason", "name", "status"]
    assert sorted(connecting["instance"]) == ["name", "qrcode", "status"]
    assert (connecting["owner"], sorted(back)) == ("", keys)
    assert back["instance"] == {"name": "provedor-demo", "status": "connected"}


@pytest.mark.parametrize(
    "body", [{"kind": "telegram"}, {"kind": "edit", "text": "x"}, {"text": 3}, {"lid": 3}, []]
)
async def test_bad_orders_change_nothing(sandbox: SandboxFixture, body: object) -> None:
    path = f"/sandbox/instances/{sandbox.token}/customers/{PHONE}/messages"
    reply = await sandbox.http.post(path, json=body)
    assert reply.status_code == 400
    assert reply.json()["error"]
    assert await sandbox.phone(PHONE) == []
