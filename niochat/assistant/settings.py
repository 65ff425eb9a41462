"""The assistant's settings as a turn needs them; :mod:`niochat.accounts` stores them."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from niochat.adapters.models.openai.completion_types import ModelOptions
from niochat.domain.tenant.provider_facts import ProviderFacts
from niochat.ports.erp import ErpCapability


class AssistantSettings(Protocol):
    """Endpoint, key and limits of one turn. ``api_key`` is never logged.

    Prices are per million tokens. ``options``: extra fields of the model request; they may be
    secret.
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
"""Loads the settings of a tenant; raises ``NotFoundError`` if it has no assistant."""
CapabilitiesLoader = Callable[[UUID], Awaitable[frozenset[ErpCapability]]]
"""Loads what the tenant's ERP can do: empty without an ERP, everything if it was never probed."""
