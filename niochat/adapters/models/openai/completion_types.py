"""The endpoint of a model, its options, its completions and its errors."""

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
"""Headers that a tenant cannot set: authentication, host and framing of the body."""
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
"""Fields of the body that a tenant cannot set: those that the client sets itself, and those that
make a gateway such as LiteLLM use another URL or key.
"""


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """A tenant's settings for its model; a setting of None is not sent. Extra headers and body
    fields may be secret.
    """

    temperature: float | None = None
    seed: int | None = None
    parallel_tool_calls: bool | None = None
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    extra_body: Mapping[str, object] = field(default_factory=dict, repr=False)
    quirks: frozenset[EndpointQuirk] = frozenset()
    """Known quirks of the endpoint; others are learned from its refusals."""


@dataclass(frozen=True, slots=True)
class ModelEndpoint:
    """The endpoint of a tenant's model. ``key`` is a secret: never logged."""

    url: str
    key: str = field(repr=False)
    model: str
    options: ModelOptions = field(default_factory=ModelOptions)


@dataclass(frozen=True, slots=True)
class ModelToolCall:
    """A call of a tool by the model. ``arguments`` are the JSON of an object, or the text of the
    model where that could not be parsed as one.
    """

    id: str
    name: str
    arguments: str
    extra_fields: Mapping[str, object] = field(default_factory=dict, compare=False)
    """Fields that the server expects back with the call, such as Gemini's ``thought_signature``."""
    thinking: str = field(default="", compare=False, repr=False)
    """The thinking before the call; a few servers expect it back."""


@dataclass(frozen=True, slots=True)
class ModelCompletion:
    """The model's text and tool calls, without its thinking. Token counts are those of the
    endpoint, 0 when it reports none.
    """

    text: str
    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    calls: tuple[ModelToolCall, ...] = ()
    finish: str = field(default="", compare=False)
    """``stop``, ``length``, ``tool_calls``, ``content_filter`` or another; empty if not
    reported.
    """
    refusal: str = field(default="", compare=False)
    """Why the model does not answer, when the server reports it apart from the text."""
    tokens_cached: int = field(default=0, compare=False)
    """The part of ``tokens_in`` that the endpoint had cached from an earlier request."""


class ModelError(NiochatError):
    """The model did not answer. ``code`` says why; after a rate limit ``retry_after_s`` is the
    time to wait, otherwise 0.
    """

    def __init__(
        self, message: str, *, code: str, retryable: bool, retry_after_s: float = 0.0
    ) -> None:
        super().__init__(message, code=code)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
