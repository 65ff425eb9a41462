"""The definition of a tool: typed arguments, preconditions and function."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from niochat.assistant.turn_context import ToolResult, TurnContext
from niochat.domain.text_validation import to_storable_text
from niochat.ports.erp import ErpCapability

ArgumentText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=600),
    AfterValidator(to_storable_text),
]


ArgumentQuote = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=400),
    AfterValidator(to_storable_text),
    Field(description="palavras exatas do cliente"),
]


class ToolArguments(BaseModel):
    """The arguments of a tool.

    Unknown names are rejected, so that a model that invents an argument such as a contract id gets
    an error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_stored(self) -> Any:
        """The arguments as they are stored in the turn's row."""
        return self.model_dump(mode="json")


class NoArguments(ToolArguments):
    """No arguments."""


@dataclass(frozen=True, slots=True)
class AssistantTool:
    """A tool that the model may call.

    ``required_capabilities``: ERP capabilities without which the tool is not offered.
    ``requires_contract``: a contract must be confirmed. ``requires_trust``: not for third parties.
    ``has_side_effects``: refused while the customer has only sent a file. ``is_repeatable``: if the
    turn is interrupted, the next one may reuse the result.
    """

    name: str
    description: str
    arguments_model: type[ToolArguments]
    run: Callable[[TurnContext, Any], Awaitable[ToolResult]]
    required_capabilities: frozenset[ErpCapability] = frozenset()
    requires_contract: bool = False
    requires_trust: bool = False
    has_side_effects: bool = False
    is_repeatable: bool = False
    only_sends: bool = False
    """The tool sends data that was read and writes nothing; a recognized contract is
    enough for it.
    """
    department: str = ""
    """The department for a handoff if the ERP fails; empty: that of the customer's intent."""
    is_available: Callable[[TurnContext], bool] | None = None
    """Whether the tool is offered; without it ``required_capabilities`` decides."""
    follow_up: Callable[[TurnContext, Any], "tuple[AssistantTool, ToolArguments] | None"] | None = (
        None
    )
    """A further call that is run after this one succeeded; it saves a request to the model."""

    def function_schema(self) -> dict[str, Any]:
        """The function schema for an OpenAI-compatible endpoint."""
        schema = self.arguments_model.model_json_schema()
        schema.pop("description", None)  # the class docstring is not for the model
        plain = _simplify_schema(schema, schema.pop("$defs", {}))
        function = {"name": self.name, "description": self.description, "parameters": plain}
        return {"type": "function", "function": function}


_OMITTED_KEYWORDS = (
    "title",
    "additionalProperties",
    "minLength",
    "maxLength",
    "maxItems",
    "default",
)
"""Schema keywords that the model need not read, because a violation returns an error anyway."""


def _simplify_schema(schema: Any, definitions: dict[str, Any]) -> Any:
    """Remove references, titles, docstrings and optional types from a schema.

    Every word costs input tokens in each request, and not all endpoints support more. The code
    validates the arguments in any case.
    """
    if isinstance(schema, list):
        return [_simplify_schema(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        named = definitions[schema["$ref"].rpartition("/")[2]]
        kept = {key: schema[key] for key in ("description",) if key in schema}
        return _simplify_schema({**_without_keys(named, "description"), **kept}, definitions)
    non_null = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(non_null) == 1:
        return _simplify_schema({**_without_keys(schema, "anyOf"), **non_null[0]}, definitions)
    bare = _without_keys(schema, *_OMITTED_KEYWORDS)
    return {key: _simplify_schema(value, definitions) for key, value in bare.items()}


def _without_keys(schema: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}
