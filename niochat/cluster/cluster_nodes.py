"""The nodes of the Ray cluster, the roles they may carry, and when the GCS last answered."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import ray
from ray.exceptions import RayError

from niochat.runtime.periodic_loop import run_periodically

POLL_INTERVAL_S = 2.0
"""Seconds between two reads of the node list."""
NODE_LABEL_VARIABLE = "NIOCHAT_NODE_LABEL"
"""Environment variable with the key of the node label that holds a node's role."""

REPLICAS_VARIABLE = "NIOCHAT_REPLICAS"
"""Environment variable with the minimum number of replicas of each application."""


class NodeRole(StrEnum):
    """Which processes a node may carry, as its label declares; ``any`` carries all."""

    HOSTS = "hosts"
    INGRESS = "doors"
    POOLS = "pools"
    ANY = "any"


def node_label_selector(role: NodeRole) -> dict[str, str]:
    """Ray's ``label_selector`` for a role; empty where nodes have no labels (one machine).

    The label is read from the environment because deployments are imported before settings are
    loaded. The operator ``in()`` is documented at
    https://docs.ray.io/en/latest/ray-core/scheduling/labels.html.
    """
    label = os.environ.get(NODE_LABEL_VARIABLE)
    return {label: f"in({role},{NodeRole.ANY})"} if label else {}


def ray_actor_options(role: NodeRole, num_cpus: float) -> dict[str, object]:
    """Ray's ``ray_actor_options`` for a deployment or actor of this role."""
    selector = node_label_selector(role)
    return {"num_cpus": num_cpus} | ({"label_selector": selector} if selector else {})


def min_replicas() -> int:
    """Minimum number of replicas of each application: two on a cluster, so that one node may fail.

    Of the supervisor's replicas one leads and the others stand by. Read from the environment at
    import, like the node label.
    """
    return int(os.environ.get(REPLICAS_VARIABLE) or 1)


class ClusterNodes:
    """The nodes that may carry our actors, as of the last answer of the Ray GCS."""

    def __init__(self) -> None:
        self._eligible: dict[NodeRole, tuple[str, ...]] = {}
        self._answered_at = time.monotonic()

    def eligible_nodes(self, role: NodeRole) -> Sequence[str]:
        """Ids of the live nodes that may carry this role; empty before the first answer."""
        return self._eligible.get(role, ())

    @property
    def seconds_since_answer(self) -> float:
        """Seconds since the GCS last answered."""
        return time.monotonic() - self._answered_at

    async def run(self) -> None:
        """Poll the cluster's server, until cancelled; while it is away the last answer stays."""
        await run_periodically(
            "node_poll_failed",
            POLL_INTERVAL_S,
            self._poll,
            first_at_once=True,
            expected=(RayError,),
        )

    async def _poll(self) -> None:
        # Blocking, for up to a minute while the server is away.
        found = await asyncio.to_thread(ray.nodes)
        self._eligible = {part: _nodes_with_role(found, part) for part in NodeRole}
        self._answered_at = time.monotonic()


def _nodes_with_role(nodes: Sequence[Mapping[str, Any]], role: NodeRole) -> tuple[str, ...]:
    return tuple(sorted(node["NodeID"] for node in nodes if _has_role(node, role)))


def _has_role(node: Mapping[str, Any], role: NodeRole) -> bool:
    """Whether the node is alive, has cores (a head has none) and, if labels are used, this role."""
    if not node["Alive"] or node["Resources"].get("CPU", 0) <= 0:
        return False
    label = os.environ.get(NODE_LABEL_VARIABLE)
    return not label or node.get("Labels", {}).get(label) in (role, NodeRole.ANY)
