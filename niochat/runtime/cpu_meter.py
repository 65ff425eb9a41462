"""How busy this machine's processors are."""

from pathlib import Path

PROC_STAT = Path("/proc/stat")
BUSY_SHARE = 0.85
"""Above this share of all cores, work that can wait should."""


class CpuMeter:
    """Measures from one call to the next. Without ``/proc/stat`` the machine counts as idle."""

    def __init__(self, path: Path = PROC_STAT) -> None:
        self._path = path
        self._busy, self._total = self._read()

    def is_busy(self) -> bool:
        """Whether the processors were busy since the call before."""
        busy, total = self._read()
        spent, passed = busy - self._busy, total - self._total
        self._busy, self._total = busy, total
        return passed > 0 and spent / passed > BUSY_SHARE

    def _read(self) -> tuple[int, int]:
        """Ticks since the start of the machine: busy ones, and all."""
        try:
            line = self._path.read_text(encoding="ascii").partition("\n")[0]
            ticks = [int(each) for each in line.split()[1:9]]
        except (OSError, ValueError):
            return 0, 0
        # user nice system idle iowait irq softirq steal
        return sum(ticks) - sum(ticks[3:5]), sum(ticks)
