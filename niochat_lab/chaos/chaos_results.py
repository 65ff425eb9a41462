"""The results of a chaos run, for the table and as JSON."""

from dataclasses import asdict, dataclass

from niochat_lab.chaos.audits.message_audit import MessageAudit


@dataclass(frozen=True, slots=True)
class FaultResult:
    """The result of one fault. Times are seconds; ``at`` counts from the start of the traffic.

    ``recovery_s``: from the end of the fault until all probes sent then were answered; ``None``:
    they were not answered in time.
    """

    name: str
    at: float
    target: str
    lasted_s: float
    recovery_s: float | None
    seen: str
    holds: str


@dataclass(frozen=True, slots=True)
class ChaosResult:
    """The result of one run: a seed, or faults named on the command line."""

    seed: int
    start_s: float
    total_s: float
    faults: list[FaultResult]
    skipped: list[str]
    audit: MessageAudit
    home: str

    @property
    def clean(self) -> bool:
        """Whether the audit is clean and the stack recovered from each fault."""
        return self.audit.clean and None not in [fault.recovery_s for fault in self.faults]

    @property
    def recovery_s(self) -> float | None:
        """The longest recovery in seconds; ``None``: the stack did not recover from a fault."""
        found = [fault.recovery_s for fault in self.faults]
        known = [seconds for seconds in found if seconds is not None]
        return max(known, default=0.0) if len(known) == len(found) else None

    def as_dict(self) -> dict[str, object]:
        """One flat object with ``seed``, the audit's counts, ``recovery_s`` and the faults."""
        return {
            "name": "chaos",
            "seed": self.seed,
            "clean": self.clean,
            **asdict(self.audit),
            "recovery_s": self.recovery_s,
            "start_s": self.start_s,
            "total_s": self.total_s,
            "skipped": self.skipped,
            "faults": [asdict(fault) for fault in self.faults],
        }
