"""A scenario as its file declares it: who writes, what is said, what must come of it."""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from niochat.assistant.toolbox import TOOLS
from niochat.cli.command_context import EVALUATION_SLUG_PREFIX
from niochat.tenants.provider_file.field_types import (
    MultilineText,
    NonEmptyText,
    ShortName,
    Slug,
    StrictBoolean,
    StrictInteger,
    StrictNumber,
)
from niochat.tenants.provider_file.strict_model import StrictModel, error_at
from niochat_sandbox.fault_injection.fault_rules import FaultKind as FaultKind
from niochat_sandbox.fault_injection.fault_rules import FaultTarget
from niochat_sandbox.scripted_model.scripted_models import ScriptedModelName

PLACEHOLDER_PATTERN = re.compile(r"\{(cpf|cpf_dotted|phone|name|address|protocol)\}")
_TOOL_USE_PATTERN = re.compile(r"([a-z_]+)(?:=([a-z_]+))?")
TOOL_NAMES = frozenset(tool.name for tool in TOOLS)
"""Of all tools that the assistant can have."""
_MAX_NAME_LENGTH = 63 - len(EVALUATION_SLUG_PREFIX)


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _check_pattern(value: str) -> str:
    try:
        re.compile(PLACEHOLDER_PATTERN.sub("x", value))
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return value


def _check_tool_use(value: str) -> str:
    found = _TOOL_USE_PATTERN.fullmatch(value)
    if found is None or found[1] not in TOOL_NAMES:
        raise ValueError("must be a tool's name, alone or with =ok or =<code of a refusal>")
    return value


def _check_name_length(value: str) -> str:
    if len(value) > _MAX_NAME_LENGTH:
        raise ValueError(f"must have at most {_MAX_NAME_LENGTH} characters")
    return value


RegexText = Annotated[NonEmptyText, AfterValidator(_check_pattern)]
"""A regular expression, case ignored, searched in what the customer reads."""
ToolUseText = Annotated[str, AfterValidator(_check_tool_use)]
"""``abrir_chamado`` (however it ended), ``abrir_chamado=ok``, ``abrir_chamado=ja_existe``."""
RegexTexts = Annotated[tuple[RegexText, ...], BeforeValidator(_as_list)]
ToolUseTexts = Annotated[tuple[ToolUseText, ...], BeforeValidator(_as_list)]
TextList = Annotated[tuple[NonEmptyText, ...], BeforeValidator(_as_list), Field(min_length=1)]


class ScenarioKind(StrEnum):
    """What a scenario is there for."""

    FLOW = "flow"
    EDGE = "edge"
    INJECTION = "injection"
    FAULT = "fault"
    QUESTION = "question"
    """Answered from what the provider told of itself."""
    FIELD = "field"
    """What people really wrote, and models got wrong."""


class StepExpectation(StrictModel):
    """What must have come of a step, or of the whole conversation. What is left out is free."""

    hears: RegexTexts = ()
    """Found one after the other in what the customer received."""
    not_hears: RegexTexts = ()
    count: Annotated[StrictInteger, Field(ge=0)] | None = None
    """Messages received, exactly."""
    at_least: Annotated[StrictInteger, Field(ge=1)] | None = None
    image: StrictBoolean | None = None
    document: StrictBoolean | None = None
    last: RegexText | None = None
    """Found in the very last message."""
    tools: ToolUseTexts = ()
    """Used in this order; others may lie between."""
    used: ToolUseTexts = ()
    """Used, in any order."""
    no_tools: ToolUseTexts = ()
    status: Literal["pending", "waiting", "open", "resolved"] | None = None
    team: Slug | None = None
    reason: ShortName | None = None
    """Code of the newest hand-off."""
    note: RegexTexts = ()
    """Found in the notes that the team reads."""


class ScenarioFault(StrictModel):
    """What goes wrong with the scenario's own model or ERP, as the sandbox is told."""

    target: Literal[FaultTarget.MODEL, FaultTarget.SGP]
    kind: FaultKind
    path: str = ""
    status: StrictInteger = 500
    seconds: StrictNumber | None = None
    retry_after: StrictNumber | None = None
    count: Annotated[StrictInteger, Field(ge=1)] | None = None
    """How often; left out: until ``clear_faults``."""


class ErpChange(StrictModel):
    """What the ERP knows from now on of the subscriber's first contract."""

    status: Annotated[StrictInteger, Field(ge=1, le=7)] | None = None
    line: Literal["online", "offline", "dark", "not_installed"] | None = None
    promises: Annotated[StrictInteger, Field(ge=0)] | None = None
    paid: Annotated[StrictInteger, Field(ge=1)] | None = None
    """So many of its open invoices are paid now."""


