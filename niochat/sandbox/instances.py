"""What the sandbox remembers: instances, their webhook, their customers' phones."""

import asyncio
import hashlib
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from niochat.sandbox.archive import Archive
from niochat.sandbox.rim import Refusal
from niochat.sandbox.uploads import FileNote, Uploads

if TYPE_CHECKING:
    from niochat.sandbox.delivery import DeliverySettings, Letter

GROUP_ENDING, LID_ENDING, PHONE_ENDING = "@g.us", "@lid", "@s.whatsapp.net"


class Status(StrEnum):
    """States of an instance (reference §2.1)."""

    CONNECTED = "connected"
    CONNECTING = "connecting"
    DISCONNECTED = "disconnected"


class Direction(StrEnum):
    """Seen from the customer's phone."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(slots=True)
class Exchange:
    """One line on a customer's phone. `at` is Unix seconds; `answered`: a 2xx was seen."""

    position: int
    direction: Direction
    kind: str
    text: str
    messageid: str
    track_id: str = ""
    target: str = ""
    choices: list[str] = field(default_factory=list)
    file: FileNote | None = None
    at: float = field(default_factory=time.time)
    answered: bool = False
    attempts: int = 0


@dataclass(slots=True)
class Customer:
    """A phone out there; `phone` is digits, or a group's JID. `lid` may be empty."""

    phone: str
    name: str
    lid: str
    hidden: bool = False
    unread: int = 0
    position: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_group(self) -> bool:
        return self.phone.endswith(GROUP_ENDING)

    @property
    def phone_jid(self) -> str:
        return self.phone if self.is_group else self.phone + PHONE_ENDING

    @property
    def chatid(self) -> str:
        """The chat's id in webhooks: the LID when the phone is hidden (reference §2.3)."""
        return self.lid if self.hidden and self.lid else self.phone_jid

    def record(
        self, direction: Direction, kind: str, text: str, messageid: str, **details: Any
    ) -> Exchange:
        """Appends a line and wakes every long poll."""
        self.position += 1
        exchange = Exchange(self.position, direction, kind, text, messageid, **details)
        self.exchanges.append(exchange)
        self.arrived.set()
        self.arrived = asyncio.Event()
        return exchange

    def after(self, position: int) -> list[Exchange]:
        """The lines with a greater position, oldest first."""
        forgotten = self.position - len(self.exchanges)
        return self.exchanges[max(0, position - forgotten) :]

    async def wait_after(self, position: int, seconds: float) -> list[Exchange]:
        """Like :meth:`after`, waiting up to `seconds` for the first line."""
        try:
            async with asyncio.timeout(seconds):
                while not self.after(position):
                    await self.arrived.wait()
        except TimeoutError:
            pass
        return self.after(position)


@dataclass(slots=True)
class Webhook:
    """An instance's only webhook ("simple mode", reference §2.2)."""

    id: str = field(default_factory=lambda: "r" + secrets.token_hex(7))
    enabled: bool = False
    url: str = ""
    events: list[str] = field(default_factory=lambda: ["messages", "messages_update", "connection"])
    exclude: frozenset[str] = frozenset()
    add_url_events: bool = False
    add_url_types: bool = False

    def wants(self, event: str) -> bool:
        return self.enabled and bool(self.url) and event in self.events

    def excludes(self, *, from_me: bool, by_api: bool, group: bool) -> bool:
        """Whether a message falls under `excludeMessages`."""
        traits = {
            "fromMeYes" if from_me else "fromMeNo",
            "wasSentByApi" if by_api else "wasNotSentByApi",
            "isGroupYes" if group else "isGroupNo",
        }
        return bool(traits & self.exclude)


@dataclass(slots=True)
class Instance:
    """A number of a provider at the gateway. `held`: what waits for a reconnection.

    `delivery` is its own way of delivering, if it has one.
    """

    token: str
    name: str
    owner: str = ""
    status: Status = Status.CONNECTED
    id: str = field(default_factory=lambda: "r" + secrets.token_hex(7))
    webhook: Webhook = field(default_factory=Webhook)
    errors: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=100))
    customers: dict[str, Customer] = field(default_factory=dict)
    lids: dict[str, Customer] = field(default_factory=dict)
    archive: Archive = field(default_factory=Archive)
    uploads: Uploads = field(default_factory=Uploads)
    held: list[tuple[dict[str, Any], "Letter"]] = field(default_factory=list)
    delivery: "DeliverySettings | None" = None
    paircode: str = ""
    admin_fields: dict[str, str] = field(default_factory=dict)
    last_disconnect: str = ""
    last_disconnect_reason: str = ""

    @property
    def lid(self) -> str:
        """The provider's own LID: the `sender` of everything it writes."""
        return invented_lid(self.owner or self.token)

    def known(self, number: str) -> Customer | None:
        """The customer under a LID or phone, with or without the ninth digit (§2.5)."""
        if number.endswith(LID_ENDING):
            return self.lids.get(number)
        return self.customers.get(number) or self.customers.get(other_ninth_digit(number))

    def customer(self, number: str) -> Customer:
        """The customer, created when unknown. Refuses an unknown LID with 400."""
        known = self.known(number)
        if known is not None:
            return known
        if number.endswith(LID_ENDING):
            raise Refusal(400, f"the number {number} is not on WhatsApp")
        lid = "" if number.endswith(GROUP_ENDING) else invented_lid(number)
        customer = Customer(number, f"Cliente {number[-4:]}", lid)
        self.customers[number] = customer
        self.rename_lid(customer, lid)
        return customer

    def rename_lid(self, customer: Customer, lid: str) -> None:
        """Gives the customer another LID, or none (empty)."""
        self.lids.pop(customer.lid, None)
        customer.lid = lid
        if lid:
            self.lids[lid] = customer

    def forget_messages(self) -> None:
        """Empties phones, archive and files; positions go on, so an old poll stays right."""
        self.archive, self.uploads = Archive(), Uploads()
        self.errors.clear()
        self.held.clear()
        for customer in self.customers.values():
            customer.exchanges.clear()


def invented_lid(seed: str) -> str:
    """A LID of 15 digits, always the same for the same seed."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
    return f"1{number % 10**14:014d}{LID_ENDING}"


def other_ninth_digit(number: str) -> str:
    """A Brazilian mobile number with its ninth digit removed or added; else empty (§2.5)."""
    if not number.startswith("55"):
        return ""
    if len(number) == 13 and number[4] == "9":
        return number[:4] + number[5:]
    if len(number) == 12 and number[4] in "6789":
        return number[:4] + "9" + number[4:]
    return ""
