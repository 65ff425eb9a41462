"""A persona: a customer that a model plays, with goal, mood, facts, spelling and
expected outcome.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from niochat.domain.errors import InvalidInputError
from niochat.tenants.provider_file.field_types import (
    MultilineText,
    NonEmptyText,
    ShortName,
    Slug,
    StrictBoolean,
    StrictInteger,
)
from niochat.tenants.provider_file.strict_model import StrictModel
from niochat.tenants.provider_file.yaml_source import invalid_file_error, load_yaml_document
from niochat_lab.evaluation.definitions.scenario_loader import format_problem
from niochat_lab.evaluation.definitions.scenario_people import ScenarioPeople
from niochat_lab.evaluation.definitions.scenario_schema import (
    ExpectedLedger,
    RegexTexts,
    Scenario,
    ScenarioKind,
    StepExpectation,
)

PERSONA_FOLDER = Path(__file__).parent / "personas"
_MAX_NAME_LENGTH = 40


def _check_name_length(value: str) -> str:
    if len(value) > _MAX_NAME_LENGTH:
        raise ValueError(f"must have at most {_MAX_NAME_LENGTH} characters")
    return value


class Persona(StrictModel):
    """One customer. Texts may contain the placeholders of scenarios (``{cpf}``, ``{address}``)."""

    name: Annotated[Slug, AfterValidator(_check_name_length)]
    title: ShortName
    shows: tuple[Annotated[str, Field(pattern=r"^A\d{1,2}$")], ...] = ()
    """The kinds of failure that the persona looks for."""
    subscriber: Annotated[str, Field(pattern=r"^[a-z_]+(/[1-9])?$")] | None = None
    phone: Annotated[str, Field(pattern=r"^\d{12,13}$")] | None = None
    writes_from: Annotated[Literal["subscriber", "other"], Field(alias="from")] = "subscriber"
    policy: dict[str, Any] = Field(default_factory=dict)
    goal: MultilineText
    mood: NonEmptyText
    facts: tuple[MultilineText, ...]
    """What the customer knows and says only if asked or if it fits."""
    spelling: NonEmptyText
    begins: NonEmptyText | None = None
    """The first message, word by word; without it the model writes one."""
    messages_at_most: Annotated[StrictInteger, Field(ge=1, le=30)] = 12
    outcome: StepExpectation = StepExpectation()
    ledger: ExpectedLedger = ExpectedLedger()
    """The maximum number of writes in the ERP, by kind."""
    done: tuple[Literal["unlock", "ticket", "lead"], ...] = ()
    """The kinds of writes that must be in the ERP."""
    forbidden: RegexTexts = ()
    tells_protocol: StrictBoolean = True
    model_calls_at_most: Annotated[StrictInteger, Field(ge=1)] | None = 40
    tokens_at_most: Annotated[StrictInteger, Field(ge=1)] | None = 120_000
    refused_at_most: Annotated[StrictInteger, Field(ge=0)] | None = None

    def to_scenario(self) -> Scenario:
        """The persona's tenant and customer as a scenario with the same name."""
        values: dict[str, Any] = {
            "name": f"persona-{self.name}",
            "title": self.title,
            "kind": ScenarioKind.FIELD,
            "subscriber": self.subscriber,
            "phone": self.phone,
            "from": self.writes_from,
            "policy": self.policy,
            "steps": [{"say": "oi"}],
            "model_calls_at_most": self.model_calls_at_most,
        }
        return Scenario.model_validate(values)

    def build_prompt(self, people: ScenarioPeople) -> str:
        """Build the prompt for the player of the persona."""
        facts = "\n".join(f"- {fact}" for fact in self.facts)
        return people.fill(
            f"Você faz o papel de um cliente que escreve pelo WhatsApp ao provedor de internet. "
            f"Você é só o cliente: nunca atenda, nunca diga que é um modelo.\n\n"
            f"Objetivo: {self.goal}\nHumor: {self.mood}\nO que você sabe:\n{facts}\n"
            f"Como você escreve: {self.spelling}\n\n"
            f"Escreva como pessoas escrevem: curto, uma ou duas mensagens de cada vez, sem contar "
            f"tudo de uma vez. Não invente fatos além dos seus. Quando o objetivo foi atendido, "
            f"quando uma pessoa vai continuar, ou quando não há mais o que fazer, termine.\n\n"
            f'Responda só com um JSON: {{"mensagens": ["…"], "fim": false}}. Para terminar sem '
            f'dizer mais nada: {{"mensagens": [], "fim": true}}.'
        )


class PersonasFile(StrictModel):
    """One file of personas."""

    personas: Annotated[tuple[Persona, ...], Field(min_length=1)]


def load_all_personas(folder: Path = PERSONA_FOLDER) -> list[Persona]:
    """Load the personas of all files. Raises ``InvalidInputError`` with file and line."""
    personas: list[Persona] = []
    for path in sorted(folder.glob("*.yaml")):
        document = load_yaml_document(path)
        try:
            personas += PersonasFile.model_validate(document.data).personas
            for persona in personas:
                persona.to_scenario()
        except ValidationError as error:
            raise invalid_file_error(
                path, [format_problem(document, each) for each in error.errors(include_url=False)]
            ) from None
    names = [persona.name for persona in personas]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInputError(f"several personas have the name {', '.join(twice)}")
    return personas


def select_personas(personas: Sequence[Persona], names: Sequence[str]) -> list[Persona]:
    """Select personas by name, or all. Raises ``InvalidInputError`` for an unknown name."""
    known = {persona.name for persona in personas}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidInputError(
            f"unknown persona {', '.join(unknown)}; known are {', '.join(known)}"
        )
    return [persona for persona in personas if not names or persona.name in names]
