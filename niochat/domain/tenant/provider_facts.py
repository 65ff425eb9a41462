"""Provider facts: what a provider states about itself for its assistant's answers."""

import re
import unicodedata
from dataclasses import dataclass

from niochat.domain.tenant.erp_values import ServiceAddress


@dataclass(frozen=True, slots=True)
class ProviderPhone:
    """A phone number of the provider. ``number`` is shown as it is."""

    number: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ProviderSite:
    """A website or social network profile; ``address`` begins with http."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class ProviderFee:
    """A fee. ``amount`` is in BRL; 0 means free of charge."""

    name: str
    amount: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class CoverageArea:
    """A covered city; without ``neighbourhoods`` all of it is covered."""

    city: str
    neighbourhoods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkCoverage:
    """The area that the provider covers. ``ceps`` are ranges such as ``53000-000 a 53439-999``.

    ``whole`` says that the lists are complete: a place that is not in them is not covered. If they
    are incomplete, its coverage is unknown.
    """

    whole: bool = True
    places: tuple[CoverageArea, ...] = ()
    ceps: tuple[str, ...] = ()

    def covers_cep(self, cep: str) -> bool | None:
        """Whether a postal code is in one of the ranges; ``None`` means unknown."""
        if not self.ceps:
            return None
        digits = re.sub(r"\D", "", cep)
        bounds = [re.sub(r"\D", "", each) for each in self.ceps]
        covered = len(digits) == 8 and any(b[:8] <= digits <= b[8:] for b in bounds)
        return covered or (False if self.whole else None)

    def covers_named_place(self, place: str) -> bool | None:
        """Whether a text names a covered neighbourhood, or a city that is covered completely.

        ``None`` means unknown: no places are listed, the lists are incomplete, or the text names
        only a city of which parts are covered.
        """
        if not self.places:
            return None
        text = _folded(place)
        if any(_contains_name(text, each) for each in self.names):
            return True
        cities = (_folded(area.city) for area in self.places)
        in_city = any(_contains_name(text, city) for city in cities)
        return False if self.whole and not in_city else None

    def covers_address(self, place: ServiceAddress) -> bool | None:
        """Whether an address is covered; ``None`` means unknown."""
        by_cep = self.covers_cep(place.cep) if place.cep else None
        if by_cep is not None or not self.places or not (place.district or place.city):
            return by_cep
        district, city = _folded(place.district), _folded(place.city)
        areas = [each for each in self.places if not city or _folded(each.city) == city]
        if any(not each.neighbourhoods for each in areas if city):
            return True
        if district and any(district in map(_folded, each.neighbourhoods) for each in areas):
            return True
        return False if self.whole and (district or not areas) else None

    @property
    def names(self) -> tuple[str, ...]:
        """Folded names of the covered neighbourhoods and of the completely covered cities."""
        return tuple(
            _folded(name) for area in self.places for name in (area.neighbourhoods or (area.city,))
        )


@dataclass(frozen=True, slots=True)
class UnlockTerms:
    """The terms of the trust unlock, and its length in days."""

    days: int | None = None
    terms: str = ""


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """Possible due days of the month, and the methods of payment."""

    due_days: tuple[int, ...] = ()
    payment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UncoveredTopic:
    """A topic that the facts do not cover, and the team that answers it."""

    topic: str
    team: str


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """A further fact, as a question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """The facts of one provider. Empty fields are unknown. Hours and holidays are in its policy."""

    address: str = ""
    phones: tuple[ProviderPhone, ...] = ()
    email: str = ""
    sites: tuple[ProviderSite, ...] = ()
    fees: tuple[ProviderFee, ...] = ()
    fidelity_months: int | None = None
    """Length of the minimum contract term; 0 means none."""
    fine: str = ""
    coverage: NetworkCoverage = NetworkCoverage()
    speed_test: str = ""
    unlock: UnlockTerms = UnlockTerms()
    billing: BillingTerms = BillingTerms()
    documents: tuple[str, ...] = ()
    """Documents that a new contract requires."""
    installation: str = ""
    """Time until installation, as a text for customers."""
    technologies: tuple[str, ...] = ()
    unknown: tuple[UncoveredTopic, ...] = ()
    more: tuple[QuestionAnswer, ...] = ()


EMPTY_FACTS = ProviderFacts()


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[a-z0-9]+", "".join(c for c in plain if c.isascii())))


def _contains_name(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
