"""What goes to a model's end point and comes back, in our words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from niochat.adapters.models.openai.endpoint_quirks import EndpointQuirk
from niochat.domain.errors import NiochatError

RESERVED_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "host",
        "content-type",
        "content-length",
        "content-encoding",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "accept-encoding",
        "cookie",
        "forwarded",
        "x-forwarded-host",
        "x-original-url",
        "x-rewrite-url",
    }
)
"""Headers that a tenant cannot set: they say who asks, where, and what the body is."""
RESERVED_FIELDS = frozenset(
    {
        "model",
        "messages",
        "tools",
        "functions",
        "function_call",
        "stream",
        "stream_options",
        "n",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "seed",
        "parallel_tool_calls",
        "base_url",
        "api_base",
        "api_key",
        "api_version",
        "api_type",
        "organization",
        "extra_headers",
        "headers",
        "custom_llm_provider",
        "user_config",
        "fallbacks",
        "model_list",
        "extra_body",
    }
)
"""Fields of the body that a tenant cannot set: ours, and those by which gateways (LiteLLM) are
told another address or key.
"""


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What a tenant sets by hand; None is not sent. ``headers`` and ``body`` may be secret."""

    temperature: float | None = None
    seed: int | None = None
    parallel_tool_calls: bool | None = None
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    extra_body: Mapping[str, object] = field(default_factory=dict, repr=False)
    quirks: frozenset[EndpointQuirk] = frozenset()
    """What the end point is known to want, before it refuses anything."""


@dataclass(frozen=True, slots=True)
class ModelEndpoint:
    """Where a tenant's model is. ``key`` is a secret: never logged."""

    url: str
    key: str = field(repr=False)
    model: str
    options: ModelOptions = field(default_factory=ModelOptions)


@dataclass(frozen=True, slots=True)
class ModelToolCall:
    """A function the model wants to be called. ``arguments`` are the JSON of an object; what could
    not be understood as one is as the model wrote it.
    """

    id: str
    name: str
    arguments: str
    extra_fields: Mapping[str, object] = field(default_factory=dict, compare=False)
    """What the server wants back with the call, as Gemini its ``thought_signature``."""
    thinking: str = field(default="", compare=False, repr=False)
    """What was thought before it: a few servers want that back too."""


@dataclass(frozen=True, slots=True)
class ModelCompletion:
    """What the model said or wants, without its thinking. Tokens as the endpoint counts them, 0
    when it does not.
    """

    text: str
    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    calls: tuple[ModelToolCall, ...] = ()
    finish: str = field(default="", compare=False)
    """``stop``, ``length``, ``tool_calls``, ``content_filter``, another word; empty: not said."""
    refusal: str = field(default="", compare=False)
    """Why the model does not answer, when it says so apart from its text."""
    tokens_cached: int = field(default=0, compare=False)
    """Of ``tokens_in``, what the end point had kept from an earlier request."""


class ModelError(NiochatError):
    """The model did not answer. ``code`` says why; ``retry_after_s`` when it asked to wait."""

    def __init__(
        self, message: str, *, code: str, retryable: bool, retry_after_s: float = 0.0
    ) -> None:
        super().__init__(message, code=code)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
