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

from niochat.sandbox.accounts import instance_object, webhook_object
from niochat.sandbox.contents import CUSTOMER_KINDS, DELETION, Draft
from niochat.sandbox.gateway import required
from niochat.sandbox.instances import LID_ENDING, Customer, Exchange, Instance, Status, invented_lid
from niochat.sandbox.rim import (
    Body,
    Refusal,
    answer,
    flag_in,
    number_in,
    query_number,
    read_object,
    text_in,
)
from niochat.sandbox.samples import Sample, sample, samples
from niochat.sandbox.uploads import UNKNOWN, Upload
from niochat.sandbox.voices import MOST_SECONDS, voice_note
from niochat.sandbox.world import PERSON_S, World

LONGEST_WAIT_S = 120.0
MOST_TIMES = 10_000
_NEED_TARGET = {"reaction", "edit", DELETION, "poll_vote"}


class Control:
    """Instances, phones and raw webhooks."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes below `/sandbox`."""
        instance = "/instances/{token}"
        phone = instance + "/customers/{phone}/messages"
        return [
            Route("/health", self.health),
            Route(phone, self.read_phone, methods=["GET"]),
            Route(phone, self.customer_writes, methods=["POST"]),
            Route(instance + "/customers/{phone}/files/{messageid}", self.file, methods=["GET"]),
            Route(instance + "/phone-messages", self.provider_types, methods=["POST"]),
            Route(instance + "/scan", self.scan, methods=["POST"]),
            Route(instance + "/connection", self.change_connection, methods=["POST"]),
            Route(instance + "/webhooks", self.post_webhooks, methods=["POST"]),
            Route(instance, self.put_instance, methods=["PUT"]),
            Route("/instances", self.instances, methods=["GET"]),
        ]

    async def health(self, _request: Request) -> Response:
        pending = self._world.courier.pending
        return answer({"status": "ok", "pending_webhooks": pending})

    async def instances(self, _request: Request) -> Response:
        return answer({"items": [_described(each) for each in self._world.instances.values()]})

    async def put_instance(self, request: Request) -> Response:
        """Creates or updates; what is not given stays as it is."""
        token = request.path_params["token"]
        body = await read_object(request)
        known = self._world.instances.get(token)
        owner = _digits(text_in(body, "owner", known.owner if known else "558130000001"))
        name = text_in(body, "name", known.name if known else f"provedor-{token[:8]}")
        url = text_in(body, "webhook_url")
        instance = self._world.instances.setdefault(token, Instance(token, name))
        instance.owner, instance.name = owner, name
        if url:
            instance.webhook.url, instance.webhook.enabled = url, True
        return answer(_described(instance), 200 if known else 201)

    async def customer_writes(self, request: Request) -> Response:
        instance = self._instance(request)
        body = await read_object(request)
        upload = _upload(body)
        draft = _draft(instance, body)
        identity = _identity(body)
        customer = self._customer(instance, request)
        _apply_identity(instance, customer, identity)
        if draft.reply_to:
            draft.quoted_text = _text_of(customer, draft.reply_to)
        return answer({"messageid": self._world.customer_writes(instance, customer, draft, upload)})

    async def read_phone(self, request: Request) -> Response:
        """Long poll: answers at once when there is something after `after`."""
        customer = self._customer(self._instance(request), request)
        after = int(query_number(request, "after", 0))
        wait = min(query_number(request, "wait", 0), LONGEST_WAIT_S)
        items = await customer.wait_after(after, wait)
        last = items[-1].position if items else after
        return answer({"items": [exchange_object(item) for item in items], "next": last})

    async def file(self, request: Request) -> Response:
        """The bytes of a file on this phone; 404 when none came, or it was dropped since."""
        instance = self._instance(request)
        messageid = request.path_params["messageid"]
        lines = self._customer(instance, request).exchanges
        upload = instance.uploads.get(messageid)
        if upload is None or all(line.messageid != messageid for line in lines):
            raise Refusal(404, "no such file on this phone")
        return Response(upload.data, media_type=upload.mimetype)

    async def provider_types(self, request: Request) -> Response:
        instance = self._instance(request)
        body = await read_object(request)
        phone, text = required(body, "phone", "text")
        after_s = body.get("after_s", PERSON_S)
        if not isinstance(after_s, int) or not 0 <= after_s <= 60:
            raise Refusal(400, "after_s is 0 to 60 seconds")
        customer = instance.customer(_digits(phone))
        typed = self._world.provider_types(instance, customer, text, after_s)
        return answer({"messageid": typed})

    async def change_connection(self, request: Request) -> Response:
        instance = self._instance(request)
        body = await read_object(request)
        try:
            status = Status(text_in(body, "status"))
        except ValueError as error:
            raise Refusal(400, str(error)) from None
        self._world.change_connection(instance, status, text_in(body, "reason"))
        return answer(_described(instance))

    async def scan(self, request: Request) -> Response:
        """The provider's phone scans the picture, or types the code, that is shown."""
        instance = self._instance(request)
        owner = text_in(await read_object(request), "phone")
        if instance.status is not Status.CONNECTING:
            raise Refusal(409, "there is no picture to scan: connect the instance first")
        if owner:
            instance.owner = _digits(owner)
        self._world.change_connection(instance, Status.CONNECTED)
        return answer(_described(instance))

    async def post_webhooks(self, request: Request) -> Response:
        """Posts the body as it is, `times` times; one after another unless `parallel=1`."""
        instance = self._instance(request)
        if not instance.webhook.url:
            raise Refusal(409, "this instance has no webhook url")
        body = await request.body()
        times = int(query_number(request, "times", 1))
        if not 1 <= times <= MOST_TIMES:
            raise Refusal(400, f"times must be 1 to {MOST_TIMES}")
        post = self._world.courier.post_raw
        if query_number(request, "parallel", 0):
            return answer(
                {"statuses": await asyncio.gather(*(post(instance, body) for _ in range(times)))}
            )
        return answer({"statuses": [await post(instance, body) for _ in range(times)]})

    def _instance(self, request: Request) -> Instance:
        instance = self._world.instances.get(request.path_params["token"])
        if instance is None:
            raise Refusal(404, "no such instance")
        return instance

    def _customer(self, instance: Instance, request: Request) -> Customer:
        return instance.customer(_digits(request.path_params["phone"]))


