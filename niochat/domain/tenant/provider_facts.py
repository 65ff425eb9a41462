"""What a provider tells of itself, so that its assistant can answer: address, fees, coverage."""

import re
import unicodedata
from dataclasses import dataclass

from niochat.domain.tenant.erp_values import ServiceAddress


@dataclass(frozen=True, slots=True)
class ProviderPhone:
    """``number`` as people are to read it."""

    number: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ProviderSite:
    """A page, or a profile of a social network; ``address`` begins with http."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class ProviderFee:
    """``amount`` in BRL; 0: free of charge."""

    name: str
    amount: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class CoverageArea:
    """A city; without ``neighbourhoods`` all of it."""

    city: str
    neighbourhoods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkCoverage:
    """Where the provider has its network. ``ceps`` as ``53000-000 a 53439-999``; ``whole``: what is
    not in the lists is not covered, else it is not known.
    """

    whole: bool = True
    places: tuple[CoverageArea, ...] = ()
    ceps: tuple[str, ...] = ()

    def covers_cep(self, cep: str) -> bool | None:
        """Whether a postal code is in one of the ranges; ``None``: that was not told."""
        if not self.ceps:
            return None
        digits = re.sub(r"\D", "", cep)
        bounds = [re.sub(r"\D", "", each) for each in self.ceps]
        there = len(digits) == 8 and any(b[:8] <= digits <= b[8:] for b in bounds)
        return there or (False if self.whole else None)

    def covers_named_place(self, place: str) -> bool | None:
        """Whether a text names a place of the list, a neighbourhood or a city that is covered as a
        whole; ``None``: that was not told, or the text names only a city covered in parts.
        """
        if not self.places:
            return None
        said = _folded(place)
        if any(_names(said, each) for each in self.names):
            return True
        cities = (_folded(area.city) for area in self.places)
        return False if self.whole and not any(_names(said, city) for city in cities) else None

    def covers_address(self, place: ServiceAddress) -> bool | None:
        """Whether there is a network at a place; ``None``: nobody told."""
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
        """Folded names of what is covered."""
        return tuple(
            _folded(name) for area in self.places for name in (area.neighbourhoods or (area.city,))
        )


@dataclass(frozen=True, slots=True)
class UnlockTerms:
    """The trust unlock: for how many days, and on which terms."""

    days: int | None = None
    terms: str = ""


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """Days of the month on which invoices can fall due, and how they are paid."""

    due_days: tuple[int, ...] = ()
    payment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownTopic:
    """A topic that the facts do not tell, and the team that answers it."""

    topic: str
    team: str


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """A further fact, as a question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """Of one provider. What is empty was not told. Hours and holidays are in its policy."""

    address: str = ""
    phones: tuple[ProviderPhone, ...] = ()
    email: str = ""
    sites: tuple[ProviderSite, ...] = ()
    fees: tuple[ProviderFee, ...] = ()
    fidelity_months: int | None = None
    """0: none."""
    fine: str = ""
    coverage: NetworkCoverage = NetworkCoverage()
    speed_test: str = ""
    unlock: UnlockTerms = UnlockTerms()
    billing: BillingTerms = BillingTerms()
    documents: tuple[str, ...] = ()
    """Needed for a contract."""
    installation: str = ""
    """Within which time, as people are to read it."""
    technologies: tuple[str, ...] = ()
    unknown: tuple[UnknownTopic, ...] = ()
    more: tuple[QuestionAnswer, ...] = ()


EMPTY_FACTS = ProviderFacts()


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[a-z0-9]+", "".join(c for c in plain if c.isascii())))


def _names(said: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", said) is not None
