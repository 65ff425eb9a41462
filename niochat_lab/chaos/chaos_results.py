"""What a run found, for the table and for JSON."""

from dataclasses import asdict, dataclass

from niochat_lab.chaos.message_audit import MessageAudit


@dataclass(frozen=True, slots=True)
class FaultResult:
    """One fault of a run. Times in seconds; ``at`` since the traffic began.

    ``recovery_s`` is from the end of the fault until every probe written then was answered;
    ``None``: not within the time allowed.
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
    """One seed, or the faults that were asked for by name."""

    seed: int
    start_s: float
    total_s: float
    faults: list[FaultResult]
    skipped: list[str]
    audit: MessageAudit
    home: str

    @property
    def clean(self) -> bool:
        """The audit is clean, and after each fault the probes were answered."""
        return self.audit.clean and None not in [fault.recovery_s for fault in self.faults]

    @property
    def recovery_s(self) -> float | None:
        """The longest of them; ``None``: one did not recover."""
        found = [fault.recovery_s for fault in self.faults]
        known = [seconds for seconds in found if seconds is not None]
        return max(known, default=0.0) if len(known) == len(found) else None

    def as_dict(self) -> dict[str, object]:
        """One flat object: ``seed``, the audit's counts, ``recovery_s``, and the faults."""
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
