"""The control API by which people and tests act as phones and instances."""

import asyncio
import base64
import binascii
import re
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat_sandbox.gateway.content_builders import CUSTOMER_KINDS, DELETION, PhoneAction
from niochat_sandbox.gateway.gateway_instances import (
    LID_SUFFIX,
    PhoneMessage,
    SimulatedCustomer,
    SimulatedInstance,
    SimulatedInstanceStatus,
    generate_lid,
)
from niochat_sandbox.gateway.instance_api import build_instance, build_webhook
from niochat_sandbox.gateway.media_uploads import UNKNOWN_MIMETYPE, UploadedFile
from niochat_sandbox.gateway.message_api import require_text_fields
from niochat_sandbox.http_json import (
    JsonObject,
    SandboxApiError,
    json_response,
    parse_flag_field,
    parse_number_field,
    parse_query_number,
    parse_text_field,
    read_object,
)
from niochat_sandbox.sample_files import SampleFile, get_sample, list_samples
from niochat_sandbox.sandbox_state import TYPING_TIME_S, SandboxState
from niochat_sandbox.voice_notes import MAX_SECONDS, build_voice_note

MAX_WAIT_S = 120.0
MAX_REPEATS = 10_000
_NEED_TARGET = {"reaction", "edit", DELETION, "poll_vote"}


