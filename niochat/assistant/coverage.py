"""Where the provider itself says that it is, for what the ERP does not tell."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from niochat.assistant.folding import fold
from niochat.domain.erp import Place

_DIGITS = 8
_RANGE = re.compile(r"(\d{1,8})(?:-(\d{1,8}))?")


class CoveredPlaces(Protocol):
    """A provider's own list of places."""

    def covers(self, place: Place) -> bool | None:
        """Whether it names the place; ``None``: it does not say."""
        ...

    def names(self, folded: str) -> bool:
        """Whether a folded text speaks of a place that it names."""
        ...


class Nowhere:
    """Nothing was told."""

    def covers(self, place: Place) -> bool | None:
        """Nobody knows."""
        return None

    def names(self, folded: str) -> bool:
        """None is named."""
        return False


class ListedPlaces:
    """CEPs (``53000-000``, a beginning as ``530``, a span as ``53000000-53099999``) and names
    (``Olinda``, ``Rio Doce, Olinda``). No list is known to be whole: what it lacks is unknown.
    """

    def __init__(self, ceps: Sequence[str], names: Sequence[str]) -> None:
        self._spans = [span for each in ceps if (span := _span(each)) is not None]
        self._names = [tuple(part.strip() for part in fold(each).split(",")) for each in names]

    def covers(self, place: Place) -> bool | None:
        """Whether the list has its CEP, or its district and city."""
        if place.cep and any(first <= place.cep <= last for first, last in self._spans):
            return True
        told = {fold(place.district), fold(place.city)} - {""}
        return True if any(set(name) <= told for name in self._names if any(name)) else None

    def names(self, folded: str) -> bool:
        """By the first part of a name: a district is known without its city."""
        return any(name[0] and re.search(rf"\b{re.escape(name[0])}\b", folded)
                   for name in self._names)  # fmt: skip


def listed_places(told: Mapping[str, Sequence[str]]) -> CoveredPlaces:
    """Of ``ceps`` and ``places`` as a provider's facts have them; either may be left out."""
    ceps, names = told.get("ceps") or (), told.get("places") or ()
    return ListedPlaces(ceps, names) if ceps or names else Nowhere()


def _span(text: str) -> tuple[str, str] | None:
    """First and last CEP. ``53000-000`` is one CEP, not a span."""
    bare = re.sub(r"[ .]", "", text)
    if re.fullmatch(r"\d{5}-\d{3}", bare):
        bare = bare.replace("-", "")
    found = _RANGE.fullmatch(bare)
    if found is None:
        return None
    return found[1].ljust(_DIGITS, "0"), (found[2] or found[1]).ljust(_DIGITS, "9")
