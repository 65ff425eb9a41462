"""The WhatsApp gateway's messages: sending, finding, marking (reference §2.1, §2.2)."""

import asyncio
import re
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat.sandbox.archive import Kept
from niochat.sandbox.contents import Draft
from niochat.sandbox.instances import PHONE_ENDING, Customer, Instance, Status
from niochat.sandbox.media import MediaFile, media_file
from niochat.sandbox.menus import menu_draft
from niochat.sandbox.rim import (
    Body,
    Refusal,
    answer,
    flag_in,
    number_in,
    read_object,
    text_in,
)
from niochat.sandbox.uploads import Upload, read_upload
from niochat.sandbox.world import World

LONGEST_DELAY_S = 60.0
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


def signed_in(world: World, request: Request) -> Instance:
    """The instance of the `token` header. Refuses with 401."""
    instance = world.instances.get(request.headers.get("token", ""))
    if instance is None:
        raise Refusal(401, "Invalid token")
    return instance


def required(body: Body, *keys: str) -> list[str]:
    """Non-empty text fields. Refuses with 400."""
    values = [text_in(body, key) for key in keys]
    missing = [key for key, value in zip(keys, values, strict=True) if not value]
    if missing:
        raise Refusal(400, f"Missing required fields: {', '.join(missing)}")
    return values


def recipient(instance: Instance, number: str) -> Customer:
    """Whom a `number` means. Refuses with 400 what is no number, also a phone's JID (§2.1)."""
    if number.endswith(PHONE_ENDING) or not _NUMBER.fullmatch(number):
        raise Refusal(400, f"Invalid number: {number}")
    return instance.customer(number if "@" in number else re.sub(r"\D", "", number))


def filled(text: str, customer: Customer) -> str:
    """The text with every `{{…}}` replaced by the contact's name, as the server does (§2.1)."""
    return _PLACEHOLDER.sub(customer.name, text) if "{{" in text else text


