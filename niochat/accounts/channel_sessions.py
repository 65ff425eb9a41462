"""A channel's session with its gateway: paired with a phone, looked at, ended; and its webhook."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from niochat.accounts.channels import Outside
from niochat.accounts.records import webhook_url
from niochat.accounts.sealing import Purpose
from niochat.adapters.postgres.audit import record
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.audit import AuditActor, AuditEntry
from niochat.domain.errors import NotFoundError, OperationRefusedError, UnavailableError
from niochat.domain.gateway import (
    GatewayCredentials,
    InstanceStatus,
    PairingState,
    WebhookRegistration,
)
from niochat.domain.sealing import Encryptor

_SQL = queries("channels")
_INBOX = queries("inbox")

PICTURE_LASTS, CODE_LASTS = timedelta(minutes=2), timedelta(minutes=5)
"""Uazapi reference 2.1."""
NEEDED = frozenset({"messages", "messages_update", "connection"})
"""What a gateway has to tell us of."""
ECHOES = frozenset({"wasSentByApi", "fromMeYes"})
"""Left out, a send whose answer was lost could not be told from one that never left."""


@dataclass(frozen=True, slots=True)
class Offered:
    """How a phone joins, until when."""

    pairing: PairingState
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a webhook, as a code and in words that say what to do."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class WebhookState:
    """``address`` without what is secret of it; None where there is no webhook."""

    address: str | None
    enabled: bool
    events: tuple[str, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Opened:
    id: UUID
    status: str
    line: GatewayCredentials
    url: str = field(repr=False)


class ChannelSessions:
    """Of one tenant's channel at a time. All raise ``NotFoundError``, ``UnavailableError``, and ``Refused``
    for a token that the gateway does not take any more.
    """

    def __init__(self, database: Database, seals: Encryptor, outside: Outside) -> None:
        self._database = database
        self._seals = seals
        self._outside = outside

    async def connect(
        self, tenant_id: UUID, channel_id: UUID, phone: str | None, who: AuditActor, now: datetime
    ) -> Offered:
        """A picture or, for ``phone``, a code; what is under way already is shown again. Raises
        ``Refused`` (``already_connected``, ``connecting`` where there is nothing to show yet).
        """
        channel = await self._opened(tenant_id, channel_id)
        pairing = await self._paired(channel.line, phone)
        how = "code" if pairing.code else "picture"
        await self._note(tenant_id, channel, pairing.status, who, "channels.connect", {"by": how})
        if not (pairing.qrcode or pairing.code):
            return Offered(pairing, None)
        return Offered(pairing, now + (CODE_LASTS if pairing.code else PICTURE_LASTS))

    async def status(self, tenant_id: UUID, channel_id: UUID) -> InstanceStatus:
        """As the gateway has it now, which is stored."""
        channel = await self._opened(tenant_id, channel_id)
        found = await self._line_status(channel.line)
        await self._note(tenant_id, channel, found.status)
        return found

    async def disconnect(self, tenant_id: UUID, channel_id: UUID, who: AuditActor) -> None:
        """Log the phone out: nothing leaves or arrives until it is paired again."""
        channel = await self._opened(tenant_id, channel_id)
        await self._outside.administration.disconnect(channel.line)
        await self._note(tenant_id, channel, "disconnected", who, "channels.disconnect", {})

    async def set_webhook(self, tenant_id: UUID, channel_id: UUID, who: AuditActor) -> WebhookState:
        """Have the gateway post to us, and look whether it does."""
        channel = await self._opened(tenant_id, channel_id)
        try:
            await self._outside.gateway.set_webhook(channel.line, channel.url)
        except UnavailableError as error:
            raise _clear(error) from error
        await self._note(tenant_id, channel, None, who, "channels.webhook", {})
        return await self.webhook(tenant_id, channel_id)

    async def webhook(self, tenant_id: UUID, channel_id: UUID) -> WebhookState:
        """What the gateway knows of us, and what is wrong with it."""
        channel = await self._opened(tenant_id, channel_id)
        found = await self._outside.administration.list_webhooks(channel.line)
        ours = next((each for each in found if each.url == channel.url), None)
        shown = ours or next(iter(found), None)
        return WebhookState(
            None if shown is None else _shown(shown.url, channel),
            shown is not None and shown.enabled,
            () if shown is None else shown.events,
            tuple(_faults(found, ours)),
        )

    async def _paired(self, line: GatewayCredentials, phone: str | None) -> PairingState:
        administration = self._outside.administration
        try:
            return await administration.start_pairing(line, phone)
        except OperationRefusedError as error:
            if error.code != "gateway_conflict":
                raise
        pairing = await administration.get_pairing(line)
        if pairing.status == "connected":
            raise OperationRefusedError(
                "The channel is already connected. Disconnect it first.", code="already_connected"
            )
        if not (pairing.qrcode or pairing.code):
            raise OperationRefusedError(
                "The channel is connecting. Repeat the request later.", code="connecting"
            )
        return pairing

    async def _line_status(self, line: GatewayCredentials) -> InstanceStatus:
        try:
            return await self._outside.gateway.fetch_status(line)
        except UnavailableError as error:
            raise _clear(error) from error

    async def _opened(self, tenant_id: UUID, channel_id: UUID) -> _Opened:
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["sealed"], tenant_id, channel_id)
        if row is None:
            raise NotFoundError("The channel does not exist.")
        opened = [
            self._seals.open(row[column], tenant_id=tenant_id, purpose=purpose)
            for column, purpose in (
                ("token_sealed", Purpose.CHANNEL_TOKEN), ("secret_sealed", Purpose.CHANNEL_SECRET),
            )
        ]  # fmt: skip
        url = webhook_url(self._outside.base_url, channel_id, opened[1])
        return _Opened(
            channel_id, row["status"], GatewayCredentials(row["base_url"], opened[0]), url
        )

    async def _note(
        self, tenant_id: UUID, channel: _Opened, status: str | None, who: AuditActor | None = None,
        action: str = "", told: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """What the gateway said, and who asked it for what."""
        changed = status is not None and status != channel.status
        async with self._database.path_transaction() as connection:
            if changed:
                await connection.execute(_INBOX["connection_changed"], channel.id, status, "")
            if who is not None:
                before, after = {"status": channel.status}, {"status": status, **(told or {})}
                await record(connection, AuditEntry(
                    tenant_id, who, action, f"channel:{channel.id}", before, after
                ))  # fmt: skip


def _clear(error: UnavailableError) -> OperationRefusedError | UnavailableError:
    if error.code != "unauthorized":
        return error
    return OperationRefusedError(
        "The gateway rejects the token of the channel.", code="gateway_token"
    )


def _shown(url: str, channel: _Opened) -> str:
    """Ours without its last part, another one's without all that may be secret."""
    if url == channel.url:
        return url.rpartition("/")[0]
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"


def _faults(
    found: Sequence[WebhookRegistration], ours: WebhookRegistration | None
) -> Iterator[Fault]:
    if not found:
        yield Fault("no_webhook", "the gateway posts nowhere: set the webhook up again")
    elif ours is None:
        yield Fault("other_address", "the gateway posts elsewhere: set the webhook up again")
    if ours is None:
        return
    if len(found) > 1:
        yield Fault("several", "the gateway posts to others too: remove what is not yours there")
    if not ours.enabled:
        yield Fault("switched_off", "the webhook is switched off: set it up again")
    missing = sorted(NEEDED - set(ours.events))
    if missing:
        yield Fault("missing_events", f"it does not tell of {', '.join(missing)}: set it up again")
    if ECHOES & set(ours.excluded):
        yield Fault("echoes_excluded", "it leaves our own messages out: set it up again")
