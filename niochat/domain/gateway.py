"""What a WhatsApp gateway can do for us; Uazapi is one, the Cloud API may be another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from niochat.domain.commands import SendResult
from niochat.domain.message import Kind


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
    """One message that leaves. With a ``file``, ``kind`` is image or document, ``text`` its
    caption, maybe empty; without one, ``kind`` is text.
    """

    text: str
    kind: Kind = Kind.TEXT
    file: OutgoingFile | None = None


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
        self, line: Line, number: str, outgoing: Outgoing, track_id: str, timeout_s: float
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
