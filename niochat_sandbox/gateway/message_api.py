"""The gateway's API for messages: send, find, mark, edit and delete (reference §2.1, §2.2)."""

import asyncio
import re
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat_sandbox.gateway.content_builders import PhoneAction
from niochat_sandbox.gateway.gateway_instances import (
    PHONE_SUFFIX,
    SimulatedCustomer,
    SimulatedInstance,
    SimulatedInstanceStatus,
)
from niochat_sandbox.gateway.media_uploads import UploadedFile, parse_upload
from niochat_sandbox.gateway.menu_messages import build_menu
from niochat_sandbox.gateway.message_store import ArchivedMessage
from niochat_sandbox.gateway.placeholder_media import PlaceholderFile, get_placeholder_file
from niochat_sandbox.http_json import (
    JsonObject,
    SandboxApiError,
    json_response,
    parse_flag_field,
    parse_number_field,
    parse_text_field,
    read_object,
)
from niochat_sandbox.sandbox_state import SandboxState

MAX_DELAY_S = 60.0
MEDIA_TYPES = {
    "image": "image",
    "video": "video",
    "document": "document",
    "audio": "audio",
    "myaudio": "ptt",
    "ptt": "ptt",
    "ptv": "video",
    "sticker": "sticker",
}
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_NUMBER = re.compile(r"\+?[\d ()-]{8,25}|[\d-]+@(g\.us|lid)")


def authenticate_instance(state: SandboxState, request: Request) -> SimulatedInstance:
    """Return the instance of the ``token`` header. Raises ``SandboxApiError`` (401)."""
    instance = state.instances.get(request.headers.get("token", ""))
    if instance is None:
        raise SandboxApiError(401, "Invalid token")
    return instance


def require_text_fields(body: JsonObject, *keys: str) -> list[str]:
    """Return non-empty text fields. Raises ``SandboxApiError`` (400) if one is missing."""
    values = [parse_text_field(body, key) for key in keys]
    missing = [key for key, value in zip(keys, values, strict=True) if not value]
    if missing:
        raise SandboxApiError(400, f"Missing required fields: {', '.join(missing)}")
    return values


def resolve_recipient(instance: SimulatedInstance, number: str) -> SimulatedCustomer:
    """Resolve a ``number`` to a customer. Raises ``SandboxApiError`` (400) for an invalid number or
    a phone's JID (§2.1).
    """
    if number.endswith(PHONE_SUFFIX) or not _NUMBER.fullmatch(number):
        raise SandboxApiError(400, f"Invalid number: {number}")
    return instance.get_or_create_customer(number if "@" in number else re.sub(r"\D", "", number))


def render_placeholders(text: str, customer: SimulatedCustomer) -> str:
    """Replace every ``{{…}}`` by the contact's name, as the gateway does (§2.1)."""
    return _PLACEHOLDER.sub(customer.name, text) if "{{" in text else text


