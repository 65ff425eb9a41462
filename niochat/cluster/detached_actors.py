"""Detached, named Ray actors, which outlive the process that created them: create, find, kill."""

from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from niochat.cluster.actor_client import RAY_NAMESPACE
from niochat.cluster.cluster_nodes import NodeRole, ray_actor_options


def get_or_create_actor(
    actor_class: type[Any], name: str, role: NodeRole, node: str | None, build_id: str | None
) -> Any:
    """Return the handle of the named actor, and create it if it does not exist.

    A new actor starts on ``node`` if that node is available, else on any node of the role.
    ``build_id`` is the configured build id, if any. Blocks: do not call it on an event loop.
    """
    # No concurrency groups: Ray gives each one an event loop and a thread of its own, and
    # connections and locks of one loop must not be used in another.
    actor: Any = ray.remote(actor_class)
    return actor.options(
        name=name,
        namespace=RAY_NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        max_restarts=-1,
        max_task_retries=0,  # the sweep retries rows; retries by Ray would only add duplicates
        max_concurrency=10_000,
        enable_task_events=False,
        scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=True) if node else "SPREAD",
        runtime_env={"env_vars": {"NIOCHAT_RELEASE": build_id}} if build_id else None,
        **ray_actor_options(role, 0.1),
    ).remote(name)


def kill_actor(name: str) -> None:
    """Kill an actor without a restart, even one that is starting or restarting; no-op if missing.

    Blocks. Raises ``RayError`` while the GCS is unreachable.
    """
    try:
        actor = ray.get_actor(name, namespace=RAY_NAMESPACE)
    except ValueError:
        return  # it does not exist
    ray.kill(actor, no_restart=True)
