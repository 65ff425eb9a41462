"""A machine is busy if its processors worked since the last look."""

from pathlib import Path

from niochat.runtime.cpu_meter import CpuMeter


def write_ticks(path: Path, user: int, idle: int, waiting: int = 0) -> None:
    path.write_text(f"cpu  {user} 0 0 {idle} {waiting} 0 0 0 0 0\ncpu0 1 2 3 4\n")


def test_what_happened_since_the_last_look_counts(tmp_path: Path) -> None:
    path = tmp_path / "stat"
    write_ticks(path, 9_000, 1_000)
    meter = CpuMeter(path)

    write_ticks(path, 9_095, 1_005)
    assert meter.is_busy()
    write_ticks(path, 9_145, 1_055)
    assert not meter.is_busy()
    write_ticks(path, 9_155, 1_055, waiting=90)
    assert not meter.is_busy(), "a core that waits for a disk is free"
    assert not meter.is_busy(), "no time has passed"


def test_a_machine_without_the_file_is_idle(tmp_path: Path) -> None:
    assert not CpuMeter(tmp_path / "none").is_busy()
    (tmp_path / "odd").write_text("what is this\n")
    assert not CpuMeter(tmp_path / "odd").is_busy()


def test_this_machine_has_it() -> None:
    CpuMeter().is_busy()
