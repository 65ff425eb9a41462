"""The gateway's state: instances, their webhooks and their customers' phones."""

import asyncio
import hashlib
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from niochat_sandbox.gateway.media_uploads import FileSummary, UploadStore
from niochat_sandbox.gateway.message_store import GatewayMessageStore
from niochat_sandbox.http_json import SandboxApiError

if TYPE_CHECKING:
    from niochat_sandbox.gateway.webhook_delivery import WebhookDelivery, WebhookDeliverySettings

GROUP_SUFFIX, LID_SUFFIX, PHONE_SUFFIX = "@g.us", "@lid", "@s.whatsapp.net"


class SimulatedInstanceStatus(StrEnum):
    """Connection states of an instance (reference §2.1)."""

    CONNECTED = "connected"
    CONNECTING = "connecting"
    DISCONNECTED = "disconnected"


class MessageDirection(StrEnum):
    """The direction of a message from the customer's point of view."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(slots=True)
class PhoneMessage:
    """A message on a customer's phone. ``at``: Unix seconds. ``answered``: its
    webhook got a 2xx.
    """

    position: int
    direction: MessageDirection
    kind: str
    text: str
    messageid: str
    track_id: str = ""
    target: str = ""
    choices: list[str] = field(default_factory=list)
    file: FileSummary | None = None
    at: float = field(default_factory=time.time)
    answered: bool = False
    attempts: int = 0


@dataclass(slots=True)
class SimulatedCustomer:
    """A customer's phone. ``phone``: digits, or the JID of a group. ``lid`` may be empty."""

    phone: str
    name: str
    lid: str
    hidden: bool = False
    unread: int = 0
    position: int = 0
    messages: list[PhoneMessage] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_group(self) -> bool:
        return self.phone.endswith(GROUP_SUFFIX)

    @property
    def phone_jid(self) -> str:
        return self.phone if self.is_group else self.phone + PHONE_SUFFIX

    @property
    def chatid(self) -> str:
        """The chat's id in webhooks: the LID if the phone number is hidden (reference §2.3)."""
        return self.lid if self.hidden and self.lid else self.phone_jid

    def add_message(
        self, direction: MessageDirection, kind: str, text: str, messageid: str, **details: Any
    ) -> PhoneMessage:
        """Append a message and wake all long polls."""
        self.position += 1
        message = PhoneMessage(self.position, direction, kind, text, messageid, **details)
        self.messages.append(message)
        self.arrived.set()
        self.arrived = asyncio.Event()
        return message

    def messages_after(self, position: int) -> list[PhoneMessage]:
        """The messages with a greater position, oldest first."""
        cleared = self.position - len(self.messages)
        return self.messages[max(0, position - cleared) :]

    async def wait_for_messages(self, position: int, seconds: float) -> list[PhoneMessage]:
        """Like :meth:`messages_after`, but wait up to ``seconds`` for the first message."""
        try:
            async with asyncio.timeout(seconds):
                while not self.messages_after(position):
                    await self.arrived.wait()
        except TimeoutError:
            pass
        return self.messages_after(position)


@dataclass(slots=True)
class GatewayWebhook:
    """The only webhook of an instance ("simple mode", reference §2.2)."""

    id: str = field(default_factory=lambda: "r" + secrets.token_hex(7))
    enabled: bool = False
    url: str = ""
    events: list[str] = field(default_factory=lambda: ["messages", "messages_update", "connection"])
    exclude: frozenset[str] = frozenset()
    add_url_events: bool = False
    add_url_types: bool = False

    def is_subscribed(self, event: str) -> bool:
        return self.enabled and bool(self.url) and event in self.events

    def is_excluded(self, *, from_me: bool, by_api: bool, group: bool) -> bool:
        """Whether ``excludeMessages`` excludes a message with these properties."""
        traits = {
            "fromMeYes" if from_me else "fromMeNo",
            "wasSentByApi" if by_api else "wasNotSentByApi",
            "isGroupYes" if group else "isGroupNo",
        }
        return bool(traits & self.exclude)


@dataclass(slots=True)
class SimulatedInstance:
    """A WhatsApp number of a provider.

    ``held_deliveries``: messages that arrive after a reconnection. ``delivery``: the instance's own
    delivery settings, if it has any.
    """

    token: str
    name: str
    owner: str = ""
    status: SimulatedInstanceStatus = SimulatedInstanceStatus.CONNECTED
    id: str = field(default_factory=lambda: "r" + secrets.token_hex(7))
    webhook: GatewayWebhook = field(default_factory=GatewayWebhook)
    errors: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=100))
    customers: dict[str, SimulatedCustomer] = field(default_factory=dict)
    lids: dict[str, SimulatedCustomer] = field(default_factory=dict)
    message_store: GatewayMessageStore = field(default_factory=GatewayMessageStore)
    uploads: UploadStore = field(default_factory=UploadStore)
    held_deliveries: list[tuple[dict[str, Any], "WebhookDelivery"]] = field(default_factory=list)
    delivery: "WebhookDeliverySettings | None" = None
    paircode: str = ""
    admin_fields: dict[str, str] = field(default_factory=dict)
    last_disconnect: str = ""
    last_disconnect_reason: str = ""

    @property
    def lid(self) -> str:
        """The provider's own LID, the ``sender`` of all messages of the provider."""
        return generate_lid(self.owner or self.token)

    def find_customer(self, number: str) -> SimulatedCustomer | None:
        """The customer with this LID or phone number, with or without the ninth digit (§2.5)."""
        if number.endswith(LID_SUFFIX):
            return self.lids.get(number)
        return self.customers.get(number) or self.customers.get(toggle_ninth_digit(number))

    def get_or_create_customer(self, number: str) -> SimulatedCustomer:
        """Return the customer, creating unknown phones. Raises ``SandboxApiError`` (400) for an
        unknown LID.
        """
        known = self.find_customer(number)
        if known is not None:
            return known
        if number.endswith(LID_SUFFIX):
            raise SandboxApiError(400, f"the number {number} is not on WhatsApp")
        lid = "" if number.endswith(GROUP_SUFFIX) else generate_lid(number)
        customer = SimulatedCustomer(number, f"Cliente {number[-4:]}", lid)
        self.customers[number] = customer
        self.assign_lid(customer, lid)
        return customer

    def assign_lid(self, customer: SimulatedCustomer, lid: str) -> None:
        """Assign another LID to the customer; empty removes it."""
        self.lids.pop(customer.lid, None)
        customer.lid = lid
        if lid:
            self.lids[lid] = customer

    def forget_messages(self) -> None:
        """Clear phones, stored messages and files. Positions continue, so that old polls stay
        valid.
        """
        self.message_store, self.uploads = GatewayMessageStore(), UploadStore()
        self.errors.clear()
        self.held_deliveries.clear()
        for customer in self.customers.values():
            customer.messages.clear()


def generate_lid(seed: str) -> str:
    """Derive a LID of 15 digits from a seed."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
    return f"1{number % 10**14:014d}{LID_SUFFIX}"


def toggle_ninth_digit(number: str) -> str:
    """Add or remove the ninth digit of a Brazilian mobile number; else return "" (§2.5)."""
    if not number.startswith("55"):
        return ""
    if len(number) == 13 and number[4] == "9":
        return number[:4] + number[5:]
    if len(number) == 12 and number[4] in "6789":
        return number[:4] + "9" + number[4:]
    return ""
