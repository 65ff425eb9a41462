"""The declaration of a scenario: the customer, the steps and the expected results."""

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
"""The names of all tools that the assistant can have."""
_MAX_NAME_LENGTH = 63 - len(EVALUATION_SLUG_PREFIX)


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _check_pattern(value: str) -> str:
    try:
        re.compile(PLACEHOLDER_PATTERN.sub("x", value))
    except re.error as error:
        raise ValueError(f"is not a valid regular expression: {error}") from None
    return value


def _check_tool_use(value: str) -> str:
    found = _TOOL_USE_PATTERN.fullmatch(value)
    if found is None or found[1] not in TOOL_NAMES:
        raise ValueError("must be a tool's name, alone or with =ok or =<error code>")
    return value


def _check_name_length(value: str) -> str:
    if len(value) > _MAX_NAME_LENGTH:
        raise ValueError(f"must have at most {_MAX_NAME_LENGTH} characters")
    return value


RegexText = Annotated[NonEmptyText, AfterValidator(_check_pattern)]
"""A regular expression that is searched, regardless of case, in what the customer receives."""
ToolUseText = Annotated[str, AfterValidator(_check_tool_use)]
"""``abrir_chamado`` (with any result), ``abrir_chamado=ok``, ``abrir_chamado=ja_existe``."""
RegexTexts = Annotated[tuple[RegexText, ...], BeforeValidator(_as_list)]
ToolUseTexts = Annotated[tuple[ToolUseText, ...], BeforeValidator(_as_list)]
TextList = Annotated[tuple[NonEmptyText, ...], BeforeValidator(_as_list), Field(min_length=1)]


class ScenarioKind(StrEnum):
    """The purpose of a scenario."""

    FLOW = "flow"
    EDGE = "edge"
    INJECTION = "injection"
    FAULT = "fault"
    QUESTION = "question"
    """A question that the tenant's facts answer."""
    FIELD = "field"
    """A text that real customers wrote and models misunderstood."""


class StepExpectation(StrictModel):
    """The expected results of a step or of the whole conversation. Omitted fields are
    not checked.
    """

    hears: RegexTexts = ()
    """Patterns that must be found one after another in what the customer received."""
    not_hears: RegexTexts = ()
    count: Annotated[StrictInteger, Field(ge=0)] | None = None
    """The exact number of messages received."""
    at_least: Annotated[StrictInteger, Field(ge=1)] | None = None
    image: StrictBoolean | None = None
    document: StrictBoolean | None = None
    last: RegexText | None = None
    """A pattern that must be found in the last message."""
    tools: ToolUseTexts = ()
    """Tools that must be used in this order; others may be used in between."""
    used: ToolUseTexts = ()
    """Tools that must be used, in any order."""
    no_tools: ToolUseTexts = ()
    status: Literal["pending", "waiting", "open", "resolved"] | None = None
    team: Slug | None = None
    reason: ShortName | None = None
    """The reason code of the newest handoff."""
    note: RegexTexts = ()
    """Patterns that must be found in the notes for the team."""


class ScenarioFault(StrictModel):
    """A fault of the scenario's own model or ERP, as the sandbox's control API accepts it."""

    target: Literal[FaultTarget.MODEL, FaultTarget.SGP]
    kind: FaultKind
    path: str = ""
    status: StrictInteger = 500
    seconds: StrictNumber | None = None
    retry_after: StrictNumber | None = None
    count: Annotated[StrictInteger, Field(ge=1)] | None = None
    """How often the fault occurs; omitted: until ``clear_faults``."""


class ErpChange(StrictModel):
    """A change in the ERP of the subscriber's first contract."""

    status: Annotated[StrictInteger, Field(ge=1, le=7)] | None = None
    line: Literal["online", "offline", "dark", "not_installed"] | None = None
    promises: Annotated[StrictInteger, Field(ge=0)] | None = None
    paid: Annotated[StrictInteger, Field(ge=1)] | None = None
    """The number of open invoices that become paid."""


class CustomerAttachment(StrictModel):
    """A message of the customer that is not text."""

    kind: Literal["image", "document", "ptt", "sticker", "location"]
    text: MultilineText = ""


