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
    needs: frozenset[Capability] = frozenset()
    contract: bool = False
    trusted: bool = False
    acts: bool = False
    repeatable: bool = False
    sector: str = ""
    """Whose work it is when the ERP fails; empty: the wish's."""

    def offer(self) -> dict[str, Any]:
        """As an OpenAI-compatible endpoint wants to be told."""
        schema = self.arguments.model_json_schema()
        plain = _plain(schema, schema.pop("$defs", {}))
        function = {"name": self.name, "description": self.description, "parameters": plain}
        return {"type": "function", "function": function}


def _plain(schema: Any, definitions: dict[str, Any]) -> Any:
    """Without references, which not every endpoint follows, and without our own docstrings."""
    if isinstance(schema, list):
        return [_plain(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    kept = {key: value for key, value in schema.items() if key not in ("title", "description")}
    return {key: _plain(value, definitions) for key, value in kept.items()}
