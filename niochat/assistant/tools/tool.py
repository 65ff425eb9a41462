"""What a tool is: typed arguments, the gates before it, and what it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from niochat.assistant.case import Case, Result
from niochat.assistant.folding import storable
from niochat.domain.erp import ErpCapability

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=600),
    AfterValidator(storable),
]


Quote = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=400),
    AfterValidator(storable),
    Field(description="palavras exatas do cliente"),
]


class Arguments(BaseModel):
    """What a model may say. Unknown names are refused: a model that invents a contract's id
    is told so, not ignored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    def kept(self) -> Any:
        """As they go into the turn's row."""
        return self.model_dump(mode="json")


class Nothing(Arguments):
    """No arguments."""


@dataclass(frozen=True, slots=True)
class Tool:
    """``needs``: capabilities of the ERP without which it is not offered.

    ``contract``: only with a confirmed contract. ``trusted``: not for third parties. ``acts``: not
    for who has only sent a file. ``repeatable``: its result stays good when its turn is cut off,
    for the one that follows.
    """

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Case, Any], Awaitable[Result]]
    needs: frozenset[ErpCapability] = frozenset()
    contract: bool = False
    trusted: bool = False
    acts: bool = False
    repeatable: bool = False
    sends: bool = False
    """It writes nothing, it only lets leave what is read: a recognised contract is enough."""
    sector: str = ""
    """Whose work it is when the ERP fails; empty: the wish's."""
    fits: Callable[[Case], bool] | None = None
    """Whether it is offered; without it ``needs`` says so."""
    then: Callable[[Case, Any], "tuple[Tool, Arguments] | None"] | None = None
    """What a call wants done, too, once it has done its own: it saves a question to the model."""

    def offer(self) -> dict[str, Any]:
        """As an OpenAI-compatible endpoint wants to be told."""
        schema = self.arguments.model_json_schema()
        schema.pop("description", None)  # our docstring
        plain = _plain(schema, schema.pop("$defs", {}))
        function = {"name": self.name, "description": self.description, "parameters": plain}
        return {"type": "function", "function": function}


_UNSAID = ("title", "additionalProperties", "minLength", "maxLength", "maxItems", "default")
"""Of a schema, what a model need not read: what breaks these is told when it does."""


def _plain(schema: Any, definitions: dict[str, Any]) -> Any:
    """Without references and titles, and a value that may be left out as what it is if given:
    every word is read with every question, and not every endpoint follows more. What does not fit
    is refused by the code in any case. Our own docstrings are nobody's to read.
    """
    if isinstance(schema, list):
        return [_plain(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        named = definitions[schema["$ref"].rpartition("/")[2]]
        told = {key: schema[key] for key in ("description",) if key in schema}
        return _plain({**_without(named, "description"), **told}, definitions)
    given = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(given) == 1:
        return _plain({**_without(schema, "anyOf"), **given[0]}, definitions)
    bare = _without(schema, *_UNSAID)
    return {key: _plain(value, definitions) for key, value in bare.items()}


def _without(schema: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}
