"""Every test is in one lane, and a lane keeps what it promises."""

import re
import socket
import subprocess
import sys

import pytest

from tests import lanes
from tests.lanes import DESK, LANES, LONG, RAY, ROOT, TOGETHER, UNIT

FILES = sorted(ROOT.rglob("test_*.py"))


def test_every_place_of_a_lane_exists() -> None:
    for place in (*UNIT, *DESK, *RAY, *LONG, *TOGETHER):
        assert (ROOT / place).exists(), place


def test_no_place_is_in_two_lanes_unless_it_is_long() -> None:
    assert not set(UNIT) & {*RAY, *LONG}
    assert not any(place.startswith(f"{other}/") for place in UNIT for other in (*RAY, *LONG))


def test_every_lane_has_files() -> None:
    assert {lanes.lane_of(file) for file in FILES} == set(LANES)


def test_a_test_of_this_lane_starts_no_process_and_opens_no_connection() -> None:
    with pytest.raises(RuntimeError, match="starts nothing"):
        subprocess.run([sys.executable, "-c", ""], check=True)
    with socket.socket() as door, pytest.raises(RuntimeError, match="starts nothing"):
        door.bind(("127.0.0.1", 0))


def test_a_test_has_one_lane(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        assert len({mark.name for mark in item.iter_markers() if mark.name in LANES}) == 1


def test_what_shares_something_has_one_scope_and_the_rest_its_own() -> None:
    told = [lanes.scope_of(f"tests/{place}::test_x[a::b]") for place in sorted(TOGETHER)]
    alone = "tests/end_to_end/test_erp_service.py::test_x"

    assert told == [TOGETHER[place] for place in sorted(TOGETHER)]
    assert lanes.scope_of(alone) == alone


def test_no_constant_is_patched_and_waiting_is_done_in_one_way() -> None:
    """What a test needs smaller is an argument."""
    for file in ROOT.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\b(?:monkeypatch|patch)\.setattr\(", text), file
        assert file.name == "until.py" or not re.search(r"^async def until\(", text, re.M), file
