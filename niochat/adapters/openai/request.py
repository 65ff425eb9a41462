"""The body of a request in one form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from niochat.adapters.openai.completion import OWN_FIELDS, OWN_HEADERS, Endpoint
from niochat.adapters.openai.forms import Form
from niochat.adapters.openai.history import shaped

_WORDS = frozenset({
    "type", "properties", "required", "items", "enum", "description", "minimum", "maximum",
})  # fmt: skip
"""Of JSON Schema, what every end point knows."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, in no form yet."""

    endpoint: Endpoint
    messages: Sequence[Mapping[str, Any]]
    max_tokens: int
    tools: Sequence[Mapping[str, Any]]
    stream: bool
    wrote: Callable[[str], None]

    @property
    def names(self) -> frozenset[str]:
        """Of the tools."""
        return frozenset(str(tool["function"]["name"]) for tool in self.tools)

    def streams(self, forms: frozenset[Form]) -> bool:
        """Whether it comes in pieces."""
        return self.stream and Form.NO_STREAM not in forms

    def headers(self) -> dict[str, str]:
        """The tenant's, without those that are ours."""
        given = self.endpoint.options.headers.items()
        own = {"Content-Type": "application/json"}
        return {**{k: v for k, v in given if k.lower() not in OWN_HEADERS}, **own}

    def body(self, forms: frozenset[Form]) -> bytes:
        """As the end point wants it. What the tenant adds cannot stand for anything of ours."""
        given = self.endpoint.options.body.items()
        body = {key: value for key, value in given if key not in OWN_FIELDS}
        body |= {"model": self.endpoint.model, "messages": shaped(self.messages, forms)}
        body |= self._limits(forms)
        if self.tools:
            plain = Form.PLAIN_SCHEMAS in forms
            body["tools"] = [_plain_tool(tool) for tool in self.tools] if plain else self.tools
        if self.streams(forms):
            body["stream"] = True
            if Form.NO_STREAM_USAGE not in forms:
                body["stream_options"] = {"include_usage": True}
        return orjson.dumps(body)

    def _limits(self, forms: frozenset[Form]) -> dict[str, object]:
        options = self.endpoint.options
        parallel = options.parallel_tool_calls if self.tools else None
        wanted = {
            "temperature": (options.temperature, Form.NO_TEMPERATURE),
            "seed": (options.seed, Form.NO_SEED),
            "parallel_tool_calls": (parallel, Form.NO_PARALLEL),
        }
        limits: dict[str, object] = {
            name: value
            for name, (value, without) in wanted.items()
            if value is not None and without not in forms
        }
        if Form.NO_LIMIT not in forms:
            newer = Form.COMPLETION_TOKENS in forms
            limits["max_completion_tokens" if newer else "max_tokens"] = self.max_tokens
        return limits


def _plain_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = {**tool["function"]}
    if "parameters" in function:
        function["parameters"] = _plain(function["parameters"])
    return {**tool, "function": function}


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Of alternatives the first that is not null; judged is what comes back in any case."""
    several = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if several:
        chosen = next((each for each in several if each.get("type") != "null"), several[0])
        schema = {**chosen, **{k: v for k, v in schema.items() if k == "description"}}
    plain = {key: value for key, value in schema.items() if key in _WORDS}
    if isinstance(plain.get("type"), list):
        plain["type"] = next((each for each in plain["type"] if each != "null"), "string")
    if "const" in schema:
        plain["enum"] = [schema["const"]]
    if "properties" in plain:
        plain["properties"] = {k: _plain(v) for k, v in plain["properties"].items()}
    if isinstance(plain.get("items"), Mapping):
        plain["items"] = _plain(plain["items"])
    return plain