class ScenarioStep(StrictModel):
    """One action, and the expected results when the conversation is idle again."""

    say: TextList | None = None
    """Texts to send; several are sent immediately after each other."""
    meanwhile: NonEmptyText | None = None
    """A text that is sent as soon as the assistant works on ``say``."""
    send: CustomerAttachment | None = None
    fault: ScenarioFault | None = None
    clear_faults: Literal[True] | None = None
    set: ErpChange | None = None
    resolve: Literal[True] | None = None
    """End the conversation as an agent would; the next text starts a new one."""
    wait_silence: Annotated[StrictNumber, Field(gt=0, le=30)] | None = None
    """Seconds without an action; messages received in that time count for this step."""
    expect: StepExpectation | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        actions = ("say", "send", "fault", "clear_faults", "set", "resolve", "wait_silence")
        if sum(getattr(self, action) is not None for action in actions) != 1:
            raise error_at(f"a step does exactly one of: {', '.join(actions)}")
        if self.meanwhile is not None and self.say is None:
            raise error_at("meanwhile needs say in the same step", "meanwhile")
        return self


class ExpectedLedger(StrictModel):
    """The exact number of writes in the ERP, by kind."""

    unlock: Annotated[StrictInteger, Field(ge=0)] = 0
    ticket: Annotated[StrictInteger, Field(ge=0)] = 0
    lead: Annotated[StrictInteger, Field(ge=0)] = 0
    service_order_by_invoice: Literal[0] = 0


class Scenario(StrictModel):
    """One or several conversations of the same person, with a tenant of its own."""

    name: Annotated[Slug, AfterValidator(_check_name_length)]
    title: ShortName
    kind: ScenarioKind
    only: Literal["simulated", "real"] | None = None
    """``simulated``: the scenario instructs the scripted model or needs its faults. ``real``: the
    scripted model has no rules for it.
    """
    model: ScriptedModelName = ScriptedModelName.HONEST
    """The scripted model that the scenario needs."""
    subscriber: Annotated[str, Field(pattern=r"^[a-z_]+(/[1-9])?$")] | None = None
    """A case of the sandbox's table; ``offline_dark/2`` is the second subscriber of a case."""
    phone: Annotated[str, Field(pattern=r"^\d{12,13}$")] | None = None
    writes_from: Annotated[Literal["subscriber", "other"], Field(alias="from")] = "subscriber"
    policy: dict[str, Any] = Field(default_factory=dict)
    assistant: dict[str, Any] = Field(default_factory=dict)
    erp: dict[str, Any] = Field(default_factory=dict)
    without_erp: StrictBoolean = False
    steps: Annotated[tuple[ScenarioStep, ...], Field(min_length=1)]
    outcome: StepExpectation = StepExpectation()
    """The expected results of the whole scenario."""
    ledger: ExpectedLedger = ExpectedLedger()
    forbidden: RegexTexts = ()
    calls_at_most: dict[str, Annotated[StrictInteger, Field(ge=0)]] = Field(default_factory=dict)
    """Limits of calls by the ERP's route."""
    model_calls_at_most: Annotated[StrictInteger, Field(ge=0)] | None = None
    """The maximum number of model requests; counted in in-process evaluations only."""
    tokens_at_most: Annotated[StrictInteger, Field(ge=0)] | None = None
    """The maximum number of input tokens in total."""
    refused_at_most: Annotated[StrictInteger, Field(ge=0)] | None = None
    """The maximum number of the model's texts that the guardrail rejects."""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if (self.subscriber is None) == (self.phone is None):
            raise error_at("set either subscriber or phone", "subscriber")
        if self.model is not ScriptedModelName.HONEST and self.only != "simulated":
            raise error_at("another scripted model requires only: simulated", "model")
        if self.only != "simulated" and any(_is_model_fault(step) for step in self.steps):
            raise error_at("model faults require only: simulated", "steps")
        return self

    def for_model(self, *, simulated: bool) -> bool:
        """Whether the scenario applies to the scripted model, or to another one."""
        return self.only is None or (self.only == "simulated") == simulated

    @property
    def slug(self) -> str:
        """The slug of its tenant."""
        return f"{EVALUATION_SLUG_PREFIX}{self.name}"

    @property
    def key(self) -> str:
        """The API key of its tenant at the scripted model, and the token at the simulated ERP."""
        return f"sandbox-{self.slug}"


def _is_model_fault(step: ScenarioStep) -> bool:
    return step.fault is not None and step.fault.target is FaultTarget.MODEL


class ScenariosFile(StrictModel):
    """One file of scenarios."""

    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]