class Gateway:
    """`/send/*` and `/message/*` of one sandbox."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes below `/gateway`."""
        handlers = {
            "/send/text": self.send_text,
            "/send/media": self.send_media,
            "/send/menu": self.send_menu,
            "/message/presence": self.presence,
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
        number, text = required(body, "number", "text")
        customer = recipient(instance, number)
        draft = Draft("text", filled(text, customer))
        return await self._send(instance, customer, body, draft, "text")

    async def send_media(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        number, kind, file = required(body, "number", "type", "file")
        if kind not in MEDIA_TYPES:
            raise Refusal(415, f"Unsupported media type: {kind}")
        mimetype, name = text_in(body, "mimetype"), text_in(body, "docName")
        upload = read_upload(file, kind=kind, mimetype=mimetype, name=name)
        customer = recipient(instance, number)
        caption = filled(text_in(body, "text"), customer)
        draft = Draft(MEDIA_TYPES[kind], caption, file=name, content=_content(upload))
        return await self._send(instance, customer, body, draft, kind, upload=upload)

    async def send_menu(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        number, kind, text = required(body, "number", "type", "text")
        customer = recipient(instance, number)
        choices = _choices(body)
        button, footer = text_in(body, "listButton", "Menu"), text_in(body, "footerText")
        draft = menu_draft(kind, filled(text, customer), choices, button, footer)
        return await self._send(instance, customer, body, draft, kind, choices)

    async def presence(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        number, _presence = required(body, "number", "presence")
        recipient(instance, number)
        return answer({"response": "Chat presence sent successfully"})

    async def find(self, request: Request) -> Response:
        instance = signed_in(self._world, request)
        body = await read_object(request)
        limit = min(int(number_in(body, "limit", 50)), 1000)
        offset = int(number_in(body, "offset", 0))
        page, total = instance.archive.find(
            reference=text_in(body, "id"),
            chatid=text_in(body, "chatid"),
            track_id=text_in(body, "track_id"),
            limit=limit,
            offset=offset,
        )
        paging = {"limit": limit, "offset": offset, "nextOffset": offset + len(page)}
        found = {
            "returnedMessages": len(page),
            "messages": [orjson.Fragment(kept.body) for kept in page],
            **paging,
            "hasMore": offset + len(page) < total,
        }
        return answer(found)

    async def download(self, request: Request) -> Response:
        instance = signed_in(self._world, request)
        body = await read_object(request)
        kept = self._kept(instance, required(body, "id")[0])
        mp3 = flag_in(body, "generate_mp3", True)
        file = media_file(kept.message()["mediaType"], mp3=mp3)
        if file is None:
            raise Refusal(400, "Message has no media")
        sent = instance.uploads.get(kept.messageid)
        if sent is not None:
            file = MediaFile(sent.mimetype, file.extension, sent.data)
        reply: Body = {"mimetype": file.mimetype}
        if flag_in(body, "return_link", True):
            reply["fileURL"] = f"{request.base_url}gateway/files/{kept.messageid}.{file.extension}"
        if flag_in(body, "return_base64", False):
            reply["base64Data"] = file.as_base64()
        if flag_in(body, "transcribe", False) and file.mimetype.startswith("audio/"):
            reply["transcription"] = "Transcrição simulada do áudio."
        return answer(reply)

    async def mark_read(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        ids = body.get("id")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise Refusal(400, "id must be a list of message ids")
        return answer({"results": [_mark(instance, each) for each in ids]})

    async def react(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        number, reference = required(body, "number", "id")
        customer = recipient(instance, number)
        target = self._kept(instance, reference).messageid
        draft = Draft("reaction", text_in(body, "text"), target=target)
        return await self._send(instance, customer, body, draft, "reaction")

    async def edit(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        reference, text = required(body, "id", "text")
        kept = self._own(instance, reference)
        customer = self._chat(instance, kept)
        draft = Draft("edit", filled(text, customer), target=kept.messageid)
        instance.archive.revise(kept.messageid, text=draft.text)
        return await self._send(instance, customer, body, draft, "edit")

    async def delete(self, request: Request) -> Response:
        instance, body = await self._sender(request)
        kept = self._own(instance, required(body, "id")[0])
        self._world.provider_deletes(instance, self._chat(instance, kept), kept.messageid)
        deleted = {"id": kept.messageid, "timestamp": kept.message()["messageTimestamp"]}
        return answer({**deleted, "response": "Message deleted successfully"})

    async def _sender(self, request: Request) -> tuple[Instance, Body]:
        """Token, body and connection, in the order the server looks at them."""
        instance = signed_in(self._world, request)
        body = await read_object(request)
        if instance.status is not Status.CONNECTED:
            raise Refusal(503, "WhatsApp disconnected")
        return instance, body

    async def _send(
        self,
        instance: Instance,
        customer: Customer,
        body: Body,
        draft: Draft,
        function: str,
        choices: list[str] | None = None,
        upload: Upload | None = None,
    ) -> Response:
        draft.reply_to = text_in(body, "replyid")
        track = {key: text_in(body, key) for key in ("track_id", "track_source")}
        if delay := number_in(body, "delay", 0) / 1000:
            await asyncio.sleep(min(delay, LONGEST_DELAY_S))
        message = await self._world.provider_sends(
            instance,
            customer,
            draft,
            track=track,
            choices=choices,
            shown_kind=function,
            upload=upload,
        )
        return answer(_sent(message, f"/send/{function}"))

    def _kept(self, instance: Instance, reference: str) -> Kept:
        kept = instance.archive.get(reference)
        if kept is None:
            raise Refusal(404, "Message not found")
        return kept

    def _own(self, instance: Instance, reference: str) -> Kept:
        """A message of ours: only those can be edited or deleted for everyone."""
        kept = self._kept(instance, reference)
        if not kept.message()["fromMe"]:
            raise Refusal(400, "Only messages sent by this number can be changed")
        return kept

    def _chat(self, instance: Instance, kept: Kept) -> Customer:
        return instance.customer(kept.chatid.removesuffix(PHONE_ENDING))


def _content(upload: Upload) -> dict[str, Any]:
    return {"mimetype": upload.mimetype, "fileLength": len(upload.data)}


def _choices(body: Body) -> list[str]:
    choices = body.get("choices")
    if not isinstance(choices, list) or not all(isinstance(each, str) for each in choices):
        raise Refusal(400, "choices must be a list of strings")
    return choices


def _mark(instance: Instance, reference: str) -> dict[str, str]:
    kept = instance.archive.get(reference)
    if kept is None:
        return {"message_id": reference, "status": "error", "error": "Message not found"}
    instance.customer(kept.chatid.removesuffix(PHONE_ENDING)).unread = 0
    return {"message_id": reference, "status": "success", "error": ""}


def _sent(message: dict[str, Any], function: str) -> dict[str, Any]:
    """The send response: the Message schema of the OpenAPI document (§2.2)."""
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
