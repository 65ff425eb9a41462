"""Where a provider is: by its lists of places and postal codes."""

import pytest

from niochat.domain.erp import Place
from niochat.domain.provider_facts import Area, Coverage

PLACES = (Area("Olinda"), Area("Paulista", ("Janga", "Pau Amarelo")))
CEPS = ("53000-000 a 53439-999", "50030-120 a 50030-129")


@pytest.mark.parametrize(
    ("place", "there"),
    [
        ("Olinda", True), ("olinda, carmo", True), ("o Janga", True), ("PAU AMARELO", True),
        ("Paulista", None), ("Maranguape, Paulista", None), ("Recife", False), ("Jangada", False),
        ("", False),
    ],
)  # fmt: skip
def test_a_place_is_looked_up_by_its_name(place: str, there: bool | None) -> None:
    assert Coverage(places=PLACES).has_place(place) is there


@pytest.mark.parametrize(
    ("cep", "there"),
    [
        ("53000-000", True), ("53439999", True), ("53440-000", False), ("50030-125", True),
        ("50030-130", False), ("530", False), ("", False),
    ],
)  # fmt: skip
def test_a_postal_code_is_looked_up_by_its_range(cep: str, there: bool) -> None:
    assert Coverage(ceps=CEPS).has_cep(cep) is there


def test_what_was_not_told_is_not_known() -> None:
    assert Coverage().has_place("Olinda") is None
    assert Coverage().has_cep("53000-000") is None
    part = Coverage(whole=False, places=PLACES, ceps=CEPS)
    assert part.has_place("Recife") is None
    assert part.has_cep("50000-000") is None
    assert part.has_place("Olinda") is True


@pytest.mark.parametrize(
    ("place", "covered"),
    [
        (Place(cep="53100000"), True), (Place(cep="57000000"), False),
        (Place(city="OLINDA"), True),
        (Place(street="Rua A", district="Carmo", city="Olinda"), True),
        (Place(district="Janga", city="Paulista"), True), (Place(district="janga"), True),
        (Place(district="Janga", city="Natal"), False), (Place(city="Natal"), False),
        (Place(district="Centro", city="Paulista"), False), (Place(city="Paulista"), None),
        (Place(), None),
    ],
)  # fmt: skip
def test_a_place_is_in_the_lists_or_not(place: Place, covered: bool | None) -> None:
    assert Coverage(places=PLACES, ceps=CEPS).covers(place) is covered
    assert Coverage().covers(place) is None
    if not covered:
        assert Coverage(whole=False, places=PLACES, ceps=CEPS).covers(place) is None
