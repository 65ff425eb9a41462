"""Schema of the facts about a provider. All values are bounded and validated."""

import json
import re
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from niochat.domain.tenant.provider_facts import EMPTY_FACTS, ProviderFacts
from niochat.tenants.provider_file.field_types import (
    Slug,
    StrictBoolean,
    StrictInteger,
    WebPage,
    one_line,
)
from niochat.tenants.provider_file.strict_model import StrictModel, error_at

MAX_CHARACTERS = 1_500
"""Maximum length of all facts without the coverage, as JSON: the model reads them in every turn."""
MAX_COVERAGE_CHARACTERS = 20_000
"""Maximum length of the coverage, which the model does not read."""
_FREE = ("grátis", "gratis", "isento")
_MAX_AMOUNT = 100_000
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PHONE = re.compile(r"\+?[\d ().-]+")
_CEP = r"\d{5}-?\d{3}"
_CEP_RANGE = re.compile(rf"({_CEP})\s*(?:a|até|-|–)\s*({_CEP})")
_CEP_PREFIX = re.compile(r"\d{2,5}|\d{5}-?\d{1,3}")


def _amount(value: object) -> object:
    if isinstance(value, str) and value.strip().casefold() in _FREE:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number such as 99.90, or grátis")
    if not 0 <= value <= _MAX_AMOUNT or round(value, 2) != value:
        raise ValueError(f"must be 0 to {_MAX_AMOUNT}, with at most two decimals")
    return float(value)


def _fine(value: object) -> object:
    """Format a bare amount as the text that customers read."""
    if isinstance(value, str):
        return value
    amount = _amount(value)
    return "R$ " + f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("must be an e-mail address such as contato@example.com.br")
    return value


def _phone(value: str) -> str:
    digits = re.sub(r"\D", "", value)
    if not _PHONE.fullmatch(value) or not 3 <= len(digits) <= 13:
        raise ValueError("must be a telephone such as (81) 3333-4444, 3 to 13 digits, in quotes")
    return value.strip()


def _ceps(value: object) -> str:
    """Parse a prefix or a range of postal codes (CEP) and format it as a range."""
    # Numbers are not accepted: YAML reads 01310 as an octal number.
    text = value.strip() if isinstance(value, str) else ""
    match = _CEP_RANGE.fullmatch(text)
    if match:
        first, last = (re.sub(r"\D", "", each) for each in match.groups())
    elif _CEP_PREFIX.fullmatch(text):
        digits = text.replace("-", "")
        first, last = digits.ljust(8, "0"), digits.ljust(8, "9")
    else:
        raise ValueError(
            'must be the first digits of a CEP, as "53020", or a range, as '
            '"53000-000 a 53439-999", in quotes'
        )
    if first > last:
        raise ValueError("must be a range whose first CEP is not after its last")
    return f"{first[:5]}-{first[5:]} a {last[:5]}-{last[5:]}"


def _once_each(values: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(values)) < len(values):
        raise ValueError("must not contain a value twice")
    return values


Label = Annotated[str, Field(max_length=60), AfterValidator(one_line)]
ShortText = Annotated[str, Field(max_length=200), AfterValidator(one_line)]
Amount = Annotated[float, BeforeValidator(_amount)]
"""BRL; ``grátis`` is 0."""
CepRange = Annotated[str, BeforeValidator(_ceps)]
DayOfMonth = Annotated[StrictInteger, Field(ge=1, le=31)]


class PhoneConfig(StrictModel):
    """A phone number. ``name`` says whose number it is, such as ``Suporte`` or ``WhatsApp``."""

    number: Annotated[str, Field(max_length=30), AfterValidator(_phone)]
    name: Label | None = None


class WebsiteConfig(StrictModel):
    """A web page or social network profile of the provider."""

    name: Label
    address: WebPage


class ProviderFeeConfig(StrictModel):
    """A one-time fee."""

    name: Label
    amount: Amount
    note: ShortText | None = None


class CoverageAreaConfig(StrictModel):
    """A city. Without ``neighbourhoods``, the whole city is covered."""

    city: Label
    neighbourhoods: Annotated[tuple[Label, ...], Field(max_length=300)] = ()


