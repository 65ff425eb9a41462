"""The nodes of the Ray cluster: who may carry what, and whether we still hear of them."""

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
"""Seconds between two looks."""
NODE_LABEL_VARIABLE = "NIOCHAT_NODE_LABEL"
"""The variable that names the label of nodes which says what they carry."""


REPLICAS_VARIABLE = "NIOCHAT_REPLICAS"
"""The variable that says how many replicas each application has at least."""


class NodeRole(StrEnum):
    """What a node may carry, as its label says; ``any`` carries all of it."""

    HOSTS = "hosts"
    INGRESS = "doors"
    POOLS = "pools"
    ANY = "any"


def node_label_selector(role: NodeRole) -> dict[str, str]:
    """Ray's ``label_selector`` for a part; empty where nodes have no labels (one machine).

    Read when a deployment is imported, before there are settings, so from the environment. The
    operator ``in()`` is in https://docs.ray.io/en/latest/ray-core/scheduling/labels.html.
    """
    label = os.environ.get(NODE_LABEL_VARIABLE)
    return {label: f"in({role},{NodeRole.ANY})"} if label else {}


def ray_actor_options(role: NodeRole, num_cpus: float) -> dict[str, object]:
    """``ray_actor_options`` of a deployment."""
    chosen = node_label_selector(role)
    return {"num_cpus": num_cpus} | ({"label_selector": chosen} if chosen else {})


def min_replicas() -> int:
    """Of each application, at least: two on a cluster, so that a node may go. Of the supervisors
    one leads and the others wait. Read at import, as the label is.
    """
    return int(os.environ.get(REPLICAS_VARIABLE) or 1)


class ClusterNodes:
    """The nodes that may carry our actors, as of the last answer of the cluster's server (GCS)."""

    def __init__(self) -> None:
        self._eligible: dict[NodeRole, tuple[str, ...]] = {}
        self._answered_at = time.monotonic()

    def eligible_nodes(self, role: NodeRole) -> Sequence[str]:
        """Ids of the living nodes that may carry this part; empty while they are not known."""
        return self._eligible.get(role, ())

    @property
    def seconds_since_answer(self) -> float:
        """Seconds since the cluster's server last answered."""
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
    """Alive, with cores (a head has none), and labelled for the part where labels are used."""
    if not node["Alive"] or node["Resources"].get("CPU", 0) <= 0:
        return False
    label = os.environ.get(NODE_LABEL_VARIABLE)
    return not label or node.get("Labels", {}).get(label) in (role, NodeRole.ANY)
