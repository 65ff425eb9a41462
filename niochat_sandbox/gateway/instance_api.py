"""The gateway's API for instances, chats and webhook settings (reference §2.2)."""

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from niochat_sandbox.gateway.gateway_instances import (
    GatewayWebhook,
    SimulatedInstance,
    SimulatedInstanceStatus,
)
from niochat_sandbox.gateway.message_api import (
    authenticate_instance,
    require_text_fields,
    resolve_recipient,
)
from niochat_sandbox.gateway.webhook_payloads import QRCODE, build_chat
from niochat_sandbox.http_json import (
    JsonObject,
    SandboxApiError,
    json_response,
    parse_flag_field,
    parse_text_field,
    read_object,
)
from niochat_sandbox.sandbox_state import ADMIN_TOKEN, SandboxState

ADMIN_FIELDS = ("adminField01", "adminField02")
PAIRCODE = "1234-5678"


class GatewayInstanceApi:
    """Routes below ``/instance``, ``/chat`` and ``/webhook``."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """The routes below ``/gateway``."""
        return [
            Route("/instance/init", self.create, methods=["POST"]),
            Route("/instance/create", self.create, methods=["POST"]),
            Route("/instance/all", self.list_all, methods=["GET"]),
            Route("/instance/connect", self.connect, methods=["POST"]),
            Route("/instance/disconnect", self.disconnect, methods=["POST"]),
            Route("/instance/status", self.status, methods=["GET"]),
            Route("/chat/check", self.check_numbers, methods=["POST"]),
            Route("/chat/details", self.details, methods=["POST"]),
            Route("/webhook", self.show_webhook, methods=["GET"]),
            Route("/webhook", self.change_webhook, methods=["POST"]),
            Route("/webhook/errors", self.webhook_errors, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        _check_admin(request)
        body = await read_object(request)
        [name] = require_text_fields(body, "name")
        admin_fields = {key: parse_text_field(body, key) for key in ADMIN_FIELDS}
        instance = SimulatedInstance(
            secrets.token_hex(16),
            name,
            status=SimulatedInstanceStatus.DISCONNECTED,
            admin_fields=admin_fields,
        )
        self._state.instances[instance.token] = instance
        state = build_instance(instance)
        identity = {"name": name, "token": instance.token, "info": ""}
        flags = {"connected": False, "loggedIn": False}
        return json_response(
            {"response": "Instance created", "instance": state, **flags, **identity}
        )

    async def list_all(self, request: Request) -> Response:
        _check_admin(request)
        return json_response([build_instance(each) for each in self._state.instances.values()])

    async def connect(self, request: Request) -> Response:
        instance = authenticate_instance(self._state, request)
        body = await read_object(request)
        if instance.status is not SimulatedInstanceStatus.DISCONNECTED:
            raise SandboxApiError(409, f"Instance is already {instance.status}")
        instance.paircode = PAIRCODE if parse_text_field(body, "phone") else ""
        self._state.change_connection(instance, SimulatedInstanceStatus.CONNECTING)
        state = build_instance(instance)
        return json_response(
            {"connected": False, "loggedIn": False, "jid": None, "instance": state}
        )

    async def disconnect(self, request: Request) -> Response:
        instance = authenticate_instance(self._state, request)
        self._state.change_connection(
            instance, SimulatedInstanceStatus.DISCONNECTED, "disconnected by API"
        )
        return json_response({"response": "Disconnected", "instance": build_instance(instance)})

    async def status(self, request: Request) -> Response:
        instance = authenticate_instance(self._state, request)
        connected = instance.status is SimulatedInstanceStatus.CONNECTED
        jid = {"user": instance.owner, "server": "s.whatsapp.net", "agent": 0, "device": 1}
        link = {"connected": connected, "loggedIn": connected, "jid": jid if connected else None}
        return json_response({"instance": build_instance(instance), "status": link})

    async def check_numbers(self, request: Request) -> Response:
        instance = authenticate_instance(self._state, request)
        numbers = (await read_object(request)).get("numbers")
        if not isinstance(numbers, list) or not all(isinstance(each, str) for each in numbers):
            raise SandboxApiError(400, "numbers must be a list of strings")
        return json_response([_resolve_number(instance, number) for number in numbers])

    async def details(self, request: Request) -> Response:
        instance = authenticate_instance(self._state, request)
        [number] = require_text_fields(await read_object(request), "number")
        return json_response(build_chat(instance, resolve_recipient(instance, number)))

    async def show_webhook(self, request: Request) -> Response:
        return json_response([build_webhook(authenticate_instance(self._state, request).webhook)])

    async def change_webhook(self, request: Request) -> Response:
        """Create or change the only webhook (simple mode); ``action`` "delete" removes it."""
        instance = authenticate_instance(self._state, request)
        body = await read_object(request)
        if parse_text_field(body, "action") == "delete":
            instance.webhook = GatewayWebhook()
        else:
            _update_webhook(instance.webhook, body)
        return json_response([build_webhook(instance.webhook)])

    async def webhook_errors(self, request: Request) -> Response:
        return json_response(list(authenticate_instance(self._state, request).errors))


def build_instance(instance: SimulatedInstance) -> dict[str, Any]:
    """The known fields of the gateway's Instance schema."""
    connecting = instance.status is SimulatedInstanceStatus.CONNECTING
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


def build_webhook(webhook: GatewayWebhook) -> dict[str, Any]:
    """The gateway's Webhook schema."""
    return {
        "id": webhook.id,
        "enabled": webhook.enabled,
        "url": webhook.url,
        "events": webhook.events,
        "excludeMessages": sorted(webhook.exclude),
        "addUrlEvents": webhook.add_url_events,
        "addUrlTypesMessages": webhook.add_url_types,
    }


def _update_webhook(webhook: GatewayWebhook, body: JsonObject) -> None:
    """Overwrite the given fields, all or none. Raises ``SandboxApiError`` (400) for wrong types."""
    url = parse_text_field(body, "url", webhook.url)
    events = _parse_names(body, "events", webhook.events)
    exclude = frozenset(_parse_names(body, "excludeMessages", list(webhook.exclude)))
    by_event = parse_flag_field(body, "addUrlEvents", webhook.add_url_events)
    by_type = parse_flag_field(body, "addUrlTypesMessages", webhook.add_url_types)
    webhook.enabled = parse_flag_field(body, "enabled", True)
    webhook.url, webhook.events, webhook.exclude = url, events, exclude
    webhook.add_url_events, webhook.add_url_types = by_event, by_type


def _parse_names(body: JsonObject, key: str, default: list[str]) -> list[str]:
    value = body.get(key, default)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise SandboxApiError(400, f"{key} must be a list of strings")
    return value


def _check_admin(request: Request) -> None:
    if request.headers.get("admintoken") != ADMIN_TOKEN:
        raise SandboxApiError(401, "Invalid AdminToken Header")


def _resolve_number(instance: SimulatedInstance, query: str) -> dict[str, Any]:
    """One row of /chat/check: the registered JID of a number, with the ninth digit
    resolved (§2.5).
    """
    result = {"query": query, "jid": "", "lid": "", "isInWhatsapp": False}
    extras = {"verifiedName": "", "groupName": "", "error": ""}
    try:
        customer = resolve_recipient(instance, query)
    except SandboxApiError as refusal:
        return {**result, **extras, "error": str(refusal)}
    known = {"jid": customer.phone_jid, "lid": customer.lid, "isInWhatsapp": True}
    return {**result, **known, **extras}
