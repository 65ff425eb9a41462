"""A provider as its operator declares it; the rim: everything below is checked."""

import json
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from niochat.adapters.erps.registry import DEFAULT_ERP_KIND, ERPS
from niochat.adapters.gateways.registry import DEFAULT_GATEWAY_KIND
from niochat.adapters.models.openai.endpoint_quirks import EndpointQuirk
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.presence import AssignmentMode
from niochat.domain.tenant.tier import DEFAULT_MAX_CONCURRENT_TURNS, DEFAULT_TIER, TenantTier
from niochat.ports.erp import TicketCategory
from niochat.tenants.provider_file.change_request_schema import ChangeRequests, find_unknown_team
from niochat.tenants.provider_file.facts_schema import FactsConfig
from niochat.tenants.provider_file.field_types import (
    ErpKind,
    ExtraBody,
    GatewayKind,
    HeaderName,
    HeaderText,
    HttpAddress,
    ModelTimeout,
    MultilineText,
    Price,
    SecretToken,
    ShortName,
    Slug,
    StrictBoolean,
    StrictInteger,
    StrictNumber,
    TicketCode,
    Timezone,
)
from niochat.tenants.provider_file.policy_schema import PolicyConfig
from niochat.tenants.provider_file.strict_model import StrictModel, error_at


class ReplyLanguage(StrEnum):
    """The language in which the assistant answers: ``portuguese``, or the language of the
    ``customer``.
    """

    PORTUGUESE = "portuguese"
    CUSTOMER = "customer"


class TeamConfig(StrictModel):
    """Agents who share a queue."""

    slug: Slug
    name: ShortName
    assignment: AssignmentMode | None = None
    """Who gets what waits: ``balanced`` (who is there and has most room), ``round_robin`` (who got
    one longest ago), ``manual`` (who takes it). Left out: as it was; of a new team balanced.
    """


class ChannelConfig(StrictModel):
    """A WhatsApp number and the gateway instance it is connected to."""

    slug: Slug
    name: ShortName
    kind: GatewayKind = DEFAULT_GATEWAY_KIND
    """Which vendor's gateway it is."""
    base_url: HttpAddress
    """Address of the gateway, as ``https://gateway.example.com``."""
    token: SecretToken
    """Token of the instance."""
    hmac_key: SecretToken | None = None
    """Key with which webhooks must be signed; left out: as it was, null: none."""


class PersonaConfig(StrictModel):
    """How the assistant presents itself."""

    name: ShortName | None = None
    company: ShortName | None = None
    style: MultilineText | None = None
    greeting: MultilineText | None = None
    language: ReplyLanguage | None = None
    """``portuguese``: whatever the customer writes in; ``customer``: the customer's own."""


class AssistantConfig(StrictModel):
    """The model of the provider and the limits of one turn."""

    enabled: StrictBoolean = True
    endpoint: HttpAddress
    """OpenAI-compatible, with its ``/v1``."""
    api_key: SecretToken
    model: ShortName
    persona: PersonaConfig = PersonaConfig()
    facts: FactsConfig | None = None
    """What it may tell of the provider; left out or null: as it was, ``{}``: nothing."""
    stream: StrictBoolean = False
    max_steps: Annotated[StrictInteger, Field(ge=1, le=50)] = 6
    """Calls of the model in one turn."""
    max_tokens: Annotated[StrictInteger, Field(ge=1, le=100_000)] = 800
    """Tokens of one answer."""
    max_seconds: ModelTimeout = 45.0
    """Seconds that the model may take in one turn."""
    turns_per_minute: Annotated[StrictInteger, Field(ge=1, le=1_000_000)] = 6000
    """Turns this provider may start in a minute."""
    turns_at_once: Annotated[StrictInteger, Field(ge=1, le=10_000)] = DEFAULT_MAX_CONCURRENT_TURNS
    """Turns of this provider that may run at the same time; further ones wait, none is lost."""
    price_in: Price = Decimal(0)
    """What a million tokens read cost, in the provider's currency; 0: not told."""
    price_out: Price = Decimal(0)
    """The same of tokens written."""
    temperature: Annotated[StrictNumber, Field(ge=0, le=2)] | None = None
    """0: always the likeliest word; left out: as the model has it. Some models take none."""
    seed: Annotated[StrictInteger, Field(ge=0, le=2**31 - 1)] | None = None
    parallel_tool_calls: StrictBoolean | None = None
    """Whether the model may want several tools at once; left out: as the model has it."""
    dialect: Annotated[tuple[EndpointQuirk, ...], Field(max_length=len(EndpointQuirk))] = ()
    """What the end point wants otherwise, where it should not be learned from its refusals."""
    extra_headers: Annotated[dict[HeaderName, HeaderText], Field(max_length=20)] = Field(
        default_factory=dict
    )
    """Sent with every request, sealed, never shown."""
    extra_body: ExtraBody = Field(default_factory=dict, repr=False)
    """Further fields of every request, sealed, never shown."""

    requests: ChangeRequests
    """What is done about a subscriber's request for a change, by its kind; PATCH sends them all."""
    transcription_model: ShortName | None = None
    """Of an OpenAI-compatible end point that turns voice notes into text; left out: voice notes
    are not transcribed.
    """
    transcription_endpoint: HttpAddress | None = None
    """Left out: the assistant's own."""
    transcription_api_key: SecretToken | None = None
    """Left out: the assistant's own; another end point needs its own."""
    transcription_price: Price = Decimal(0)
    """What a minute of speech costs, in the provider's currency; 0: not told."""
    sees: StrictBoolean = False
    """Whether the model is shown pictures and PDFs that have no text; it must be one that sees."""
    vision_model: ShortName | None = None
    """Another model of the same end point for that; left out: the assistant's own."""

    @model_validator(mode="after")
    def _key_of_its_own(self) -> Self:
        elsewhere = self.transcription_endpoint not in (None, self.endpoint)
        if elsewhere and self.transcription_api_key is None:
            raise error_at(
                "another end point needs a transcription_api_key of its own",
                "transcription_api_key",
            )
        return self

    def extra_secret(self) -> SecretStr | None:
        """Headers and fields as they are sealed."""
        headers = {name: text.get_secret_value() for name, text in self.extra_headers.items()}
        if not headers and not self.extra_body:
            return None
        whole = {"headers": headers, "body": self.extra_body}
        return SecretStr(json.dumps(whole, sort_keys=True))


