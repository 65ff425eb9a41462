"""What a WhatsApp gateway can do for us; Uazapi is one, the Cloud API may be another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from niochat.domain.commands import SendResult
from niochat.domain.message import Change, Kind


@dataclass(frozen=True, slots=True)
class Line:
    """How to reach one channel's gateway instance. ``token`` is a secret: never logged."""

    base_url: str
    token: str


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file that leaves whole. ``data`` is at most 16 MiB, ``filename`` is what people see."""

    data: bytes
    mimetype: str
    filename: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message that leaves. With a ``file``, ``kind`` says what it is and ``text`` is its
    caption, maybe empty; without one, ``kind`` is text. ``reply_to``: the gateway's id of the
    message it quotes.
    """

    text: str
    kind: Kind = Kind.TEXT
    file: OutgoingFile | None = None
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingChange:
    """What becomes of a message that has left: ``value`` is the new text, or the emoji."""

    change: Change
    target: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file as the gateway gave it; its type is what the gateway says, not to be trusted."""

    data: bytes
    mimetype: str


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """What is known after a send. ``hold`` names why the whole channel must wait."""

    result: SendResult
    external_id: str | None = None
    code: str = ""
    retry_in_s: float = 0.0
    hold: str | None = None


@dataclass(frozen=True, slots=True)
class LineStatus:
    """The instance's session: ``status`` as in ``ConnectionChanged``."""

    status: str
    owner: str


class Gateway(Protocol):
    """Port to a gateway. No method raises for what a gateway may answer to a send."""

    async def send(
        self,
        line: Line,
        number: str,
        outgoing: Outgoing | OutgoingChange,
        track_id: str,
        timeout_s: float,
    ) -> SendAnswer:
        """Send once; never retries by itself. ``number`` is digits or ``…@lid``.

        ``timeout_s`` is for everything, the upload of a file too.
        """
        ...

    async def sent_as(self, line: Line, track_id: str) -> str | None:
        """Gateway's id of the message sent under ``track_id``; ``None``: certainly none.

        Raises ``Unavailable`` when it cannot be looked up.
        """
        ...

    async def fetch(self, line: Line, external_id: str, most_bytes: int) -> FetchedFile | None:
        """File of a message; ``None``: the gateway certainly does not have it (any more).

        Raises ``Unavailable``, ``Invalid`` (``too_large``).
        """
        ...

    async def messages(self, line: Line, limit: int, offset: int) -> Sequence[Mapping[str, object]]:
        """Stored messages of the instance as webhook bodies, newest first.

        Raises ``Unavailable``.
        """
        ...

    async def status(self, line: Line) -> LineStatus:
        """State of the instance. Raises ``Unavailable``."""
        ...

    async def set_webhook(self, line: Line, url: str) -> None:
        """Have the instance post to ``url``. Raises ``Unavailable``."""
        ...

    async def close(self) -> None:
        """Close connections; sends in flight end as lost."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayServer:
    """A gateway of the installation, on which instances can be made."""

    base_url: str
    admin_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Instance:
    """A number's place at a gateway. ``mark`` is what its maker wrote on it, maybe nothing."""

    name: str
    token: str = field(repr=False)
    mark: str = ""
    status: str = "unknown"


@dataclass(frozen=True, slots=True)
class Pairing:
    """How a phone joins: a picture as a data URI, or a code to type; both empty once it has."""

    status: str
    qrcode: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class WebhookFound:
    """Where an instance posts what. ``url`` holds a secret."""

    enabled: bool
    url: str = field(repr=False)
    events: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


class Administration(Protocol):
    """Port to what is done with instances, not through them. All raise ``Unavailable`` where the
    gateway does not answer, and ``Refused`` for what it refuses: ``gateway_token`` for a token it
    does not take, ``gateway_conflict`` for what is under way or done already.
    """

    async def instances(self, server: GatewayServer) -> Sequence[Instance]:
        """All of them."""
        ...

    async def create(self, server: GatewayServer, name: str, mark: str) -> Instance:
        """One more, whatever there is already."""
        ...

    async def connect(self, line: Line, phone: str | None) -> Pairing:
        """Begin to pair, by a picture or, for ``phone`` (digits), by a code."""
        ...

    async def pairing(self, line: Line) -> Pairing:
        """What is shown of a pairing under way."""
        ...

    async def disconnect(self, line: Line) -> None:
        """Log the phone out."""
        ...

    async def webhooks(self, line: Line) -> Sequence[WebhookFound]:
        """Where it posts to."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
