"""What other rooms are told of providers. No secret shows in a repr."""

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
    """One provider."""

    tenant_id: UUID
    slug: str
    name: str
    status: str
    timezone: str
    config_version: int

    @property
    def active(self) -> bool:
        """Not suspended."""
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class ChannelRecord:
    """One channel. ``…_hash`` are SHA-256, ``…_sealed`` are opened by the directory alone."""

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
        """Its tenant is not suspended."""
        return self.tenant_status == "active"


def build_webhook_url(base_url: str, kind: str, channel_id: UUID, secret: str) -> str:
    """The address to which a gateway of this kind posts what happens on a channel."""
    return f"{base_url.rstrip('/')}/webhooks/{kind}/{channel_id}/{secret}"


@dataclass(frozen=True, slots=True)
class ChannelAddress:
    """A channel with the secret that its gateway has to know."""

    channel: ChannelRecord
    secret: str = field(repr=False)

    def webhook_url(self, base_url: str) -> str:
        """Where the gateway posts to; holds the secret, so it is shown to operators only."""
        return build_webhook_url(base_url, self.channel.kind, self.channel.id, self.secret)


@dataclass(frozen=True, slots=True)
class AssistantRecord:
    """A tenant's assistant, its key opened: never logged. Limits are for one turn.

    Prices are per million tokens read and written.
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
    """What it sets of how the model is asked; headers and fields are opened, never logged."""
    facts: ProviderFacts = EMPTY_FACTS
    """What it may tell of the provider."""
    requests: Mapping[str, Any] = field(default_factory=dict)
    """What is done about requests for a change, by kind; see ``domain.requests.rules_of``."""
    hearing: ModelEndpoint | None = None
    """Who turns voice notes into text; ``None``: nobody."""
    hearing_price: Decimal = Decimal(0)
    """Of a minute."""
    seeing: ModelEndpoint | None = None
    """Who looks at pictures; ``None``: nobody."""


@dataclass(frozen=True, slots=True)
class ErpRecord:
    """A tenant's ERP, its token opened: never logged. ``timeout_s``: seconds of one call.

    ``capabilities``: what the last probe found, ``None`` before the first since a change of
    address, app or token.
    """

    account: ErpAccount
    calls_at_once: int
    per_minute: int
    timeout_s: float
    capabilities: frozenset[ErpCapability] | None
    probed_at: datetime | None
    weight: float = 1.0
