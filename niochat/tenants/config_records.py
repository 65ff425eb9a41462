"""Records of tenants, channels, assistants and ERPs. No secret is in a ``repr``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from niochat.adapters.models.openai.completion_types import ModelEndpoint, ModelOptions
from niochat.domain.tenant.provider_facts import EMPTY_FACTS, ProviderFacts
from niochat.ports.erp import ErpAccount, ErpCapability


@dataclass(frozen=True, slots=True)
class TenantRecord:
    """One tenant."""

    tenant_id: UUID
    slug: str
    name: str
    status: str
    timezone: str
    config_version: int

    @property
    def active(self) -> bool:
        """Whether the tenant is not suspended."""
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class ChannelRecord:
    """One channel. ``…_hash`` are SHA-256 digests; ``…_sealed`` values are sealed secrets."""

    tenant_id: UUID
    id: UUID
    slug: str
    name: str
    tenant_slug: str
    tenant_status: str
    status: str
    kind: str
    base_url: str
    token_hash: bytes = field(repr=False)
    token_sealed: bytes = field(repr=False)
    secret_hash: bytes = field(repr=False)
    secret_sealed: bytes = field(repr=False)
    hmac_sealed: bytes | None = field(repr=False)

    @property
    def active(self) -> bool:
        """Whether the channel's tenant is not suspended."""
        return self.tenant_status == "active"


def build_webhook_url(base_url: str, kind: str, channel_id: UUID, secret: str) -> str:
    """URL to which a gateway of this kind posts the events of a channel; it contains the secret."""
    return f"{base_url.rstrip('/')}/webhooks/{kind}/{channel_id}/{secret}"


@dataclass(frozen=True, slots=True)
class ChannelAddress:
    """A channel with the secret of its webhook URL."""

    channel: ChannelRecord
    secret: str = field(repr=False)

    def webhook_url(self, base_url: str) -> str:
        """Webhook URL. It contains the secret, so it is shown to operators only."""
        return build_webhook_url(base_url, self.channel.kind, self.channel.id, self.secret)


@dataclass(frozen=True, slots=True)
class AssistantRecord:
    """A tenant's assistant with its plain API key; never log it.

    ``max_steps``, ``max_tokens`` and ``max_seconds`` limit one turn. ``price_in`` and ``price_out``
    are prices per million tokens.
    """

    endpoint: str
    model: str
    api_key: str = field(repr=False)
    persona: Mapping[str, object]
    stream: bool
    max_steps: int
    max_tokens: int
    max_seconds: float
    turns_per_minute: int
    turns_at_once: int
    timezone: str
    price_in: Decimal = Decimal(0)
    price_out: Decimal = Decimal(0)
    options: ModelOptions = field(default_factory=ModelOptions)
    """Options of model requests. Extra headers and fields are plain secrets; never log them."""
    facts: ProviderFacts = EMPTY_FACTS
    """Facts about the provider that the assistant may tell customers."""
    requests: Mapping[str, Any] = field(default_factory=dict)
    """Handling of change requests by kind; see ``domain.tenant.change_requests``."""
    hearing: ModelEndpoint | None = None
    """Endpoint that transcribes voice notes; ``None``: they are not transcribed."""
    hearing_price: Decimal = Decimal(0)
    """Price per minute of speech."""
    seeing: ModelEndpoint | None = None
    """Endpoint that describes pictures; ``None``: they are not described."""


@dataclass(frozen=True, slots=True)
class ErpRecord:
    """A tenant's ERP with its plain token; never log it. ``timeout_s`` limits one call.

    ``capabilities`` are those found by the last probe; ``None`` if there was no probe since the
    last change of address, app or token.
    """

    account: ErpAccount
    calls_at_once: int
    per_minute: int
    timeout_s: float
    capabilities: frozenset[ErpCapability] | None
    probed_at: datetime | None
    weight: float = 1.0
