"""Schema of a provider in a provider file: teams, channels, assistant, ERP, mirror and policy."""

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
from niochat.tenants.provider_file.supabase_schema import SupabaseConfig


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
    """How waiting conversations are assigned: ``balanced`` (to the online agent with the most free
    capacity), ``round_robin`` (to the online agent whose last assignment is the oldest) or
    ``manual`` (agents take them). Default: unchanged, and ``balanced`` for a new team.
    """


class ChannelConfig(StrictModel):
    """A WhatsApp number and the gateway instance it is connected to."""

    slug: Slug
    name: ShortName
    kind: GatewayKind = DEFAULT_GATEWAY_KIND
    """Which vendor's gateway it is."""
    base_url: HttpAddress
    """Address of the gateway, such as ``https://gateway.example.com``."""
    token: SecretToken
    """Token of the gateway instance."""
    hmac_key: SecretToken | None = None
    """Key with which webhooks must be signed; default: unchanged; null: no signature required."""


class PersonaConfig(StrictModel):
    """How the assistant presents itself."""

    name: ShortName | None = None
    company: ShortName | None = None
    style: MultilineText | None = None
    greeting: MultilineText | None = None
    language: ReplyLanguage | None = None
    """``portuguese``: always Portuguese; ``customer``: the language of the customer."""


class AssistantConfig(StrictModel):
    """The model of the provider and the limits of one turn."""

    enabled: StrictBoolean = True
    endpoint: HttpAddress
    """Base URL of an OpenAI-compatible endpoint, including ``/v1``."""
    api_key: SecretToken
    model: ShortName
    persona: PersonaConfig = PersonaConfig()
    facts: FactsConfig | None = None
    """Facts that it may tell customers; default or null: unchanged; ``{}``: none."""
    stream: StrictBoolean = False
    max_steps: Annotated[StrictInteger, Field(ge=1, le=50)] = 6
    """Maximum number of model requests in one turn."""
    max_tokens: Annotated[StrictInteger, Field(ge=1, le=100_000)] = 800
    """Maximum number of tokens of one answer."""
    max_seconds: ModelTimeout = 45.0
    """Maximum seconds of model time in one turn."""
    turns_per_minute: Annotated[StrictInteger, Field(ge=1, le=1_000_000)] = 6000
    """Maximum number of turns that start per minute."""
    turns_at_once: Annotated[StrictInteger, Field(ge=1, le=10_000)] = DEFAULT_MAX_CONCURRENT_TURNS
    """Maximum number of concurrent turns; further turns wait, and none is lost."""
    price_in: Price = Decimal(0)
    """Price of a million input tokens in the provider's currency; 0: unknown."""
    price_out: Price = Decimal(0)
    """Price of a million output tokens in the provider's currency; 0: unknown."""
    temperature: Annotated[StrictNumber, Field(ge=0, le=2)] | None = None
    """Sampling temperature; 0: least random; default: that of the model. Some models refuse it."""
    seed: Annotated[StrictInteger, Field(ge=0, le=2**31 - 1)] | None = None
    parallel_tool_calls: StrictBoolean | None = None
    """Whether the model may call several tools at once; default: that of the model."""
    dialect: Annotated[tuple[EndpointQuirk, ...], Field(max_length=len(EndpointQuirk))] = ()
    """Known deviations of the endpoint; others are learned from its error responses."""
    extra_headers: Annotated[dict[HeaderName, HeaderText], Field(max_length=20)] = Field(
        default_factory=dict
    )
    """HTTP headers of every model request. They are stored sealed and never shown."""
    extra_body: ExtraBody = Field(default_factory=dict, repr=False)
    """Extra fields of every model request. They are stored sealed and never shown."""

    requests: ChangeRequests
    """Handling of change requests by kind. PATCH replaces all of them."""
    transcription_model: ShortName | None = None
    """Model that transcribes voice notes; default: voice notes are not transcribed."""
    transcription_endpoint: HttpAddress | None = None
    """OpenAI-compatible endpoint of the transcription model; default: that of the assistant."""
    transcription_api_key: SecretToken | None = None
    """API key of that endpoint; default: that of the assistant. Required for another endpoint."""
    transcription_price: Price = Decimal(0)
    """Price of a minute of speech in the provider's currency; 0: unknown."""
    sees: StrictBoolean = False
    """Whether a model reads pictures and PDFs without text; it must support images."""
    vision_model: ShortName | None = None
    """Model for that at the same endpoint; default: that of the assistant."""

    @model_validator(mode="after")
    def _key_of_its_own(self) -> Self:
        elsewhere = self.transcription_endpoint not in (None, self.endpoint)
        if elsewhere and self.transcription_api_key is None:
            raise error_at(
                "another endpoint needs a transcription_api_key of its own",
                "transcription_api_key",
            )
        return self

    def extra_secret(self) -> SecretStr | None:
        """Extra headers and fields as the JSON that is sealed; None if there are none."""
        headers = {name: text.get_secret_value() for name, text in self.extra_headers.items()}
        if not headers and not self.extra_body:
            return None
        whole = {"headers": headers, "body": self.extra_body}
        return SecretStr(json.dumps(whole, sort_keys=True))