class CoverageConfig(StrictModel):
    """The coverage area of the network. If ``whole`` is true, a place that is not listed is not
    covered; otherwise its coverage is unknown.
    """

    whole: StrictBoolean = True

    places: Annotated[tuple[CoverageAreaConfig, ...], Field(max_length=100)] = ()
    ceps: Annotated[tuple[CepRange, ...], Field(max_length=300)] = ()
    """First digits (``"53020"``) or ranges (``"53000-000 a 53439-999"``)."""


class TrustUnlockConfig(StrictModel):
    """The trust unlock: its duration in days, and its terms."""

    days: Annotated[StrictInteger, Field(ge=1, le=60)] | None = None
    terms: ShortText | None = None


class BillingConfig(StrictModel):
    """The due days of invoices and the ways to pay."""

    due_days: Annotated[
        tuple[DayOfMonth, ...], Field(max_length=31), AfterValidator(_once_each)
    ] = ()
    payment: Annotated[tuple[ShortText, ...], Field(max_length=10)] = ()


class UnknownTopicConfig(StrictModel):
    """A topic that the facts do not cover. Customers who ask about it are handed off to the
    team.
    """

    topic: Label
    team: Slug


class QuestionAnswerConfig(StrictModel):
    """A further fact, as a question and its answer."""

    question: ShortText
    answer: Annotated[str, Field(max_length=300), AfterValidator(one_line)]


class FactsConfig(StrictModel):
    """Facts about the provider that the assistant may tell customers. Business hours and holidays
    are part of the policy.
    """

    address: ShortText | None = None
    """Address of the shop, as customers should read it."""
    phones: Annotated[tuple[PhoneConfig, ...], Field(max_length=8)] = ()
    email: Annotated[str, Field(max_length=120), AfterValidator(_email)] | None = None
    sites: Annotated[tuple[WebsiteConfig, ...], Field(max_length=8)] = ()
    fees: Annotated[tuple[ProviderFeeConfig, ...], Field(max_length=20)] = ()
    fidelity_months: Annotated[StrictInteger, Field(ge=0, le=60)] | None = None
    """Minimum contract period in months; 0: none."""
    fine: Annotated[ShortText, BeforeValidator(_fine)] | None = None
    """Penalty for leaving before its end: a text, or an amount in BRL."""
    coverage: CoverageConfig = CoverageConfig()
    speed_test: WebPage | None = None
    unlock: TrustUnlockConfig = TrustUnlockConfig()
    billing: BillingConfig = BillingConfig()
    documents: Annotated[tuple[ShortText, ...], Field(max_length=10)] = ()
    """Documents that are needed for a contract."""
    installation: ShortText | None = None
    """Time until the installation, such as ``até 5 dias úteis``."""
    technologies: Annotated[tuple[Label, ...], Field(max_length=8)] = ()
    unknown: Annotated[tuple[UnknownTopicConfig, ...], Field(max_length=20)] = ()
    """Topics that the facts do not cover, and the teams that answer questions about them."""
    more: Annotated[tuple[QuestionAnswerConfig, ...], Field(max_length=20)] = ()
    """Further facts, as questions and answers."""

    @model_validator(mode="after")
    def _is_short(self) -> Self:
        stored = self.to_row()
        coverage = _size(stored.pop("coverage", {}))
        if coverage > MAX_COVERAGE_CHARACTERS:
            raise error_at(
                f"has {coverage} characters as JSON, at most {MAX_COVERAGE_CHARACTERS}", "coverage"
            )
        if _size(stored) > MAX_CHARACTERS:
            raise error_at(
                f"the facts without the coverage have {_size(stored)} characters as JSON, at most "
                f"{MAX_CHARACTERS}: shorten them, because the model reads them in every turn"
            )
        return self

    def to_row(self) -> dict[str, Any]:
        """The declared facts as JSON, in the format of the assistant's row."""
        return self.model_dump(mode="json", exclude_defaults=True)


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False))


_ADAPTER = TypeAdapter(ProviderFacts)


def parse_facts(stored: object) -> ProviderFacts:
    """Parse facts from the assistant's row. Facts in an unknown format of another version are
    empty.
    """
    try:
        return _ADAPTER.validate_python(stored)
    except ValidationError:
        return EMPTY_FACTS
