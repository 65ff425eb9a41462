"""What a tool is: typed arguments, the gates before it, and what it does."""

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
    """What a model may say. Unknown names are refused: a model that invents a contract's id
    is told so, not ignored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_stored(self) -> Any:
        """As they go into the turn's row."""
        return self.model_dump(mode="json")


class NoArguments(ToolArguments):
    """No arguments."""


@dataclass(frozen=True, slots=True)
class AssistantTool:
    """``needs``: capabilities of the ERP without which it is not offered.

    ``contract``: only with a confirmed contract. ``trusted``: not for third parties. ``acts``: not
    for who has only sent a file. ``repeatable``: its result stays good when its turn is cut off,
    for the one that follows.
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
    """It writes nothing, it only lets leave what is read: a recognised contract is enough."""
    department: str = ""
    """Whose work it is when the ERP fails; empty: the wish's."""
    is_available: Callable[[TurnContext], bool] | None = None
    """Whether it is offered; without it ``needs`` says so."""
    follow_up: Callable[[TurnContext, Any], "tuple[AssistantTool, ToolArguments] | None"] | None = (
        None
    )
    """What a call wants done, too, once it has done its own: it saves a question to the model."""

    def function_schema(self) -> dict[str, Any]:
        """As an OpenAI-compatible endpoint wants to be told."""
        schema = self.arguments_model.model_json_schema()
        schema.pop("description", None)  # our docstring
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
"""Of a schema, what a model need not read: what breaks these is told when it does."""


def _simplify_schema(schema: Any, definitions: dict[str, Any]) -> Any:
    """Without references and titles, and a value that may be left out as what it is if given:
    every word is read with every question, and not every endpoint follows more. What does not fit
    is refused by the code in any case. Our own docstrings are nobody's to read.
    """
    if isinstance(schema, list):
        return [_simplify_schema(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        named = definitions[schema["$ref"].rpartition("/")[2]]
        told = {key: schema[key] for key in ("description",) if key in schema}
        return _simplify_schema({**_without_keys(named, "description"), **told}, definitions)
    given = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(given) == 1:
        return _simplify_schema({**_without_keys(schema, "anyOf"), **given[0]}, definitions)
    bare = _without_keys(schema, *_OMITTED_KEYWORDS)
    return {key: _simplify_schema(value, definitions) for key, value in bare.items()}


def _without_keys(schema: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}
