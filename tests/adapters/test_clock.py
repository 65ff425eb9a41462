"""The wall clock can be made wrong where a process reads it, and nowhere else."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from niochat.adapters import clock

HOUR = timedelta(hours=1)
NEAR = timedelta(minutes=1)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(clock.CLOCK_FILE, str(tmp_path / "clock"))
    return tmp_path / "clock"


def ahead() -> timedelta:
    return clock.now() - datetime.now(UTC)


def test_without_a_file_it_is_the_machines_time(file: Path) -> None:
    assert abs(ahead()) < NEAR


def test_it_steps_forth_and_back_while_the_process_runs(file: Path) -> None:
    file.write_text("0 3600\n")
    assert abs(ahead() - HOUR) < NEAR
    file.write_text("0 -3600\n")
    assert abs(ahead() + HOUR) < NEAR
    file.unlink()
    assert abs(ahead()) < NEAR


def test_another_process_is_not_meant(file: Path) -> None:
    file.write_text(f"{os.getppid()} 3600\n")
    assert abs(ahead()) < NEAR
    file.write_text(f"{os.getpid()} 3600\n")
    assert abs(ahead() - HOUR) < NEAR