class CustomerAttachment(StrictModel):
    """Something that is not text."""

    kind: Literal["image", "document", "ptt", "sticker", "location"]
    text: MultilineText = ""


class ScenarioStep(StrictModel):
    """One thing that is done, and what must come of it once all is quiet again."""

    say: TextList | None = None
    """Several are written right after each other."""
    meanwhile: NonEmptyText | None = None
    """Written as soon as the assistant thinks about what was said."""
    send: CustomerAttachment | None = None
    fault: ScenarioFault | None = None
    clear_faults: Literal[True] | None = None
    set: ErpChange | None = None
    resolve: Literal[True] | None = None
    """The conversation ends, as if people were done; what is said next begins another."""
    wait_silence: Annotated[StrictNumber, Field(gt=0, le=30)] | None = None
    """Seconds in which nothing is done; what comes then counts for this step."""
    expect: StepExpectation | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        deeds = ("say", "send", "fault", "clear_faults", "set", "resolve", "wait_silence")
        if sum(getattr(self, deed) is not None for deed in deeds) != 1:
            raise error_at(f"a step does exactly one of: {', '.join(deeds)}")
        if self.meanwhile is not None and self.say is None:
            raise error_at("meanwhile needs something to be said before it", "meanwhile")
        return self


class ExpectedLedger(StrictModel):
    """What must have been done in the ERP, exactly."""

    unlock: Annotated[StrictInteger, Field(ge=0)] = 0
    ticket: Annotated[StrictInteger, Field(ge=0)] = 0
    lead: Annotated[StrictInteger, Field(ge=0)] = 0
    service_order_by_invoice: Literal[0] = 0


class Scenario(StrictModel):
    """One conversation, or several of the same person, with one provider of its own."""

    name: Annotated[Slug, AfterValidator(_check_name_length)]
    title: ShortName
    kind: ScenarioKind
    only: Literal["simulated", "real"] | None = None
    """``simulated``: its model is told what to do, or its faults are the simulated model's.
    ``real``: nobody taught the simulated one to understand it.
    """
    model: ScriptedModelName = ScriptedModelName.HONEST
    """Which of the sandbox's models is meant."""
    subscriber: Annotated[str, Field(pattern=r"^[a-z_]+(/[1-9])?$")] | None = None
    """Case of the sandbox's table, ``offline_dark/2`` is the second of them."""
    phone: Annotated[str, Field(pattern=r"^\d{12,13}$")] | None = None
    writes_from: Annotated[Literal["subscriber", "other"], Field(alias="from")] = "subscriber"
    policy: dict[str, Any] = Field(default_factory=dict)
    assistant: dict[str, Any] = Field(default_factory=dict)
    erp: dict[str, Any] = Field(default_factory=dict)
    without_erp: StrictBoolean = False
    steps: Annotated[tuple[ScenarioStep, ...], Field(min_length=1)]
    outcome: StepExpectation = StepExpectation()
    """Of the whole run of the scenario."""
    ledger: ExpectedLedger = ExpectedLedger()
    forbidden: RegexTexts = ()
    calls_at_most: dict[str, Annotated[StrictInteger, Field(ge=0)]] = Field(default_factory=dict)
    """By the ERP's route."""
    model_calls_at_most: Annotated[StrictInteger, Field(ge=0)] | None = None
    """Where the model's calls are counted: in process."""
    tokens_at_most: Annotated[StrictInteger, Field(ge=0)] | None = None
    """Read by the model in all."""
    refused_at_most: Annotated[StrictInteger, Field(ge=0)] | None = None
    """Texts of the model that did not leave."""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if (self.subscriber is None) == (self.phone is None):
            raise error_at("either subscriber or phone is needed", "subscriber")
        if self.model is not ScriptedModelName.HONEST and self.only != "simulated":
            raise error_at("another of the sandbox's models needs only: simulated", "model")
        if self.only != "simulated" and any(_is_model_fault(step) for step in self.steps):
            raise error_at("faults of the model need only: simulated", "steps")
        return self

    def for_model(self, *, simulated: bool) -> bool:
        """Whether it is played by the sandbox's model, or by another one."""
        return self.only is None or (self.only == "simulated") == simulated

    @property
    def slug(self) -> str:
        """Of its provider."""
        return f"{EVALUATION_SLUG_PREFIX}{self.name}"

    @property
    def key(self) -> str:
        """Its provider's key at the sandbox's model, and token at the sandbox's ERP."""
        return f"sandbox-{self.slug}"


def _is_model_fault(step: ScenarioStep) -> bool:
    return step.fault is not None and step.fault.target is FaultTarget.MODEL


class ScenariosFile(StrictModel):
    """The whole file."""

    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]
