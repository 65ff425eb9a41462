"""The JSON of webhooks: chat, message, acknowledgement and connection (reference §2.3)."""

import secrets
import time
from typing import Any

from niochat_sandbox.gateway.content_builders import (
    CHOICE_KINDS,
    MESSAGE_TYPE_SPECS,
    PhoneAction,
    build_content,
    displayed_text,
)
from niochat_sandbox.gateway.gateway_instances import (
    SimulatedCustomer,
    SimulatedInstance,
    SimulatedInstanceStatus,
    generate_lid,
)

Json = dict[str, Any]

_LEAD_TEXTS = ("assignedAttendant_id", "email", "fullName", "name", "notes", "personalid", "status")
_CHAT: Json = {
    "chatbot_agentResetMemoryAt": 0,
    "chatbot_disableUntil": 0,
    "chatbot_lastTriggerAt": 0,
    "chatbot_lastTrigger_id": "",
    "image": "",
    "imagePreview": "https://pps.whatsapp.net/v/sandbox.jpg",
    **{f"lead_field{number:02d}": "" for number in range(1, 21)},
    **{f"lead_{name}": "" for name in _LEAD_TEXTS},
    "lead_isTicketOpen": False,
    "lead_kanbanOrder": 0,
    "lead_tags": [],
    "wa_archived": False,
    "wa_contactName": "",
    "wa_ephemeralExpiration": 0,
    "wa_isBlocked": False,
    "wa_isGroup": False,
    "wa_isGroup_admin": False,
    "wa_isGroup_announce": False,
    "wa_isGroup_community": False,
    "wa_isGroup_member": False,
    "wa_isPinned": False,
    "wa_label": [],
    "wa_muteEndTime": 0,
}
_MESSAGE: Json = {
    "buttonOrListid": "",
    "convertOptions": "",
    "edited": "",
    "groupName": "Unknown",
    "quoted": "",
    "reaction": "",
    "source": "android",
    "status": "",
    "track_id": "",
    "track_source": "",
    "vote": "",
}


def generate_phone_message_id() -> str:
    """Generate a stanza id as Android does: AC and 30 hex digits."""
    return "AC" + secrets.token_hex(15).upper()


def generate_api_message_id() -> str:
    """Generate a stanza id as whatsmeow does: 3EB0 and 18 hex digits."""
    return "3EB0" + secrets.token_hex(9).upper()


def format_phone(phone: str) -> str:
    """Format a phone as in ``chat.phone``: +55 81 98888-7777; other countries without spaces."""
    if phone.startswith("55") and phone.isdigit() and len(phone) in (12, 13):
        return f"+55 {phone[2:4]} {phone[4:-4]}-{phone[-4:]}"
    return f"+{phone}" if phone.isdigit() else ""


def build_chat(
    instance: SimulatedInstance, customer: SimulatedCustomer, last: Json | None = None
) -> Json:
    """Build ``chat{}``; ``last`` is the message that it accompanies."""
    last = last or {}
    hidden = customer.chatid == customer.lid
    return {
        **_CHAT,
        "id": "r" + generate_lid(instance.owner + customer.phone)[:14],
        "name": customer.name,
        "owner": instance.owner,
        "phone": "" if hidden else format_phone(customer.phone),
        "wa_chatid": customer.chatid,
        "wa_chatlid": customer.lid,
        "wa_fastid": f"{instance.owner}:{customer.chatid.partition('@')[0]}",
        "wa_isGroup": customer.is_group,
        "wa_lastMessageSender": last.get("sender", ""),
        "wa_lastMessageTextVote": last.get("text", "") or last.get("vote", ""),
        "wa_lastMessageType": last.get("messageType", ""),
        "wa_lastMsgTimestamp": last.get("messageTimestamp", 0),
        "wa_name": customer.name,
        "wa_unreadCount": customer.unread,
    }


