"""Actors of ours that outlive whoever made them: made, or found, by their names, and ended."""

from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from niochat.cluster.actor_client import RAY_NAMESPACE
from niochat.cluster.cluster_nodes import NodeRole, ray_actor_options


def get_or_create_actor(
    actor_class: type[Any], name: str, role: NodeRole, node: str | None, build_id: str | None
) -> Any:
    """The handle of the actor of that name; made if it is missing, on ``node`` if that is there.
    ``release`` is what the operator calls the code, if anything. Blocking: not on an event loop.
    """
    # No concurrency groups: Ray gives each one an event loop and a thread of its own, and what
    # one loop opened (connections, locks) the other must not touch.
    actor: Any = ray.remote(actor_class)
    return actor.options(
        name=name,
        namespace=RAY_NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        max_restarts=-1,
        max_task_retries=0,  # rows are swept; Ray's own repeats would only disturb
        max_concurrency=10_000,
        enable_task_events=False,
        scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=True) if node else "SPREAD",
        runtime_env={"env_vars": {"NIOCHAT_RELEASE": build_id}} if build_id else None,
        **ray_actor_options(role, 0.1),
    ).remote(name)


def kill_actor(name: str) -> None:
    """End an actor for good, also one that is just starting or restarted. Blocking. Raises
    ``RayError`` while the cluster's server is away.
    """
    try:
        actor = ray.get_actor(name, namespace=RAY_NAMESPACE)
    except ValueError:
        return  # there is none
    ray.kill(actor, no_restart=True)
