"""The sandbox's subscribers as scenarios refer to them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from niochat.domain.errors import InvalidInputError
from niochat_lab.evaluation.definitions.scenario_schema import PLACEHOLDER_PATTERN, Scenario

OTHER_PHONE = "5581966665555"
"""A phone number that is in no subscriber's record."""


@dataclass(frozen=True, slots=True)
class ScenarioPerson:
    """A subscriber of the ERP.

    ``cpf``: digits, may be a CNPJ. ``addresses``: street and number only, because the rest is
    written in several ways.
    """

    case: str
    name: str
    cpf: str
    phone: str
    addresses: tuple[str, ...]

    @property
    def cpf_dotted(self) -> str:
        """The tax id with its usual separators."""
        d = self.cpf
        if len(d) == 14:
            return f"{d[:2]}.{d[2:5]}.{d[5:8]}/{d[8:12]}-{d[12:]}"
        return f"{d[:3]}.{d[3:6]}.{d[6:9]}-{d[9:]}"


@dataclass(frozen=True, slots=True)
class ScenarioPeople:
    """The people of a scenario. ``phone``: the number that writes. ``others``: all other
    subscribers.
    """

    phone: str
    person: ScenarioPerson | None
    others: tuple[ScenarioPerson, ...]

    def fill(self, text: str, protocol: str = "") -> str:
        """Replace the placeholders in a text."""
        return PLACEHOLDER_PATTERN.sub(lambda found: self._values(protocol)[found[1]], text)

    def fill_pattern(self, pattern: str, protocol: str = "") -> str:
        """Replace the placeholders in a regular expression; the values are escaped."""
        return PLACEHOLDER_PATTERN.sub(
            lambda found: re.escape(self._values(protocol)[found[1]]), pattern
        )

    def _values(self, protocol: str) -> dict[str, str]:
        person = self.person
        return {
            "phone": self.phone,
            "protocol": protocol,
            "cpf": person.cpf if person else "",
            "cpf_dotted": person.cpf_dotted if person else "",
            "name": person.name if person else "",
            "address": person.addresses[0] if person else "",
        }


def parse_people(response: Mapping[str, Any]) -> list[ScenarioPerson]:
    """Parse the response of the sandbox's ``/subscribers``."""
    return [
        ScenarioPerson(
            each["case"],
            each["name"],
            each["cpf"],
            each["phone"],
            tuple(contract["address"].partition(" - ")[0] for contract in each["contracts"]),
        )
        for each in response["items"]
    ]


def select_people(scenario: Scenario, people: Sequence[ScenarioPerson]) -> ScenarioPeople:
    """Select the people of a scenario. Raises ``InvalidInputError`` for a case that the sandbox
    lacks.
    """
    if scenario.subscriber is None:
        return ScenarioPeople(scenario.phone or OTHER_PHONE, None, tuple(people))
    case, _, position = scenario.subscriber.partition("/")
    candidates = [person for person in people if person.case == case]
    if len(candidates) < int(position or 1):
        raise InvalidInputError(
            f"{scenario.name}: the sandbox has no subscriber {scenario.subscriber}"
        )
    person = candidates[int(position or 1) - 1]
    phone = OTHER_PHONE if scenario.writes_from == "other" else person.phone
    return ScenarioPeople(phone, person, tuple(each for each in people if each != person))
