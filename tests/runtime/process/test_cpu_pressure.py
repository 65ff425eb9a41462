"""What the kernel says of waiting for cores, read as a part of the time."""

from pathlib import Path

import pytest

from niochat.runtime.process.cpu_pressure import MIN_SAMPLE_S, CpuPressure

LINES = "some avg10=50.91 avg60=19.04 avg300=5.09 total={}\nfull avg10=0.00 total=0\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cpu.pressure"


def test_pressure_is_the_share_of_time_since_the_last_reading(file: Path) -> None:
    now = 0.0
    file.write_text(LINES.format(1_000_000))
    seen = CpuPressure(lambda: now, [file.with_name("missing"), file])
    assert seen.is_available

    file.write_text(LINES.format(1_500_000))
    now = MIN_SAMPLE_S / 2
    assert seen.sample() == 0.0, "too short to say"
    now = 2.0
    assert seen.sample() == 0.25
    assert seen.sample() == 0.25, "still fresh"
    now = 4.0
    assert seen.sample() == 0.0


@pytest.mark.parametrize("text", [None, "", "nothing of the kind\n", "some total=x\n"])
def test_a_kernel_that_does_not_tell_is_known_not_to(file: Path, text: str | None) -> None:
    if text is not None:
        file.write_text(text)
    now = 0.0
    seen = CpuPressure(lambda: now, [file.with_name("missing"), file])
    assert not seen.is_available
    now = 1.0
    assert seen.sample() == 0.0