class PhoneControlApi:
    """Routes for instances, phones and raw webhooks."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """The routes below ``/sandbox``."""
        instance = "/instances/{token}"
        phone = instance + "/customers/{phone}/messages"
        return [
            Route("/health", self.health),
            Route(phone, self.read_phone, methods=["GET"]),
            Route(phone, self.write_as_customer, methods=["POST"]),
            Route(
                instance + "/customers/{phone}/files/{messageid}",
                self.download_file,
                methods=["GET"],
            ),
            Route(instance + "/phone-messages", self.write_as_provider, methods=["POST"]),
            Route(instance + "/scan", self.scan_qr_code, methods=["POST"]),
            Route(instance + "/connection", self.change_connection, methods=["POST"]),
            Route(instance + "/webhooks", self.post_webhooks, methods=["POST"]),
            Route(instance, self.put_instance, methods=["PUT"]),
            Route("/instances", self.list_instances, methods=["GET"]),
        ]

    async def health(self, _request: Request) -> Response:
        pending = self._state.dispatcher.pending_count
        return json_response({"status": "ok", "pending_webhooks": pending})

    async def list_instances(self, _request: Request) -> Response:
        return json_response(
            {"items": [_format_instance(each) for each in self._state.instances.values()]}
        )

    async def put_instance(self, request: Request) -> Response:
        """Create or update an instance; fields that are absent keep their values."""
        token = request.path_params["token"]
        body = await read_object(request)
        known = self._state.instances.get(token)
        owner = _normalize_phone(
            parse_text_field(body, "owner", known.owner if known else "558130000001")
        )
        name = parse_text_field(body, "name", known.name if known else f"provedor-{token[:8]}")
        url = parse_text_field(body, "webhook_url")
        instance = self._state.instances.setdefault(token, SimulatedInstance(token, name))
        instance.owner, instance.name = owner, name
        if url:
            instance.webhook.url, instance.webhook.enabled = url, True
        return json_response(_format_instance(instance), 200 if known else 201)

    async def write_as_customer(self, request: Request) -> Response:
        instance = self._instance(request)
        body = await read_object(request)
        upload = _parse_upload(body)
        action = _parse_action(instance, body)
        identity = _parse_identity(body)
        customer = self._customer(instance, request)
        _apply_identity(instance, customer, identity)
        if action.reply_to:
            action.quoted_text = _find_text(customer, action.reply_to)
        return json_response(
            {"messageid": self._state.write_as_customer(instance, customer, action, upload)}
        )

    async def read_phone(self, request: Request) -> Response:
        """Long poll for the messages after ``after``; returns at once if there are any.

        ``wait``: the maximum waiting time in seconds.
        """
        customer = self._customer(self._instance(request), request)
        after = int(parse_query_number(request, "after", 0))
        wait = min(parse_query_number(request, "wait", 0), MAX_WAIT_S)
        items = await customer.wait_for_messages(after, wait)
        last = items[-1].position if items else after
        return json_response(
            {"items": [format_phone_message(item) for item in items], "next": last}
        )

    async def download_file(self, request: Request) -> Response:
        """Return the bytes of a file on this phone; 404 if it never arrived or was dropped."""
        instance = self._instance(request)
        messageid = request.path_params["messageid"]
        messages = self._customer(instance, request).messages
        upload = instance.uploads.get(messageid)
        if upload is None or all(message.messageid != messageid for message in messages):
            raise SandboxApiError(404, "no such file on this phone")
        return Response(upload.data, media_type=upload.mimetype)

    async def write_as_provider(self, request: Request) -> Response:
        instance = self._instance(request)
        body = await read_object(request)
        phone, text = require_text_fields(body, "phone", "text")
        after_s = body.get("after_s", TYPING_TIME_S)
        if not isinstance(after_s, int) or not 0 <= after_s <= 60:
            raise SandboxApiError(400, "after_s must be 0 to 60 seconds")
        customer = instance.get_or_create_customer(_normalize_phone(phone))
        typed = self._state.write_as_provider(instance, customer, text, after_s)
        return json_response({"messageid": typed})

    async def change_connection(self, request: Request) -> Response:
        instance = self._instance(request)
        body = await read_object(request)
        try:
            status = SimulatedInstanceStatus(parse_text_field(body, "status"))
        except ValueError as error:
            raise SandboxApiError(400, str(error)) from None
        self._state.change_connection(instance, status, parse_text_field(body, "reason"))
        return json_response(_format_instance(instance))

    async def scan_qr_code(self, request: Request) -> Response:
        """Simulate that the provider's phone scans the QR code or types the pairing code."""
        instance = self._instance(request)
        owner = parse_text_field(await read_object(request), "phone")
        if instance.status is not SimulatedInstanceStatus.CONNECTING:
            raise SandboxApiError(409, "there is no QR code to scan: connect the instance first")
        if owner:
            instance.owner = _normalize_phone(owner)
        self._state.change_connection(instance, SimulatedInstanceStatus.CONNECTED)
        return json_response(_format_instance(instance))

    async def post_webhooks(self, request: Request) -> Response:
        """Post the body unchanged ``times`` times, one after another unless ``parallel=1``."""
        instance = self._instance(request)
        if not instance.webhook.url:
            raise SandboxApiError(409, "this instance has no webhook url")
        body = await request.body()
        times = int(parse_query_number(request, "times", 1))
        if not 1 <= times <= MAX_REPEATS:
            raise SandboxApiError(400, f"times must be 1 to {MAX_REPEATS}")
        post = self._state.dispatcher.post_raw
        if parse_query_number(request, "parallel", 0):
            return json_response(
                {"statuses": await asyncio.gather(*(post(instance, body) for _ in range(times)))}
            )
        return json_response({"statuses": [await post(instance, body) for _ in range(times)]})

    def _instance(self, request: Request) -> SimulatedInstance:
        instance = self._state.instances.get(request.path_params["token"])
        if instance is None:
            raise SandboxApiError(404, "no such instance")
        return instance

    def _customer(self, instance: SimulatedInstance, request: Request) -> SimulatedCustomer:
        return instance.get_or_create_customer(_normalize_phone(request.path_params["phone"]))


def format_phone_message(message: PhoneMessage) -> dict[str, Any]:
    """Convert a message on a phone to JSON; ``choices``, ``target`` and ``file`` only if it has
    them.
    """
    item: dict[str, Any] = {
        "position": message.position,
        "direction": message.direction,
        "text": message.text,
        "kind": message.kind,
        "messageid": message.messageid,
        "track_id": message.track_id,
        "at": message.at,
    }
    if message.target:
        item["target"] = message.target
    if message.choices:
        item["choices"] = message.choices
    if message.file is not None:
        item["file"] = asdict(message.file)
    return item


def _format_instance(instance: SimulatedInstance) -> dict[str, Any]:
    state = build_instance(instance)
    webhook = build_webhook(instance.webhook)
    counts = {"customers": len(instance.customers), "errors": len(instance.errors)}
    return {**state, "lid": instance.lid, "webhook": webhook, **counts}


