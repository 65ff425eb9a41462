"""The state that all parts of the sandbox share, and the actions that change it."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from niochat_sandbox.fault_injection.fault_rules import FaultRuleSet
from niochat_sandbox.gateway.content_builders import DELETION, PhoneAction
from niochat_sandbox.gateway.gateway_instances import (
    MessageDirection,
    PhoneMessage,
    SimulatedCustomer,
    SimulatedInstance,
    SimulatedInstanceStatus,
)
from niochat_sandbox.gateway.media_uploads import UploadedFile
from niochat_sandbox.gateway.webhook_delivery import (
    WebhookDelivery,
    WebhookDeliverySettings,
    WebhookDispatcher,
)
from niochat_sandbox.gateway.webhook_payloads import (
    build_chat,
    build_connection_webhook,
    build_customer_message,
    build_provider_message,
    build_update_webhook,
)
from niochat_sandbox.http_json import encode_json
from niochat_sandbox.sgp.erp_installations import SgpInstallationRegistry

ADMIN_TOKEN = "sandbox-admin"
TYPING_TIME_S = 10
"""Seconds that a person needs to read and type."""


@dataclass(slots=True)
class ScriptedModelSettings:
    """Delays of the scripted model in seconds."""

    latency_s: float = 0.3
    stream_chunk_delay_s: float = 0.0


@dataclass(slots=True)
class SandboxState:
    """The state of one sandbox process, in memory only."""

    base_url: str
    instances: dict[str, SimulatedInstance] = field(default_factory=dict)
    sgp_installations: SgpInstallationRegistry = field(default_factory=SgpInstallationRegistry)
    faults: FaultRuleSet = field(default_factory=FaultRuleSet)
    delivery: WebhookDeliverySettings = field(default_factory=WebhookDeliverySettings)
    model: ScriptedModelSettings = field(default_factory=ScriptedModelSettings)
    dispatcher: WebhookDispatcher = field(init=False)

    def __post_init__(self) -> None:
        self.dispatcher = WebhookDispatcher(self.faults, self.delivery)

    def write_as_customer(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        action: PhoneAction,
        upload: UploadedFile | None = None,
    ) -> str:
        """Send an action from a customer's phone; return its ``messageid`` without waiting for the
        webhook.

        ``upload``: the file that was sent; without it a placeholder stands in. While the instance
        is not connected, WhatsApp keeps the message and delivers it after the reconnection.
        """
        if action.kind == DELETION:
            return self._delete_as_customer(instance, customer, action.target)
        customer.unread += 1
        message = build_customer_message(instance, customer, action)
        phone_message = customer.add_message(
            MessageDirection.SENT,
            action.kind,
            action.text,
            message["messageid"],
            target=action.target,
        )
        if upload is not None:
            instance.uploads.add(phone_message.messageid, upload)
            phone_message.file = upload.summarize()
        delivery = self._build_message_delivery(instance, customer, message, phone_message)
        if instance.status is SimulatedInstanceStatus.CONNECTED:
            self._receive_message(instance, message, delivery)
        else:
            instance.held_deliveries.append((message, delivery))
        return phone_message.messageid

    def write_as_provider(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        text: str,
        after_s: int = TYPING_TIME_S,
    ) -> str:
        """Send a text that was typed on the provider's own phone; return its ``messageid``.

        WhatsApp's timestamp is ``after_s`` seconds from now; 0 simulates the app's automatic
        greeting.
        """
        message = build_provider_message(
            instance, customer, PhoneAction("text", text), by_api=False
        )
        message = {**message, "messageTimestamp": message["messageTimestamp"] + after_s * 1000}
        phone_message = customer.add_message(
            MessageDirection.RECEIVED, "text", text, message["messageid"]
        )
        delivery = self._build_message_delivery(instance, customer, message, phone_message)
        self._receive_message(instance, message, delivery)
        return phone_message.messageid

    def delivery_settings_for(self, instance: SimulatedInstance | None) -> WebhookDeliverySettings:
        """The delivery settings of an instance: its own or the shared ones."""
        return (instance and instance.delivery) or self.delivery

    async def send_as_provider(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        action: PhoneAction,
        *,
        track: dict[str, str],
        choices: list[str] | None = None,
        shown_kind: str = "",
        upload: UploadedFile | None = None,
    ) -> dict[str, Any]:
        """Send a message by the gateway's API: show it on the phone, echo and acknowledge it.

        Returns ``message{}``. Nothing is deduplicated, because the gateway has no idempotency key.
        """
        message = {**build_provider_message(instance, customer, action, by_api=True), **track}
        if upload is not None:
            instance.uploads.add(message["messageid"], upload)
        phone_message = customer.add_message(
            MessageDirection.RECEIVED,
            shown_kind or action.kind,
            action.text,
            message["messageid"],
            track_id=message["track_id"],
            target=action.target,
            choices=choices or [],
            file=upload.summarize() if upload is not None else None,
        )
        instance.message_store.add(message)
        settings = self.delivery_settings_for(instance)
        if settings.acks_first:
            await self._acknowledge(instance, customer, phone_message.messageid, ":acks")
        if settings.echo:
            self._post_message(
                self._build_message_delivery(instance, customer, message, phone_message), message
            )
        if settings.acks and not settings.acks_first:
            self._post_acks(instance, customer, phone_message.messageid, "")
        return message

    def delete_as_provider(
        self, instance: SimulatedInstance, customer: SimulatedCustomer, messageid: str
    ) -> None:
        """Delete a message of the provider for everyone."""
        customer.add_message(MessageDirection.RECEIVED, DELETION, "", messageid, target=messageid)
        instance.message_store.update(messageid, status="Deleted")
        self._post_update(instance, customer, messageid, "Deleted", "")

    def change_connection(
        self, instance: SimulatedInstance, status: SimulatedInstanceStatus, reason: str = ""
    ) -> None:
        """Change the connection state and post its webhook; after a reconnection held messages
        arrive.
        """
        instance.status = status
        if status is SimulatedInstanceStatus.CONNECTED and not instance.owner:
            instance.owner = f"5581{secrets.randbelow(10**8):08d}"
        if status is SimulatedInstanceStatus.DISCONNECTED:
            stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
            instance.last_disconnect = stamp
            instance.last_disconnect_reason = reason or "401: logged out from another device"
        body = encode_json(build_connection_webhook(instance, self.base_url))
        self.dispatcher.post(WebhookDelivery(instance, "connection", "connection", body))
        if status is SimulatedInstanceStatus.CONNECTED:
            held, instance.held_deliveries = instance.held_deliveries, []
            for message, delivery in held:
                self._receive_message(instance, message, delivery)

    def _delete_as_customer(
        self, instance: SimulatedInstance, customer: SimulatedCustomer, target: str
    ) -> str:
        customer.add_message(MessageDirection.SENT, DELETION, "", target, target=target)
        instance.message_store.update(target, status="Deleted")
        self._post_update(instance, customer, target, "Deleted", "")
        return target

    def _receive_message(
        self, instance: SimulatedInstance, message: dict[str, Any], delivery: WebhookDelivery
    ) -> None:
        instance.message_store.add(message)
        self._post_message(delivery, message)

    def _build_message_delivery(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        message: dict[str, Any],
        phone_message: PhoneMessage,
    ) -> WebhookDelivery:
        envelope = {
            "BaseUrl": self.base_url,
            "EventType": "messages",
            "chat": build_chat(instance, customer, message),
            "chatSource": "updated",
            "instanceName": instance.name,
            "message": message,
            "owner": instance.owner,
            "token": instance.token,
        }
        body = encode_json(envelope)
        return WebhookDelivery(
            instance, "messages", customer.phone, body, phone_message.messageid, phone_message
        )

    def _post_message(self, delivery: WebhookDelivery, message: dict[str, Any]) -> None:
        excluded = delivery.instance.webhook.is_excluded(
            from_me=message["fromMe"], by_api=message["wasSentByApi"], group=message["isGroup"]
        )
        if not excluded:
            self.dispatcher.post(delivery)

    async def _acknowledge(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        messageid: str,
        lane_suffix: str,
    ) -> None:
        deliveries = self._post_acks(instance, customer, messageid, lane_suffix)
        await asyncio.gather(*(delivery.done.wait() for delivery in deliveries))

    def _post_acks(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        messageid: str,
        lane_suffix: str,
    ) -> list[WebhookDelivery]:
        instance.message_store.update(messageid, status="Read")
        states = ("Delivered", "Read")
        return [
            self._post_update(instance, customer, messageid, state, lane_suffix) for state in states
        ]

    def _post_update(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        messageid: str,
        state: str,
        lane_suffix: str,
    ) -> WebhookDelivery:
        body = encode_json(build_update_webhook(instance, customer, [messageid], state))
        delivery = WebhookDelivery(
            instance, "messages_update", customer.phone + lane_suffix, body, messageid
        )
        self.dispatcher.post(delivery)
        return delivery
