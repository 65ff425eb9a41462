"""Hosts and supervisor understand one another across releases."""

import pytest

from niochat.actors.release import release_of
from niochat.actors.vitals import Vitals
from niochat.runtime.scaling import Load


def test_vitals_travel_as_plain_values() -> None:
    vitals = Vitals("host-0.ab", "n1", "0.1.0+1", Load(12.5, 3))

    assert Vitals.from_wire(vitals.as_wire()) == vitals


def test_a_host_of_the_first_release_says_its_incarnation_only() -> None:
    assert Vitals.from_wire("host-0.ab") == Vitals("host-0.ab", "", "", Load(0.0, 0))


def test_a_later_release_may_say_more() -> None:
    wire = Vitals("host-0.ab", "n1", "x", Load(1.0, 1)).as_wire() | {"mood": "fine"}

    assert Vitals.from_wire(wire).release == "x"


@pytest.mark.parametrize("wire", [None, "", {}, {"incarnation": ""}, 7, {"node": "n1"}])
def test_what_is_no_answer_of_a_host_is_refused(wire: object) -> None:
    with pytest.raises(ValueError, match="no answer"):
        Vitals.from_wire(wire)


def test_the_release_is_what_the_operator_calls_it_else_of_the_files() -> None:
    assert release_of("2026-11") == "2026-11"
    assert release_of(None) == release_of(None)
    assert release_of(None).startswith("0.")
