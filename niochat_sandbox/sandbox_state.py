"""Everything the rooms of the sandbox share, and what can happen in it."""

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
"""Seconds that a person takes to read and to type."""


@dataclass(slots=True)
class ScriptedModelSettings:
    """The model's manners, in seconds."""

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
        draft: PhoneAction,
        upload: UploadedFile | None = None,
    ) -> str:
        """Something done on a customer's phone; its `messageid`. Waits for no webhook. `upload` is
        the file that was sent, else one of that kind that says nothing.

        While the instance is not connected the message stays with WhatsApp and comes when it
        is again.
        """
        if draft.kind == DELETION:
            return self._delete_as_customer(instance, customer, draft.target)
        customer.unread += 1
        message = build_customer_message(instance, customer, draft)
        exchange = customer.add_message(
            MessageDirection.SENT, draft.kind, draft.text, message["messageid"], target=draft.target
        )
        if upload is not None:
            instance.uploads.add(exchange.messageid, upload)
            exchange.file = upload.summarize()
        letter = self._build_message_delivery(instance, customer, message, exchange)
        if instance.status is SimulatedInstanceStatus.CONNECTED:
            self._receive_message(instance, message, letter)
        else:
            instance.held_deliveries.append((message, letter))
        return exchange.messageid

    def write_as_provider(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        text: str,
        after_s: int = TYPING_TIME_S,
    ) -> str:
        """A person of the provider typed on its own phone; the `messageid`. By WhatsApp's clock it
        was `after_s` seconds from now: 0 is the app's own greeting.
        """
        message = build_provider_message(
            instance, customer, PhoneAction("text", text), by_api=False
        )
        message = {**message, "messageTimestamp": message["messageTimestamp"] + after_s * 1000}
        exchange = customer.add_message(
            MessageDirection.RECEIVED, "text", text, message["messageid"]
        )
        letter = self._build_message_delivery(instance, customer, message, exchange)
        self._receive_message(instance, message, letter)
        return exchange.messageid

    def delivery_settings_for(self, instance: SimulatedInstance | None) -> WebhookDeliverySettings:
        """How an instance delivers: its own way, or everybody's."""
        return (instance and instance.delivery) or self.delivery

    async def send_as_provider(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        draft: PhoneAction,
        *,
        track: dict[str, str],
        choices: list[str] | None = None,
        shown_kind: str = "",
        upload: UploadedFile | None = None,
    ) -> dict[str, Any]:
        """A message sent by the API: on the phone, echoed, acknowledged. Returns `message{}`.

        Nothing is deduplicated: the gateway has no idempotency key.
        """
        message = {**build_provider_message(instance, customer, draft, by_api=True), **track}
        if upload is not None:
            instance.uploads.add(message["messageid"], upload)
        exchange = customer.add_message(
            MessageDirection.RECEIVED,
            shown_kind or draft.kind,
            draft.text,
            message["messageid"],
            track_id=message["track_id"],
            target=draft.target,
            choices=choices or [],
            file=upload.summarize() if upload is not None else None,
        )
        instance.message_store.add(message)
        delivery = self.delivery_settings_for(instance)
        if delivery.acks_first:
            await self._acknowledge(instance, customer, exchange.messageid, ":acks")
        if delivery.echo:
            self._post_message(
                self._build_message_delivery(instance, customer, message, exchange), message
            )
        if delivery.acks and not delivery.acks_first:
            self._post_acks(instance, customer, exchange.messageid, "")
        return message

    def delete_as_provider(
        self, instance: SimulatedInstance, customer: SimulatedCustomer, messageid: str
    ) -> None:
        """The provider deletes a message of its own for everyone."""
        customer.add_message(MessageDirection.RECEIVED, DELETION, "", messageid, target=messageid)
        instance.message_store.update(messageid, status="Deleted")
        self._post_update(instance, customer, messageid, "Deleted", "")

    def change_connection(
        self, instance: SimulatedInstance, status: SimulatedInstanceStatus, reason: str = ""
    ) -> None:
        """Changes the state and posts the webhook of it; what was held arrives."""
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
            for message, letter in held:
                self._receive_message(instance, message, letter)

    def _delete_as_customer(
        self, instance: SimulatedInstance, customer: SimulatedCustomer, target: str
    ) -> str:
        customer.add_message(MessageDirection.SENT, DELETION, "", target, target=target)
        instance.message_store.update(target, status="Deleted")
        self._post_update(instance, customer, target, "Deleted", "")
        return target

    def _receive_message(
        self, instance: SimulatedInstance, message: dict[str, Any], letter: WebhookDelivery
    ) -> None:
        instance.message_store.add(message)
        self._post_message(letter, message)

    def _build_message_delivery(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        message: dict[str, Any],
        exchange: PhoneMessage,
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
            instance, "messages", customer.phone, body, exchange.messageid, exchange
        )

    def _post_message(self, letter: WebhookDelivery, message: dict[str, Any]) -> None:
        excluded = letter.instance.webhook.is_excluded(
            from_me=message["fromMe"], by_api=message["wasSentByApi"], group=message["isGroup"]
        )
        if not excluded:
            self.dispatcher.post(letter)

    async def _acknowledge(
        self, instance: SimulatedInstance, customer: SimulatedCustomer, messageid: str, line: str
    ) -> None:
        letters = self._post_acks(instance, customer, messageid, line)
        await asyncio.gather(*(letter.done.wait() for letter in letters))

    def _post_acks(
        self, instance: SimulatedInstance, customer: SimulatedCustomer, messageid: str, line: str
    ) -> list[WebhookDelivery]:
        instance.message_store.update(messageid, status="Read")
        states = ("Delivered", "Read")
        return [self._post_update(instance, customer, messageid, state, line) for state in states]

    def _post_update(
        self,
        instance: SimulatedInstance,
        customer: SimulatedCustomer,
        messageid: str,
        state: str,
        line: str,
    ) -> WebhookDelivery:
        body = encode_json(build_update_webhook(instance, customer, [messageid], state))
        letter = WebhookDelivery(
            instance, "messages_update", customer.phone + line, body, messageid
        )
        self.dispatcher.post(letter)
        return letter
