"""What a tool is: typed arguments, the gates before it, and what it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from niochat.assistant.case import Case, Result
from niochat.assistant.folding import storable
from niochat.domain.erp import Capability

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=600),
    AfterValidator(storable),
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

    ``contract``: only with a confirmed contract. ``trusted``: not for third parties.
    ``repeatable``: its result stays good when its turn is cut off, for the one that follows.
    """

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Case, Any], Awaitable[Result]]
    needs: frozenset[Capability] = frozenset()
    contract: bool = False
    trusted: bool = False
    repeatable: bool = False
    sector: str = ""
    """Whose work it is when the ERP fails; empty: the wish's."""
    fits: Callable[[Case], bool] | None = None
    """Whether it is offered; without it ``needs`` says so."""

    def offer(self) -> dict[str, Any]:
        """As an OpenAI-compatible endpoint wants to be told."""
        schema = self.arguments.model_json_schema()
        plain = _plain(schema, schema.pop("$defs", {}))
        function = {"name": self.name, "description": self.description, "parameters": plain}
        return {"type": "function", "function": function}


_UNSAID = ("title", "description", "additionalProperties", "minLength", "maxLength", "default")
"""Of a schema, what a model need not read: what breaks these is told when it does."""


def _plain(schema: Any, definitions: dict[str, Any]) -> Any:
    """Without references, which not every endpoint follows, and without our own docstrings; what
    a parameter is described by stays.
    """
    if isinstance(schema, list):
        return [_plain(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        # Left out is as good as null, and shorter.
        options = [each for each in schema["anyOf"] if each.get("type") != "null"]
        if len(options) == 1:
            return _plain(options[0], definitions)
    kept = {key: value for key, value in schema.items() if key not in _UNSAID}
    return {
        key: _described(value, definitions) if key == "properties" else _plain(value, definitions)
        for key, value in kept.items()
    }


def _described(parameters: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            **_plain(schema, definitions),
            **({"description": schema["description"]} if "description" in schema else {}),
        }
        for name, schema in parameters.items()
    }
