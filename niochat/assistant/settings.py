"""What a turn needs to know of its tenant's assistant; ``accounts`` has it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from uuid import UUID


class AssistantSettings(Protocol):
    """Endpoint, key and the limits of one turn. ``api_key`` is never logged."""

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


SettingsOf = Callable[[UUID], Awaitable[AssistantSettings]]
"""Settings of a tenant; raises ``NotFound`` when it has no assistant."""
