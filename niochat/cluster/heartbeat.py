"""What a host says of itself when it is pinged, in a shape that another release can read."""

from dataclasses import dataclass
from typing import Self

from niochat.runtime.fleet.autoscaling import HostLoad


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Of one incarnation: where it runs, which code it is, how busy it is."""

    incarnation: str
    node: str
    build_id: str
    load: HostLoad

    def to_wire(self) -> dict[str, object]:
        """Plain values: hosts and supervisor may be of two releases during an upgrade."""
        return {
            "incarnation": self.incarnation,
            "node": self.node,
            "release": self.build_id,
            "lag_ms": self.load.lag_ms,
            "depth": self.load.depth,
        }

    @classmethod
    def from_wire(cls, wire: object) -> Self:
        """Raises ``ValueError`` when it is no answer of a host. The first release said only
        its incarnation; what is missing is empty."""
        found = {"incarnation": wire} if isinstance(wire, str) else wire
        if not isinstance(found, dict) or not found.get("incarnation"):
            raise ValueError(f"no answer of a host: {wire!r}"[:200])
        return cls(
            str(found["incarnation"]),
            str(found.get("node", "")),
            str(found.get("release", "")),
            HostLoad(float(found.get("lag_ms", 0.0)), int(found.get("depth", 0))),
        )
