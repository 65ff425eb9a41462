"""The nodes of the Ray cluster: who may carry what, and whether we still hear of them."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import ray
import structlog
from ray.exceptions import RayError

_log = structlog.get_logger(__name__)

LOOK_S = 2.0
"""Seconds between two looks."""
LABEL = "NIOCHAT_NODE_LABEL"
"""The variable that names the label of nodes which says what they carry."""


REPLICAS = "NIOCHAT_REPLICAS"
"""The variable that says how many replicas each application has at least."""


class Part(StrEnum):
    """What a node may carry, as its label says; ``any`` carries all of it."""

    HOSTS = "hosts"
    DOORS = "doors"
    POOLS = "pools"
    ANY = "any"


def selector(part: Part) -> dict[str, str]:
    """Ray's ``label_selector`` for a part; empty where nodes have no labels (one machine).

    Read when a deployment is imported, before there are settings, so from the environment. The
    operator ``in()`` is in https://docs.ray.io/en/latest/ray-core/scheduling/labels.html.
    """
    label = os.environ.get(LABEL)
    return {label: f"in({part},{Part.ANY})"} if label else {}


def actor_options(part: Part, num_cpus: float) -> dict[str, object]:
    """``ray_actor_options`` of a deployment."""
    chosen = selector(part)
    return {"num_cpus": num_cpus} | ({"label_selector": chosen} if chosen else {})


def replicas() -> int:
    """Of each application, at least: two on a cluster, so that a node may go. Of the supervisors
    one leads and the others wait. Read at import, as the label is.
    """
    return int(os.environ.get(REPLICAS) or 1)


class ClusterNodes:
    """The nodes that may carry our actors, as of the last answer of the cluster's server (GCS)."""

    def __init__(self) -> None:
        self._carriers: dict[Part, tuple[str, ...]] = {}
        self._heard_at = time.monotonic()

    def carriers(self, part: Part) -> Sequence[str]:
        """Ids of the living nodes that may carry this part; empty while they are not known."""
        return self._carriers.get(part, ())

    @property
    def silent_s(self) -> float:
        """Seconds since the cluster's server last answered."""
        return time.monotonic() - self._heard_at

    async def watch_for_ever(self) -> None:
        """Look again and again; without the server the last answer stays."""
        while True:
            try:
                # Blocking, for up to a minute while the server is away.
                found = await asyncio.to_thread(ray.nodes)
                self._carriers = {part: _carriers(found, part) for part in Part}
                self._heard_at = time.monotonic()
            except RayError as error:
                _log.warning("nodes_not_seen", error=repr(error)[:300])
            except Exception as error:  # noqa: BLE001 - the watch must outlive any error
                _log.error("nodes_not_seen", exc_info=error)
            await asyncio.sleep(LOOK_S)


def _carriers(nodes: Sequence[Mapping[str, Any]], part: Part) -> tuple[str, ...]:
    return tuple(sorted(node["NodeID"] for node in nodes if _carries(node, part)))


def _carries(node: Mapping[str, Any], part: Part) -> bool:
    """Alive, with cores (a head has none), and labelled for the part where labels are used."""
    if not node["Alive"] or node["Resources"].get("CPU", 0) <= 0:
        return False
    label = os.environ.get(LABEL)
    return not label or node.get("Labels", {}).get(label) in (part, Part.ANY)