def exchange_object(exchange: Exchange) -> dict[str, Any]:
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


def _described(instance: Instance) -> dict[str, Any]:
    state = instance_object(instance)
    webhook = webhook_object(instance.webhook)
    counts = {"customers": len(instance.customers), "errors": len(instance.errors)}
    return {**state, "lid": instance.lid, "webhook": webhook, **counts}


def _digits(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)
    if not 8 <= len(digits) <= 20:
        raise Refusal(400, f"not a phone number: {phone}")
    return digits


def _upload(body: Body) -> Upload | None:
    """The file that comes with it: `speech` is spoken into a voice note of `seconds`, `sample` is
    one of the sandbox's own, `data` any other as base64 with its `mimetype`. What the message
    looks like follows from it.
    """
    speech, name, data = (text_in(body, each) for each in ("speech", "sample", "data"))
    if speech:
        seconds = number_in(body, "seconds", max(1.0, len(speech) / 15))
        if not 0 < seconds <= MOST_SECONDS:
            raise Refusal(400, f"seconds is above 0, and at most {MOST_SECONDS}")
        found = Sample("ptt", "audio/ogg", "", voice_note(speech, seconds))
        _lay(body, {"seconds": round(seconds)})
    elif name:
        known = sample(name)
        if known is None:
            raise Refusal(400, f"sample must be one of {', '.join(sorted(samples()))}")
        found = known
    elif "data" in body:
        mimetype = text_in(body, "mimetype", UNKNOWN)
        kind = text_in(body, "kind", "document")
        found = Sample(kind, mimetype, text_in(body, "file"), _decoded(data))
    else:
        return None
    body["kind"], body["file"] = found.kind, found.name
    _lay(body, {"mimetype": found.mimetype, "fileLength": len(found.data)})
    return Upload(found.data, found.mimetype, found.name)


def _lay(body: Body, fields: dict[str, Any]) -> None:
    """Beneath what the body says of its content itself."""
    content = body.get("content")
    body["content"] = {**fields, **(content if isinstance(content, dict) else {})}


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise Refusal(400, "data must be base64") from None


def _draft(instance: Instance, body: Body) -> Draft:
    kind = text_in(body, "kind", "text")
    if kind not in CUSTOMER_KINDS:
        raise Refusal(400, f"kind must be one of {', '.join(sorted(CUSTOMER_KINDS))}")
    if kind in _NEED_TARGET:
        required(body, "target")
    content = body.get("content", {})
    if not isinstance(content, dict):
        raise Refusal(400, "content must be an object")
    text = text_in(body, "text")
    return Draft(
        kind,
        text,
        option=text_in(body, "option", text),
        target=text_in(body, "target"),
        reply_to=text_in(body, "reply_to"),
        file=text_in(body, "file"),
        our_lid=instance.lid,
        content=content,
    )


def _identity(body: Body) -> tuple[str, str | bool | None, bool | None]:
    """Name, LID (None: as before, False: none) and whether the phone is hidden."""
    lid = body.get("lid")
    if lid is not None and not isinstance(lid, str | bool):
        raise Refusal(400, "lid must be true, false or a string")
    hidden = flag_in(body, "hide_phone", False) if "hide_phone" in body else None
    return text_in(body, "name"), lid, hidden


def _apply_identity(
    instance: Instance,
    customer: Customer,
    identity: tuple[str, str | bool | None, bool | None],
) -> None:
    name, lid, hidden = identity
    customer.name = name or customer.name
    if hidden is not None:
        customer.hidden = hidden
    if isinstance(lid, str) and lid:
        instance.rename_lid(customer, lid.removesuffix(LID_ENDING) + LID_ENDING)
    elif lid is False:
        instance.rename_lid(customer, "")
    elif lid is True and not customer.lid:
        instance.rename_lid(customer, invented_lid(customer.phone))


def _text_of(customer: Customer, messageid: str) -> str:
    lines = reversed(customer.exchanges)
    return next((line.text for line in lines if line.messageid == messageid), "")
