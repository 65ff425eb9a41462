"""A completion request, and its body under the quirks of an endpoint."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from niochat.adapters.models.openai.completion_types import (
    RESERVED_FIELDS,
    RESERVED_HEADERS,
    ModelEndpoint,
)
from niochat.adapters.models.openai.endpoint_quirks import EndpointQuirk
from niochat.adapters.models.openai.message_formatter import format_messages

_SCHEMA_KEYWORDS = frozenset(
    {
        "type",
        "properties",
        "required",
        "items",
        "enum",
        "description",
        "minimum",
        "maximum",
    }
)
"""The keywords of JSON Schema that every endpoint supports."""


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A request, independent of quirks."""

    endpoint: ModelEndpoint
    messages: Sequence[Mapping[str, Any]]
    max_tokens: int
    tools: Sequence[Mapping[str, Any]]
    stream: bool
    on_text: Callable[[str], None]

    @property
    def tool_names(self) -> frozenset[str]:
        """The names of the tools."""
        return frozenset(str(tool["function"]["name"]) for tool in self.tools)

    def is_streaming(self, quirks: frozenset[EndpointQuirk]) -> bool:
        """Whether the response is streamed under these quirks."""
        return self.stream and EndpointQuirk.NO_STREAM not in quirks

    def build_headers(self) -> dict[str, str]:
        """The tenant's headers without the reserved ones, and the content type."""
        configured = self.endpoint.options.extra_headers.items()
        fixed = {"Content-Type": "application/json"}
        return {**{k: v for k, v in configured if k.lower() not in RESERVED_HEADERS}, **fixed}

    def encode_body(self, quirks: frozenset[EndpointQuirk]) -> bytes:
        """The JSON body under these quirks. The tenant's fields cannot replace reserved fields."""
        configured = self.endpoint.options.extra_body.items()
        body = {key: value for key, value in configured if key not in RESERVED_FIELDS}
        body |= {"model": self.endpoint.model, "messages": format_messages(self.messages, quirks)}
        body |= self._limits(quirks)
        if self.tools:
            simplify = EndpointQuirk.PLAIN_SCHEMAS in quirks
            body["tools"] = (
                [_simplify_tool(tool) for tool in self.tools] if simplify else self.tools
            )
        if self.is_streaming(quirks):
            body["stream"] = True
            if EndpointQuirk.NO_STREAM_USAGE not in quirks:
                body["stream_options"] = {"include_usage": True}
        return orjson.dumps(body)

    def _limits(self, quirks: frozenset[EndpointQuirk]) -> dict[str, object]:
        options = self.endpoint.options
        parallel = options.parallel_tool_calls if self.tools else None
        optional = {
            "temperature": (options.temperature, EndpointQuirk.NO_TEMPERATURE),
            "seed": (options.seed, EndpointQuirk.NO_SEED),
            "parallel_tool_calls": (parallel, EndpointQuirk.NO_PARALLEL),
        }
        limits: dict[str, object] = {
            name: value
            for name, (value, omitting) in optional.items()
            if value is not None and omitting not in quirks
        }
        if EndpointQuirk.NO_LIMIT not in quirks:
            newer = EndpointQuirk.COMPLETION_TOKENS in quirks
            limits["max_completion_tokens" if newer else "max_tokens"] = self.max_tokens
        return limits


def _simplify_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = {**tool["function"]}
    if "parameters" in function:
        function["parameters"] = _simplify_schema(function["parameters"])
    return {**tool, "function": function}


def _simplify_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with its first non-null alternative; arguments are validated in any case."""
    alternatives = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if alternatives:
        chosen = next(
            (each for each in alternatives if each.get("type") != "null"), alternatives[0]
        )
        schema = {**chosen, **{k: v for k, v in schema.items() if k == "description"}}
    plain = {key: value for key, value in schema.items() if key in _SCHEMA_KEYWORDS}
    if isinstance(plain.get("type"), list):
        plain["type"] = next((each for each in plain["type"] if each != "null"), "string")
    if "const" in schema:
        plain["enum"] = [schema["const"]]
    if "properties" in plain:
        plain["properties"] = {k: _simplify_schema(v) for k, v in plain["properties"].items()}
    if isinstance(plain.get("items"), Mapping):
        plain["items"] = _simplify_schema(plain["items"])
    return plain
