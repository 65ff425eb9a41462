"""A provider as its operator declares it; the rim: everything below is checked."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from niochat.accounts.fields import (
    Address,
    Count,
    Name,
    Number,
    Prose,
    Secret,
    Sentence,
    Slug,
    Switch,
    Timezone,
)
from niochat.domain.policy import Policy

_DEFAULT = Policy()


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PolicyEntry(_Declared):
    """What differs from ``domain.policy.Policy``; the rest follows the code's defaults."""

    burst_window_s: Annotated[Number, Field(gt=0, le=60)] = _DEFAULT.burst_window_s
    """Seconds of silence after which what the customer wrote is answered."""
    burst_limit_s: Annotated[Number, Field(gt=0, le=300)] = _DEFAULT.burst_limit_s
    """Seconds after which it is answered even while the customer goes on writing."""
    phone_pause_s: Annotated[Number, Field(ge=0, le=7 * 86_400)] = _DEFAULT.phone_pause_s
    """Seconds the assistant keeps silent after somebody typed on the provider's phone."""
    team: Slug = _DEFAULT.team
    """Team that gets what the assistant cannot keep; one of the provider's teams."""
    unavailable_text: Sentence = _DEFAULT.unavailable_text
    """Said when the model is away; ``{protocol}`` becomes the protocol number."""

    @model_validator(mode="after")
    def _limit_is_longer(self) -> Self:
        if self.burst_limit_s < self.burst_window_s:
            at = "burst_limit_s" if "burst_limit_s" in self.model_fields_set else "burst_window_s"
            raise _wrong_at("burst_limit_s must not be shorter than burst_window_s", at)
        return self

    def stored(self) -> dict[str, Any]:
        """What the tenant's row keeps: what the file says, and always the team."""
        return {**self.model_dump(exclude_unset=True), "team": self.team}


class TeamEntry(_Declared):
    """Agents who share a queue."""

    slug: Slug
    name: Name


class ChannelEntry(_Declared):
    """A WhatsApp number and the gateway instance it is connected to."""

    slug: Slug
    name: Name
    base_url: Address
    """Address of the gateway, as ``https://provedor.uazapi.com``."""
    token: Secret
    """Token of the instance."""
    hmac_key: Secret | None = None
    """Key with which webhooks must be signed; left out: as it was, null: none."""


class PersonaEntry(_Declared):
    """Who the assistant says it is."""

    name: Name | None = None
    company: Name | None = None
    style: Prose | None = None
    greeting: Prose | None = None


class AssistantEntry(_Declared):
    """The provider's model and what one turn may use of it."""

    enabled: Switch = True
    endpoint: Address
    """OpenAI-compatible, with its ``/v1``."""
    api_key: Secret
    model: Name
    persona: PersonaEntry = PersonaEntry()
    stream: Switch = False
    max_steps: Annotated[Count, Field(ge=1, le=50)] = 6
    """Calls of the model in one turn."""
    max_tokens: Annotated[Count, Field(ge=1, le=100_000)] = 800
    """Tokens of one answer."""
    max_seconds: Annotated[Number, Field(ge=1, le=600)] = 45.0
    """Seconds of one turn."""
    turns_per_minute: Annotated[Count, Field(ge=1, le=1_000_000)] = 6000
    """Turns this provider may start in a minute."""


def _default_teams() -> list[TeamEntry]:
    return [TeamEntry(slug=_DEFAULT.team, name="Atendimento")]


class Provider(_Declared):
    """One tenant. Secrets are in it as ``SecretStr``: its repr shows none."""

    slug: Slug
    name: Name
    timezone: Timezone = "America/Sao_Paulo"
    suspended: Switch | None = None
    """Left out: as it was, so that an old file does not wake a suspended provider."""
    teams: list[TeamEntry] = Field(default_factory=_default_teams, min_length=1)
    policy: PolicyEntry = PolicyEntry()
    channels: list[ChannelEntry] = []
    assistant: AssistantEntry | None = None

    @model_validator(mode="after")
    def _team_exists(self) -> Self:
        slugs = [team.slug for team in self.teams]
        if self.policy.team not in slugs:
            at = ("policy", "team") if "team" in self.policy.model_fields_set else ("teams",)
            known = ", ".join(slugs)
            raise _wrong_at(f"the policy's team {self.policy.team} is not among: {known}", *at)
        return self


class ProvidersFile(_Declared):
    """The whole file."""

    providers: list[Provider] = Field(min_length=1)


def _wrong_at(message: str, *at: str) -> PydanticCustomError:
    """An error of a whole that is shown at one of its keys."""
    return PydanticCustomError("whole", "{message}", {"message": message, "at": at})