class ErpConfig(StrictModel):
    """The provider's ERP, and the limits of calls to it."""

    kind: ErpKind = DEFAULT_ERP_KIND
    """Which vendor's ERP it is."""
    base_url: HttpAddress
    """Address of the installation, such as ``https://erp.example.com``; it may have a path."""
    token: SecretToken
    app: ShortName | None = None
    """The application for which the token was created, where the ERP has applications."""
    ticket_kinds: dict[TicketCategory, TicketCode] = Field(default_factory=dict)
    """The provider's own codes of service orders, where the ERP has them. Put codes with leading
    zeros in quotes.
    """
    calls_at_once: Annotated[StrictInteger, Field(ge=1, le=200)] = 8
    per_minute: Annotated[StrictInteger, Field(ge=1, le=100_000)] = 600
    """Maximum number of calls that start per minute."""
    timeout_s: Annotated[StrictNumber, Field(ge=1, le=120)] = 32.0
    """Timeout of one call in seconds."""

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
    """One tenant. Secrets are ``SecretStr``, so that ``repr`` does not show them."""

    slug: Slug
    name: ShortName
    timezone: Timezone = "America/Sao_Paulo"
    plan: TenantTier = DEFAULT_TIER
    """Tier; it weighs the tenant's share of common capacity under load with 1, 2 or 4."""
    suspended: StrictBoolean | None = None
    """Default: unchanged, so that an old file does not resume a suspended provider."""
    teams: list[TeamConfig] = Field(default_factory=_default_teams, min_length=1)
    policy: PolicyConfig = PolicyConfig()
    channels: list[ChannelConfig] = Field(default_factory=list)
    assistant: AssistantConfig | None = None
    erp: ErpConfig | None = None
    """Default or null: unchanged. A file never removes an ERP."""
    supabase: SupabaseConfig | None = None
    """Default: unchanged; null: no project of its own, but that of the installation."""

    @model_validator(mode="after")
    def _team_exists(self) -> Self:
        slugs = [team.slug for team in self.teams]
        if self.policy.team not in slugs:
            policy_path = (
                ("policy", "team") if "team" in self.policy.model_fields_set else ("teams",)
            )
            known = ", ".join(slugs)
            raise error_at(
                f"the policy's team {self.policy.team} is not among: {known}", *policy_path
            )
        if self.policy.ratings.reopen_team not in ("", *slugs):
            problem = f"this team is not among: {', '.join(slugs)}"
            raise error_at(problem, "policy", "ratings", "reopen_team")
        kind = find_unknown_team(self.assistant.requests, set(slugs)) if self.assistant else None
        if kind is not None:
            path = ("assistant", "requests", kind, "team")
            raise error_at(f"this team is not among: {', '.join(slugs)}", *path)
        return self

    @model_validator(mode="after")
    def _unknown_topic_teams_exist(self) -> Self:
        """Check the teams of the topics that the facts do not cover."""
        slugs = [team.slug for team in self.teams]
        facts = self.assistant.facts if self.assistant is not None else None
        for index, each in enumerate(facts.unknown if facts is not None else ()):
            if each.team not in slugs:
                raise error_at(
                    f"the team {each.team} is not among: {', '.join(slugs)}",
                    *("assistant", "facts", "unknown", index, "team"),
                )
        return self


class ProvidersFile(StrictModel):
    """Root of a provider file."""

    providers: list[ProviderConfig] = Field(min_length=1)
