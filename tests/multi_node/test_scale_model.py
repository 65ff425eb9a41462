"""The paper machine: what it prints follows from what it is told."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import niochat

SCRIPT = Path(niochat.__file__).parents[1] / "scripts" / "scale.py"


def told(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-I", str(SCRIPT), "--json", "--seconds", "3", *arguments]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_stage_is_built_for_its_load() -> None:
    found = told("--messages", "1000", "--burst", "0")

    for name, stage in found["stages"].items():
        assert 0 < stage["load"] < 0.75, name
        assert stage["mean_ms"] <= stage["p99_ms"] <= stage["longest_ms"], name


def test_twice_the_messages_need_about_twice_the_cores() -> None:
    once, twice = told("--messages", "20000"), told("--messages", "40000")

    for name in ("hosts", "assistant", "postgres"):
        small, large = (found["stages"][name]["cores"] for found in (once, twice))
        assert 1.8 < large / small < 2.2, name


def test_the_same_seed_prints_the_same_output() -> None:
    assert told("--messages", "500", "--seed", "1") == told("--messages", "500", "--seed", "1")


def test_what_a_benchmark_measured_takes_the_place_of_what_was_assumed(tmp_path: Path) -> None:
    file = tmp_path / "path.json"
    groups = {"hosts": {"cpu_ms_per_unit": 2.5}, "crowd": {"cpu_ms_per_unit": 99.0}}
    file.write_text(json.dumps({"groups": groups, "statements_per_unit": 9}))

    found = told("--messages", "300", "--path", str(file))

    assert found["stages"]["hosts"]["service_ms"] == 2.5
    assert "crowd" not in found["stages"]
    assert found["statements_per_s"] == 200 * 9
