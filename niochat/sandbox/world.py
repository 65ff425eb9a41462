"""Everything the rooms of the sandbox share, and what can happen in it."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from niochat.sandbox.contents import DELETION, Draft
from niochat.sandbox.delivery import Courier, DeliverySettings, Letter
from niochat.sandbox.erp_ledger import Installations
from niochat.sandbox.faults import FaultBook
from niochat.sandbox.instances import Customer, Direction, Exchange, Instance, Status
from niochat.sandbox.phones import (
    chat_object,
    connection_envelope,
    customer_message,
    provider_message,
    update_envelope,
)
from niochat.sandbox.rim import kept_json
from niochat.sandbox.uploads import Upload

ADMIN_TOKEN = "sandbox-admin"
PERSON_S = 10
"""Seconds that a person takes to read and to type."""


@dataclass(slots=True)
class ModelSettings:
    """The model's manners, in seconds."""

    latency_s: float = 0.3
    stream_chunk_delay_s: float = 0.0


@dataclass(slots=True)
class World:
    """The state of one sandbox process, in memory only."""

    base_url: str
    instances: dict[str, Instance] = field(default_factory=dict)
    erps: Installations = field(default_factory=Installations)
    faults: FaultBook = field(default_factory=FaultBook)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    courier: Courier = field(init=False)

    def __post_init__(self) -> None:
        self.courier = Courier(self.faults, self.delivery)

    def customer_writes(
        self, instance: Instance, customer: Customer, draft: Draft, upload: Upload | None = None
    ) -> str:
        """Something done on a customer's phone; its `messageid`. Waits for no webhook. `upload` is
        the file that was sent, else one of that kind that says nothing.

        While the instance is not connected the message stays with WhatsApp and comes when it
        is again.
        """
        if draft.kind == DELETION:
            return self._customer_deletes(instance, customer, draft.target)
        customer.unread += 1
        message = customer_message(instance, customer, draft)
        exchange = customer.record(
            Direction.SENT, draft.kind, draft.text, message["messageid"], target=draft.target
        )
        if upload is not None:
            instance.uploads.keep(exchange.messageid, upload)
            exchange.file = upload.note()
        letter = self._message_letter(instance, customer, message, exchange)
        if instance.status is Status.CONNECTED:
            self._arrive(instance, message, letter)
        else:
            instance.held.append((message, letter))
        return exchange.messageid

    def provider_types(
        self, instance: Instance, customer: Customer, text: str, after_s: int = PERSON_S
    ) -> str:
        """A person of the provider typed on its own phone; the `messageid`. By WhatsApp's clock it
        was `after_s` seconds from now: 0 is the app's own greeting.
        """
        message = provider_message(instance, customer, Draft("text", text), by_api=False)
        message = {**message, "messageTimestamp": message["messageTimestamp"] + after_s * 1000}
        exchange = customer.record(Direction.RECEIVED, "text", text, message["messageid"])
        letter = self._message_letter(instance, customer, message, exchange)
        self._arrive(instance, message, letter)
        return exchange.messageid

    def delivery_of(self, instance: Instance | None) -> DeliverySettings:
        """How an instance delivers: its own way, or everybody's."""
        return (instance and instance.delivery) or self.delivery

    async def provider_sends(
        self,
        instance: Instance,
        customer: Customer,
        draft: Draft,
        *,
        track: dict[str, str],
        choices: list[str] | None = None,
        shown_kind: str = "",
        upload: Upload | None = None,
    ) -> dict[str, Any]:
        """A message sent by the API: on the phone, echoed, acknowledged. Returns `message{}`.

        Nothing is deduplicated: the gateway has no idempotency key.
        """
        message = {**provider_message(instance, customer, draft, by_api=True), **track}
        if upload is not None:
            instance.uploads.keep(message["messageid"], upload)
        exchange = customer.record(
            Direction.RECEIVED,
            shown_kind or draft.kind,
            draft.text,
            message["messageid"],
            track_id=message["track_id"],
            target=draft.target,
            choices=choices or [],
            file=upload.note() if upload is not None else None,
        )
        instance.archive.keep(message)
        delivery = self.delivery_of(instance)
        if delivery.acks_first:
            await self._acknowledge(instance, customer, exchange.messageid, ":acks")
        if delivery.echo:
            self._post_message(self._message_letter(instance, customer, message, exchange), message)
        if delivery.acks and not delivery.acks_first:
            self._post_acks(instance, customer, exchange.messageid, "")
        return message

    def provider_deletes(self, instance: Instance, customer: Customer, messageid: str) -> None:
        """The provider deletes a message of its own for everyone."""
        customer.record(Direction.RECEIVED, DELETION, "", messageid, target=messageid)
        instance.archive.revise(messageid, status="Deleted")
        self._post_update(instance, customer, messageid, "Deleted", "")

    def change_connection(self, instance: Instance, status: Status, reason: str = "") -> None:
        """Changes the state and posts the webhook of it; what was held arrives."""
        instance.status = status
        if status is Status.CONNECTED and not instance.owner:
            instance.owner = f"5581{secrets.randbelow(10**8):08d}"
        if status is Status.DISCONNECTED:
            stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
            instance.last_disconnect = stamp
            instance.last_disconnect_reason = reason or "401: logged out from another device"
        body = kept_json(connection_envelope(instance, self.base_url))
        self.courier.post(Letter(instance, "connection", "connection", body))
        if status is Status.CONNECTED:
            held, instance.held = instance.held, []
            for message, letter in held:
                self._arrive(instance, message, letter)

    def _customer_deletes(self, instance: Instance, customer: Customer, target: str) -> str:
        customer.record(Direction.SENT, DELETION, "", target, target=target)
        instance.archive.revise(target, status="Deleted")
        self._post_update(instance, customer, target, "Deleted", "")
        return target

    def _arrive(self, instance: Instance, message: dict[str, Any], letter: Letter) -> None:
        instance.archive.keep(message)
        self._post_message(letter, message)

    def _message_letter(
        self,
        instance: Instance,
        customer: Customer,
        message: dict[str, Any],
        exchange: Exchange,
    ) -> Letter:
        envelope = {
            "BaseUrl": self.base_url,
            "EventType": "messages",
            "chat": chat_object(instance, customer, message),
            "chatSource": "updated",
            "instanceName": instance.name,
            "message": message,
            "owner": instance.owner,
            "token": instance.token,
        }
        body = kept_json(envelope)
        return Letter(instance, "messages", customer.phone, body, exchange.messageid, exchange)

    def _post_message(self, letter: Letter, message: dict[str, Any]) -> None:
        excluded = letter.instance.webhook.excludes(
            from_me=message["fromMe"], by_api=message["wasSentByApi"], group=message["isGroup"]
        )
        if not excluded:
            self.courier.post(letter)

    async def _acknowledge(
        self, instance: Instance, customer: Customer, messageid: str, line: str
    ) -> None:
        letters = self._post_acks(instance, customer, messageid, line)
        await asyncio.gather(*(letter.done.wait() for letter in letters))

    def _post_acks(
        self, instance: Instance, customer: Customer, messageid: str, line: str
    ) -> list[Letter]:
        instance.archive.revise(messageid, status="Read")
        states = ("Delivered", "Read")
        return [self._post_update(instance, customer, messageid, state, line) for state in states]

    def _post_update(
        self, instance: Instance, customer: Customer, messageid: str, state: str, line: str
    ) -> Letter:
        body = kept_json(update_envelope(instance, customer, [messageid], state))
        letter = Letter(instance, "messages_update", customer.phone + line, body, messageid)
        self.courier.post(letter)
        return letter
