"""The port to WhatsApp gateways, of whatever vendor, and its values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from niochat.domain.conversation.commands import SendStatus
from niochat.domain.message import MessageChange, MessageKind


@dataclass(frozen=True, slots=True)
class GatewayCredentials:
    """How to reach one channel's gateway instance. ``token`` is a secret: never logged.

    ``kind`` is the vendor's; the client of one vendor does not read it.
    """

    base_url: str
    token: str
    kind: str = ""


CredentialsOpener = Callable[[str, str, bytes, UUID], GatewayCredentials]
"""Opens a channel's credentials: (kind, base URL, sealed token, tenant)."""


@dataclass(frozen=True, slots=True)
class OutboundFile:
    """A file that leaves whole. ``data`` is at most 16 MiB, ``filename`` is what people see."""

    data: bytes
    mimetype: str
    filename: str


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One message that leaves. With a ``file``, ``kind`` says what it is and ``text`` is its
    caption, maybe empty; without one, ``kind`` is text. ``reply_to``: the gateway's id of the
    message it quotes.
    """

    text: str
    kind: MessageKind = MessageKind.TEXT
    file: OutboundFile | None = None
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class OutboundChange:
    """A change of a sent message. ``value`` is the new text or the emoji."""

    change: MessageChange
    target: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file as the gateway gave it; its type is what the gateway says, not to be trusted."""

    data: bytes
    mimetype: str


@dataclass(frozen=True, slots=True)
class GatewaySendResult:
    """The outcome of a send. ``hold_reason`` is set if the whole channel must wait."""

    result: SendStatus
    external_id: str | None = None
    code: str = ""
    retry_in_s: float = 0.0
    hold_reason: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """The instance's session: ``status`` as in ``ChannelConnectionChanged``."""

    status: str
    owner: str


class WhatsAppGateway(Protocol):
    """The port to a gateway. ``send`` never raises for a response of the gateway."""

    async def send(
        self,
        line: GatewayCredentials,
        number: str,
        outgoing: OutboundMessage | OutboundChange,
        track_id: str,
        timeout_s: float,
    ) -> GatewaySendResult:
        """Send once; never retries by itself. ``number`` is digits or ``…@lid``.

        ``timeout_s`` is for everything, the upload of a file too.
        """
        ...

    async def find_by_track_id(self, line: GatewayCredentials, track_id: str) -> str | None:
        """Gateway's id of the message sent under ``track_id``; ``None``: certainly none.

        Raises ``UnavailableError`` when it cannot be looked up.
        """
        ...

    async def fetch_file(
        self, line: GatewayCredentials, external_id: str, most_bytes: int
    ) -> FetchedFile | None:
        """File of a message; ``None``: the gateway certainly does not have it (any more).

        Raises ``UnavailableError``, ``InvalidInputError`` (``too_large``).
        """
        ...

    async def list_messages(
        self, line: GatewayCredentials, limit: int, offset: int
    ) -> Sequence[Mapping[str, object]]:
        """Stored messages of the instance as webhook bodies, newest first.

        Raises ``UnavailableError``.
        """
        ...

    async def fetch_status(self, line: GatewayCredentials) -> InstanceStatus:
        """State of the instance. Raises ``UnavailableError``."""
        ...

    async def set_webhook(self, line: GatewayCredentials, url: str) -> None:
        """Have the instance post to ``url``. Raises ``UnavailableError``."""
        ...

    async def close(self) -> None:
        """Close connections; sends in flight end as lost."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayServer:
    """A gateway of the installation, on which instances can be made. ``kind`` is the vendor's."""

    base_url: str
    admin_token: str = field(repr=False)
    kind: str = ""


@dataclass(frozen=True, slots=True)
class GatewayInstance:
    """An instance of a gateway. ``mark`` is a label that its creator set, maybe empty."""

    name: str
    token: str = field(repr=False)
    mark: str = ""
    status: str = "unknown"


@dataclass(frozen=True, slots=True)
class PairingState:
    """How to pair a phone: an image as a data URI, or a code to type. Empty once paired."""

    status: str
    qrcode: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class WebhookRegistration:
    """Where an instance posts what. ``url`` holds a secret."""

    enabled: bool
    url: str = field(repr=False)
    events: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


class GatewayAdmin(Protocol):
    """The port to the administration of instances. All methods raise ``UnavailableError`` if the
    gateway does not answer, and ``OperationRefusedError`` if it refuses: ``gateway_token`` for a
    wrong token, ``gateway_conflict`` for an operation that is in progress or already done.
    """

    async def list_instances(self, server: GatewayServer) -> Sequence[GatewayInstance]:
        """All instances."""
        ...

    async def create_instance(self, server: GatewayServer, name: str, mark: str) -> GatewayInstance:
        """Create an instance, whichever exist already."""
        ...

    async def start_pairing(self, line: GatewayCredentials, phone: str | None) -> PairingState:
        """Begin to pair, by a picture or, for ``phone`` (digits), by a code."""
        ...

    async def get_pairing(self, line: GatewayCredentials) -> PairingState:
        """The state of the pairing in progress."""
        ...

    async def disconnect(self, line: GatewayCredentials) -> None:
        """Log the phone out."""
        ...

    async def list_webhooks(self, line: GatewayCredentials) -> Sequence[WebhookRegistration]:
        """The webhooks of the instance."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
