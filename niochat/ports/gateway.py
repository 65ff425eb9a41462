"""Ports to a WhatsApp gateway: sending and receiving, and the administration of instances."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from niochat.domain.conversation.commands import SendStatus
from niochat.domain.message import MessageChange, MessageKind


@dataclass(frozen=True, slots=True)
class GatewayCredentials:
    """Address and token of one channel's gateway instance. ``token`` is a secret and is never
    logged. ``kind`` is the vendor's; the client of one vendor does not read it.
    """

    base_url: str
    token: str
    kind: str = ""


CredentialsOpener = Callable[[str, str, bytes, UUID], GatewayCredentials]
"""Opens a channel's credentials: (kind, base URL, sealed token, tenant)."""


@dataclass(frozen=True, slots=True)
class OutboundFile:
    """A file to send. ``data`` is at most 16 MiB; the customer sees ``filename``."""

    data: bytes
    mimetype: str
    filename: str


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A message to send. ``reply_to`` is the gateway's id of the quoted message.

    With a ``file``, ``kind`` is the kind of the file and ``text`` its caption, which may be empty.
    Without one, ``kind`` is text, and with ``choices`` the customer gets a menu of them.
    """

    text: str
    kind: MessageKind = MessageKind.TEXT
    file: OutboundFile | None = None
    reply_to: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SentMessageChange:
    """A change of a sent message. ``target`` is the gateway's id of it; ``value`` is the new text
    or the emoji.
    """

    change: MessageChange
    target: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A downloaded file. ``mimetype`` is what the gateway claims and must not be trusted."""

    data: bytes
    mimetype: str


@dataclass(frozen=True, slots=True)
class GatewaySendResult:
    """The outcome of a send. ``hold_reason`` is set if the whole channel must stop sending for a
    while.
    """

    result: SendStatus
    external_id: str | None = None
    code: str = ""
    retry_in_s: float = 0.0
    hold_reason: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """The WhatsApp session of an instance. ``status`` is as in ``ChannelConnectionChanged``."""

    status: str
    owner: str


class WhatsAppGateway(Protocol):
    """Port to a gateway. ``send`` reports failures in its result and does not raise them."""

    async def send(
        self,
        credentials: GatewayCredentials,
        number: str,
        outgoing: OutboundMessage | SentMessageChange,
        track_id: str,
        timeout_s: float,
    ) -> GatewaySendResult:
        """Sends once and never retries. ``number`` is digits or ``…@lid``.

        ``timeout_s`` limits the whole call, including the upload of a file.
        """
        ...

    async def find_by_track_id(self, credentials: GatewayCredentials, track_id: str) -> str | None:
        """Returns the gateway's id of the message sent with ``track_id``, or ``None`` if the
        gateway has no such message.

        Raises ``UnavailableError`` if the look-up fails.
        """
        ...

    async def fetch_file(
        self, credentials: GatewayCredentials, external_id: str, most_bytes: int
    ) -> FetchedFile | None:
        """Downloads the file of a message; ``None`` means that the gateway does not have it (any
        more).

        Raises ``UnavailableError``, and ``InvalidInputError`` (``too_large``) for a file of more
        than ``most_bytes``.
        """
        ...

    async def list_messages(
        self, credentials: GatewayCredentials, limit: int, offset: int
    ) -> Sequence[Mapping[str, object]]:
        """Returns stored messages of the instance as webhook bodies, newest first.

        Raises ``UnavailableError``.
        """
        ...

    async def fetch_status(self, credentials: GatewayCredentials) -> InstanceStatus:
        """Returns the status of the instance. Raises ``UnavailableError``."""
        ...

    async def set_webhook(self, credentials: GatewayCredentials, url: str) -> None:
        """Registers ``url`` as the instance's webhook. Raises ``UnavailableError``."""
        ...

    async def close(self) -> None:
        """Closes the connections. The outcome of sends in flight is uncertain then."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayServer:
    """A gateway server of the installation, on which instances can be created. ``kind`` is the
    vendor's.
    """

    base_url: str
    admin_token: str = field(repr=False)
    kind: str = ""


@dataclass(frozen=True, slots=True)
class GatewayInstance:
    """An instance, which connects one number to a gateway. ``mark`` is a text that its creator set;
    it may be empty.
    """

    name: str
    token: str = field(repr=False)
    mark: str = ""
    status: str = "unknown"


@dataclass(frozen=True, slots=True)
class PairingState:
    """The pairing of a phone, by a QR code (data URI) or a code to type. Both are empty once the
    phone is paired.
    """

    status: str
    qrcode: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class WebhookRegistration:
    """A webhook of an instance and the events that it posts. ``url`` contains a secret."""

    enabled: bool
    url: str = field(repr=False)
    events: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


class GatewayAdmin(Protocol):
    """Port to the administration of instances.

    All methods raise ``UnavailableError`` if the gateway does not answer, and
    ``OperationRefusedError`` if it refuses: ``gateway_token`` for a token that it rejects,
    ``gateway_conflict`` for an operation that is in progress or already done.
    """

    async def list_instances(self, server: GatewayServer) -> Sequence[GatewayInstance]:
        """Returns all instances of a server."""
        ...

    async def create_instance(self, server: GatewayServer, name: str, mark: str) -> GatewayInstance:
        """Creates an instance, even if one of this name exists."""
        ...

    async def start_pairing(
        self, credentials: GatewayCredentials, phone: str | None
    ) -> PairingState:
        """Starts a pairing, by a QR code or, for a given ``phone`` (digits), by a code to type."""
        ...

    async def get_pairing(self, credentials: GatewayCredentials) -> PairingState:
        """Returns the state of the current pairing."""
        ...

    async def disconnect(self, credentials: GatewayCredentials) -> None:
        """Logs the phone out."""
        ...

    async def list_webhooks(self, credentials: GatewayCredentials) -> Sequence[WebhookRegistration]:
        """Returns the webhooks of the instance."""
        ...

    async def close(self) -> None:
        """Closes the connections."""
        ...
