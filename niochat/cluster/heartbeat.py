"""A host's or pool member's answer to a ping, in a format that other builds can read."""

from dataclasses import dataclass
from typing import Self

from niochat.runtime.fleet.autoscaling import HostLoad


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """State of one incarnation: the node it runs on, its build id and its load."""

    incarnation: str
    node: str
    build_id: str
    load: HostLoad

    def to_wire(self) -> dict[str, object]:
        """Encode as plain values: during an upgrade, hosts and supervisor run different builds."""
        return {
            "incarnation": self.incarnation,
            "node": self.node,
            "release": self.build_id,
            "lag_ms": self.load.lag_ms,
            "depth": self.load.depth,
        }

    @classmethod
    def from_wire(cls, wire: object) -> Self:
        """Decode an answer. Raises ``ValueError`` when it is not a heartbeat.

        The first release sent only its incarnation as a string; missing fields become empty or 0.
        """
        fields = {"incarnation": wire} if isinstance(wire, str) else wire
        if not isinstance(fields, dict) or not fields.get("incarnation"):
            raise ValueError(f"not a heartbeat: {wire!r}"[:200])
        return cls(
            str(fields["incarnation"]),
            str(fields.get("node", "")),
            str(fields.get("release", "")),
            HostLoad(float(fields.get("lag_ms", 0.0)), int(fields.get("depth", 0))),
        )
