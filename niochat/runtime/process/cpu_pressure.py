"""CPU pressure: whether this machine has more work than its cores can do."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

PSI_FILES = (Path("/sys/fs/cgroup/cpu.pressure"), Path("/proc/pressure/cpu"))
"""Pressure stall information of the kernel (``Documentation/accounting/psi.rst``): of our
container if there is one, else of the machine.
"""
MIN_SAMPLE_S = 0.1
"""The maximum age of a sample, and the shortest time that a sample covers."""


class CpuPressure:
    """The share of time, 0 to 1, in which at least one task waited for a core."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, files: Sequence[Path] = PSI_FILES
    ) -> None:
        self._clock = clock
        self._file = next((each for each in files if _read_stalled_s(each) is not None), None)
        self._at = clock()
        self._stalled_s = self._stalled_now_s()
        self._pressure = 0.0

    @property
    def is_available(self) -> bool:
        """Whether this kernel reports the pressure."""
        return self._file is not None

    def sample(self) -> float:
        """The pressure since the last sample; 0.0 if the kernel does not report it."""
        passed_s = self._clock() - self._at
        if passed_s >= MIN_SAMPLE_S:
            stalled_s = self._stalled_now_s()
            self._pressure = min(max((stalled_s - self._stalled_s) / passed_s, 0.0), 1.0)
            self._at, self._stalled_s = self._clock(), stalled_s
        return self._pressure

    def _stalled_now_s(self) -> float:
        return (_read_stalled_s(self._file) if self._file is not None else None) or 0.0


def _read_stalled_s(file: Path) -> float | None:
    """Seconds in which some task waited, since the start: ``some … total=MICROSECONDS``."""
    try:
        some, *_ = file.read_text(encoding="ascii").splitlines()
        return int(some.rpartition("total=")[2]) / 1e6
    except (OSError, ValueError):  # some kernels open the file and refuse to read it
        return None
