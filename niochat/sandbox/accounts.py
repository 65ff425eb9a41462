"""The gateway's instances, chats and webhook settings (reference §2.2)."""

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat.sandbox.gateway import recipient, required, signed_in
from niochat.sandbox.instances import Instance, Status, Webhook
from niochat.sandbox.phones import QRCODE, chat_object
from niochat.sandbox.rim import Body, Refusal, answer, flag_in, read_object, text_in
from niochat.sandbox.world import ADMIN_TOKEN, World

ADMIN_FIELDS = ("adminField01", "adminField02")
PAIRCODE = "1234-5678"


class Accounts:
    """`/instance/*`, `/chat/*` and `/webhook*` of one sandbox."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """The routes below `/gateway`."""
        return [
            Route("/instance/init", self.create, methods=["POST"]),
            Route("/instance/create", self.create, methods=["POST"]),
            Route("/instance/all", self.all, methods=["GET"]),
            Route("/instance/connect", self.connect, methods=["POST"]),
            Route("/instance/disconnect", self.disconnect, methods=["POST"]),
            Route("/instance/status", self.status, methods=["GET"]),
            Route("/chat/check", self.check, methods=["POST"]),
            Route("/chat/details", self.details, methods=["POST"]),
            Route("/webhook", self.webhook, methods=["GET"]),
            Route("/webhook", self.change_webhook, methods=["POST"]),
            Route("/webhook/errors", self.webhook_errors, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        _check_admin(request)
        body = await read_object(request)
        [name] = required(body, "name")
        marks = {key: text_in(body, key) for key in ADMIN_FIELDS}
        instance = Instance(
            secrets.token_hex(16), name, status=Status.DISCONNECTED, admin_fields=marks
        )
        self._world.instances[instance.token] = instance
        state = instance_object(instance)
        fresh = {"name": name, "token": instance.token, "info": ""}
        flags = {"connected": False, "loggedIn": False}
        return answer({"response": "Instance created", "instance": state, **flags, **fresh})

    async def all(self, request: Request) -> Response:
        _check_admin(request)
        return answer([instance_object(each) for each in self._world.instances.values()])

    async def connect(self, request: Request) -> Response:
        instance = signed_in(self._world, request)
        body = await read_object(request)
        if instance.status is not Status.DISCONNECTED:
            raise Refusal(409, f"Instance is already {instance.status}")
        instance.paircode = PAIRCODE if text_in(body, "phone") else ""
        self._world.change_connection(instance, Status.CONNECTING)
        state = instance_object(instance)
        return answer({"connected": False, "loggedIn": False, "jid": None, "instance": state})

    async def disconnect(self, request: Request) -> Response:
        instance = signed_in(self._world, request)
        self._world.change_connection(instance, Status.DISCONNECTED, "disconnected by API")
        return answer({"response": "Disconnected", "instance": instance_object(instance)})

    async def status(self, request: Request) -> Response:
        instance = signed_in(self._world, request)
        connected = instance.status is Status.CONNECTED
        jid = {"user": instance.owner, "server": "s.whatsapp.net", "agent": 0, "device": 1}
        link = {"connected": connected, "loggedIn": connected, "jid": jid if connected else None}
        return answer({"instance": instance_object(instance), "status": link})

    async def check(self, request: Request) -> Response:
        instance = signed_in(self._world, request)
        numbers = (await read_object(request)).get("numbers")
        if not isinstance(numbers, list) or not all(isinstance(each, str) for each in numbers):
            raise Refusal(400, "numbers must be a list of strings")
        return answer([_checked(instance, number) for number in numbers])

    async def details(self, request: Request) -> Response:
        instance = signed_in(self._world, request)
        [number] = required(await read_object(request), "number")
        return answer(chat_object(instance, recipient(instance, number)))

    async def webhook(self, request: Request) -> Response:
        return answer([webhook_object(signed_in(self._world, request).webhook)])

    async def change_webhook(self, request: Request) -> Response:
        """Simple mode: one webhook, created or changed; action delete takes it away."""
        instance = signed_in(self._world, request)
        body = await read_object(request)
        if text_in(body, "action") == "delete":
            instance.webhook = Webhook()
        else:
            _upsert(instance.webhook, body)
        return answer([webhook_object(instance.webhook)])

    async def webhook_errors(self, request: Request) -> Response:
        return answer(list(signed_in(self._world, request).errors))


def instance_object(instance: Instance) -> dict[str, Any]:
    """The Instance schema, as far as it is known."""
    connecting = instance.status is Status.CONNECTING
    return {
        "id": instance.id,
        "token": instance.token,
        "name": instance.name,
        "status": instance.status,
        "qrcode": QRCODE if connecting and not instance.paircode else "",
        "paircode": instance.paircode if connecting else "",
        "profileName": instance.name,
        "profilePicUrl": "",
        "isBusiness": True,
        "plataform": "android",
        "owner": instance.owner,
        "lastDisconnect": instance.last_disconnect,
        "lastDisconnectReason": instance.last_disconnect_reason,
        **{key: instance.admin_fields.get(key, "") for key in ADMIN_FIELDS},
    }


def webhook_object(webhook: Webhook) -> dict[str, Any]:
    """The Webhook schema."""
    return {
        "id": webhook.id,
        "enabled": webhook.enabled,
        "url": webhook.url,
        "events": webhook.events,
        "excludeMessages": sorted(webhook.exclude),
        "addUrlEvents": webhook.add_url_events,
        "addUrlTypesMessages": webhook.add_url_types,
    }


def _upsert(webhook: Webhook, body: Body) -> None:
    """Overwrites the fields given, all or none. Refuses wrong types with 400."""
    url = text_in(body, "url", webhook.url)
    events = _names(body, "events", webhook.events)
    exclude = frozenset(_names(body, "excludeMessages", list(webhook.exclude)))
    by_event = flag_in(body, "addUrlEvents", webhook.add_url_events)
    by_type = flag_in(body, "addUrlTypesMessages", webhook.add_url_types)
    webhook.enabled = flag_in(body, "enabled", True)
    webhook.url, webhook.events, webhook.exclude = url, events, exclude
    webhook.add_url_events, webhook.add_url_types = by_event, by_type


def _names(body: Body, key: str, default: list[str]) -> list[str]:
    value = body.get(key, default)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Refusal(400, f"{key} must be a list of strings")
    return value


def _check_admin(request: Request) -> None:
    if request.headers.get("admintoken") != ADMIN_TOKEN:
        raise Refusal(401, "Invalid AdminToken Header")


def _checked(instance: Instance, query: str) -> dict[str, Any]:
    """One line of /chat/check: the JID a number really has, its ninth digit resolved (§2.5)."""
    result = {"query": query, "jid": "", "lid": "", "isInWhatsapp": False}
    extras = {"verifiedName": "", "groupName": "", "error": ""}
    try:
        customer = recipient(instance, query)
    except Refusal as refusal:
        return {**result, **extras, "error": str(refusal)}
    known = {"jid": customer.phone_jid, "lid": customer.lid, "isInWhatsapp": True}
    return {**result, **known, **extras}
