"""The control API `/sandbox`: what people and tests do in the simulated world."""

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
    """Instances, phones and raw webhooks."""

    def __init__(self, world: SandboxState) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes below `/sandbox`."""
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
        pending = self._world.dispatcher.pending_count
        return json_response({"status": "ok", "pending_webhooks": pending})

    async def list_instances(self, _request: Request) -> Response:
        return json_response(
            {"items": [_format_instance(each) for each in self._world.instances.values()]}
        )

    async def put_instance(self, request: Request) -> Response:
        """Creates or updates; what is not given stays as it is."""
        token = request.path_params["token"]
        body = await read_object(request)
        known = self._world.instances.get(token)
        owner = _normalize_phone(
            parse_text_field(body, "owner", known.owner if known else "558130000001")
        )
        name = parse_text_field(body, "name", known.name if known else f"provedor-{token[:8]}")
        url = parse_text_field(body, "webhook_url")
        instance = self._world.instances.setdefault(token, SimulatedInstance(token, name))
        instance.owner, instance.name = owner, name
        if url:
            instance.webhook.url, instance.webhook.enabled = url, True
        return json_response(_format_instance(instance), 200 if known else 201)

    async def write_as_customer(self, request: Request) -> Response:
        instance = self._instance(request)
        body = await read_object(request)
        upload = _parse_upload(body)
        draft = _parse_action(instance, body)
        identity = _parse_identity(body)
        customer = self._customer(instance, request)
        _apply_identity(instance, customer, identity)
        if draft.reply_to:
            draft.quoted_text = _find_text(customer, draft.reply_to)
        return json_response(
            {"messageid": self._world.write_as_customer(instance, customer, draft, upload)}
        )

    async def read_phone(self, request: Request) -> Response:
        """Long poll: answers at once when there is something after `after`."""
        customer = self._customer(self._instance(request), request)
        after = int(parse_query_number(request, "after", 0))
        wait = min(parse_query_number(request, "wait", 0), MAX_WAIT_S)
        items = await customer.wait_for_messages(after, wait)
        last = items[-1].position if items else after
        return json_response(
            {"items": [format_phone_message(item) for item in items], "next": last}
        )

    async def download_file(self, request: Request) -> Response:
        """The bytes of a file on this phone; 404 when none came, or it was dropped since."""
        instance = self._instance(request)
        messageid = request.path_params["messageid"]
        lines = self._customer(instance, request).messages
        upload = instance.uploads.get(messageid)
        if upload is None or all(line.messageid != messageid for line in lines):
            raise SandboxApiError(404, "no such file on this phone")
        return Response(upload.data, media_type=upload.mimetype)

    async def write_as_provider(self, request: Request) -> Response:
        instance = self._instance(request)
        body = await read_object(request)
        phone, text = require_text_fields(body, "phone", "text")
        after_s = body.get("after_s", TYPING_TIME_S)
        if not isinstance(after_s, int) or not 0 <= after_s <= 60:
            raise SandboxApiError(400, "after_s is 0 to 60 seconds")
        customer = instance.get_or_create_customer(_normalize_phone(phone))
        typed = self._world.write_as_provider(instance, customer, text, after_s)
        return json_response({"messageid": typed})

    async def change_connection(self, request: Request) -> Response:
        instance = self._instance(request)
        body = await read_object(request)
        try:
            status = SimulatedInstanceStatus(parse_text_field(body, "status"))
        except ValueError as error:
            raise SandboxApiError(400, str(error)) from None
        self._world.change_connection(instance, status, parse_text_field(body, "reason"))
        return json_response(_format_instance(instance))

    async def scan_qr_code(self, request: Request) -> Response:
        """The provider's phone scans the picture, or types the code, that is shown."""
        instance = self._instance(request)
        owner = parse_text_field(await read_object(request), "phone")
        if instance.status is not SimulatedInstanceStatus.CONNECTING:
            raise SandboxApiError(409, "there is no picture to scan: connect the instance first")
        if owner:
            instance.owner = _normalize_phone(owner)
        self._world.change_connection(instance, SimulatedInstanceStatus.CONNECTED)
        return json_response(_format_instance(instance))

    async def post_webhooks(self, request: Request) -> Response:
        """Posts the body as it is, `times` times; one after another unless `parallel=1`."""
        instance = self._instance(request)
        if not instance.webhook.url:
            raise SandboxApiError(409, "this instance has no webhook url")
        body = await request.body()
        times = int(parse_query_number(request, "times", 1))
        if not 1 <= times <= MAX_REPEATS:
            raise SandboxApiError(400, f"times must be 1 to {MAX_REPEATS}")
        post = self._world.dispatcher.post_raw
        if parse_query_number(request, "parallel", 0):
            return json_response(
                {"statuses": await asyncio.gather(*(post(instance, body) for _ in range(times)))}
            )
        return json_response({"statuses": [await post(instance, body) for _ in range(times)]})

    def _instance(self, request: Request) -> SimulatedInstance:
        instance = self._world.instances.get(request.path_params["token"])
        if instance is None:
            raise SandboxApiError(404, "no such instance")
        return instance

    def _customer(self, instance: SimulatedInstance, request: Request) -> SimulatedCustomer:
        return instance.get_or_create_customer(_normalize_phone(request.path_params["phone"]))


def format_phone_message(exchange: PhoneMessage) -> dict[str, Any]:
    """A line of a phone; `choices`, `target` and `file` only where there is one."""
    item: dict[str, Any] = {
        "position": exchange.position,
        "direction": exchange.direction,
        "text": exchange.text,
        "kind": exchange.kind,
        "messageid": exchange.messageid,
        "track_id": exchange.track_id,
        "at": exchange.at,
    }
    if exchange.target:
        item["target"] = exchange.target
    if exchange.choices:
        item["choices"] = exchange.choices
    if exchange.file is not None:
        item["file"] = asdict(exchange.file)
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
    """The file that comes with it: `speech` is spoken into a voice note of `seconds`, `sample` is
    one of the sandbox's own, `data` any other as base64 with its `mimetype`. What the message
    looks like follows from it.
    """
    speech, name, data = (parse_text_field(body, each) for each in ("speech", "sample", "data"))
    if speech:
        seconds = parse_number_field(body, "seconds", max(1.0, len(speech) / 15))
        if not 0 < seconds <= MAX_SECONDS:
            raise SandboxApiError(400, f"seconds is above 0, and at most {MAX_SECONDS}")
        found = SampleFile("ptt", "audio/ogg", "", build_voice_note(speech, seconds))
        _merge_content(body, {"seconds": round(seconds)})
    elif name:
        known = get_sample(name)
        if known is None:
            raise SandboxApiError(400, f"sample must be one of {', '.join(sorted(list_samples()))}")
        found = known
    elif "data" in body:
        mimetype = parse_text_field(body, "mimetype", UNKNOWN_MIMETYPE)
        kind = parse_text_field(body, "kind", "document")
        found = SampleFile(kind, mimetype, parse_text_field(body, "file"), _decode_base64(data))
    else:
        return None
    body["kind"], body["file"] = found.kind, found.name
    _merge_content(body, {"mimetype": found.mimetype, "fileLength": len(found.data)})
    return UploadedFile(found.data, found.mimetype, found.name)


def _merge_content(body: JsonObject, fields: dict[str, Any]) -> None:
    """Beneath what the body says of its content itself."""
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
    """Name, LID (None: as before, False: none) and whether the phone is hidden."""
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
    lines = reversed(customer.messages)
    return next((line.text for line in lines if line.messageid == messageid), "")