class ErpConfig(StrictModel):
    """The provider's ERP and how hard it may be asked."""

    kind: ErpKind = DEFAULT_ERP_KIND
    """Which vendor's ERP it is."""
    base_url: HttpAddress
    """Address of the installation, as ``https://erp.example.com``; a path is kept."""
    token: SecretToken
    app: ShortName | None = None
    """The application the token was made for, where the ERP has such."""
    ticket_kinds: dict[TicketCategory, TicketCode] = Field(default_factory=dict)
    """The provider's own codes of service orders, where the ERP has such. YAML drops leading
    zeros: quote those.
    """
    calls_at_once: Annotated[StrictInteger, Field(ge=1, le=200)] = 8
    per_minute: Annotated[StrictInteger, Field(ge=1, le=100_000)] = 600
    """Calls that may begin in a minute."""
    timeout_s: Annotated[StrictNumber, Field(ge=1, le=120)] = 32.0
    """Seconds of one call."""

    @model_validator(mode="after")
    def _fits_the_vendor(self) -> Self:
        vendor = ERPS.require(self.kind)
        if vendor.needs_app and self.app is None:
            raise error_at("is missing", "app")
        if not vendor.needs_app and self.app is not None:
            raise error_at(f"{vendor.display_name} has no app: remove it", "app")
        if not vendor.has_ticket_kinds and self.ticket_kinds:
            raise error_at(
                f"{vendor.display_name} has no ticket_kinds: remove them", "ticket_kinds"
            )
        return self


def _default_teams() -> list[TeamConfig]:
    return [TeamConfig(slug=ConversationPolicy().team, name="Atendimento")]


class ProviderConfig(StrictModel):
    """One tenant. Secrets are in it as ``SecretStr``: its repr shows none."""

    slug: Slug
    name: ShortName
    timezone: Timezone = "America/Sao_Paulo"
    plan: TenantTier = DEFAULT_TIER
    """What it gets of what all share, while others want it too: 1, 2 or 4 parts."""
    suspended: StrictBoolean | None = None
    """Left out: as it was, so that an old file does not wake a suspended provider."""
    teams: list[TeamConfig] = Field(default_factory=_default_teams, min_length=1)
    policy: PolicyConfig = PolicyConfig()
    channels: list[ChannelConfig] = Field(default_factory=list)
    assistant: AssistantConfig | None = None
    erp: ErpConfig | None = None
    """Left out or null: as it was; an ERP is never removed by a file."""

    @model_validator(mode="after")
    def _team_exists(self) -> Self:
        slugs = [team.slug for team in self.teams]
        if self.policy.team not in slugs:
            at = ("policy", "team") if "team" in self.policy.model_fields_set else ("teams",)
            known = ", ".join(slugs)
            raise error_at(f"the policy's team {self.policy.team} is not among: {known}", *at)
        kind = find_unknown_team(self.assistant.requests, set(slugs)) if self.assistant else None
        if kind is not None:
            where = ("assistant", "requests", kind, "team")
            raise error_at(f"this team is not among: {', '.join(slugs)}", *where)
        return self

    @model_validator(mode="after")
    def _teams_know_the_rest(self) -> Self:
        """Who answers what the facts do not tell."""
        slugs = [team.slug for team in self.teams]
        facts = self.assistant.facts if self.assistant is not None else None
        for place, each in enumerate(facts.unknown if facts is not None else ()):
            if each.team not in slugs:
                raise error_at(
                    f"the team {each.team} is not among: {', '.join(slugs)}",
                    *("assistant", "facts", "unknown", place, "team"),
                )
        return self


class ProvidersFile(StrictModel):
    """The whole file."""

    providers: list[ProviderConfig] = Field(min_length=1)