class GatewayMessageApi:
    """Routes below ``/send`` and ``/message``."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """The routes below ``/gateway``."""
        handlers = {
            "/send/text": self.send_text,
            "/send/media": self.send_media,
            "/send/menu": self.send_menu,
            "/message/presence": self.send_presence,
            "/message/find": self.find,
            "/message/download": self.download,
            "/message/markread": self.mark_read,
            "/message/react": self.react,
            "/message/delete": self.delete,
            "/message/edit": self.edit,
        }
        return [Route(path, handler, methods=["POST"]) for path, handler in handlers.items()]

    async def send_text(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        number, text = require_text_fields(body, "number", "text")
        customer = resolve_recipient(instance, number)
        action = PhoneAction("text", render_placeholders(text, customer))
        return await self._send(instance, customer, body, action, "text")

    async def send_media(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        number, kind, file = require_text_fields(body, "number", "type", "file")
        if kind not in MEDIA_TYPES:
            raise SandboxApiError(415, f"Unsupported media type: {kind}")
        mimetype, name = parse_text_field(body, "mimetype"), parse_text_field(body, "docName")
        upload = parse_upload(file, kind=kind, mimetype=mimetype, name=name)
        customer = resolve_recipient(instance, number)
        caption = render_placeholders(parse_text_field(body, "text"), customer)
        action = PhoneAction(
            MEDIA_TYPES[kind], caption, file=name, content=_content_overrides(upload)
        )
        return await self._send(instance, customer, body, action, kind, upload=upload)

    async def send_menu(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        number, kind, text = require_text_fields(body, "number", "type", "text")
        customer = resolve_recipient(instance, number)
        choices = _parse_choices(body)
        button, footer = (
            parse_text_field(body, "listButton", "Menu"),
            parse_text_field(body, "footerText"),
        )
        action = build_menu(kind, render_placeholders(text, customer), choices, button, footer)
        return await self._send(instance, customer, body, action, kind, choices)

    async def send_presence(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        number, _presence = require_text_fields(body, "number", "presence")
        resolve_recipient(instance, number)
        return json_response({"response": "Chat presence sent successfully"})

    async def find(self, request: Request) -> Response:
        instance = authenticate_instance(self._state, request)
        body = await read_object(request)
        limit = min(int(parse_number_field(body, "limit", 50)), 1000)
        offset = int(parse_number_field(body, "offset", 0))
        page, total = instance.message_store.find(
            reference=parse_text_field(body, "id"),
            chatid=parse_text_field(body, "chatid"),
            track_id=parse_text_field(body, "track_id"),
            limit=limit,
            offset=offset,
        )
        paging = {"limit": limit, "offset": offset, "nextOffset": offset + len(page)}
        found = {
            "returnedMessages": len(page),
            "messages": [orjson.Fragment(stored.body) for stored in page],
            **paging,
            "hasMore": offset + len(page) < total,
        }
        return json_response(found)

    async def download(self, request: Request) -> Response:
        instance = authenticate_instance(self._state, request)
        body = await read_object(request)
        stored = self._find_message(instance, require_text_fields(body, "id")[0])
        mp3 = parse_flag_field(body, "generate_mp3", True)
        file = get_placeholder_file(stored.decode()["mediaType"], mp3=mp3)
        if file is None:
            raise SandboxApiError(400, "Message has no media")
        sent = instance.uploads.get(stored.messageid)
        if sent is not None:
            file = PlaceholderFile(sent.mimetype, file.extension, sent.data)
        reply: JsonObject = {"mimetype": file.mimetype}
        if parse_flag_field(body, "return_link", True):
            reply["fileURL"] = (
                f"{request.base_url}gateway/files/{stored.messageid}.{file.extension}"
            )
        if parse_flag_field(body, "return_base64", False):
            reply["base64Data"] = file.encode_base64()
        if parse_flag_field(body, "transcribe", False) and file.mimetype.startswith("audio/"):
            reply["transcription"] = "Transcrição simulada do áudio."
        return json_response(reply)

    async def mark_read(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        ids = body.get("id")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise SandboxApiError(400, "id must be a list of message ids")
        return json_response({"results": [_mark_message_read(instance, each) for each in ids]})

    async def react(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        number, reference = require_text_fields(body, "number", "id")
        customer = resolve_recipient(instance, number)
        target = self._find_message(instance, reference).messageid
        action = PhoneAction("reaction", parse_text_field(body, "text"), target=target)
        return await self._send(instance, customer, body, action, "reaction")

    async def edit(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        reference, text = require_text_fields(body, "id", "text")
        stored = self._find_own_message(instance, reference)
        customer = self._find_chat(instance, stored)
        action = PhoneAction("edit", render_placeholders(text, customer), target=stored.messageid)
        instance.message_store.update(stored.messageid, text=action.text)
        return await self._send(instance, customer, body, action, "edit")

    async def delete(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        stored = self._find_own_message(instance, require_text_fields(body, "id")[0])
        self._state.delete_as_provider(
            instance, self._find_chat(instance, stored), stored.messageid
        )
        deleted = {"id": stored.messageid, "timestamp": stored.decode()["messageTimestamp"]}
        return json_response({**deleted, "response": "Message deleted successfully"})

    async def _sender(self, request: Request) -> tuple[SimulatedInstance, JsonObject]:
        """Check token, body and connection, in the gateway's order."""
        instance = authenticate_instance(self._state, request)
        body = await read_object(request)
        if instance.status is not SimulatedInstanceStatus.CONNECTED:
            raise SandboxApiError(503, "WhatsApp disconnected")
        return instance, body

    async def _send(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        body: JsonObject,
        action: PhoneAction,
        function: str,
        choices: list[str] | None = None,
        upload: UploadedFile | None = None,
    ) -> Response:
        action.reply_to = parse_text_field(body, "replyid")
        track = {key: parse_text_field(body, key) for key in ("track_id", "track_source")}
        if delay := parse_number_field(body, "delay", 0) / 1000:
            await asyncio.sleep(min(delay, MAX_DELAY_S))
        message = await self._state.send_as_provider(
            instance,
            customer,
            action,
            track=track,
            choices=choices,
            shown_kind=function,
            upload=upload,
        )
        return json_response(_format_send_response(message, f"/send/{function}"))

    def _find_message(self, instance: SimulatedInstance, reference: str) -> ArchivedMessage:
        stored = instance.message_store.get(reference)
        if stored is None:
            raise SandboxApiError(404, "Message not found")
        return stored

    def _find_own_message(self, instance: SimulatedInstance, reference: str) -> ArchivedMessage:
        """Find a message of the provider: only those can be edited or deleted for everyone."""
        stored = self._find_message(instance, reference)
        if not stored.decode()["fromMe"]:
            raise SandboxApiError(400, "Only messages sent by this number can be changed")
        return stored

    def _find_chat(self, instance: SimulatedInstance, stored: ArchivedMessage) -> SimulatedCustomer:
        return instance.get_or_create_customer(stored.chatid.removesuffix(PHONE_SUFFIX))


def _content_overrides(upload: UploadedFile) -> dict[str, Any]:
    return {"mimetype": upload.mimetype, "fileLength": len(upload.data)}


def _parse_choices(body: JsonObject) -> list[str]:
    choices = body.get("choices")
    if not isinstance(choices, list) or not all(isinstance(each, str) for each in choices):
        raise SandboxApiError(400, "choices must be a list of strings")
    return choices


def _mark_message_read(instance: SimulatedInstance, reference: str) -> dict[str, str]:
    stored = instance.message_store.get(reference)
    if stored is None:
        return {"message_id": reference, "status": "error", "error": "Message not found"}
    instance.get_or_create_customer(stored.chatid.removesuffix(PHONE_SUFFIX)).unread = 0
    return {"message_id": reference, "status": "success", "error": ""}


def _format_send_response(message: dict[str, Any], function: str) -> dict[str, Any]:
    """The response to a send: the Message schema of the OpenAPI document (§2.2)."""
    return {
        **message,
        "status": "Pending",
        "error": "",
        "sendFunction": function,
        "sendPayload": "",
        "fileURL": "",
        "send_folder_id": "",
        "response": {"status": "success", "message": "Message sent successfully"},
    }