def _normalize_phone(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)
    if not 8 <= len(digits) <= 20:
        raise SandboxApiError(400, f"not a phone number: {phone}")
    return digits


def _parse_upload(body: JsonObject) -> UploadedFile | None:
    """Parse the file that a message brings; ``None``: no file.

    ``speech`` is embedded in a voice note of ``seconds``; ``sample`` names one of the sandbox's
    files; ``data`` is any other file as base64, with its ``mimetype``. The kind of the message
    follows from the file.
    """
    speech, name, data = (parse_text_field(body, each) for each in ("speech", "sample", "data"))
    if speech:
        seconds = parse_number_field(body, "seconds", max(1.0, len(speech) / 15))
        if not 0 < seconds <= MAX_SECONDS:
            raise SandboxApiError(400, f"seconds must be above 0 and at most {MAX_SECONDS}")
        sample = SampleFile("ptt", "audio/ogg", "", build_voice_note(speech, seconds))
        _merge_content(body, {"seconds": round(seconds)})
    elif name:
        known = get_sample(name)
        if known is None:
            raise SandboxApiError(400, f"sample must be one of {', '.join(sorted(list_samples()))}")
        sample = known
    elif "data" in body:
        mimetype = parse_text_field(body, "mimetype", UNKNOWN_MIMETYPE)
        kind = parse_text_field(body, "kind", "document")
        sample = SampleFile(kind, mimetype, parse_text_field(body, "file"), _decode_base64(data))
    else:
        return None
    body["kind"], body["file"] = sample.kind, sample.name
    _merge_content(body, {"mimetype": sample.mimetype, "fileLength": len(sample.data)})
    return UploadedFile(sample.data, sample.mimetype, sample.name)


def _merge_content(body: JsonObject, fields: dict[str, Any]) -> None:
    """Add the fields to the body's content; fields that the body sets itself take precedence."""
    content = body.get("content")
    body["content"] = {**fields, **(content if isinstance(content, dict) else {})}


def _decode_base64(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise SandboxApiError(400, "data must be base64") from None


def _parse_action(instance: SimulatedInstance, body: JsonObject) -> PhoneAction:
    kind = parse_text_field(body, "kind", "text")
    if kind not in CUSTOMER_KINDS:
        raise SandboxApiError(400, f"kind must be one of {', '.join(sorted(CUSTOMER_KINDS))}")
    if kind in _NEED_TARGET:
        require_text_fields(body, "target")
    content = body.get("content", {})
    if not isinstance(content, dict):
        raise SandboxApiError(400, "content must be an object")
    text = parse_text_field(body, "text")
    return PhoneAction(
        kind,
        text,
        option=parse_text_field(body, "option", text),
        target=parse_text_field(body, "target"),
        reply_to=parse_text_field(body, "reply_to"),
        file=parse_text_field(body, "file"),
        our_lid=instance.lid,
        content=content,
    )


def _parse_identity(body: JsonObject) -> tuple[str, str | bool | None, bool | None]:
    """Parse the name, the LID (None: unchanged, False: none) and whether the phone number is
    hidden.
    """
    lid = body.get("lid")
    if lid is not None and not isinstance(lid, str | bool):
        raise SandboxApiError(400, "lid must be true, false or a string")
    hidden = parse_flag_field(body, "hide_phone", False) if "hide_phone" in body else None
    return parse_text_field(body, "name"), lid, hidden


def _apply_identity(
    instance: SimulatedInstance,
    customer: SimulatedCustomer,
    identity: tuple[str, str | bool | None, bool | None],
) -> None:
    name, lid, hidden = identity
    customer.name = name or customer.name
    if hidden is not None:
        customer.hidden = hidden
    if isinstance(lid, str) and lid:
        instance.assign_lid(customer, lid.removesuffix(LID_SUFFIX) + LID_SUFFIX)
    elif lid is False:
        instance.assign_lid(customer, "")
    elif lid is True and not customer.lid:
        instance.assign_lid(customer, generate_lid(customer.phone))


def _find_text(customer: SimulatedCustomer, messageid: str) -> str:
    messages = reversed(customer.messages)
    return next((message.text for message in messages if message.messageid == messageid), "")
