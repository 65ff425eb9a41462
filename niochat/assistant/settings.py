"""What a turn needs to know of its tenant's assistant; ``accounts`` has it."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from niochat.adapters.models.openai.completion_types import ModelOptions
from niochat.domain.tenant.provider_facts import ProviderFacts
from niochat.ports.erp import ErpCapability


class AssistantSettings(Protocol):
    """Endpoint, key and the limits of one turn. ``api_key`` is never logged.

    Prices are per million tokens. ``options``: how the model is asked; may be secret.
    """

    @property
    def endpoint(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    @property
    def persona(self) -> Mapping[str, object]: ...
    @property
    def stream(self) -> bool: ...
    @property
    def max_steps(self) -> int: ...
    @property
    def max_tokens(self) -> int: ...
    @property
    def max_seconds(self) -> float: ...
    @property
    def price_in(self) -> Decimal: ...
    @property
    def price_out(self) -> Decimal: ...
    @property
    def options(self) -> ModelOptions: ...
    @property
    def facts(self) -> ProviderFacts: ...
    @property
    def requests(self) -> Mapping[str, object]: ...


SettingsLoader = Callable[[UUID], Awaitable[AssistantSettings]]
"""Settings of a tenant; raises ``NotFoundError`` when it has no assistant."""
CapabilitiesLoader = Callable[[UUID], Awaitable[frozenset[ErpCapability]]]
"""What the tenant's ERP can do; empty without an ERP, everything where it was never probed."""
