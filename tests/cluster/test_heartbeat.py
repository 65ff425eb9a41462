"""Hosts and supervisor understand one another across releases."""

import pytest

from niochat.cluster.build_id import resolve_build_id
from niochat.cluster.heartbeat import Heartbeat
from niochat.runtime.fleet.autoscaling import HostLoad


def test_vitals_travel_as_plain_values() -> None:
    vitals = Heartbeat("host-0.ab", "n1", "0.1.0+1", HostLoad(12.5, 3))

    assert Heartbeat.from_wire(vitals.to_wire()) == vitals


def test_a_host_of_the_first_release_says_its_incarnation_only() -> None:
    assert Heartbeat.from_wire("host-0.ab") == Heartbeat("host-0.ab", "", "", HostLoad(0.0, 0))


def test_a_later_release_may_say_more() -> None:
    wire = Heartbeat("host-0.ab", "n1", "x", HostLoad(1.0, 1)).to_wire() | {"mood": "fine"}

    assert Heartbeat.from_wire(wire).build_id == "x"


@pytest.mark.parametrize("wire", [None, "", {}, {"incarnation": ""}, 7, {"node": "n1"}])
def test_an_invalid_heartbeat_is_rejected(wire: object) -> None:
    with pytest.raises(ValueError, match="not a heartbeat"):
        Heartbeat.from_wire(wire)


def test_the_release_is_what_the_operator_calls_it_else_of_the_files() -> None:
    assert resolve_build_id("2026-11") == "2026-11"
    assert resolve_build_id(None) == resolve_build_id(None)
    assert resolve_build_id(None).startswith("0.")
