"""Where a provider is: by its lists of places and postal codes."""

import pytest

from niochat.domain.tenant.provider_facts import CoverageArea, NetworkCoverage
from niochat.ports.erp import ServiceAddress

PLACES = (CoverageArea("Olinda"), CoverageArea("Paulista", ("Janga", "Pau Amarelo")))
CEPS = ("53000-000 a 53439-999", "50030-120 a 50030-129")


@pytest.mark.parametrize(
    ("place", "there"),
    [
        ("Olinda", True),
        ("olinda, carmo", True),
        ("o Janga", True),
        ("PAU AMARELO", True),
        ("Paulista", None),
        ("Maranguape, Paulista", None),
        ("Recife", False),
        ("Jangada", False),
        ("", False),
    ],
)
def test_a_place_is_looked_up_by_its_name(place: str, there: bool | None) -> None:
    assert NetworkCoverage(places=PLACES).covers_named_place(place) is there


@pytest.mark.parametrize(
    ("cep", "there"),
    [
        ("53000-000", True),
        ("53439999", True),
        ("53440-000", False),
        ("50030-125", True),
        ("50030-130", False),
        ("530", False),
        ("", False),
    ],
)
def test_a_postal_code_is_looked_up_by_its_range(cep: str, there: bool) -> None:
    assert NetworkCoverage(ceps=CEPS).covers_cep(cep) is there


def test_facts_that_were_not_declared_are_unknown() -> None:
    assert NetworkCoverage().covers_named_place("Olinda") is None
    assert NetworkCoverage().covers_cep("53000-000") is None
    part = NetworkCoverage(whole=False, places=PLACES, ceps=CEPS)
    assert part.covers_named_place("Recife") is None
    assert part.covers_cep("50000-000") is None
    assert part.covers_named_place("Olinda") is True


@pytest.mark.parametrize(
    ("place", "covered"),
    [
        (ServiceAddress(cep="53100000"), True),
        (ServiceAddress(cep="57000000"), False),
        (ServiceAddress(city="OLINDA"), True),
        (ServiceAddress(street="Rua A", district="Carmo", city="Olinda"), True),
        (ServiceAddress(district="Janga", city="Paulista"), True),
        (ServiceAddress(district="janga"), True),
        (ServiceAddress(district="Janga", city="Natal"), False),
        (ServiceAddress(city="Natal"), False),
        (ServiceAddress(district="Centro", city="Paulista"), False),
        (ServiceAddress(city="Paulista"), None),
        (ServiceAddress(), None),
    ],
)
def test_a_place_is_in_the_lists_or_not(place: ServiceAddress, covered: bool | None) -> None:
    assert NetworkCoverage(places=PLACES, ceps=CEPS).covers_address(place) is covered
    assert NetworkCoverage().covers_address(place) is None
    if not covered:
        assert NetworkCoverage(whole=False, places=PLACES, ceps=CEPS).covers_address(place) is None
