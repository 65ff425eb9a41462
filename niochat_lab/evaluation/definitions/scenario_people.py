"""The sandbox's subscribers, as scenarios speak of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from niochat.domain.errors import InvalidInputError
from niochat_lab.evaluation.definitions.scenario_schema import PLACEHOLDER_PATTERN, Scenario

OTHER_PHONE = "5581966665555"
"""Is in nobody's record."""


@dataclass(frozen=True, slots=True)
class ScenarioPerson:
    """A subscriber of the ERP. ``cpf`` is digits and may be a CNPJ; an address is street and
    number, since what follows them is written in several ways.
    """

    case: str
    name: str
    cpf: str
    phone: str
    addresses: tuple[str, ...]

    @property
    def cpf_dotted(self) -> str:
        """As people write it."""
        d = self.cpf
        if len(d) == 14:
            return f"{d[:2]}.{d[2:5]}.{d[5:8]}/{d[8:12]}-{d[12:]}"
        return f"{d[:3]}.{d[3:6]}.{d[6:9]}-{d[9:]}"


@dataclass(frozen=True, slots=True)
class ScenarioPeople:
    """Who plays in a scenario. ``phone`` is written from; ``others`` are strangers to it."""

    phone: str
    person: ScenarioPerson | None
    others: tuple[ScenarioPerson, ...]

    def fill(self, text: str, protocol: str = "") -> str:
        """The text with its placeholders filled."""
        return PLACEHOLDER_PATTERN.sub(lambda found: self._values(protocol)[found[1]], text)

    def fill_pattern(self, pattern: str, protocol: str = "") -> str:
        """The same for a regular expression: what is put in stands for itself."""
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


def parse_people(answer: Mapping[str, Any]) -> list[ScenarioPerson]:
    """Everybody the sandbox's ``/subscribers`` tells of."""
    return [
        ScenarioPerson(
            each["case"],
            each["name"],
            each["cpf"],
            each["phone"],
            tuple(contract["address"].partition(" - ")[0] for contract in each["contracts"]),
        )
        for each in answer["items"]
    ]


def select_people(scenario: Scenario, people: Sequence[ScenarioPerson]) -> ScenarioPeople:
    """Who plays. Raises ``InvalidInputError`` for a case that the sandbox does not have."""
    if scenario.subscriber is None:
        return ScenarioPeople(scenario.phone or OTHER_PHONE, None, tuple(people))
    case, _, nth = scenario.subscriber.partition("/")
    alike = [person for person in people if person.case == case]
    if len(alike) < int(nth or 1):
        raise InvalidInputError(
            f"{scenario.name}: the sandbox has no subscriber {scenario.subscriber}"
        )
    person = alike[int(nth or 1) - 1]
    phone = OTHER_PHONE if scenario.writes_from == "other" else person.phone
    return ScenarioPeople(phone, person, tuple(each for each in people if each != person))