def _common_fields(
    instance: SimulatedInstance, customer: SimulatedCustomer, action: PhoneAction, messageid: str
) -> Json:
    spec = MESSAGE_TYPE_SPECS[action.kind]
    return {
        **_MESSAGE,
        "chatid": customer.chatid,
        "chatlid": customer.lid,
        "content": build_content(action),
        "id": f"{instance.owner}:{messageid}",
        "isGroup": customer.is_group,
        "mediaType": spec.media_type,
        "messageTimestamp": int(time.time()) * 1000,
        "messageType": spec.message_type,
        "messageid": messageid,
        "owner": instance.owner,
        "quoted": action.target if action.kind == "poll_vote" else action.reply_to,
        "text": displayed_text(action),
        "type": spec.type,
    }


def _kind_fields(action: PhoneAction) -> Json:
    """The fields that only some kinds have, such as the target of a reaction or a menu choice."""
    if action.kind == "reaction":
        return {"reaction": action.target}
    if action.kind == "edit":
        return {"edited": action.target}
    if action.kind == "poll":
        return {"convertOptions": action.option}
    if action.kind in CHOICE_KINDS:
        return {"vote": action.text, "buttonOrListid": action.option}
    return {}


def build_customer_message(
    instance: SimulatedInstance, customer: SimulatedCustomer, action: PhoneAction
) -> Json:
    """Build ``message{}`` of a customer; ``sender`` is the LID, if there is one."""
    hidden = customer.chatid == customer.lid
    return {
        **_common_fields(instance, customer, action, generate_phone_message_id()),
        **_kind_fields(action),
        "fromMe": False,
        "sender": customer.lid or customer.phone_jid,
        "senderName": customer.name,
        "sender_lid": customer.lid,
        "sender_pn": "" if hidden else customer.phone_jid,
        "wasSentByApi": False,
    }


def build_provider_message(
    instance: SimulatedInstance, customer: SimulatedCustomer, action: PhoneAction, *, by_api: bool
) -> Json:
    """Build ``message{}`` of the provider; ``sender`` is its own LID (reference §2.3, fromMe)."""
    messageid = generate_api_message_id() if by_api else generate_phone_message_id()
    return {
        **_common_fields(instance, customer, action, messageid),
        **_kind_fields(action),
        "fromMe": True,
        "sender": instance.lid,
        "senderName": instance.name,
        "sender_lid": instance.lid,
        "sender_pn": f"{instance.owner}@s.whatsapp.net",
        "source": "web" if by_api else "android",
        "wasSentByApi": by_api,
    }


def build_update_webhook(
    instance: SimulatedInstance, customer: SimulatedCustomer, messageids: list[str], state: str
) -> Json:
    """Build a ``messages_update``: an acknowledgement, or the state Deleted. Timestamps
    in seconds.
    """
    event = {
        "MessageIDs": messageids,
        "Chat": customer.chatid,
        "Sender": customer.lid or customer.phone_jid,
        "sender_pn": "" if customer.chatid == customer.lid else customer.phone_jid,
        "sender_lid": customer.lid,
        "IsFromMe": False,
        "IsGroup": customer.is_group,
        "Timestamp": int(time.time()),
        "Type": "read" if state == "Read" else "",
    }
    return {
        "EventType": "messages_update",
        "type": "Deleted" if state == "Deleted" else "ReadReceipt",
        "state": state,
        "event": event,
        "owner": instance.owner,
        "instanceName": instance.name,
        "token": instance.token,
    }


def build_connection_webhook(instance: SimulatedInstance, base_url: str) -> Json:
    """Build a ``connection`` webhook for the instance's current state."""
    state: Json = {"name": instance.name, "status": instance.status.value}
    body: Json = {
        "BaseUrl": base_url,
        "EventType": "connection",
        "instance": state,
        "instanceName": instance.name,
        "owner": "" if instance.status is SimulatedInstanceStatus.CONNECTING else instance.owner,
        "token": instance.token,
    }
    if instance.status is SimulatedInstanceStatus.CONNECTING:
        state["qrcode"] = QRCODE
    if instance.status is SimulatedInstanceStatus.DISCONNECTED:
        state["lastDisconnect"] = instance.last_disconnect
        state["lastDisconnectReason"] = instance.last_disconnect_reason
        body["type"] = "LoggedOut"
    return body


QRCODE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
    "hgGAWjR9awAAAABJRU5ErkJggg=="
)
